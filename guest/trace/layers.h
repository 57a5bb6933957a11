/*
 * Traces what the kernel does with the data below the system call
 * (trace/layers.h): page cache, file system, block layer. It explains; what it
 * loses costs no verdict, so nothing here fails a request.
 */
#ifndef GUEST_TRACE_LAYERS_H
#define GUEST_TRACE_LAYERS_H

#include "guest/trace/tracer.h"

struct tracer trace_layers(void);
/* Switches on the tracepoints that this kernel has; those of a file system are
 * there once its module is loaded. What cannot be had is left out, and no format
 * of it is sent. Started already: nothing. */
void trace_layers_start(struct tracer *t, struct frames *f);

#endif

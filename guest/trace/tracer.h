/*
 * One instance of tracefs: streams its raw ring buffer pages to the controller, in
 * the chunks of trace/trace.h. In one of our own nothing else in the guest can
 * disturb it, but making it takes some 150 ms without KVM: the kernel makes a
 * folder for each of its tracepoints.
 *
 * Nothing is lost silently: the kernel counts what it had to drop, and each
 * drain sends these counts.
 */
#ifndef GUEST_TRACER_H
#define GUEST_TRACER_H

#include <stdint.h>

#include "trace/trace.h"

struct buf;
struct frames;

#define TRACER_CPUS_MAX 64

struct tracer {
	const char *name; /* of the instance; NULL: the one that is always there */
	enum trace_stream stream;
	const char *buffer_kb; /* per CPU */
	uint64_t pause_ns; /* between two pumps, at least */

	uint64_t next_ns;
	int cpus; /* 0: not open */
	int pipes[TRACER_CPUS_MAX]; /* per_cpu/cpuN/trace_pipe_raw */
};

/* Makes the instance, with no event yet. 0, or a positive errno with details in
 * ret_text; so below. */
int tracer_open(struct tracer *t, struct frames *f, struct buf *ret_text);
/* Whether the kernel has the tracepoint SYSTEM/NAME, its module loaded. */
int tracer_has(const struct tracer *t, const char *event);
/* Switches it on; filter: as the kernel has them, NULL: none. */
int tracer_add(struct tracer *t, struct frames *f, const char *event,
	       const char *filter, struct buf *ret_text);
/* Sends the pages that are there, unless too much waits to be sent. */
void tracer_pump(struct tracer *t, struct frames *f);
/* Sends all that has been traced up to now, the counts, TRACE_DRAINED. */
int tracer_drain(struct tracer *t, struct frames *f, struct buf *ret_text);
/* Ends tracing and forgets what was not sent. */
void tracer_stop(struct tracer *t);

#endif

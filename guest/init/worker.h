/*
 * One thread for what may block in the kernel (mount, umount, sync), so that
 * the main loop goes on: the trace must stream and the kernel log must flow
 * while a mount hangs. One job at a time.
 */
#ifndef GUEST_WORKER_H
#define GUEST_WORKER_H

#include <stddef.h>

struct buf;

/* Returns 0 or a positive errno, and appends details. */
typedef int worker_job(const char *payload, size_t len, struct buf *ret_text);

/* Starts the thread. A descriptor that is readable when a job is done. */
int worker_start(void);
/* The worker must be idle. The payload is copied. */
void worker_begin(worker_job *job, const char *payload, size_t len);
/* Clears the descriptor. 1: the job is done, its outcome is here (the text is
 * the caller's to free); 0: not yet. */
int worker_take(int *ret_error, struct buf *ret_text);

#endif

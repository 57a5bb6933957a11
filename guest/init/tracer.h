/*
 * Streams what the guest asks of the disk to the controller: the tracepoint
 * nvme:nvme_setup_cmd, on other buses block:block_rq_issue; raw ring buffer
 * pages in the chunks of trace/trace.h. QEMU's NVMe controller drops FUA, so
 * only this tells which writes carried it; on any bus it tells whether the
 * drive has received all that was sent.
 *
 * Nothing is lost silently: the kernel counts what it had to drop, and each
 * drain sends these counts.
 */
#ifndef GUEST_TRACER_H
#define GUEST_TRACER_H

struct buf;
struct frames;

#define TRACER_CPUS_MAX 64

struct tracer {
	const char *event; /* SYSTEM/NAME in tracefs */
	int cpus; /* 0: not started */
	int pipes[TRACER_CPUS_MAX]; /* per_cpu/cpuN/trace_pipe_raw */
};

/* 0, or a positive errno with details in ret_text. Started already: 0. */
int tracer_start(struct tracer *t, struct frames *f, struct buf *ret_text);
/* Sends the pages that are there, unless too much waits to be sent. */
void tracer_pump(struct tracer *t, struct frames *f);
/* Sends all that has been traced up to now, the counts, TRACE_DRAINED. */
int tracer_drain(struct tracer *t, struct frames *f, struct buf *ret_text);
/* Ends tracing and forgets what was not sent. */
void tracer_stop(struct tracer *t);

#endif

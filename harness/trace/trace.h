/*
 * The guest's own view of its NVMe commands, and the join with the log.
 *
 * QEMU's NVMe controller drops FUA, so the log alone cannot say which writes
 * were durable on their own. The guest streams the raw ring buffer pages of
 * the tracepoint nvme:nvme_setup_cmd (linux drivers/nvme/host/trace.h); here
 * they are parsed with libtraceevent and joined with the log by (offset,
 * length) in order. A join that is not exact voids the run. On virtio and scsi
 * it is block:block_rq_issue, joined in the same way: there the log has what
 * the drive needs to know, and the join proves that the log has everything.
 */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct error;
struct history;

/*
 * The trace file as the agent client writes it (all little endian):
 * repeated chunks of struct trace_chunk + payload. They belong to streams that
 * know nothing of each other; who reads one passes over the others.
 */
enum trace_stream {
	TRACE_COMMANDS = 0, /* what is joined with the log: here */
	TRACE_LAYERS = 1,   /* layers.h */
	TRACE_CALLS = 2,    /* calls.h */
};

enum trace_chunk_kind {
	TRACE_FORMAT = 1, /* text of a tracepoint's format, such as
			   * events/nvme/nvme_setup_cmd/format; one of each */
	TRACE_HEADER = 2, /* text of events/header_page */
	TRACE_PAGE = 3,   /* one raw page of per_cpu/cpu<cpu>/trace_pipe_raw */
	TRACE_STATS = 4,  /* text of per_cpu/cpu<cpu>/stats, at a drain */
	TRACE_DRAINED = 5, /* everything up to now has been sent, empty */
	TRACE_RECORDS = 6, /* of system calls, calls-wire.h */
	TRACE_KINDS
};
struct trace_chunk {
	uint32_t magic; /* TRACE_MAGIC */
	uint16_t kind;
	uint16_t cpu;
	uint32_t length;
	uint32_t stream; /* enum trace_stream */
};
#define TRACE_MAGIC 0x52544350u /* "PCTR" */

enum nvme_opcode {
	NVME_FLUSH = 0x00,
	NVME_WRITE = 0x01,
	NVME_WRITE_ZEROES = 0x08,
	NVME_DSM = 0x09,
};

struct nvme_event {
	uint64_t time_ns;
	uint32_t nsid;
	uint8_t opcode;
	int fua;
	uint64_t slba;   /* in logical blocks */
	uint32_t blocks; /* number of logical blocks; 0 for flush and dsm */
	uint32_t ranges; /* of a dsm, 1..256; else 0 */
};

struct trace {
	uint32_t unit; /* bytes that slba and blocks count; 0: the disk's
			* logical blocks (then from nvme_setup_cmd) */
	struct nvme_event *events; /* of I/O queues, no reads, in time order */
	size_t n_events;
	uint64_t lost; /* events known to be lost; anything but 0 voids */
	int drained;   /* ends with a drain, or only with what has no events:
			* the tail is there */
};

/* -EBADMSG: not a trace, with what is wrong and where. A last chunk that is cut
 * off is no error: the trace is then not drained. */
int trace_load(const char *path, struct trace **ret, struct error *e);
/* The same from a stream; name: for messages. */
int trace_read(FILE *f, const char *name, struct trace **ret, struct error *e);
void trace_free(struct trace *t);

/*
 * Sets .fua of the history's commands from the trace, and .guest_ns of its
 * writes and write-zeroes; nsid: of the disk.
 * Exact means: no event lost, the trace was drained, every write and
 * write-zeroes in the log has its event, the k-th with an (offset, length)
 * the k-th in the trace, and no other pairing could give another FUA. A log
 * closed without a cut has every write of the trace; else those may be missing
 * that had not reached the drive when power went (join.c says which).
 * Discards and flushes are counted: never more in the log than the trace
 * allows (QEMU elides a flush when nothing was written since the last one).
 * -EPROTO: not exact; the message says what and where.
 */
int trace_join(struct history *h, const struct trace *t, uint32_t nsid,
	       struct error *e);

#endif

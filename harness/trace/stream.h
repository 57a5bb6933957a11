/* One stream of a trace file (trace.h), as events in the order of time. */
#ifndef TRACE_STREAM_H
#define TRACE_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct error;
struct pages_set;

struct stream {
	void *events; /* of the set's event_size. Owned */
	uint8_t *cpus; /* of each the CPU. Owned */
	size_t n;
	uint64_t lost; /* events known to be lost */
	int drained;   /* ends with a drain, or only with what has no events */
	uint64_t kinds; /* 1 << index in the set: it was told of this kind */
};

/* Opens a trace file, for reading its streams. */
int stream_open(const char *path, FILE **ret, struct error *e);
/*
 * number: enum trace_stream. Each event must begin with its uint64_t time_ns.
 * The set has at most 64 kinds. -EBADMSG: not a trace, with what is wrong and
 * where (of the other streams only chunks are looked at). A last chunk that is
 * cut off is no error: the stream is then not drained.
 */
int stream_read(FILE *f, const char *name, unsigned number,
		const struct pages_set *set, struct stream *ret,
		struct error *e);
void stream_release(struct stream *s);

#endif

/*
 * Which sectors of a block device this kernel has written: by its tracepoint
 * block_bio_queue.
 */
#ifndef HOST_WRITES_H
#define HOST_WRITES_H

#include <stddef.h>
#include <stdint.h>

struct error;
struct writes;

/* A range of a disk in bytes. */
struct span {
	uint64_t offset, length;
};

struct spans {
	struct span *at; /* owned */
	size_t n, size;
};
void spans_add(struct spans *s, uint64_t offset, uint64_t length);
void spans_clear(struct spans *s);
void spans_free(struct spans *s);

/* Whether the kernel has the tracepoint. */
int writes_possible(struct error *e);
/* From now on, of the block device that is open here. -errno where the kernel
 * has no such tracepoint or does not let us have it. */
int writes_watch(int device, struct writes **ret, struct error *e);
void writes_free(struct writes *w); /* NULL is allowed */

/*
 * Appends what was written, zeroed or discarded since the last call; ranges may
 * overlap. Whoever wrote must have waited for it to be complete. -EOVERFLOW:
 * records were lost, what was written since then is not known.
 */
int writes_take(struct writes *w, struct spans *ret);

#endif

/*
 * ring.h: as much of io_uring as a log needs, by its system calls alone.
 *
 * Requests are queued, then submitted together in one io_uring_enter(2), which
 * returns when all of them are complete; so none is ever left in flight, and the
 * completion queue is empty between two calls. Each request carries the result
 * that it must have. Anything else ends the program. One thread only.
 *
 * include/uapi/linux/io_uring.h and io_uring(7) say how the memory is shared.
 */
#ifndef URING_LOG_RING_H
#define URING_LOG_RING_H

#include <linux/io_uring.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <powercut-check.h>

#define RING_ENTRIES 4

struct ring {
	int fd;
	struct io_uring_params params;
	char *memory; /* both queues but for the requests: one mapping */
	struct io_uring_sqe *requests;
	unsigned int queued;
};

/* One of the counters and masks; its place is in params. */
static inline unsigned int *ring_word(const struct ring *r, uint32_t offset)
{
	return (unsigned int *)(void *)(r->memory + offset);
}

static inline size_t ring_bytes(const struct io_uring_params *p)
{
	size_t sq = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
	size_t cq = p->cq_off.cqes +
		    p->cq_entries * sizeof(struct io_uring_cqe);

	return sq > cq ? sq : cq;
}

static inline void *ring_map(const struct ring *r, size_t bytes, off_t what)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_POPULATE, r->fd, what);

	if (memory == MAP_FAILED)
		pc_end(2, "cannot map the ring: %s", strerror(errno));
	return memory;
}

static inline void ring_init(struct ring *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, &r->params);
	if (r->fd < 0)
		pc_end(2, "cannot set up io_uring: %s", strerror(errno));
	if (!(r->params.features & IORING_FEAT_SINGLE_MMAP))
		pc_end(2, "io_uring has no IORING_FEAT_SINGLE_MMAP here");
	r->memory = ring_map(r, ring_bytes(&r->params), IORING_OFF_SQ_RING);
	r->requests = ring_map(r, r->params.sq_entries * sizeof(*r->requests),
			       IORING_OFF_SQES);
}

static inline void ring_release(struct ring *r)
{
	munmap(r->requests, r->params.sq_entries * sizeof(*r->requests));
	munmap(r->memory, ring_bytes(&r->params));
	close(r->fd);
}

/* The kernel reads the tail before the requests: it is stored behind them. */
static inline void ring_queue(struct ring *r,
			      const struct io_uring_sqe *request)
{
	const struct io_sqring_offsets *at = &r->params.sq_off;
	unsigned int *tail = ring_word(r, at->tail);
	unsigned int i = *tail & *ring_word(r, at->ring_mask);

	r->requests[i] = *request;
	ring_word(r, at->array)[i] = i;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	r->queued++;
}

static inline void ring_check(const struct io_uring_cqe *done)
{
	int wanted = (int)done->user_data;

	if (done->res < 0)
		pc_end(2, "a request failed: %s", strerror(-done->res));
	if (done->res != wanted)
		pc_end(2, "a request did %d bytes of %d", done->res, wanted);
}

/* Takes all completions that are there; how many. */
static inline unsigned int ring_reap(struct ring *r)
{
	const struct io_cqring_offsets *at = &r->params.cq_off;
	const struct io_uring_cqe *done = (void *)ring_word(r, at->cqes);
	unsigned int *head = ring_word(r, at->head), first = *head;
	unsigned int tail = __atomic_load_n(ring_word(r, at->tail),
					    __ATOMIC_ACQUIRE);

	for (unsigned int i = first; i != tail; i++)
		ring_check(&done[i & *ring_word(r, at->ring_mask)]);
	__atomic_store_n(head, tail, __ATOMIC_RELEASE);
	return tail - first;
}

/* What was queued, in one system call that waits for all of it. */
static inline void ring_submit(struct ring *r)
{
	unsigned int n = r->queued;
	long taken = syscall(SYS_io_uring_enter, r->fd, n, n,
			     IORING_ENTER_GETEVENTS, NULL, 0);

	if (taken < 0)
		pc_end(2, "cannot submit: %s", strerror(errno));
	if (taken != n || ring_reap(r) != n)
		pc_end(2, "the kernel did not do all %u requests", n);
	r->queued = 0;
}

#endif

/*
 * aio.h: as much of io_submit(2) as a log needs, by its system calls alone.
 *
 * Requests are queued, then submitted together, and all are waited for; each must
 * have the result it is queued with. Anything else ends the program.
 */
#ifndef URING_LOG_AIO_H
#define URING_LOG_AIO_H

#include <linux/aio_abi.h>
#include <stdint.h>
#include <sys/syscall.h>

#include <powercut-check.h>

#define AIO_REQUESTS 4

struct aio {
	aio_context_t context;
	struct iocb requests[AIO_REQUESTS];
	long queued;
};

static inline void aio_init(struct aio *a)
{
	memset(a, 0, sizeof(*a));
	if (syscall(SYS_io_setup, AIO_REQUESTS, &a->context) < 0)
		pc_end(2, "cannot set up aio: %s", strerror(errno));
}

static inline void aio_release(const struct aio *a)
{
	syscall(SYS_io_destroy, a->context);
}

/* aio_data: the result that it must have. */
static inline void aio_queue(struct aio *a, const struct iocb *request)
{
	if (a->queued == AIO_REQUESTS)
		pc_end(2, "too many requests at once");
	a->requests[a->queued++] = *request;
}

static inline void aio_check(const struct io_event *event)
{
	if (event->res == (int64_t)event->data)
		return;
	pc_end(2, "a request returned %lld instead of %llu: %s",
	       (long long)event->res, (unsigned long long)event->data,
	       event->res < 0 ? strerror((int)-event->res) : "it fell short");
}

/* Returns when all that is queued is complete. */
static inline void aio_submit(struct aio *a)
{
	struct iocb *list[AIO_REQUESTS];
	struct io_event events[AIO_REQUESTS];
	long n = a->queued;

	for (long i = 0; i < n; i++)
		list[i] = &a->requests[i];
	if (syscall(SYS_io_submit, a->context, n, list) != n ||
	    syscall(SYS_io_getevents, a->context, n, n, events, NULL) != n)
		pc_end(2, "cannot submit or wait: %s", strerror(errno));
	for (long i = 0; i < n; i++)
		aio_check(&events[i]);
	a->queued = 0;
}

#endif

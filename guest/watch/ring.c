#include "guest/watch/ring.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "trace/calls-wire.h"

#define RING (2u << 20) /* bytes: some 20 ms of what a guest can tell */
#define WAIT_MS 1

/* Bytes ever written and taken: they go up, and end at the same number. */
struct record_ring {
	_Atomic uint64_t written, taken;
	char data[RING];
};

struct record_ring *ring_new(void)
{
	void *at = mmap(NULL, sizeof(struct record_ring),
			PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			0);

	return at == MAP_FAILED ? NULL : at;
}

void ring_free(struct record_ring *r)
{
	if (r)
		munmap(r, sizeof(*r));
}

static void copy_in(struct record_ring *r, uint64_t at, const char *data,
		    size_t len)
{
	size_t start = (size_t)(at % RING);
	size_t first = len < RING - start ? len : RING - start;

	memcpy(r->data + start, data, first);
	if (len > first)
		memcpy(r->data, data + first, len - first);
}

static void copy_out(const struct record_ring *r, uint64_t at, void *ret,
		     size_t len)
{
	size_t start = (size_t)(at % RING);
	size_t first = len < RING - start ? len : RING - start;

	memcpy(ret, r->data + start, first);
	if (len > first)
		memcpy((char *)ret + first, r->data, len - first);
}

void ring_put(struct record_ring *r, const struct iovec *parts, int n)
{
	uint64_t at = atomic_load(&r->written);
	size_t len = 0;

	for (int i = 0; i < n; i++)
		len += parts[i].iov_len;
	while (RING - (at - atomic_load(&r->taken)) < len)
		poll(NULL, 0, WAIT_MS);
	for (int i = 0; i < n; i++) {
		if (parts[i].iov_len)
			copy_in(r, at, parts[i].iov_base, parts[i].iov_len);
		at += parts[i].iov_len;
	}
	atomic_store(&r->written, at);
}

size_t ring_take(struct record_ring *r, char *ret, size_t size)
{
	uint64_t at = atomic_load(&r->taken);
	uint64_t end = atomic_load(&r->written);
	size_t done = 0;

	while (at < end) {
		struct call_record head;
		size_t len;

		copy_out(r, at, &head, sizeof(head));
		len = sizeof(head) + head.length;
		if (len > size - done)
			break;
		copy_out(r, at, ret + done, len);
		done += len;
		at += len;
	}
	atomic_store(&r->taken, at);
	return done;
}

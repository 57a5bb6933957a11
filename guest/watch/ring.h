/*
 * The watcher's records on their way to PID 1: memory that both share. A record
 * that was put is in PID 1's hands, whatever becomes of the watcher, and neither
 * end needs the kernel for it.
 *
 * One writer, one reader, each in a process or a thread of its own.
 */
#ifndef GUEST_WATCH_RING_H
#define GUEST_WATCH_RING_H

#include <stddef.h>

struct iovec;
struct record_ring;

/* Shared with children. NULL, with errno: there is no memory. */
struct record_ring *ring_new(void);
void ring_free(struct record_ring *r);

/* One record, head first, out of n parts. Waits while there is no room. */
void ring_put(struct record_ring *r, const struct iovec *parts, int n);
/* As many whole records as there are, and as fit. Bytes. */
size_t ring_take(struct record_ring *r, char *ret, size_t size);

#endif

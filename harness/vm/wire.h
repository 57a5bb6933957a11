/*
 * Frames of the agent protocol (guest/init/protocol.h) over a descriptor.
 *
 * Nothing that the other side sends is believed: a frame is handed out only
 * whole and with a correct head. Output waits in memory while the other side
 * does not read, and input is taken in meanwhile, so two sides that both
 * want to send do not block each other. Any error but -ETIMEDOUT and
 * -ECANCELED is final: later calls return it again.
 */
#ifndef VM_WIRE_H
#define VM_WIRE_H

#include <stdint.h>
#include <sys/uio.h>

#include "common/buf.h"
#include "guest/init/protocol.h"

struct error;

struct wire {
	int fd;      /* owned, a stream socket, not blocking */
	int wake[2]; /* borrowed; -1: none */
	struct buf in;
	size_t taken; /* of in: handed out already */
	struct buf out;
	size_t sent; /* of out */
	int broken;  /* 0, or the final -errno */
};

int wire_init(struct wire *w, int fd, struct error *e);
void wire_release(struct wire *w);

/* Queues a frame. -EMSGSIZE: too long; -ETIMEDOUT: the other side has not
 * read what was queued before. Does not block. */
int wire_queue(struct wire *w, enum frame_type type, uint32_t id,
	       const struct iovec *parts, int n, struct error *e);

/*
 * Sends what is queued and waits for the next frame, until deadline_ns
 * (CLOCK_MONOTONIC). The payload is valid until the next call. -ETIMEDOUT;
 * -ECANCELED: a wake descriptor is readable; -ECONNRESET: closed; -EPROTO:
 * not a frame.
 */
int wire_next(struct wire *w, uint64_t deadline_ns, struct frame *ret,
	      const char **ret_payload, struct error *e);

/* Makes -err final, with the message in e. Returns -err. */
int wire_break(struct wire *w, int err, struct error *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif

/*
 * Frames of the agent protocol (protocol.h) over a nonblocking descriptor.
 *
 * Sending never blocks: what the port does not take is queued, and sources
 * that can wait look at frames_backlog() first. So both ends may write at
 * once without a deadlock.
 */
#ifndef GUEST_FRAMES_H
#define GUEST_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "guest/init/protocol.h"

struct frames {
	int fd;          /* borrowed */
	struct buf in;   /* received, not yet taken */
	struct buf out;  /* to be sent */
	size_t out_done; /* bytes of out that have been sent */
};

void frames_init(struct frames *f, int fd);
/* Forgets everything received and queued: the other side is gone. */
void frames_reset(struct frames *f);

/* Reads what has come, at most one whole frame ahead. 0, or -errno. End of
 * file is 0 too: on a virtio port it means that nobody is connected. */
int frames_receive(struct frames *f);

/* 1: *ret is the next frame, its payload follows at *ret_payload, valid until
 * frames_drop; 0: not all of it is here; -EPROTO: not a frame. */
int frames_peek(const struct frames *f, struct frame *ret,
		const char **ret_payload);
/* Takes away the frame that frames_peek has shown. */
void frames_drop(struct frames *f);

/* Queues a frame whose payload is head followed by data, then sends what the
 * port takes. Either part may be empty. */
void frames_send(struct frames *f, enum frame_type type, uint32_t id,
		 const void *head, size_t head_len, const void *data,
		 size_t len);
/* Sends what the port takes. 0, or -errno (not -EAGAIN). */
int frames_flush(struct frames *f);
/* Bytes that wait to be sent. */
size_t frames_backlog(const struct frames *f);

/*
 * Reads a payload: fixed structures and NUL-terminated strings, in order.
 * What does not fit gives -EPROTO or NULL and stays so.
 */
struct cursor {
	const char *at;
	size_t left;
};

int cursor_take(struct cursor *c, void *ret, size_t len);
const char *cursor_string(struct cursor *c);

#endif

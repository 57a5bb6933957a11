#include "vm/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "common/files.h"

#define CHUNK 65536
#define OUT_MAX (2 * (size_t)FRAME_MAX + CHUNK)

int wire_init(struct wire *w, int fd, struct error *e)
{
	int flags = fcntl(fd, F_GETFL);

	*w = (struct wire){ .fd = fd, .wake = { -1, -1 } };
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return error_errno(e, errno, "agent's descriptor");
	return 0;
}

void wire_release(struct wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	buf_free(&w->in);
	buf_free(&w->out);
}

int wire_break(struct wire *w, int err, struct error *e, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	w->broken = -err;
	return error_set(e, err, "%s", text);
}

static int is_broken(const struct wire *w, struct error *e)
{
	if (!w->broken)
		return 0;
	return error_set(e, -w->broken, w->broken == -ECONNRESET ?
			 "the guest is gone" :
			 "the connection to the guest's agent is broken");
}

int wire_queue(struct wire *w, enum frame_type type, uint32_t id,
	       const struct iovec *parts, int n, struct error *e)
{
	struct frame head = {
		.magic = AGENT_MAGIC,
		.type = (uint16_t)type,
		.version = AGENT_VERSION,
		.id = id,
	};
	size_t length = 0;

	if (is_broken(w, e))
		return w->broken;
	for (int i = 0; i < n; i++) {
		if (parts[i].iov_len > FRAME_MAX - length)
			return error_set(e, EMSGSIZE, "request to the guest is "
					 "longer than %u bytes", FRAME_MAX);
		length += parts[i].iov_len;
	}
	if (w->out.len - w->sent + length > OUT_MAX)
		return error_set(e, ETIMEDOUT, "the guest does not read its "
				 "requests");
	head.length = (uint32_t)length;
	buf_add(&w->out, &head, sizeof(head));
	for (int i = 0; i < n; i++)
		buf_add(&w->out, parts[i].iov_base, parts[i].iov_len);
	return 0;
}

static int check_head(struct wire *w, const struct frame *f, struct error *e)
{
	int err;

	if (f->magic != AGENT_MAGIC)
		return wire_break(w, EPROTO, e, "the guest's agent sent "
				  "something that is no frame");
	if (f->version != AGENT_VERSION) {
		err = wire_break(w, EPROTO, e, "the guest's agent speaks "
				 "version %u, not %u", f->version,
				 AGENT_VERSION);
		error_hint(e, "build the guest image again: make guest");
		return err;
	}
	if (f->type < FRAME_HELLO || f->type > FRAME_STEP)
		return wire_break(w, EPROTO, e, "the guest's agent sent a "
				  "frame of unknown type %u", f->type);
	if (f->length > FRAME_MAX)
		return wire_break(w, EPROTO, e, "the guest's agent sent a "
				  "frame of %u bytes", f->length);
	return 0;
}

/* 1: a whole frame was taken from the input; 0: not there yet. */
static int take(struct wire *w, struct frame *ret, const char **ret_payload,
		struct error *e)
{
	size_t there = w->in.len - w->taken;
	struct frame head;
	int err;

	if (there < sizeof(head))
		return 0;
	memcpy(&head, w->in.data + w->taken, sizeof(head));
	err = check_head(w, &head, e);
	if (err < 0)
		return err;
	if (there - sizeof(head) < head.length)
		return 0;
	*ret = head;
	*ret_payload = w->in.data + w->taken + sizeof(head);
	w->taken += sizeof(head) + head.length;
	return 1;
}

/* Reads what is there, once. */
static int fill(struct wire *w, struct error *e)
{
	char chunk[CHUNK];
	ssize_t n;

	if (w->taken) {
		size_t rest = w->in.len - w->taken;

		memmove(w->in.data, w->in.data + w->taken, rest);
		w->in.len = rest;
		w->taken = 0;
	}
	n = read(w->fd, chunk, sizeof(chunk));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return wire_break(w, ECONNRESET, e, "the guest is gone: the "
				  "connection to its agent was closed");
	buf_add(&w->in, chunk, (size_t)n);
	return 0;
}

static int flush(struct wire *w, struct error *e)
{
	size_t rest = w->out.len - w->sent;
	ssize_t n = send(w->fd, w->out.data + w->sent, rest, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return wire_break(w, ECONNRESET, e, "the guest is gone: %s",
				  strerror(errno));
	w->sent += (size_t)n;
	if (w->sent == w->out.len) {
		buf_clear(&w->out);
		w->sent = 0;
	}
	return 0;
}

static int remaining_ms(uint64_t deadline_ns)
{
	uint64_t now = now_ns();
	uint64_t ms;

	if (now >= deadline_ns)
		return 0;
	ms = (deadline_ns - now + 999999) / 1000000;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* Waits until something can be done, and does it. */
static int pump(struct wire *w, int timeout_ms, struct error *e)
{
	int sending = w->out.len > w->sent;
	struct pollfd p[] = {
		{ .fd = w->fd, .events = sending ? POLLIN | POLLOUT : POLLIN },
		{ .fd = w->wake[0], .events = POLLIN },
		{ .fd = w->wake[1], .events = POLLIN },
	};
	int err = 0;

	if (poll(p, 3, timeout_ms) < 0)
		return errno == EINTR ? 0 :
		       wire_break(w, errno, e, "poll: %s", strerror(errno));
	if (p[1].revents || p[2].revents)
		return error_set(e, ECANCELED, "interrupted");
	/* Input first: what a dying guest said last must not be lost. */
	if (p[0].revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL))
		err = fill(w, e);
	if (!err && sending &&
	    (p[0].revents & (POLLOUT | POLLHUP)) == POLLOUT)
		err = flush(w, e);
	return err;
}

int wire_next(struct wire *w, uint64_t deadline_ns, struct frame *ret,
	      const char **ret_payload, struct error *e)
{
	int taken, err, timeout_ms;

	if (is_broken(w, e))
		return w->broken;
	/* A guest that floods us must not keep us from time and wake. */
	if (now_ns() >= deadline_ns)
		return error_set(e, ETIMEDOUT, "the guest's agent did not "
				 "answer in time");
	for (;;) {
		taken = take(w, ret, ret_payload, e);
		if (taken)
			return taken < 0 ? taken : 0;
		timeout_ms = remaining_ms(deadline_ns);
		err = pump(w, timeout_ms, e);
		if (err < 0)
			return err;
		if (!timeout_ms)
			return error_set(e, ETIMEDOUT, "the guest's agent did "
					 "not answer in time");
	}
}

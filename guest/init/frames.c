#include "guest/init/frames.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The port takes at most 32 KiB in one write (Linux: virtio_console.c). */
#define CHUNK 32768

void frames_init(struct frames *f, int fd)
{
	*f = (struct frames){ .fd = fd };
}

void frames_reset(struct frames *f)
{
	buf_free(&f->in);
	buf_free(&f->out);
	f->out_done = 0;
}

int frames_receive(struct frames *f)
{
	char chunk[CHUNK];

	while (f->in.len < sizeof(struct frame) + FRAME_MAX) {
		ssize_t n = read(f->fd, chunk, sizeof(chunk));

		if (n > 0)
			buf_add(&f->in, chunk, (size_t)n);
		else if (n == 0 || errno == EAGAIN)
			return 0;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int frames_peek(const struct frames *f, struct frame *ret,
		const char **ret_payload)
{
	struct frame head;

	if (f->in.len < sizeof(head))
		return 0;
	memcpy(&head, f->in.data, sizeof(head));
	if (head.magic != AGENT_MAGIC || head.version != AGENT_VERSION ||
	    head.length > FRAME_MAX)
		return -EPROTO;
	if (f->in.len - sizeof(head) < head.length)
		return 0;
	*ret = head;
	*ret_payload = f->in.data + sizeof(head);
	return 1;
}

void frames_drop(struct frames *f)
{
	struct frame head;
	const char *payload;
	size_t len;

	if (frames_peek(f, &head, &payload) != 1)
		return;
	len = sizeof(head) + head.length;
	f->in.len -= len;
	memmove(f->in.data, f->in.data + len, f->in.len);
}

void frames_send(struct frames *f, enum frame_type type, uint32_t id,
		 const void *head, size_t head_len, const void *data,
		 size_t len)
{
	struct frame frame = {
		.magic = AGENT_MAGIC,
		.type = (uint16_t)type,
		.version = AGENT_VERSION,
		.id = id,
		.length = (uint32_t)(head_len + len),
	};

	buf_add(&f->out, &frame, sizeof(frame));
	buf_add(&f->out, head, head_len);
	buf_add(&f->out, data, len);
	frames_flush(f);
}

int frames_flush(struct frames *f)
{
	while (frames_backlog(f) > 0) {
		size_t len = frames_backlog(f);
		ssize_t n = write(f->fd, f->out.data + f->out_done,
				  len < CHUNK ? len : CHUNK);

		if (n > 0)
			f->out_done += (size_t)n;
		else if (n == 0 || errno == EAGAIN)
			return 0;
		else if (errno != EINTR)
			return -errno;
	}
	buf_clear(&f->out);
	f->out_done = 0;
	return 0;
}

size_t frames_backlog(const struct frames *f)
{
	return f->out.len - f->out_done;
}

int cursor_take(struct cursor *c, void *ret, size_t len)
{
	if (c->left < len) {
		c->left = 0;
		return -EPROTO;
	}
	memcpy(ret, c->at, len);
	c->at += len;
	c->left -= len;
	return 0;
}

const char *cursor_string(struct cursor *c)
{
	const char *text = c->at;
	const char *end = memchr(text, '\0', c->left);

	if (!end) {
		c->left = 0;
		return NULL;
	}
	c->left -= (size_t)(end - text) + 1;
	c->at = end + 1;
	return text;
}

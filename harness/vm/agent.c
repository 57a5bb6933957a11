#include "vm/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "vm/agent-internal.h"

#define PATIENCE_NS (30 * 1000000000ULL)

uint64_t agent_deadline(uint64_t a_ns, uint64_t b_ns)
{
	uint64_t t;

	if (__builtin_add_overflow(a_ns, b_ns, &t) ||
	    __builtin_add_overflow(t, now_ns(), &t))
		return UINT64_MAX;
	return t;
}

/* One request, until its reply. */
int agent_call(struct agent *a, enum frame_type type,
	       const struct iovec *parts, int n, uint64_t extra_ns,
	       struct answer *w, struct error *e)
{
	int err;

	w->deadline = agent_deadline(a->patience_ns, extra_ns);
	if (a->last_id == UINT32_MAX)
		return wire_break(&a->wire, EOVERFLOW, e, "out of request ids");
	w->id = a->last_id + 1;
	err = wire_queue(&a->wire, type, w->id, parts, n, e);
	if (err < 0)
		return err;
	a->last_id = w->id;
	return agent_await_reply(a, w, e);
}

/* The guest's errno, unless a caller would take it for ours. */
static int guest_errno(int err)
{
	switch (err) {
	case ECONNRESET:
	case ETIMEDOUT:
	case ECANCELED:
	case EPROTO:
		return EIO;
	default:
		return err;
	}
}

/* What failed in the guest, with its own words. */
int agent_guest_error(const struct answer *w, struct error *e,
		      const char *what)
{
	const char *text = buf_text(&w->text);

	error_set(e, EIO, "%s failed in the guest: %s%s%s", what,
		  strerror(w->reply.error), *text ? ": " : "", text);
	return -guest_errno(w->reply.error);
}

/* Requests whose reply says only whether it worked. */
static int simple_call(struct agent *a, enum frame_type type,
		       const struct iovec *parts, int n, const char *what,
		       struct error *e)
{
	struct answer w = { 0 };
	int err = agent_call(a, type, parts, n, 0, &w, e);

	if (err < 0)
		error_prefix(e, "%s", what);
	else if (w.reply.error)
		err = agent_guest_error(&w, e, what);
	buf_free(&w.text);
	return err;
}

int agent_open(int fd, uint64_t timeout_ns, int wake, struct agent **ret,
	       struct error *e)
{
	struct agent *a = xcalloc(1, sizeof(*a));
	int err = wire_init(&a->wire, fd, e);

	a->trace_fd = a->kmsg_fd = -1;
	a->patience_ns = PATIENCE_NS;
	a->wire.wake[0] = wake;
	if (!err)
		err = agent_await_hello(a, agent_deadline(timeout_ns, 0), e);
	if (err < 0) {
		agent_close(a);
		return err;
	}
	a->wire.wake[0] = -1;
	*ret = a;
	return 0;
}

void agent_close(struct agent *a)
{
	if (!a)
		return;
	wire_release(&a->wire);
	buf_free(&a->kmsg);
	free(a);
}

void agent_set_sinks(struct agent *a, int trace_fd, int kmsg_fd)
{
	a->trace_fd = trace_fd;
	a->kmsg_fd = kmsg_fd;
}

void agent_set_wake(struct agent *a, int fd1, int fd2)
{
	a->wire.wake[0] = fd1;
	a->wire.wake[1] = fd2;
}

void agent_set_patience(struct agent *a, uint64_t ns)
{
	a->patience_ns = ns;
}

static int put_piece(struct agent *a, const char *path, struct put head,
		     const void *data, size_t len, struct error *e)
{
	CLEANUP_FREE char *what = xasprintf("put %s", path);

	return simple_call(a, FRAME_PUT, (struct iovec[]){
			{ &head, sizeof(head) },
			{ (char *)path, strlen(path) + 1 },
			{ (void *)data, len },
		    }, 3, what, e);
}

/* What one frame has room for beside the head and the path. */
#define PIECE_MAX ((size_t)FRAME_MAX - 8192)

static int put(struct agent *a, const char *path, struct put head,
	       const void *data, size_t len, struct error *e)
{
	const char *next = data;
	size_t piece = len < PIECE_MAX ? len : PIECE_MAX;
	int err = put_piece(a, path, head, next, piece, e);

	head.flags = PUT_APPEND;
	while (!err && len > piece) {
		next += piece;
		len -= piece;
		piece = len < PIECE_MAX ? len : PIECE_MAX;
		err = put_piece(a, path, head, next, piece, e);
	}
	return err;
}

int agent_put(struct agent *a, const char *path, uint32_t mode,
	      const void *data, size_t len, struct error *e)
{
	return put(a, path, (struct put){ .mode = mode }, data, len, e);
}

int agent_put_fresh(struct agent *a, const char *path, uint32_t mode,
		    const void *data, size_t len, struct error *e)
{
	return put(a, path, (struct put){ .mode = mode, .flags = PUT_FRESH },
		   data, len, e);
}

static struct iovec string_part(const char *s)
{
	return (struct iovec){ (char *)s, strlen(s) + 1 };
}

int agent_mount(struct agent *a, const char *device, const char *dir,
		const char *type, const char *options, struct error *e)
{
	CLEANUP_FREE char *what = xasprintf("mount %s on %s", device, dir);
	size_t before = a->kmsg.len;
	int err;

	err = simple_call(a, FRAME_MOUNT, (struct iovec[]){
			string_part(device), string_part(dir),
			string_part(type), string_part(options),
		    }, 4, what, e);
	if (err < 0 && e && a->kmsg.len > before) {
		size_t used = strlen(e->message);

		snprintf(e->message + used, sizeof(e->message) - used, "\n%s",
			 a->kmsg.data + before);
	}
	return err;
}

int agent_umount(struct agent *a, const char *dir, const char *device,
		 struct error *e)
{
	CLEANUP_FREE char *what = xasprintf("umount %s", dir);

	return simple_call(a, FRAME_UMOUNT, (struct iovec[]){
			string_part(dir), string_part(device),
		    }, 2, what, e);
}

int agent_sync(struct agent *a, struct error *e)
{
	return simple_call(a, FRAME_SYNC, NULL, 0, "sync", e);
}

int agent_shell(struct agent *a, struct error *e)
{
	return simple_call(a, FRAME_SHELL, NULL, 0, "shell", e);
}

int agent_trace_start(struct agent *a, struct error *e)
{
	return simple_call(a, FRAME_TRACE_START, NULL, 0, "trace start", e);
}

int agent_trace_layers(struct agent *a, struct error *e)
{
	return simple_call(a, FRAME_TRACE_LAYERS, NULL, 0, "trace layers", e);
}

int agent_calls_rest(struct agent *a, struct error *e)
{
	return simple_call(a, FRAME_CALLS_REST, NULL, 0, "extents", e);
}

int agent_trace_drain(struct agent *a, struct error *e)
{
	return simple_call(a, FRAME_TRACE_DRAIN, NULL, 0, "trace drain", e);
}

int agent_kmsg_take(struct agent *a, struct buf *ret)
{
	buf_add(ret, a->kmsg.data, a->kmsg.len);
	buf_clear(&a->kmsg);
	return 0;
}

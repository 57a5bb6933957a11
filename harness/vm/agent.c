#include "vm/agent.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "trace/cure.h"
#include "trace/trace.h"
#include "vm/agent-internal.h"

#define PATIENCE_NS (30 * 1000000000ULL)
#define OUTPUT_MAX (1u << 20)
#define KMSG_MAX (1u << 20)
#define KMSG_WARNING 4 /* linux/kern_levels.h */
#define ARGS_MAX 4096

/* What the guest says may end on a terminal. */
static void add_printable(struct buf *b, const char *text, size_t len)
{
	size_t start = b->len;

	buf_add(b, text, len);
	for (size_t i = start; i < b->len; i++) {
		unsigned char c = (unsigned char)b->data[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			b->data[i] = '?';
	}
}

static void add_limited(struct buf *b, const char *data, size_t len)
{
	size_t room;

	if (!b)
		return;
	room = b->len < OUTPUT_MAX ? OUTPUT_MAX - b->len : 0;
	buf_add(b, data, len < room ? len : room);
}

/* One record "LEVEL,SECONDS.MICROS,text": kept if it is a warning or worse. */
static void take_kmsg_line(struct agent *a, const char *line, size_t len)
{
	const char *time = memchr(line, ',', len);
	const char *text;
	unsigned int level = 0;

	if (!time || time == line || a->kmsg.len + len > KMSG_MAX)
		return;
	for (const char *p = line; p < time; p++) {
		if (*p < '0' || *p > '9' || level > UINT16_MAX)
			return;
		level = level * 10 + (unsigned int)(*p - '0');
	}
	time++;
	text = memchr(time, ',', len - (size_t)(time - line));
	/* The upper bits are the facility (Documentation/ABI/dev-kmsg). */
	if (!text || (level & 7) > KMSG_WARNING)
		return;
	buf_puts(&a->kmsg, "[");
	add_printable(&a->kmsg, time, (size_t)(text - time));
	buf_puts(&a->kmsg, "] ");
	text++;
	add_printable(&a->kmsg, text, len - (size_t)(text - line));
	buf_puts(&a->kmsg, "\n");
}

static int take_kmsg(struct agent *a, const char *data, size_t len,
		     struct error *e)
{
	const char *end = data + len;
	int err;

	if (a->kmsg_fd >= 0) {
		err = write_full(a->kmsg_fd, data, len);
		if (err < 0)
			return wire_break(&a->wire, -err, e, "cannot write the "
					  "kernel log: %s", strerror(-err));
	}
	while (data < end) {
		const char *nl = memchr(data, '\n', (size_t)(end - data));

		if (!nl)
			nl = end;
		take_kmsg_line(a, data, (size_t)(nl - data));
		data = nl + 1;
	}
	return 0;
}

static int take_trace(struct agent *a, const char *data, size_t len,
		      struct error *e)
{
	struct trace_chunk c;
	int err;

	if (len < sizeof(c))
		return wire_break(&a->wire, EPROTO, e,
				  "the guest sent half a trace chunk");
	memcpy(&c, data, sizeof(c));
	if (c.magic != TRACE_MAGIC || c.length != len - sizeof(c) ||
	    c.kind < TRACE_FORMAT || c.kind >= TRACE_KINDS)
		return wire_break(&a->wire, EPROTO, e,
				  "the guest sent a malformed trace chunk");
	if (a->trace_fd < 0)
		return 0;
	err = write_full(a->trace_fd, data, len);
	if (err < 0)
		return wire_break(&a->wire, -err, e, "cannot write the trace: "
				  "%s", strerror(-err));
	return 0;
}

static int take_reply(struct agent *a, const char *data, size_t len,
		      struct answer *w, struct error *e)
{
	struct reply *r = &w->reply;

	if (len < sizeof(*r))
		return wire_break(&a->wire, EPROTO, e,
				  "the guest sent half a reply");
	memcpy(r, data, sizeof(*r));
	/* 4095: MAX_ERRNO of the kernel. */
	if (r->error < 0 || r->error > 4095 || r->status < -1 ||
	    r->status > 255 || r->signal < 0 || r->signal >= NSIG)
		return wire_break(&a->wire, EPROTO, e,
				  "the guest sent an impossible reply");
	len -= sizeof(*r);
	add_printable(&w->text, data + sizeof(*r),
		      strnlen(data + sizeof(*r), len));
	return 1;
}

/* A frame with an id: for the request that waits, or late for one that was
 * given up. 1: this was its reply. */
static int take_answer(struct agent *a, const struct frame *f,
		       const char *data, struct answer *w, struct error *e)
{
	if (!f->id || f->id > a->last_id)
		return wire_break(&a->wire, EPROTO, e, "the guest answered "
				  "request %u, which was never made", f->id);
	if (f->id != w->id)
		return 0;
	if (f->type == FRAME_OUT)
		add_limited(w->out, data, f->length);
	else if (f->type == FRAME_ERR)
		add_limited(w->err, data, f->length);
	else if (f->type == FRAME_STEP)
		return agent_take_step(a, data, f->length, w, e);
	else
		return take_reply(a, data, f->length, w, e);
	return 0;
}

static int dispatch(struct agent *a, const struct frame *f, const char *data,
		    struct answer *w, struct error *e)
{
	switch (f->type) {
	case FRAME_TRACE:
		return take_trace(a, data, f->length, e);
	case FRAME_KMSG:
		return take_kmsg(a, data, f->length, e);
	case FRAME_HELLO:
		return wire_break(&a->wire, EPROTO, e,
				  "the guest's agent started again");
	default:
		return take_answer(a, f, data, w, e);
	}
}

static int await_reply(struct agent *a, struct answer *w, struct error *e)
{
	struct frame f;
	const char *data;
	int err;

	do {
		err = wire_next(&a->wire, w->deadline, &f, &data, e);
		if (!err)
			err = dispatch(a, &f, data, w, e);
	} while (!err);
	return err < 0 ? err : 0;
}

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
	return await_reply(a, w, e);
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

static int check_hello(struct agent *a, const struct frame *f,
		       const char *data, struct error *e)
{
	struct hello h;

	if (f->length < sizeof(h))
		return wire_break(&a->wire, EPROTO, e,
				  "the guest's greeting is too short");
	memcpy(&h, data, sizeof(h));
	if (h.version != AGENT_VERSION)
		return wire_break(&a->wire, EPROTO, e, "the guest's agent "
				  "speaks version %u, not %u", h.version,
				  AGENT_VERSION);
	return 0;
}

/* The kernel log may come before it. */
static int await_hello(struct agent *a, uint64_t deadline, struct error *e)
{
	struct frame f;
	const char *data;
	int err;

	for (;;) {
		err = wire_next(&a->wire, deadline, &f, &data, e);
		if (err < 0)
			return err;
		if (f.type == FRAME_HELLO)
			return check_hello(a, &f, data, e);
		if (f.type != FRAME_KMSG)
			return wire_break(&a->wire, EPROTO, e, "the guest's "
					  "agent did not greet first");
		err = take_kmsg(a, data, f.length, e);
		if (err < 0)
			return err;
	}
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
		err = await_hello(a, agent_deadline(timeout_ns, 0), e);
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

void agent_result_free(struct agent_result *r)
{
	buf_free(&r->out);
	buf_free(&r->err);
}

int agent_add_strings(struct buf *b, const char *const *list)
{
	int n = 0;

	for (; list && list[n]; n++) {
		if (n == ARGS_MAX || b->len > FRAME_MAX)
			return -E2BIG;
		buf_add(b, list[n], strlen(list[n]) + 1);
	}
	return n;
}

static uint32_t run_flags(const struct agent_run *r)
{
	return (r->tool ? RUN_TOOL : 0) | (r->calls ? RUN_CALLS : 0);
}

static int add_cures(struct buf *b, const struct agent_run *r)
{
	for (size_t i = 0; i < r->n_cures; i++) {
		const struct cure *c = &r->cures[i];
		struct run_cure wire = { .when = c->when, .what = c->what,
					 .call = c->call };
		const char *path = c->path ? c->path : "";

		if (i == CURES_MAX)
			return -E2BIG;
		buf_add(b, &wire, sizeof(wire));
		buf_add(b, path, strlen(path) + 1);
	}
	return 0;
}

static int call_run(struct agent *a, const struct agent_run *req,
		    struct answer *w, struct error *e)
{
	struct run head = { .timeout_ns = req->timeout_ns,
			    .flags = run_flags(req) };
	CLEANUP_BUF struct buf strings = BUF_INIT;
	int argc = agent_add_strings(&strings, req->argv);
	int envc = agent_add_strings(&strings, req->env);

	if (argc < 0 || envc < 0)
		return error_set(e, E2BIG, "too many arguments");
	if (add_cures(&strings, req) < 0)
		return error_set(e, E2BIG, "more than %d cures", CURES_MAX);
	head.n_cures = (uint32_t)req->n_cures;
	head.argc = (uint32_t)argc;
	head.envc = (uint32_t)envc;
	return agent_call(a, FRAME_RUN, (struct iovec[]){
			{ &head, sizeof(head) },
			{ strings.data, strings.len },
		    }, 2, req->timeout_ns ? req->timeout_ns : UINT64_MAX, w, e);
}

/* The guest says it best: its interpreter is missing, and the like. */
static int not_started(const struct answer *w, const char *program,
		       struct error *e)
{
	int err = agent_guest_error(w, e, program);

	if (w->text.len)
		error_set(e, -err, "%s", buf_text(&w->text));
	return err;
}

int agent_run(struct agent *a, const struct agent_run *req,
	      struct agent_result *ret, struct error *e)
{
	struct agent_result r = { .status = -1 };
	struct answer w = { .out = &r.out, .err = &r.err };
	int err;

	if (!req->argv || !req->argv[0])
		return error_set(e, EINVAL, "no program to run");
	err = call_run(a, req, &w, e);
	if (err < 0)
		error_prefix(e, "run %s", req->argv[0]);
	else if (w.reply.error == ENOENT)
		r.not_found = 1;
	else if (w.reply.error)
		err = not_started(&w, req->argv[0], e);
	buf_free(&w.text);
	if (err < 0) {
		agent_result_free(&r);
		return err;
	}
	if (!r.not_found) {
		r.status = w.reply.status;
		r.signal = w.reply.signal;
		r.timed_out = w.reply.timed_out != 0;
		r.seconds_ns = w.reply.elapsed_ns;
	}
	*ret = r;
	return 0;
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

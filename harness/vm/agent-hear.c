/* What the guest says: frames of the agent protocol, and where they go. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "common/error.h"
#include "common/files.h"
#include "trace/trace.h"
#include "vm/agent-internal.h"

#define OUTPUT_MAX (1u << 20)
#define KMSG_MAX (1u << 20)
#define KMSG_WARNING 4 /* linux/kern_levels.h */

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

int agent_await_reply(struct agent *a, struct answer *w, struct error *e)
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
int agent_await_hello(struct agent *a, uint64_t deadline, struct error *e)
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

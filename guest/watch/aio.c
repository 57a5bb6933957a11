/* Prose: aio.h. Linux: fs/aio.c; include/uapi/linux/aio_abi.h. */
#include "guest/watch/aio.h"

#include <stdlib.h>
#include <sys/syscall.h>

#include <linux/aio_abi.h>

#include "common/buf.h"
#include "guest/watch/proc.h"
#include "guest/watch/requests.h"

#define RING_MAGIC 0xa10a10a1 /* fs/aio.c: AIO_RING_MAGIC */
#define SUBMIT_MAX 4096	      /* requests at once */

/* fs/aio.c: struct aio_ring; its events follow. */
struct aio_ring {
	uint32_t id, nr, head, tail;
	uint32_t magic, compat_features, incompat_features, header_length;
};

struct context {
	pid_t process;
	uint64_t address;
	uint32_t seen; /* events up to here have been looked at */
	struct requests requests;
	struct context *next;
};

static int read_ring(const struct context *c, struct aio_ring *ret)
{
	return proc_read(c->process, c->address, ret, sizeof(*ret)) ==
		       sizeof(*ret) &&
	       ret->magic == RING_MAGIC && ret->tail < ret->nr;
}

static struct context *find_context(struct watcher *w, struct task *t,
				    uint64_t address)
{
	struct context *c = w->contexts;
	pid_t process = task_process(t);

	while (c && (c->process != process || c->address != address))
		c = c->next;
	if (c)
		return c;
	c = xcalloc(1, sizeof(*c));
	c->process = process;
	c->address = address;
	c->next = w->contexts;
	w->contexts = c;
	return c;
}

void aio_forget(struct watcher *w, pid_t process)
{
	struct context **at = &w->contexts;

	while (*at) {
		struct context *c = *at;

		if (c->process != process) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		requests_release(w, &c->requests);
		free(c);
	}
}

/* ---- what is completed ---- */

/* No more events than there is room for: the kernel sees to that. */
static void look_at(struct watcher *w, struct context *c)
{
	struct aio_ring ring;
	struct io_event ev;

	if (!read_ring(c, &ring) || c->seen >= ring.nr)
		return;
	for (; c->seen != ring.tail; c->seen = (c->seen + 1) % ring.nr) {
		uint64_t at = c->address + sizeof(ring) + c->seen * sizeof(ev);

		if (proc_read(c->process, at, &ev, sizeof(ev)) != sizeof(ev))
			return;
		requests_end(w, &c->requests, ev.obj, ev.res, 0);
	}
	requests_looked(&c->requests);
}

void aio_look(struct watcher *w)
{
	for (struct context *c = w->contexts; c; c = c->next)
		if (c->requests.first)
			look_at(w, c);
}

/* ---- what is submitted ---- */

/* 1, or 0: nobody knows what it does. number 0: it changes no file. */
static int as_call(const struct iocb *b, uint32_t *ret_number,
		   uint64_t args[6])
{
	*ret_number = 0;
	switch (b->aio_lio_opcode) {
	case IOCB_CMD_PREAD:
	case IOCB_CMD_PREADV:
	case IOCB_CMD_POLL:
	case IOCB_CMD_NOOP:
		return 1;
	case IOCB_CMD_PWRITE:
		*ret_number = SYS_pwrite64;
		break;
	case IOCB_CMD_PWRITEV:
		*ret_number = SYS_pwritev;
		break;
	case IOCB_CMD_FSYNC:
		*ret_number = SYS_fsync;
		break;
	case IOCB_CMD_FDSYNC:
		*ret_number = SYS_fdatasync;
		break;
	}
	args[0] = b->aio_fildes;
	args[1] = b->aio_buf;
	args[2] = b->aio_nbytes;
	args[3] = (uint64_t)b->aio_offset;
	return *ret_number &&
	       !((uint32_t)b->aio_rw_flags & ~REQUEST_SAME_EFFECT);
}

static int take_one(struct watcher *w, struct task *t, struct context *c,
		    uint64_t address, const struct user_regs_struct *regs)
{
	struct iocb b = { .aio_lio_opcode = IOCB_CMD_NOOP };
	uint64_t args[6] = { 0 };
	uint32_t number;
	int known = proc_read(t->tid, address, &b, sizeof(b)) == sizeof(b) &&
		    as_call(&b, &number, args);
	struct request_entry q = {
		.key = address,
		.type = known && number ? call_type_find(number) : NULL,
		.args = args,
		.by = RECORD_BY_AIO,
	};

	return requests_add(w, t, &c->requests, &q, regs) && known;
}

int aio_enter(struct watcher *w, struct task *t,
	      const struct user_regs_struct *regs)
{
	struct context *c = find_context(w, t, regs->rdi);
	uint64_t n = regs->rsi;
	struct aio_ring ring;
	int known = 1;

	if (n > SUBMIT_MAX || !read_ring(c, &ring))
		return 0;
	if (!c->requests.first)
		c->seen = ring.tail;
	t->asked.number = SYS_io_submit;
	t->asked.address = c->address;
	t->asked.first = c->requests.numbers + 1;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t at;

		if (proc_read(t->tid, regs->rdx + i * sizeof(at), &at,
			      sizeof(at)) != sizeof(at))
			return 0;
		known &= take_one(w, t, c, at, regs);
	}
	return known;
}

void aio_exit(struct watcher *w, struct task *t, int64_t result)
{
	uint64_t taken = result > 0 ? (uint64_t)result : 0;

	requests_refuse(w, &find_context(w, t, t->asked.address)->requests,
			t->asked.first + taken);
}

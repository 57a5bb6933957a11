/* Prose: uring.h. Linux: include/uapi/linux/io_uring.h; io_uring(7). */
#include "guest/watch/uring.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <linux/io_uring.h>

#include "common/buf.h"
#include "common/files.h"
#include "guest/watch/proc.h"
#include "guest/watch/requests.h"
#include "guest/watch/uring-entry.h"

/* Headers may be older than the guest's kernel. */
#define SETUP_NO_SQARRAY (1u << 16) /* Linux 6.6 */
#define SETUP_FOLLOWED                                                         \
	(IORING_SETUP_IOPOLL | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP |      \
	 IORING_SETUP_ATTACH_WQ | IORING_SETUP_R_DISABLED |                    \
	 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN |                 \
	 IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SQE128 |                     \
	 IORING_SETUP_CQE32 | IORING_SETUP_SINGLE_ISSUER |                     \
	 IORING_SETUP_DEFER_TASKRUN | SETUP_NO_SQARRAY)
#define LINKED (IOSQE_IO_LINK | IOSQE_IO_HARDLINK)

struct ring {
	pid_t process;
	int fd;
	struct io_uring_params params;
	/* Where they are mapped in the process; 0: not yet. */
	uint64_t queues, completions, entries;
	uint32_t told; /* entries up to here have been told */
	uint32_t seen; /* completions up to here have been looked at */
	struct requests requests;
	struct ring *next;
};

static pid_t process_of(struct task *t)
{
	if (!t->process)
		t->process = proc_process(t->tid);
	return t->process;
}

static struct ring *find_ring(const struct watcher *w, struct task *t, int fd)
{
	struct ring *r = w->rings;

	while (r && (r->fd != fd || r->process != process_of(t)))
		r = r->next;
	return r;
}

static void drop_ring(struct ring **at)
{
	struct ring *r = *at;

	requests_release(&r->requests);
	*at = r->next;
	free(r);
}

void uring_forget(struct watcher *w, pid_t process)
{
	struct ring **at = &w->rings;

	while (*at)
		if ((*at)->process == process)
			drop_ring(at);
		else
			at = &(*at)->next;
}

/* ---- memory that is shared with the kernel ---- */

static int read_number(const struct ring *r, uint64_t address, uint32_t *ret)
{
	return proc_read(r->process, address, ret, sizeof(*ret)) ==
	       sizeof(*ret);
}

static int read_entry(const struct ring *r, uint32_t at,
		      struct io_uring_sqe *ret)
{
	size_t size = r->params.flags & IORING_SETUP_SQE128 ? 128 : 64;
	uint32_t i = at & (r->params.sq_entries - 1);

	if (!(r->params.flags & SETUP_NO_SQARRAY) &&
	    !read_number(r, r->queues + r->params.sq_off.array +
			 (uint64_t)i * sizeof(i), &i))
		return 0;
	return i < r->params.sq_entries &&
	       proc_read(r->process, r->entries + i * size, ret,
			 sizeof(*ret)) == sizeof(*ret);
}

static uint64_t completions_of(const struct ring *r)
{
	return r->completions ? r->completions : r->queues;
}

static int read_completed(const struct ring *r, uint32_t *ret)
{
	return read_number(r, completions_of(r) + r->params.cq_off.tail, ret);
}

static int read_completion(const struct ring *r, uint32_t at,
			   struct io_uring_cqe *ret)
{
	size_t size = r->params.flags & IORING_SETUP_CQE32 ? 32 : 16;
	uint32_t i = at & (r->params.cq_entries - 1);

	return proc_read(r->process, completions_of(r) +
			 r->params.cq_off.cqes + i * size, ret,
			 sizeof(*ret)) == sizeof(*ret);
}

/* More cannot have been completed than are under way, and so many have room: but
 * for those of poll requests and the like. */
static void look_at(struct watcher *w, struct ring *r)
{
	struct io_uring_cqe c;
	uint32_t end;

	if (!read_completed(r, &end))
		return;
	if (end - r->seen > r->params.cq_entries) {
		w->lost++;
		r->seen = end - r->params.cq_entries;
	}
	for (; r->seen != end && read_completion(r, r->seen, &c); r->seen++)
		requests_end(w, &r->requests, c.user_data, c.res,
			     c.flags & IORING_CQE_F_MORE);
}

void uring_look(struct watcher *w)
{
	for (struct ring *r = w->rings; r; r = r->next)
		if (r->requests.first)
			look_at(w, r);
}

/* ---- what is submitted ---- */

/* 1: all is known. Of what is not told when it succeeds there may be nothing to be
 * seen again. */
static int take_entry(struct watcher *w, struct task *t, struct ring *r,
		      const struct io_uring_sqe *e, int linked,
		      const struct user_regs_struct *regs)
{
	struct entry_call c;
	int known = entry_call(e, &c);
	struct request_entry q = {
		.key = e->user_data,
		.type = c.number ? call_type_find(c.number) : NULL,
		.args = c.args,
		.by = RECORD_BY_URING,
		.linked = linked,
		.drains = (e->flags & IOSQE_IO_DRAIN) != 0,
	};

	if (e->flags & IOSQE_CQE_SKIP_SUCCESS)
		return known && !q.type;
	return requests_add(w, t, &r->requests, &q, regs) && known;
}

/* Entries that the kernel did not take the last time are still there. */
static int take_entries(struct watcher *w, struct task *t, struct ring *r,
			uint32_t n, const struct user_regs_struct *regs)
{
	uint32_t head, tail, at;
	int known = 1, linked = 0;

	if (!read_number(r, r->queues + r->params.sq_off.head, &head) ||
	    !read_number(r, r->queues + r->params.sq_off.tail, &tail) ||
	    (!r->requests.first && !read_completed(r, &r->seen)))
		return 0;
	at = (int32_t)(r->told - head) > 0 ? r->told : head;
	if (tail - head > n)
		tail = head + n;
	for (; (int32_t)(tail - at) > 0; at++) {
		struct io_uring_sqe e;

		if (!read_entry(r, at, &e))
			return 0;
		known &= take_entry(w, t, r, &e, linked, regs);
		linked = (e.flags & LINKED) != 0;
	}
	r->told = at;
	return known;
}

static int can_be_followed(const struct ring *r)
{
	return r && r->queues && r->entries;
}

static int submit(struct watcher *w, struct task *t,
		  const struct user_regs_struct *regs)
{
	struct ring *r = find_ring(w, t, (int)regs->rdi);

	if (regs->r10 & IORING_ENTER_REGISTERED_RING || !can_be_followed(r))
		return 0;
	return take_entries(w, t, r, (uint32_t)regs->rsi, regs);
}

/* ---- rings come ---- */

static void remember(struct task *t, const struct user_regs_struct *regs)
{
	t->asked.number = (uint32_t)regs->orig_rax;
	t->asked.fd = (int)regs->r8;
	t->asked.offset = regs->r9;
	t->asked.address = regs->rsi;
}

static int is_followed(const struct task *t, uint64_t params)
{
	struct io_uring_params p;

	return proc_read(t->tid, params, &p, sizeof(p)) == sizeof(p) &&
	       !(p.flags & ~SETUP_FOLLOWED);
}

static void add_ring(struct watcher *w, struct task *t, int fd)
{
	struct io_uring_params p;
	struct ring *r = find_ring(w, t, fd), **at = &w->rings;

	/* Its number is another one's now. */
	while (r && *at != r)
		at = &(*at)->next;
	if (r)
		drop_ring(at);
	if (proc_read(t->tid, t->asked.address, &p, sizeof(p)) != sizeof(p))
		return;
	r = xcalloc(1, sizeof(*r));
	r->process = process_of(t);
	r->fd = fd;
	r->params = p;
	r->next = w->rings;
	w->rings = r;
}

static void add_mapping(struct watcher *w, struct task *t, uint64_t address)
{
	struct ring *r = find_ring(w, t, t->asked.fd);

	if (!r)
		return;
	if (t->asked.offset == IORING_OFF_SQ_RING)
		r->queues = address;
	else if (t->asked.offset == IORING_OFF_CQ_RING)
		r->completions = address;
	else if (t->asked.offset == IORING_OFF_SQES)
		r->entries = address;
}

int uring_enter(struct watcher *w, struct task *t,
		const struct call_type *type,
		const struct user_regs_struct *regs, enum calls_then *ret)
{
	int ours = 0;

	if (type->number == SYS_io_uring_enter)
		ours = submit(w, t, regs);
	else if (type->number == SYS_io_uring_setup)
		ours = is_followed(t, regs->rsi);
	else if (type->number == SYS_mmap)
		ours = w->rings && find_ring(w, t, (int)regs->r8);
	if (ours) {
		remember(t, regs);
		*ret = CALLS_SEE_RETURN;
	}
	return ours;
}

void uring_exit(struct watcher *w, struct task *t, int64_t result)
{
	uint32_t number = t->asked.number;

	if (number == SYS_io_submit)
		return;
	t->asked.number = 0;
	if (number == SYS_io_uring_setup && result >= 0)
		add_ring(w, t, (int)result);
	else if (number == SYS_mmap && (result >= 0 || result < -4095))
		add_mapping(w, t, (uint64_t)result);
}

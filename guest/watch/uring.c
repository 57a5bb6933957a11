/* Prose: uring.h. Linux: include/uapi/linux/io_uring.h; io_uring(7). */
#include "guest/watch/uring.h"

#include <limits.h>
#include <stdio.h>
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
	int blind; /* it cannot be followed any more: the ends of some entries are
		    * not told, or it has another size */
	struct requests requests;
	struct ring *next;
};

static struct ring *find_ring(const struct watcher *w, struct task *t, int fd)
{
	struct ring *r = w->rings;

	while (r && (r->fd != fd || r->process != task_process(t)))
		r = r->next;
	return r;
}

static void drop_ring(struct watcher *w, struct ring **at)
{
	struct ring *r = *at;

	requests_release(w, &r->requests);
	*at = r->next;
	free(r);
}

void uring_forget(struct watcher *w, pid_t process)
{
	struct ring **at = &w->rings;

	while (*at)
		if ((*at)->process == process)
			drop_ring(w, at);
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
	requests_looked(&r->requests);
}

void uring_look(struct watcher *w)
{
	for (struct ring *r = w->rings; r; r = r->next)
		if (r->requests.first)
			look_at(w, r);
}

/* ---- what is submitted ---- */

/* 1: all is known. */
static int take_entry(struct watcher *w, struct task *t, struct ring *r,
		      const struct io_uring_sqe *e, int linked,
		      const struct user_regs_struct *regs)
{
	struct entry_call c;
	int drains = (e->flags & IOSQE_IO_DRAIN) != 0;
	/* The kernel has the first of a chain drain, which has been told. */
	int known = entry_call(e, &c) && !(drains && linked);
	struct request_entry q = {
		.key = e->user_data,
		.type = c.number ? call_type_find(c.number) : NULL,
		.args = c.args,
		.by = RECORD_BY_URING,
		.linked = linked,
		.drains = drains,
	};

	return requests_add(w, t, &r->requests, &q, regs) && known;
}

/* From where on: what another thread submits is told, and may not be taken yet. What
 * was taken and not told is not known. */
static int begin_entries(struct ring *r, uint32_t n, uint32_t *ret_tail)
{
	uint32_t head, tail;
	int known;

	if (!read_number(r, r->queues + r->params.sq_off.head, &head) ||
	    !read_number(r, r->queues + r->params.sq_off.tail, &tail) ||
	    (!r->requests.first && !read_completed(r, &r->seen)))
		return -1;
	known = (int32_t)(head - r->told) <= 0;
	if (!known)
		r->told = head;
	*ret_tail = tail - r->told > n ? r->told + n : tail;
	return known;
}

static int take_entries(struct watcher *w, struct task *t, struct ring *r,
			uint32_t n, const struct user_regs_struct *regs)
{
	uint32_t tail = 0;
	int known = begin_entries(r, n, &tail), linked = 0;

	for (; known >= 0 && (int32_t)(tail - r->told) > 0; r->told++) {
		struct io_uring_sqe e;

		r->blind = !read_entry(r, r->told, &e) ||
			   e.flags & IOSQE_CQE_SKIP_SUCCESS;
		if (r->blind)
			return 0;
		known &= take_entry(w, t, r, &e, linked, regs);
		linked = (e.flags & LINKED) != 0;
	}
	return known > 0;
}

/* So many were taken: the others are still in the queue. */
static void entries_taken(struct watcher *w, struct task *t, uint64_t n)
{
	struct ring *r = find_ring(w, t, t->asked.fd);
	uint64_t first = t->asked.first;

	if (!r || first + n > r->requests.numbers)
		return;
	r->told -= (uint32_t)(r->requests.numbers + 1 - first - n);
	requests_refuse(w, &r->requests, first + n);
}

static int can_be_followed(const struct ring *r)
{
	return r && r->queues && r->entries && !r->blind;
}

static int submit(struct watcher *w, struct task *t,
		  const struct user_regs_struct *regs)
{
	struct ring *r = find_ring(w, t, (int)regs->rdi);

	if (regs->r10 & IORING_ENTER_REGISTERED_RING || !can_be_followed(r))
		return 0;
	t->asked = (struct asked){
		.number = SYS_io_uring_enter,
		.fd = r->fd,
		.first = r->requests.numbers + 1,
	};
	return take_entries(w, t, r, (uint32_t)regs->rsi, regs);
}

/* ---- rings come ---- */

static int set_up(struct task *t, uint64_t params)
{
	struct io_uring_params p;

	if (proc_read(t->tid, params, &p, sizeof(p)) != sizeof(p) ||
	    p.flags & ~SETUP_FOLLOWED)
		return 0;
	t->asked = (struct asked){ .number = SYS_io_uring_setup,
				   .address = params };
	return 1;
}

/* That it is closed is not seen. */
static int is_ring(const struct task *t, int fd)
{
	char link[32], path[PATH_MAX];

	snprintf(link, sizeof(link), "fd/%d", fd);
	return proc_path(t->tid, link, path) == 0 &&
	       !strcmp(path, "anon_inode:[io_uring]");
}

static void forget_number(struct watcher *w, struct task *t, int fd)
{
	struct ring *r = find_ring(w, t, fd), **at = &w->rings;

	while (r && *at != r)
		at = &(*at)->next;
	if (r)
		drop_ring(w, at);
}

static int map(struct watcher *w, struct task *t,
	       const struct user_regs_struct *regs)
{
	int fd = (int)regs->r8;

	if (!w->rings || !find_ring(w, t, fd))
		return 0;
	if (!is_ring(t, fd)) {
		forget_number(w, t, fd);
		return 0;
	}
	t->asked = (struct asked){ .number = SYS_mmap, .fd = fd,
				   .offset = regs->r9 };
	return 1;
}

static void add_ring(struct watcher *w, struct task *t, int fd)
{
	struct io_uring_params p;
	struct ring *r;

	forget_number(w, t, fd);
	if (proc_read(t->tid, t->asked.address, &p, sizeof(p)) != sizeof(p))
		return;
	r = xcalloc(1, sizeof(*r));
	r->process = task_process(t);
	r->fd = fd;
	r->params = p;
	r->next = w->rings;
	w->rings = r;
}

/* Since Linux 6.13 a ring may get another size, and is mapped anew then. */
static int has_its_size(const struct ring *r)
{
	uint32_t n;

	return read_number(r, r->queues + r->params.sq_off.ring_entries, &n) &&
	       n == r->params.sq_entries;
}

static void add_mapping(struct watcher *w, struct task *t, uint64_t address)
{
	struct ring *r = find_ring(w, t, t->asked.fd);

	if (!r)
		return;
	if (t->asked.offset == IORING_OFF_SQ_RING) {
		r->queues = address;
		r->blind |= !has_its_size(r);
	} else if (t->asked.offset == IORING_OFF_CQ_RING) {
		r->completions = address;
	} else if (t->asked.offset == IORING_OFF_SQES) {
		r->entries = address;
	}
}

int uring_enter(struct watcher *w, struct task *t,
		const struct call_type *type,
		const struct user_regs_struct *regs)
{
	if (type->number == SYS_io_uring_enter)
		return submit(w, t, regs);
	if (type->number == SYS_io_uring_setup)
		return set_up(t, regs->rsi);
	return type->number == SYS_mmap && map(w, t, regs);
}

void uring_exit(struct watcher *w, struct task *t, int64_t result)
{
	uint32_t number = t->asked.number;

	if (number == SYS_io_uring_enter)
		entries_taken(w, t, result > 0 ? (uint64_t)result : 0);
	else if (number == SYS_io_uring_setup && result >= 0)
		add_ring(w, t, (int)result);
	else if (number == SYS_mmap && (result >= 0 || result < -4095))
		add_mapping(w, t, (uint64_t)result);
}

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

/* An entry that was submitted and has not been completed. */
struct request {
	uint64_t number;    /* 1.., of the ring */
	uint64_t after;	    /* begins once none from this number on is before it */
	uint64_t user_data;
	pid_t tid;
	int begun;
	struct buf record;  /* of its begin */
	struct pending pending; /* type NULL: nothing is to be told of it */
	struct request *next;
};

struct ring {
	pid_t process;
	int fd;
	struct io_uring_params params;
	/* Where they are mapped in the process; 0: not yet. */
	uint64_t queues, completions, entries;
	uint32_t told; /* entries up to here have been told */
	uint32_t seen; /* completions up to here have been looked at */
	uint64_t numbers;
	struct request *requests; /* by number */
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

static void drop_request(struct request **at)
{
	struct request *q = *at;

	*at = q->next;
	pending_clear(&q->pending);
	buf_free(&q->record);
	free(q);
}

static void drop_ring(struct ring **at)
{
	struct ring *r = *at;

	while (r->requests)
		drop_request(&r->requests);
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

/* ---- requests begin and end ---- */

static void begin(struct watcher *w, struct request *q)
{
	struct record_enter head;

	q->begun = 1;
	if (!q->pending.type)
		return;
	memcpy(&head, q->record.data, sizeof(head));
	head.enter_ns = now_ns();
	memcpy(q->record.data, &head, sizeof(head));
	records_send(w, RECORD_ENTER, q->record.data, q->record.len, NULL, 0);
	buf_free(&q->record);
	q->record = (struct buf)BUF_INIT;
}

static int may_begin(const struct ring *r, const struct request *q)
{
	for (const struct request *o = r->requests; o != q; o = o->next)
		if (o->number >= q->after)
			return 0;
	return 1;
}

static void begin_all(struct watcher *w, struct ring *r)
{
	for (struct request *q = r->requests; q; q = q->next)
		if (!q->begun && may_begin(r, q))
			begin(w, q);
}

/* As if the thread had returned from it, whatever it is in itself. */
static void end(struct watcher *w, struct request *q, int64_t result)
{
	struct task *t = task_find(w, q->tid);
	struct pending own;
	int renames;

	if (!q->begun)
		begin(w, q);
	if (!q->pending.type)
		return;
	if (!t) {
		w->lost++;
		return;
	}
	own = t->pending;
	renames = t->renames;
	t->pending = q->pending;
	t->renames = calls_changes_names(q->pending.type);
	calls_exit(w, t, result, now_ns());
	t->pending = own;
	t->renames = renames;
	q->pending = (struct pending){ .type = NULL };
}

static struct request **find_request(struct ring *r, uint64_t user_data)
{
	struct request **at = &r->requests;

	while (*at && (*at)->user_data != user_data)
		at = &(*at)->next;
	return *at ? at : NULL;
}

static void take_completion(struct watcher *w, struct ring *r,
			    const struct io_uring_cqe *c)
{
	struct request **at = find_request(r, c->user_data);

	if (!at || c->flags & IORING_CQE_F_MORE)
		return;
	end(w, *at, c->res);
	drop_request(at);
	begin_all(w, r);
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
		take_completion(w, r, &c);
}

void uring_look(struct watcher *w)
{
	for (struct ring *r = w->rings; r; r = r->next)
		if (r->requests)
			look_at(w, r);
}

/* ---- what is submitted ---- */

static struct request *add_request(struct ring *r, struct task *t,
				   const struct io_uring_sqe *e, int linked)
{
	struct request **last = &r->requests;
	struct request *q = xcalloc(1, sizeof(*q));

	while (*last)
		last = &(*last)->next;
	*last = q;
	q->number = ++r->numbers;
	q->after = e->flags & IOSQE_IO_DRAIN ? 0 :
		   linked ? q->number - 1 : q->number;
	q->user_data = e->user_data;
	q->tid = t->tid;
	return q;
}

/* Whether one is under way that looks the same when it is completed. One that is
 * linked to it comes after it. */
static int is_another(const struct ring *r, const struct io_uring_sqe *e,
		      const struct call_type *type, int linked)
{
	const struct request *q = r->requests;

	while (q && (q->user_data != e->user_data ||
		     (!type && !q->pending.type) ||
		     (linked && q->number == r->numbers)))
		q = q->next;
	return q != NULL;
}

/* Where it goes that has no offset, or whose offset does not count, depends on
 * what else is under way. 1: all is known. */
static int take_entry(struct watcher *w, struct task *t, struct ring *r,
		      const struct io_uring_sqe *e, int linked,
		      const struct user_regs_struct *regs)
{
	struct entry_call c;
	int known = entry_call(e, &c), alone = !r->requests;
	const struct call_type *type =
		c.number ? call_type_find(c.number) : NULL;
	struct request *q;

	/* Of it there may be nothing to be seen again. */
	if (e->flags & IOSQE_CQE_SKIP_SUCCESS)
		return known && !type;
	known &= !is_another(r, e, type, linked);
	q = add_request(r, t, e, linked);
	if (type && calls_changes_names(type))
		w->names++;
	if (type)
		calls_enter_entry(w, t, &(struct calls_entry){
			.type = type, .args = c.args, .alone = alone,
		}, regs, &q->pending, &q->record);
	if (may_begin(r, q))
		begin(w, q);
	return known;
}

/* Entries that the kernel did not take the last time are still there. */
static int take_entries(struct watcher *w, struct task *t, struct ring *r,
			uint32_t n, const struct user_regs_struct *regs)
{
	uint32_t head, tail, at;
	int known = 1, linked = 0;

	if (!read_number(r, r->queues + r->params.sq_off.head, &head) ||
	    !read_number(r, r->queues + r->params.sq_off.tail, &tail) ||
	    (!r->requests && !read_completed(r, &r->seen)))
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
	t->ring_call.number = (uint32_t)regs->orig_rax;
	t->ring_call.fd = (int)regs->r8;
	t->ring_call.offset = regs->r9;
	t->ring_call.params = regs->rsi;
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
	if (proc_read(t->tid, t->ring_call.params, &p, sizeof(p)) != sizeof(p))
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
	struct ring *r = find_ring(w, t, t->ring_call.fd);

	if (!r)
		return;
	if (t->ring_call.offset == IORING_OFF_SQ_RING)
		r->queues = address;
	else if (t->ring_call.offset == IORING_OFF_CQ_RING)
		r->completions = address;
	else if (t->ring_call.offset == IORING_OFF_SQES)
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
	uint32_t number = t->ring_call.number;

	t->ring_call.number = 0;
	if (number == SYS_io_uring_setup && result >= 0)
		add_ring(w, t, (int)result);
	else if (number == SYS_mmap && (result >= 0 || result < -4095))
		add_mapping(w, t, (uint64_t)result);
}

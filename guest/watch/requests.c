/* Prose: requests.h. */
#include "guest/watch/requests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/files.h"

struct request {
	uint64_t number; /* 1.. */
	/* Waits for those in [from, number) and [1, until], and they for others. */
	uint64_t from, until;
	uint64_t key, asked_ns;
	pid_t tid, process;
	int begun;
	struct buf record; /* of its begin */
	struct pending pending; /* type NULL: nothing is to be told of it */
	struct request *next;
};

static void forget(struct watcher *w, struct requests *r, struct request *q)
{
	w->n_asked -= q->pending.type != NULL;
	r->waiting -= !q->begun;
	pending_clear(&q->pending);
	buf_free(&q->record);
	free(q);
}

void requests_release(struct watcher *w, struct requests *r)
{
	while (r->first) {
		struct request *q = r->first;

		r->first = q->next;
		forget(w, r, q);
	}
	r->last = NULL;
}

static void drop(struct watcher *w, struct requests *r, struct request *q)
{
	struct request *before = NULL;

	for (struct request *o = r->first; o != q; o = o->next)
		before = o;
	if (before)
		before->next = q->next;
	else
		r->first = q->next;
	if (r->last == q)
		r->last = before;
	forget(w, r, q);
}

/* ---- they begin and end ---- */

static void send_begin(struct watcher *w, const struct requests *r,
		       struct request *q)
{
	struct record_enter head;
	struct record_asked asked = {
		.asked_ns = q->asked_ns,
		.queue = r->id,
		.order = q->number,
		.from = q->from,
		.until = q->until,
	};

	memcpy(&head, q->record.data, sizeof(head));
	head.enter_ns = r->looked_ns > q->asked_ns ? r->looked_ns : q->asked_ns;
	memcpy(q->record.data, &head, sizeof(head));
	asked.sequence = head.sequence;
	records_send(w, RECORD_ASKED, &asked, sizeof(asked), NULL, 0);
	records_send(w, RECORD_ENTER, q->record.data, q->record.len, NULL, 0);
	buf_free(&q->record);
	q->record = (struct buf)BUF_INIT;
}

static void begin(struct watcher *w, struct requests *r, struct request *q)
{
	q->begun = 1;
	r->waiting--;
	if (q->pending.type)
		send_begin(w, r, q);
}

static int may_begin(const struct requests *r, const struct request *q)
{
	for (const struct request *o = r->first; o != q; o = o->next)
		if (o->number >= q->from || o->number <= q->until)
			return 0;
	return 1;
}

static void begin_all(struct watcher *w, struct requests *r)
{
	for (struct request *q = r->first; q && r->waiting; q = q->next)
		if (!q->begun && may_begin(r, q))
			begin(w, r, q);
}

/* As if the thread had returned from it, whatever it is in itself. */
static void end(struct watcher *w, struct requests *r, struct request *q,
		int64_t result)
{
	struct task *t = task_find(w, q->tid) ?: task_find(w, q->process);
	struct pending own;
	int renames;

	if (!q->begun)
		begin(w, r, q);
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
	w->n_asked--;
}

void requests_end(struct watcher *w, struct requests *r, uint64_t key,
		  int64_t result, int more)
{
	struct request *q = r->first;

	while (q && q->key != key)
		q = q->next;
	if (!q || more)
		return;
	end(w, r, q, result);
	drop(w, r, q);
	begin_all(w, r);
}

void requests_looked(struct requests *r)
{
	r->looked_ns = now_ns();
}

void requests_refuse(struct watcher *w, struct requests *r, uint64_t from)
{
	struct request *q = r->first, *next;

	for (; q; q = next) {
		next = q->next;
		if (q->number < from)
			continue;
		end(w, r, q, -EAGAIN);
		drop(w, r, q);
	}
	if (from <= r->numbers)
		r->numbers = from - 1;
	if (r->drained > r->numbers)
		r->drained = 0;
}

/* ---- they are submitted ---- */

/* One that is linked to it comes after it. */
static int is_another(const struct requests *r, const struct request_entry *e)
{
	const struct request *q = r->first;

	while (q && (q->key != e->key || (!e->type && !q->pending.type) ||
		     (e->linked && q->number == r->numbers)))
		q = q->next;
	return q != NULL;
}

/* Reads and the like fill memory: what is to be written is not there yet. */
static int may_fill_memory(const struct requests *r)
{
	const struct request *q = r->first;

	while (q && q->pending.type)
		q = q->next;
	return q != NULL;
}

static uint64_t waits_from(const struct requests *r,
			   const struct request_entry *e, uint64_t number)
{
	if (!e->linked)
		return number;
	return r->last && r->last->number == number - 1 ? r->last->from :
							  number - 1;
}

static struct request *append(struct watcher *w, struct requests *r,
			      const struct request_entry *e,
			      const struct task *t)
{
	struct request *q = xcalloc(1, sizeof(*q));

	if (!r->id)
		r->id = ++w->queues;
	q->number = r->numbers + 1;
	q->from = waits_from(r, e, q->number);
	q->until = e->drains ? r->numbers : r->drained;
	q->key = e->key;
	q->tid = t->tid;
	q->process = t->process;
	q->asked_ns = now_ns();
	if (e->drains)
		r->drained = q->number;
	if (r->last)
		r->last->next = q;
	else
		r->first = q;
	r->last = q;
	r->numbers = q->number;
	r->waiting++;
	return q;
}

/* What a name leads to may depend on what is under way. */
static int tell(struct watcher *w, struct task *t, struct requests *r,
		const struct request_entry *e, struct request *q,
		const struct user_regs_struct *regs)
{
	int alone = q == r->first;
	struct calls_entry entry = {
		.type = e->type,
		.args = e->args,
		.by = e->by,
		.alone = !w->n_asked && w->n_tasks == 1,
		.blank = !may_begin(r, q) && may_fill_memory(r),
	};

	w->names += calls_changes_names(e->type) != 0;
	calls_enter_entry(w, t, &entry, regs, &q->pending, &q->record);
	w->n_asked += q->pending.type != NULL;
	return alone || !e->type->path;
}

int requests_add(struct watcher *w, struct task *t, struct requests *r,
		 const struct request_entry *e,
		 const struct user_regs_struct *regs)
{
	int known = !is_another(r, e);
	struct request *q = append(w, r, e, t);

	if (e->type)
		known &= tell(w, t, r, e, q, regs);
	if (may_begin(r, q))
		begin(w, r, q);
	return known;
}

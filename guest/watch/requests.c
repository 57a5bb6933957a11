/* Prose: requests.h. */
#include "guest/watch/requests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/files.h"

struct request {
	uint64_t number;    /* 1.. */
	uint64_t after;	    /* begins once none from this number on is before it */
	uint64_t key;
	pid_t tid;
	int begun;
	struct buf record;  /* of its begin */
	struct pending pending; /* type NULL: nothing is to be told of it */
	struct request *next;
};

static void drop(struct request **at)
{
	struct request *q = *at;

	*at = q->next;
	pending_clear(&q->pending);
	buf_free(&q->record);
	free(q);
}

void requests_release(struct requests *r)
{
	while (r->first)
		drop(&r->first);
}

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

static int may_begin(const struct requests *r, const struct request *q)
{
	for (const struct request *o = r->first; o != q; o = o->next)
		if (o->number >= q->after)
			return 0;
	return 1;
}

static void begin_all(struct watcher *w, struct requests *r)
{
	for (struct request *q = r->first; q; q = q->next)
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

void requests_end(struct watcher *w, struct requests *r, uint64_t key,
		  int64_t result, int more)
{
	struct request **at = &r->first;

	while (*at && (*at)->key != key)
		at = &(*at)->next;
	if (!*at || more)
		return;
	end(w, *at, result);
	drop(at);
	begin_all(w, r);
}

void requests_refuse(struct watcher *w, struct requests *r, uint64_t from)
{
	struct request **at = &r->first;

	while (*at) {
		if ((*at)->number < from) {
			at = &(*at)->next;
			continue;
		}
		end(w, *at, -EAGAIN);
		drop(at);
	}
}

/* One that is linked to it comes after it. */
static int is_another(const struct requests *r, const struct request_entry *e)
{
	const struct request *q = r->first;

	while (q && (q->key != e->key || (!e->type && !q->pending.type) ||
		     (e->linked && q->number == r->numbers)))
		q = q->next;
	return q != NULL;
}

static struct request *append(struct requests *r,
			      const struct request_entry *e, pid_t tid)
{
	struct request **last = &r->first;
	struct request *q = xcalloc(1, sizeof(*q));

	while (*last)
		last = &(*last)->next;
	*last = q;
	q->number = ++r->numbers;
	q->after = e->drains ? 0 : e->linked ? q->number - 1 : q->number;
	q->key = e->key;
	q->tid = tid;
	return q;
}

int requests_add(struct watcher *w, struct task *t, struct requests *r,
		 const struct request_entry *e,
		 const struct user_regs_struct *regs)
{
	int apart = !is_another(r, e), alone = !r->first;
	struct request *q = append(r, e, t->tid);

	if (e->type) {
		w->names += calls_changes_names(e->type) != 0;
		calls_enter_entry(w, t, &(struct calls_entry){
			.type = e->type, .args = e->args, .by = e->by,
			.alone = alone,
		}, regs, &q->pending, &q->record);
	}
	if (may_begin(r, q))
		begin(w, q);
	return apart;
}

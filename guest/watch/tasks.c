/* The threads that are watched. */
#include <stdlib.h>

#include "common/buf.h"
#include "guest/watch/asked.h"
#include "guest/watch/flush.h"
#include "guest/watch/internal.h"
#include "guest/watch/open.h"
#include "guest/watch/proc.h"

static struct task **list_of(struct watcher *w, pid_t tid)
{
	return &w->tasks[(unsigned int)tid % TASK_LISTS];
}

struct task *task_find(struct watcher *w, pid_t tid)
{
	struct task *t = *list_of(w, tid);

	while (t && t->tid != tid)
		t = t->next;
	return t;
}

struct task *task_get(struct watcher *w, pid_t tid)
{
	struct task **list = list_of(w, tid);
	struct task *t = task_find(w, tid);

	if (t)
		return t;
	t = xcalloc(1, sizeof(*t));
	t->tid = tid;
	w->n_tasks++;
	t->next = *list;
	*list = t;
	return t;
}

pid_t task_process(struct task *t)
{
	if (!t->process)
		t->process = proc_process(t->tid);
	return t->process;
}

void task_name(struct task *t)
{
	task_process(t);
	if (!t->named)
		proc_name(t->tid, t->name);
	t->named = 1;
}

void pending_clear(struct pending *p)
{
	free(p->path);
	free(p->path2);
	*p = (struct pending){ .type = NULL };
}

void task_forget(struct watcher *w, pid_t tid)
{
	struct task **at = list_of(w, tid);
	struct task *t;

	while (*at && (*at)->tid != tid)
		at = &(*at)->next;
	t = *at;
	if (!t)
		return;
	*at = t->next;
	w->n_tasks--;
	pending_clear(&t->pending);
	flush_forget(w, t);
	open_files_forget(w, t);
	/* The threads of a process end one by one; its maps are read again. */
	stack_forget(w, t->process);
	/* Only the first thread of a process has the process's number. */
	asked_forget(w, tid);
	free(t);
}

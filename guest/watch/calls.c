/* Calls as they begin: each that is to be told is, with its stack. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include "common/buf.h"
#include "common/files.h"
#include "guest/watch/asked.h"
#include "guest/watch/filter.h"
#include "guest/watch/flush.h"
#include "guest/watch/internal.h"
#include "guest/watch/look.h"
#include "guest/watch/open.h"
#include "guest/watch/returns.h"

static void make_record(struct looking *l, const struct stack *s,
			struct buf *ret)
{
	l->record.n_objects = s->n_objects;
	l->record.n_frames = s->n_frames;
	buf_add(ret, &l->record, sizeof(l->record));
	buf_add(ret, l->path, strlen(l->path) + 1);
	buf_add(ret, l->path2, strlen(l->path2) + 1);
	for (uint32_t i = 0; i < s->n_objects; i++)
		buf_add(ret, s->objects[i], strlen(s->objects[i]) + 1);
	buf_add(ret, s->frames, s->n_frames * sizeof(*s->frames));
}

/* Names of things to be: their inode is looked for afterwards. */
static int makes_inode(const struct looking *l)
{
	return !l->record.inode &&
	       (l->record.kind == CALL_OPEN || l->record.kind == CALL_MKDIR ||
		l->record.kind == CALL_SYMLINK);
}

/* Where others may append at the same time, only a thread that stands still
 * can be asked where its bytes went; see find_offset(). */
static int must_ask(const struct looking *l)
{
	return l->record.kind == CALL_WRITE && !l->type->offset &&
	       look_appends(l) && (l->w->n_tasks > 1 || l->w->n_asked);
}

/* Nothing is to be done as long as the thread stands still after the call. */
static int is_quiet(const struct looking *l)
{
	return l->w->returns && returns_has(l->type) && !must_ask(l) &&
	       !l->w->target.cures.n &&
	       (!look_tells_extents(l) || l->file.length);
}

static void remember(struct looking *l)
{
	struct pending *p = &l->t->pending;
	int cured = l->w->target.cures.n > 0;

	pending_clear(p);
	*p = (struct pending){
		.type = l->type,
		.kind = l->record.kind,
		.sequence = l->record.sequence,
		.file_flags = l->record.file_flags,
		.length = l->record.length,
		.offset = l->record.offset,
		.makes_inode = makes_inode(l),
		.quiet = is_quiet(l),
		.hash = l->record.hash,
		.file = l->file,
		.path = cured || makes_inode(l) ? xstrdup(l->path) : NULL,
		.path2 = cured ? xstrdup(l->path2) : NULL,
	};
	memcpy(p->args, l->args, sizeof(p->args));
}

static int is_ack(const struct looking *l)
{
	return l->record.kind == CALL_MARK && !strcmp(l->path, "ack");
}

static void begin(struct looking *l, const struct user_regs_struct *regs,
		  struct buf *ret_record)
{
	struct record_enter *r = &l->record;
	static struct stack stack;

	task_name(l->t);
	if (is_ack(l))
		cures_before_ack(l->w, l->t);
	if (l->destroyed)
		extents_tell_path(l->w, l->t->tid, l->destroyed);
	stack_walk(l->w, l->t, regs, &l->stack, &stack);
	r->sequence = ++l->w->sequence;
	r->pid = l->t->process;
	r->tid = l->t->tid;
	memcpy(r->program, l->t->name, sizeof(r->program));
	r->enter_ns = now_ns();
	make_record(l, &stack, ret_record);
	remember(l);
}

static void tell(struct looking *l, const struct user_regs_struct *regs)
{
	static struct buf record;

	buf_clear(&record);
	begin(l, regs, &record);
	records_send(l->w, RECORD_ENTER, record.data, record.len, NULL, 0);
}

void calls_enter_entry(struct watcher *w, struct task *t,
		       const struct calls_entry *e,
		       const struct user_regs_struct *regs,
		       struct pending *ret, struct buf *ret_record)
{
	static struct looking l;

	look_begin_args(&l, w, t, e->type, e->args, regs->rsp);
	if (!look(&l))
		return;
	l.record.by = e->by;
	if (e->blank)
		l.record.hash = l.record.head_length = 0;
	if (l.record.kind == CALL_WRITE && !e->alone &&
	    (look_appends(&l) || !l.type->offset))
		l.record.offset = CALL_NOWHERE;
	begin(&l, regs, ret_record);
	*ret = t->pending;
	ret->quiet = 1;
	t->pending = (struct pending){ .type = NULL };
}

/* Paths may be others once the call has returned, and from now on. */
static enum calls_then names_change(struct watcher *w, struct task *t)
{
	w->names++;
	t->renames = 1;
	return CALLS_SEE_RETURN;
}

/* Another architecture's call: that there are such is told once. */
static enum calls_then enter_foreign(struct watcher *w, struct task *t,
				     const struct user_regs_struct *regs)
{
	static struct looking l;

	if (t->foreign)
		return CALLS_LET_GO;
	t->foreign = 1;
	l = (struct looking){ .w = w, .t = t };
	l.type = call_type_find(SYS_io_submit);
	l.record.kind = CALL_OPAQUE;
	l.record.syscall = UINT32_MAX;
	l.record.offset = CALL_NOWHERE;
	tell(&l, regs);
	return CALLS_SEE_RETURN;
}

static int is_foreign(const struct user_regs_struct *regs)
{
	return regs->cs != 0x33; /* Linux: __USER_CS */
}

/* Calls that are not told, and change what is known of the task. */
static enum calls_then enter_other(struct watcher *w, struct task *t,
				   const struct user_regs_struct *regs)
{
	switch (regs->orig_rax) {
	case SYS_prctl:
		t->named = 0;
		return CALLS_LET_GO;
	case SYS_exit_group: /* what was completed until then has been told */
		return CALLS_LET_GO;
	case SYS_unshare:
	case SYS_close_range:
		open_files_forget(w, t);
		return CALLS_LET_GO;
	}
	return names_change(w, t);
}

int calls_changes_names(const struct call_type *t)
{
	return t->kind == CALL_RENAME || t->kind == CALL_LINK ||
	       t->kind == CALL_UNLINK || t->kind == CALL_RMDIR;
}

/* 1: what it maps may be changed without a call, and is the file's. New code is
 * other code than that which stacks were read with. */
static int look_at_map(const struct looking *l)
{
	uint64_t protection = l->args[2], flags = l->args[3];

	if (protection & PROT_EXEC) {
		task_name(l->t);
		stack_forget(l->w, l->t->process);
	}
	return protection & PROT_WRITE && flags & MAP_SHARED &&
	       !(flags & MAP_ANONYMOUS);
}

enum calls_then calls_enter(struct watcher *w, struct task *t,
			    const struct user_regs_struct *regs)
{
	static struct looking l;
	const struct call_type *type;

	asked_look(w);
	/* A call before this one has returned, and the kernel dropped that. */
	if (t->pending.quiet) {
		w->lost++;
		pending_clear(&t->pending);
	}
	if (is_foreign(regs))
		return enter_foreign(w, t, regs);
	if (watch_filter_is_other((uint32_t)regs->orig_rax))
		return enter_other(w, t, regs);
	type = call_type_find((uint32_t)regs->orig_rax);
	if (!type)
		return CALLS_LET_GO;
	if (asked_enter(w, t, type, regs))
		return CALLS_SEE_RETURN;
	look_begin(&l, w, t, type, regs);
	if (type->number == SYS_mmap && !look_at_map(&l))
		return CALLS_LET_GO;
	if (look(&l)) {
		if (is_ack(&l) && flush_is_due(w, t))
			return CALLS_HOLD;
		tell(&l, regs);
	} else if (!calls_changes_names(type)) {
		return CALLS_LET_GO;
	}
	if (calls_changes_names(type))
		return names_change(w, t);
	return t->pending.quiet ? CALLS_LET_GO : CALLS_SEE_RETURN;
}

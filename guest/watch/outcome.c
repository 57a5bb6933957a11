/* What came of a call: told once it has returned. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "guest/watch/data.h"
#include "guest/watch/internal.h"
#include "guest/watch/open.h"
#include "guest/watch/proc.h"
#include "guest/watch/returns.h"

/* Linux: include/linux/errno.h: the kernel makes the call again, or lets it
 * fail with EINTR. */
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516

static void find_new_inode(struct task *t, struct record_exit *x)
{
	struct pending *p = &t->pending;
	static struct proc_place place;
	struct stat st;
	int found;

	if (p->kind == CALL_OPEN && p->type->number != SYS_mknod &&
	    p->type->number != SYS_mknodat) {
		found = proc_stat_fd(t->tid, (int)x->result, &st) == 0;
	} else {
		found = proc_resolve(t->tid, AT_FDCWD, p->path, PROC_NOFOLLOW,
				     &place) == 0 && place.exists;
		st = place.st;
	}
	if (!found)
		return;
	x->inode = st.st_ino;
	x->known |= EXIT_INODE;
}

/* Where an append went is known afterwards: others may have appended, too. */
static void find_offset(struct watcher *w, struct task *t,
			struct record_exit *x)
{
	struct pending *p = &t->pending;
	struct open_file f;
	uint64_t position;
	uint32_t flags;
	int err;

	/* A quiet append was alone, and went where the file ended. */
	if (p->quiet || p->type->offset || p->type->offset_pointer ||
	    !(p->file_flags & O_APPEND) || x->result <= 0 ||
	    open_file_look(w, t, (int)p->args[p->type->fd - 1], &f) < 0)
		return;
	err = open_file_position(&f, t, &flags, &position);
	open_file_release(&f);
	if (err || position < p->offset + (uint64_t)x->result)
		return;
	x->offset = position - (uint64_t)x->result;
	x->known |= EXIT_OFFSET;
}

static void find_written(struct data *d, const struct task *t)
{
	const struct pending *p = &t->pending;

	d->n = 0;
	d->length = 0;
	if (p->type->vector)
		data_vector(d, t->tid, p->args[p->type->vector - 1],
			    p->args[p->type->vector]);
	else
		data_buffer(d, p->args[p->type->buffer - 1], p->length);
}

/* A write that took less: of what it took. A thread that was not stopped may
 * have other data there by now, and then nobody knows. */
static void hash_again(struct task *t, struct record_exit *x)
{
	const struct pending *p = &t->pending;
	static struct data data;
	unsigned char head[DATA_HEAD];
	uint32_t head_length;

	if (x->result < 0 || (uint64_t)x->result >= p->length ||
	    !(p->type->vector || p->type->buffer))
		return;
	find_written(&data, t);
	x->known |= EXIT_HASH;
	if (p->quiet && data_hash(&data, t->tid, p->length, head,
				  &head_length, NULL) != p->hash)
		return;
	x->hash = data_hash(&data, t->tid, (uint64_t)x->result, head,
			    &head_length, NULL);
}

static void tell_synced(struct watcher *w, struct task *t)
{
	const struct pending *p = &t->pending;
	struct open_file f;

	if (p->quiet) {
		extents_tell_file(w, &p->file);
		return;
	}
	if (!w->target.mapped ||
	    open_file_look(w, t, (int)p->args[p->type->fd - 1], &f) < 0)
		return;
	open_file_extents(w, t, &f);
	open_file_release(&f);
}

void calls_exit(struct watcher *w, struct task *t, int64_t result,
		uint64_t time_ns)
{
	struct pending *p = &t->pending;
	struct record_exit x = { .sequence = p->sequence,
				 .exit_ns = time_ns,
				 .result = result };

	w->names += t->renames != 0;
	t->renames = 0;
	if (!p->type)
		return;
	if (result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK)
		x.result = -EINTR;
	if (p->makes_inode && result >= 0)
		find_new_inode(t, &x);
	if (p->kind == CALL_WRITE) {
		find_offset(w, t, &x);
		hash_again(t, &x);
	}
	records_send(w, RECORD_EXIT, &x, sizeof(x), NULL, 0);
	if (result == 0 && (p->kind == CALL_SYNC || p->kind == CALL_DATASYNC))
		tell_synced(w, t);
	if (p->path2 && result >= 0)
		cures_after(w, t, p->kind, p->path, p->path2);
	pending_clear(p);
}

void calls_take_returns(struct watcher *w)
{
	struct returned r;

	while (returns_take(w->returns, &r)) {
		struct task *t = task_find(w, r.tid);

		if (t && t->pending.quiet &&
		    t->pending.type->number == r.number)
			calls_exit(w, t, r.result, r.time_ns);
	}
}

/*
 * What a call is about, read while its thread is stopped before it; and what
 * came of it.
 *
 * A call is told if its file, or the folder of its name, is on the test file
 * system (or is the disk itself), or if it writes a mark. What cannot be read
 * here fails in the kernel as well: a bad pointer, a descriptor that is closed.
 * Such calls change nothing and are not told.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/falloc.h>
#include <linux/openat2.h>

#include "common/buf.h"
#include "common/files.h"
#include "guest/include/mark-block.h"
#include "guest/watch/data.h"
#include "guest/watch/filter.h"
#include "guest/watch/internal.h"
#include "guest/watch/open.h"
#include "guest/watch/proc.h"
#include "guest/watch/returns.h"

#define FILE_FLAGS (O_APPEND | O_DIRECT | O_SYNC | O_DSYNC)
#define OPEN_UNNAMED (O_TMPFILE & ~O_DIRECTORY)
/* Linux: include/linux/errno.h: the kernel makes the call again, or lets it
 * fail with EINTR. */
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516

/* The call being read. */
struct looking {
	struct watcher *w;
	struct task *t;
	const struct call_type *type;
	uint64_t args[6];
	struct record_enter record;
	struct proc_place place, place2;
	char path[PATH_MAX], path2[PATH_MAX];
	struct data data;
	const char *destroyed; /* path of a file that loses bytes, or NULL */
	struct extents_file file; /* that is synced */
};

static uint64_t arg(const struct looking *l, unsigned int number)
{
	return number ? l->args[number - 1] : 0;
}

static int on_target(const struct looking *l, const struct stat *st)
{
	const struct watch_target *t = &l->w->target;

	return (t->device && st->st_dev == t->device) ||
	       (S_ISBLK(st->st_mode) && st->st_rdev == t->disk);
}

static int place_on_target(const struct looking *l, const struct proc_place *p)
{
	const struct watch_target *t = &l->w->target;

	return (t->device && p->parent_device == t->device) ||
	       (p->exists && on_target(l, &p->st));
}

/* ---- data ---- */

static int find_data(struct looking *l)
{
	if (l->type->vector)
		return data_vector(&l->data, l->t->tid,
				   arg(l, l->type->vector),
				   arg(l, l->type->vector + 1u));
	if (l->type->buffer)
		data_buffer(&l->data, arg(l, l->type->buffer),
			    arg(l, l->type->length));
	return 0;
}

static int look_at_data(struct looking *l)
{
	struct record_enter *r = &l->record;

	if (!l->type->vector && !l->type->buffer)
		return 1;
	if (find_data(l) < 0)
		return 0;
	r->length = l->data.length;
	r->hash = data_hash(&l->data, l->t->tid, r->length, r->head,
			    &r->head_length);
	return 1;
}

/* ---- marks ---- */

static const char *mark_word(uint32_t kind)
{
	static const char *const words[] = { "", "begin", "ack", "mark" };

	return kind < 4 ? words[kind] : "";
}

static int look_at_mark(struct looking *l)
{
	static struct mark_block block;
	ssize_t n;

	if (find_data(l) < 0 || !l->data.n)
		return 0;
	n = proc_read(l->t->tid, l->data.pieces[0].address, &block,
		      sizeof(block));
	if (n < (ssize_t)sizeof(block) ||
	    memcmp(block.magic, MARK_BLOCK_MAGIC, sizeof(block.magic)) ||
	    block.length >= sizeof(block.text))
		return 0;
	block.text[block.length] = '\0';
	l->record.kind = CALL_MARK;
	l->record.length = l->data.length;
	strcpy(l->path, mark_word(block.kind));
	strcpy(l->path2, block.text);
	return 1;
}

/* ---- calls with a descriptor ---- */

/* Where an append begins: the file's end, so far. */
static int appends(const struct looking *l)
{
	if (l->type->number == SYS_pwritev2 && l->record.flags & RWF_APPEND)
		return 1;
	return (l->record.file_flags & O_APPEND) != 0;
}

static uint64_t write_offset(const struct looking *l, const struct stat *st,
			     uint64_t position)
{
	uint64_t offset;

	if (appends(l))
		return (uint64_t)st->st_size;
	if (arg(l, l->type->offset_pointer))
		return proc_read(l->t->tid, arg(l, l->type->offset_pointer),
				 &offset, sizeof(offset)) == sizeof(offset) ?
			       offset :
			       CALL_NOWHERE;
	if (l->type->offset && arg(l, l->type->offset) != UINT64_MAX)
		return arg(l, l->type->offset);
	return position;
}

static void look_at_offset(struct looking *l, const struct stat *st,
			   uint64_t position)
{
	if (l->record.kind == CALL_WRITE)
		l->record.offset = write_offset(l, st, position);
	else if (l->type->offset)
		l->record.offset = arg(l, l->type->offset);
}

/* A hole, or bytes that move: what stood there has no place any more. */
static int allocation_destroys(const struct looking *l)
{
	return l->record.kind == CALL_ALLOCATE &&
	       (l->record.flags & ~(uint32_t)FALLOC_FL_KEEP_SIZE);
}

/* Where synced bytes stand is told after the sync. */
static int tells_extents(const struct looking *l)
{
	return l->w->target.mapped && (l->record.kind == CALL_SYNC ||
				       l->record.kind == CALL_DATASYNC);
}

static int look_at_file(struct looking *l, const struct open_file *f)
{
	const struct stat *st = &f->st;
	uint64_t position;
	uint32_t flags;

	if (open_file_position(f, l->t, &position, &flags) < 0)
		return 0;
	strcpy(l->path, open_file_path(l->w, l->t, f));
	l->record.inode = st->st_ino;
	l->record.old_size = (uint64_t)st->st_size;
	l->record.file_flags = flags & FILE_FLAGS;
	look_at_offset(l, st, position);
	if (tells_extents(l) && f->copy >= 0)
		extents_file_of(f->copy, &l->file);
	if (l->record.kind == CALL_TRUNCATE || allocation_destroys(l))
		open_file_extents(l->w, l->t, f);
	return look_at_data(l);
}

static int look_at_open_file(struct looking *l, const struct open_file *f)
{
	if (S_ISBLK(f->st.st_mode) && f->st.st_rdev == l->w->target.marks &&
	    l->record.kind == CALL_WRITE)
		return look_at_mark(l);
	return on_target(l, &f->st) ? look_at_file(l, f) : 0;
}

static int look_at_fd(struct looking *l, int fd)
{
	struct open_file f;
	int told;

	if (open_file_look(l->w, l->t, fd, &f) < 0)
		return 0;
	told = look_at_open_file(l, &f);
	open_file_release(&f);
	return told;
}

/* ---- calls with a name ---- */

static int read_name(const struct looking *l, unsigned int number,
		     char ret[PATH_MAX])
{
	/* NULL: the descriptor itself (utimensat). */
	if (!arg(l, number)) {
		*ret = '\0';
		return 0;
	}
	return proc_text(l->t->tid, arg(l, number), ret, PATH_MAX);
}

static int resolve(const struct looking *l, unsigned int at,
		   unsigned int number, enum proc_follow follow,
		   struct proc_place *ret)
{
	char name[PATH_MAX];
	int folder = at ? (int)arg(l, at) : AT_FDCWD;
	int err = read_name(l, number, name);

	return err ? err : proc_resolve(l->t->tid, folder, name, follow, ret);
}

static enum proc_follow follows(const struct looking *l)
{
	if (l->type->number == SYS_linkat)
		return l->record.flags & (AT_SYMLINK_FOLLOW | AT_EMPTY_PATH) ?
			       PROC_FOLLOW :
			       PROC_NOFOLLOW;
	if (l->record.kind == CALL_OPEN &&
	    (l->record.flags & O_NOFOLLOW ||
	     (l->record.flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)))
		return PROC_NOFOLLOW;
	return l->type->follow ? PROC_FOLLOW : PROC_NOFOLLOW;
}

static void take_place(struct looking *l)
{
	struct record_enter *r = &l->record;
	const struct proc_place *p = &l->place;

	strcpy(l->path, p->path);
	r->parent = p->parent;
	if (!p->exists)
		return;
	r->inode = p->st.st_ino;
	r->old_size = (uint64_t)p->st.st_size;
}

/* 1: it is to be told. */
static int look_at_second(struct looking *l)
{
	struct record_enter *r = &l->record;
	int there = resolve(l, l->type->at2, l->type->path2, PROC_NOFOLLOW,
			    &l->place2);

	if (there < 0 || !(place_on_target(l, &l->place) ||
			   place_on_target(l, &l->place2)))
		return 0;
	strcpy(l->path2, l->place2.path);
	r->parent2 = l->place2.parent;
	r->inode2 = l->place2.exists ? l->place2.st.st_ino : 0;
	if (r->kind == CALL_RENAME && l->place2.exists)
		l->destroyed = l->place2.path;
	return 1;
}

/* Opens are told that make a file or empty one. */
static int look_at_open(struct looking *l)
{
	uint32_t flags = l->record.flags;
	int makes = l->type->number == SYS_mknod ||
		    l->type->number == SYS_mknodat || flags & O_CREAT;
	int empties = flags & O_TRUNC && l->place.exists;

	if ((flags & OPEN_UNNAMED) == OPEN_UNNAMED) {
		l->record.parent = l->place.exists ? l->place.st.st_ino : 0;
		l->record.inode = 0;
	} else if (!empties && (!makes || l->place.exists)) {
		return 0;
	}
	if (empties && S_ISREG(l->place.st.st_mode))
		l->destroyed = l->place.path;
	l->record.inode2 = l->record.parent;
	l->record.file_flags = flags & FILE_FLAGS;
	return 1;
}

static int look_at_symlink(struct looking *l)
{
	l->record.inode2 = l->record.parent;
	return proc_text(l->t->tid, arg(l, l->type->text), l->path2,
			 sizeof(l->path2)) == 0;
}

static int look_at_name(struct looking *l)
{
	struct record_enter *r = &l->record;

	if (resolve(l, l->type->at, l->type->path, follows(l), &l->place) < 0)
		return 0;
	take_place(l);
	if (l->type->path2)
		return look_at_second(l);
	if (!place_on_target(l, &l->place))
		return 0;
	if (r->kind == CALL_OPEN)
		return look_at_open(l);
	if (r->kind == CALL_SYMLINK)
		return look_at_symlink(l);
	if (r->kind != CALL_TRUNCATE && r->kind != CALL_ATTRIBUTE)
		r->inode2 = r->parent;
	if (r->kind == CALL_UNLINK || r->kind == CALL_TRUNCATE)
		l->destroyed = l->place.path;
	return 1;
}

/* ---- the others ---- */

static int look_at_msync(struct looking *l)
{
	uint64_t start, offset, address = arg(l, 1);
	struct stat st;
	char link[64];

	if (stack_file(l->w, l->t, address, &start, &offset, link,
		       sizeof(link)) < 0)
		return 0;
	snprintf(l->path, sizeof(l->path), "/proc/%d/%s", l->t->process, link);
	if (stat(l->path, &st) < 0 || !on_target(l, &st))
		return 0;
	if (proc_path(l->t->process, link, l->path) < 0)
		*l->path = '\0';
	l->record.inode = st.st_ino;
	l->record.old_size = (uint64_t)st.st_size;
	l->record.offset = offset + (address - start);
	return 1;
}

/* Calls that are about no file of their own. */
static int look_at_rest(struct looking *l)
{
	if (l->record.kind == CALL_MSYNC)
		return look_at_msync(l);
	return 1;
}

/* The flags that decide how the rest is read. */
static void look_at_flags(struct looking *l)
{
	struct record_enter *r = &l->record;
	struct open_how how;

	r->flags = (uint32_t)arg(l, l->type->flags);
	if (l->type->number == SYS_creat)
		r->flags = O_CREAT | O_WRONLY | O_TRUNC;
	if (l->type->number == SYS_openat2 &&
	    proc_read(l->t->tid, arg(l, 3), &how, sizeof(how)) == sizeof(how))
		r->flags = (uint32_t)how.flags;
	if (l->type->number == SYS_unlinkat && r->flags & AT_REMOVEDIR)
		r->kind = CALL_RMDIR;
}

static int look(struct looking *l)
{
	struct record_enter *r = &l->record;

	r->kind = l->type->kind;
	r->syscall = l->type->number;
	r->offset = CALL_NOWHERE;
	r->length = arg(l, l->type->length);
	look_at_flags(l);
	if (r->kind == CALL_OPAQUE)
		return 1;
	if (l->type->fd)
		return look_at_fd(l, (int)arg(l, l->type->fd));
	return l->type->path ? look_at_name(l) : look_at_rest(l);
}

/* ---- telling it ---- */

static void name_task(struct watcher *w, struct task *t)
{
	if (!t->process)
		t->process = proc_process(t->tid);
	if (!t->named)
		proc_name(t->tid, t->name);
	t->named = 1;
	(void)w;
}

static void send_enter(struct looking *l, const struct stack *s)
{
	static struct buf tail;

	buf_clear(&tail);
	buf_add(&tail, l->path, strlen(l->path) + 1);
	buf_add(&tail, l->path2, strlen(l->path2) + 1);
	for (uint32_t i = 0; i < s->n_objects; i++)
		buf_add(&tail, s->objects[i], strlen(s->objects[i]) + 1);
	buf_add(&tail, s->frames, s->n_frames * sizeof(*s->frames));
	l->record.n_objects = s->n_objects;
	l->record.n_frames = s->n_frames;
	records_send(l->w, RECORD_ENTER, &l->record, sizeof(l->record),
		     tail.data, tail.len);
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
	       appends(l) && l->w->n_tasks > 1;
}

/* Nothing is to be done as long as the thread stands still after the call. */
static int is_quiet(const struct looking *l)
{
	return l->w->returns && returns_has(l->type) && !must_ask(l) &&
	       !l->w->target.cures.n && (!tells_extents(l) || l->file.length);
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

static void tell(struct looking *l, const struct user_regs_struct *regs)
{
	struct record_enter *r = &l->record;
	static struct stack stack;

	name_task(l->w, l->t);
	if (r->kind == CALL_MARK && !strcmp(l->path, "ack"))
		cures_before_ack(l->w, l->t);
	if (l->destroyed)
		extents_tell_path(l->w, l->t->tid, l->destroyed);
	stack_walk(l->w, l->t, regs, &stack);
	r->sequence = ++l->w->sequence;
	r->pid = l->t->process;
	r->tid = l->t->tid;
	memcpy(r->program, l->t->name, sizeof(r->program));
	r->enter_ns = now_ns();
	send_enter(l, &stack);
	remember(l);
}

/* Paths may be others once the call has returned, and from now on. */
static int names_change(struct watcher *w, struct task *t)
{
	w->names++;
	t->renames = 1;
	return 1;
}

/* Another architecture's call: that there are such is told once. */
static int enter_foreign(struct watcher *w, struct task *t,
			 const struct user_regs_struct *regs)
{
	static struct looking l;

	if (t->foreign)
		return 0;
	t->foreign = 1;
	l = (struct looking){ .w = w, .t = t };
	l.type = call_type_find(SYS_io_submit);
	l.record.kind = CALL_OPAQUE;
	l.record.syscall = UINT32_MAX;
	l.record.offset = CALL_NOWHERE;
	tell(&l, regs);
	return 1;
}

static int is_foreign(const struct user_regs_struct *regs)
{
	return regs->cs != 0x33; /* Linux: __USER_CS */
}

/* Calls that are not told, and change what is known of the task. */
static int enter_other(struct watcher *w, struct task *t,
		       const struct user_regs_struct *regs)
{
	switch (regs->orig_rax) {
	case SYS_prctl:
		t->named = 0;
		return 0;
	case SYS_unshare:
	case SYS_close_range:
		open_files_forget(w, t);
		return 0;
	}
	return names_change(w, t);
}

static int changes_names(const struct call_type *t)
{
	return t->kind == CALL_RENAME || t->kind == CALL_LINK ||
	       t->kind == CALL_UNLINK || t->kind == CALL_RMDIR;
}

int calls_enter(struct watcher *w, struct task *t,
		const struct user_regs_struct *regs)
{
	static struct looking l;

	/* A call before this one has returned, and the kernel dropped that. */
	if (t->pending.quiet) {
		w->lost++;
		pending_clear(&t->pending);
	}
	if (is_foreign(regs))
		return enter_foreign(w, t, regs);
	if (watch_filter_is_other((uint32_t)regs->orig_rax))
		return enter_other(w, t, regs);
	l.w = w;
	l.t = t;
	l.type = call_type_find((uint32_t)regs->orig_rax);
	if (!l.type)
		return 0;
	memcpy(l.args, (uint64_t[]){ regs->rdi, regs->rsi, regs->rdx,
				     regs->r10, regs->r8, regs->r9 },
	       sizeof(l.args));
	memset(&l.record, 0, sizeof(l.record));
	*l.path = *l.path2 = '\0';
	l.place.exists = l.place2.exists = 0;
	l.data.n = 0;
	l.destroyed = NULL;
	l.file.length = 0;
	if (l.type->number == SYS_mmap && arg(&l, 3) & PROT_EXEC) {
		name_task(w, t);
		stack_forget(w, t->process);
	}
	if (l.type->number == SYS_mmap &&
	    (!(arg(&l, 3) & PROT_WRITE) || !(arg(&l, 4) & MAP_SHARED) ||
	     arg(&l, 4) & MAP_ANONYMOUS))
		return 0;
	if (look(&l))
		tell(&l, regs);
	else if (!changes_names(l.type))
		return 0;
	if (changes_names(l.type))
		return names_change(w, t);
	return !t->pending.quiet;
}

/* ---- the return ---- */

static void find_new_inode(struct watcher *w, struct task *t,
			   struct record_exit *x)
{
	struct pending *p = &t->pending;
	static struct proc_place place;
	struct stat st;
	int found;

	(void)w;
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

/* Where an append went is known afterwards: others may have appended as well. */
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
	err = open_file_position(&f, t, &position, &flags);
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
				  &head_length) != p->hash)
		return;
	x->hash = data_hash(&data, t->tid, (uint64_t)x->result, head,
			    &head_length);
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
		find_new_inode(w, t, &x);
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

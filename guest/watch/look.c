#include "guest/watch/look.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

#include <linux/falloc.h>
#include <linux/openat2.h>

#include "common/files.h"
#include "guest/include/mark-block.h"
#include "guest/watch/open.h"

#define FILE_FLAGS (O_APPEND | O_DIRECT | O_SYNC | O_DSYNC)
#define OPEN_UNNAMED (O_TMPFILE & ~O_DIRECTORY)

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
			    &r->head_length, &l->stack);
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
	n = proc_read_beside(l->t->tid, l->data.pieces[0].address, &block,
			     sizeof(block), &l->stack);
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
int look_appends(const struct looking *l)
{
	if (l->type->number == SYS_pwritev2 && l->record.flags & RWF_APPEND)
		return 1;
	return (l->record.file_flags & O_APPEND) != 0;
}

/* The call says where; -1 (pwritev2) means where the file stands. */
static int says_offset(const struct looking *l)
{
	return arg(l, l->type->offset_pointer) ||
	       (l->type->offset && arg(l, l->type->offset) != UINT64_MAX);
}

static uint64_t said_offset(const struct looking *l)
{
	uint64_t offset;

	if (!arg(l, l->type->offset_pointer))
		return arg(l, l->type->offset);
	return proc_read(l->t->tid, arg(l, l->type->offset_pointer), &offset,
			 sizeof(offset)) == sizeof(offset) ?
		       offset :
		       CALL_NOWHERE;
}

static uint64_t write_offset(const struct looking *l, const struct stat *st,
			     uint64_t position)
{
	if (look_appends(l))
		return (uint64_t)st->st_size;
	return says_offset(l) ? said_offset(l) : position;
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

int look_tells_extents(const struct looking *l)
{
	return l->w->target.mapped && (l->record.kind == CALL_SYNC ||
				       l->record.kind == CALL_DATASYNC);
}

static int look_at_file(struct looking *l, const struct open_file *f)
{
	const struct stat *st = &f->st;
	int stands = l->record.kind == CALL_WRITE && !says_offset(l);
	uint64_t position = 0;
	uint32_t flags;

	if (open_file_position(f, l->t, &flags, stands ? &position : NULL) < 0)
		return 0;
	strcpy(l->path, open_file_path(l->w, l->t, f));
	l->record.inode = st->st_ino;
	l->record.old_size = (uint64_t)st->st_size;
	l->record.file_flags = flags & FILE_FLAGS;
	look_at_offset(l, st, position);
	if (look_tells_extents(l) && f->copy >= 0)
		extents_file_of(f->copy, &l->file);
	if (l->record.kind == CALL_TRUNCATE || allocation_destroys(l))
		open_file_extents(l->w, l->t, f);
	return look_at_data(l);
}

static int look_at_open_file(struct looking *l, const struct open_file *f)
{
	if (f->st.st_rdev && f->st.st_rdev == l->w->target.marks &&
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

/* Without MS_SYNC it only asks for the writing, if for that: Linux's does nothing. */
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
	if (!(l->record.flags & MS_SYNC))
		l->record.kind = CALL_SYNC_RANGE;
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

int look(struct looking *l)
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

void look_begin(struct looking *l, struct watcher *w, struct task *t,
		const struct call_type *type,
		const struct user_regs_struct *regs)
{
	const uint64_t args[6] = { regs->rdi, regs->rsi, regs->rdx,
				   regs->r10, regs->r8, regs->r9 };

	look_begin_args(l, w, t, type, args, regs->rsp);
}

void look_begin_args(struct looking *l, struct watcher *w, struct task *t,
		     const struct call_type *type, const uint64_t args[6],
		     uint64_t stack)
{
	l->w = w;
	l->t = t;
	l->type = type;
	memcpy(l->args, args, sizeof(l->args));
	memset(&l->record, 0, sizeof(l->record));
	*l->path = *l->path2 = '\0';
	l->place.exists = l->place2.exists = 0;
	l->data.n = 0;
	l->stack.start = stack;
	l->stack.length = 0;
	l->destroyed = NULL;
	l->file.length = 0;
}

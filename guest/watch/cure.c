/*
 * Steps that the program does not do, done for it while it stands still
 * (trace/cure.h): the watcher opens the file itself and syncs it, so nothing
 * changes in the program. For its file system and the drive there is no
 * difference.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "guest/init/frames.h"
#include "guest/watch/internal.h"
#include "guest/watch/proc.h"

static enum call_kind kind_of(enum cure_what what, enum call_kind call)
{
	if (what == CURE_SYNC_FS)
		return CALL_SYNC_FS;
	if (what == CURE_SYNC_FILE &&
	    (call == CALL_WRITE || call == CALL_ALLOCATE ||
	     call == CALL_TRUNCATE || call == CALL_MAP ||
	     call == CALL_SYNC_RANGE))
		return CALL_DATASYNC;
	return CALL_SYNC;
}

static int sync_by(enum call_kind kind, int fd)
{
	if (kind == CALL_SYNC_FS)
		return syncfs(fd);
	return kind == CALL_DATASYNC ? fdatasync(fd) : fsync(fd);
}

static uint32_t number_of(enum call_kind kind)
{
	if (kind == CALL_SYNC_FS)
		return SYS_syncfs;
	return kind == CALL_DATASYNC ? SYS_fdatasync : SYS_fsync;
}

static void tell_begin(struct watcher *w, const struct task *t,
		       enum call_kind kind, int fd, const char *path,
		       uint64_t sequence)
{
	struct record_enter r = {
		.sequence = sequence,
		.kind = kind,
		.syscall = number_of(kind),
		.pid = t->process,
		.tid = t->tid,
		.offset = CALL_NOWHERE,
		.by = RECORD_BY_TRACER,
	};
	struct buf tail = BUF_INIT;
	struct stat st;

	if (fstat(fd, &st) == 0) {
		r.inode = st.st_ino;
		r.old_size = (uint64_t)st.st_size;
	}
	memcpy(r.program, t->name, sizeof(r.program));
	buf_add(&tail, path, strlen(path) + 1);
	buf_add(&tail, "", 1);
	r.enter_ns = now_ns();
	records_send(w, RECORD_ENTER, &r, sizeof(r), tail.data, tail.len);
	buf_free(&tail);
}

/* fd: open, or a negative errno that is told as the call's. */
static void do_sync(struct watcher *w, struct task *t, enum call_kind kind,
		    int fd, const char *path)
{
	struct record_exit x = { .sequence = ++w->sequence };

	tell_begin(w, t, kind, fd, path, x.sequence);
	x.result = fd < 0 ? fd : sync_by(kind, fd) < 0 ? -errno : 0;
	x.exit_ns = now_ns();
	records_send(w, RECORD_EXIT, &x, sizeof(x), NULL, 0);
	if (x.result == 0 && kind != CALL_SYNC_FS)
		extents_tell(w, fd);
}

static void sync_path(struct watcher *w, struct task *t, enum call_kind kind,
		      const char *path)
{
	int fd = proc_open(t->tid, path, O_RDONLY | O_NONBLOCK);

	do_sync(w, t, kind, fd, path);
	if (fd >= 0)
		close(fd);
}

static void apply(struct watcher *w, struct task *t, const struct cure *c,
		  enum call_kind call, const char *path)
{
	CLEANUP_FREE char *folder = xstrdup(path);
	char *slash = strrchr(folder, '/');

	if (c->what == CURE_SYNC_PARENT && slash) {
		slash[slash == folder] = '\0';
		path = folder;
	}
	sync_path(w, t, kind_of(c->what, call), path);
}

/* The name that a call leaves its file with, if the rule is for it and its like. */
static const char *match(const struct cure *c, enum call_kind call,
			 const char *path, const char *path2)
{
	int second = call == CALL_RENAME || call == CALL_LINK;

	if ((c->call && c->call != call) || c->what == CURE_FLUSH_BUFFERS ||
	    !*path)
		return NULL;
	if (!c->path || cure_matches(c->path, path) ||
	    (second && cure_matches(c->path, path2)))
		return second ? path2 : path;
	return NULL;
}

/* Of a file system any folder will do: the file may be gone by then. */
static char *put_off_path(const struct cure *c, const char *path)
{
	char *copy = xstrdup(path), *slash = strrchr(copy, '/');

	if (c->what == CURE_SYNC_FS && slash)
		slash[slash == copy] = '\0';
	return copy;
}

static struct cure_due *find_due(struct cure_list *l, unsigned int rule,
				 const char *path)
{
	for (unsigned int i = 0; i < l->n_due; i++)
		if (l->due[i].rule == rule && !strcmp(l->due[i].path, path))
			return &l->due[i];
	return NULL;
}

/* What there is no room for is told as a call that failed. What is mapped stays
 * due, whatever else was done with it. */
static void put_off(struct watcher *w, struct task *t, unsigned int rule,
		    enum call_kind call, const char *name)
{
	struct cure_list *l = &w->target.cures;
	CLEANUP_FREE char *path = put_off_path(&l->rules[rule], name);
	struct cure_due *due = find_due(l, rule, path);

	if (due)
		due->call = call == CALL_MAP ? call : due->call;
	else if (l->n_due < CURES_DUE)
		l->due[l->n_due++] = (struct cure_due){ rule, call,
							TAKE(path) };
	else
		do_sync(w, t, kind_of(l->rules[rule].what, call), -ENOBUFS,
			path);
}

static void forget_due(struct cure_list *l, unsigned int i)
{
	free(l->due[i].path);
	l->due[i] = l->due[--l->n_due];
}

/* What stands behind the folder's name; "" of itself; NULL: it is not in there. */
static const char *below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return !strncmp(path, folder, n) && (!path[n] || path[n] == '/') ?
		       path + n : NULL;
}

/* An ack that waits for a file waits for it under its new name. */
static void follow_rename(struct cure_list *l, const char *from,
			  const char *to)
{
	for (unsigned int i = 0; i < l->n_due; i++) {
		const char *rest = below(l->due[i].path, from);
		char *old = l->due[i].path;

		if (!rest)
			continue;
		l->due[i].path = xasprintf("%s%s", to, rest);
		free(old);
	}
}

/* Of a file that is gone nothing can be synced, nor need be. */
static void follow_unlink(struct cure_list *l, const char *path)
{
	for (unsigned int i = l->n_due; i-- > 0;)
		if (!strcmp(l->due[i].path, path))
			forget_due(l, i);
}

static void follow(struct cure_list *l, enum call_kind call,
		   const char *path, const char *path2)
{
	if (call == CALL_UNLINK || call == CALL_RMDIR)
		follow_unlink(l, path);
	if (call != CALL_RENAME)
		return;
	follow_unlink(l, path2);
	follow_rename(l, path, path2);
}

void cures_after(struct watcher *w, struct task *t, enum call_kind call,
		 const char *path, const char *path2)
{
	struct cure_list *l = &w->target.cures;

	if (call == CALL_MARK || call == CALL_OPAQUE)
		return;
	follow(l, call, path, path2);
	for (unsigned int i = 0; i < l->n; i++) {
		const char *name = match(&l->rules[i], call, path, path2);

		if (name && l->rules[i].when == CURE_AFTER_CALL)
			apply(w, t, &l->rules[i], call, name);
		else if (name)
			put_off(w, t, i, call, name);
	}
}

/* Into a mapping may be stored at any time, with no call. */
void cures_before_ack(struct watcher *w, struct task *t)
{
	struct cure_list *l = &w->target.cures;
	unsigned int kept = 0;

	t->flushed = 0;
	for (unsigned int i = 0; i < l->n_due; i++) {
		apply(w, t, &l->rules[l->due[i].rule], l->due[i].call,
		      l->due[i].path);
		if (l->due[i].call == CALL_MAP)
			l->due[kept++] = l->due[i];
		else
			free(l->due[i].path);
	}
	l->n_due = kept;
}

int cures_take(struct cursor *c, uint32_t n, struct cure_list *ret)
{
	if (n > CURES_MAX)
		return -EPROTO;
	for (uint32_t i = 0; i < n; i++) {
		struct run_cure r;
		const char *path;

		if (cursor_take(c, &r, sizeof(r)) < 0 ||
		    !(path = cursor_string(c)))
			return -EPROTO;
		ret->rules[ret->n++] = (struct cure){
			.when = r.when,
			.what = r.what,
			.call = r.call,
			.path = *path ? path : NULL,
		};
	}
	return 0;
}

/*
 * A path is remembered until a name anywhere is changed, or a root or a mount
 * (struct watcher: names); and never of a file with other names, for the same
 * descriptor may be opened anew by another one.
 */
#include "guest/watch/open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kcmp.h>

#include "common/buf.h"
#include "guest/watch/internal.h"
#include "guest/watch/proc.h"

#define COPIED_MAX 256 /* threads; more use /proc: descriptors are few */
#define NONE (-1)

/* A pidfd is a process's: a thread may have descriptors of its own. */
static int shares_files(const struct task *t)
{
	return t->tid == t->process ||
	       syscall(SYS_kcmp, t->tid, t->process, KCMP_FILES, 0, 0) == 0;
}

static int find_process(struct watcher *w, struct task *t)
{
	int fd;

	if (t->pidfd)
		return t->pidfd;
	t->pidfd = NONE;
	if (!task_process(t) || w->n_pidfds == COPIED_MAX || !shares_files(t))
		return NONE;
	fd = (int)syscall(SYS_pidfd_open, t->process, 0);
	if (fd < 0)
		return NONE;
	w->n_pidfds++;
	t->pidfd = fd;
	return fd;
}

void open_files_forget(struct watcher *w, struct task *t)
{
	if (t->pidfd > 0) {
		close(t->pidfd);
		w->n_pidfds--;
	}
	t->pidfd = NONE;
	for (int i = 0; i < TASK_PATHS; i++) {
		free(t->paths[i].path);
		t->paths[i].path = NULL;
	}
}

int open_file_look(struct watcher *w, struct task *t, int number,
		   struct open_file *ret)
{
	int process = find_process(w, t);

	*ret = (struct open_file){ .number = number, .copy = -1 };
	if (process != NONE)
		ret->copy = (int)syscall(SYS_pidfd_getfd, process, number, 0);
	if (ret->copy < 0)
		return proc_stat_fd(t->tid, number, &ret->st);
	if (fstat(ret->copy, &ret->st) == 0)
		return 0;
	open_file_release(ret);
	return -EIO;
}

void open_file_release(struct open_file *f)
{
	if (f->copy >= 0)
		close(f->copy);
	f->copy = -1;
}

static int find_position(int fd, uint64_t *ret)
{
	off_t position = lseek(fd, 0, SEEK_CUR);

	if (position < 0 && errno == ESPIPE)
		position = 0;
	*ret = (uint64_t)position;
	return position < 0 ? -EBADF : 0;
}

int open_file_position(const struct open_file *f, const struct task *t,
		       uint32_t *ret_flags, uint64_t *ret_position)
{
	uint64_t unused;
	int flags;

	if (f->copy < 0)
		return proc_position(t->tid, f->number,
				     ret_position ?: &unused, ret_flags);
	flags = fcntl(f->copy, F_GETFL);
	*ret_flags = (uint32_t)flags;
	if (flags < 0)
		return -EBADF;
	return ret_position ? find_position(f->copy, ret_position) : 0;
}

static int is_path_of(const struct task_path *p, const struct watcher *w,
		      const struct open_file *f)
{
	return p->path && p->number == f->number && p->names == w->names &&
	       p->device == f->st.st_dev && p->inode == f->st.st_ino &&
	       f->st.st_nlink == 1;
}

const char *open_file_path(struct watcher *w, struct task *t,
			   const struct open_file *f)
{
	struct task_path *p =
		&t->paths[(unsigned int)f->number % TASK_PATHS];
	static char path[PATH_MAX];
	char link[32];

	if (is_path_of(p, w, f))
		return p->path;
	snprintf(link, sizeof(link), "fd/%d", f->number);
	if (proc_path(t->tid, link, path) < 0)
		return "";
	free(p->path);
	*p = (struct task_path){
		.number = f->number,
		.names = w->names,
		.device = f->st.st_dev,
		.inode = f->st.st_ino,
		.path = xstrdup(path),
	};
	return p->path;
}

void open_file_extents(struct watcher *w, const struct task *t,
		       const struct open_file *f)
{
	int fd;

	if (!w->target.mapped)
		return;
	if (f->copy >= 0) {
		extents_tell(w, f->copy);
		return;
	}
	fd = proc_open_fd(t->tid, f->number, O_RDONLY | O_NONBLOCK);
	extents_tell(w, fd);
	if (fd >= 0)
		close(fd);
}

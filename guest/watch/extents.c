/*
 * FIEMAP (Linux: Documentation/filesystems/fiemap.rst), without FIEMAP_FLAG_SYNC:
 * asking must not write anything. What has no place yet is told as such
 * (FIEMAP_EXTENT_DELALLOC).
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fiemap.h>
#include <linux/fs.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "guest/watch/internal.h"
#include "guest/watch/proc.h"

#define EXTENTS 512 /* asked for at once */

/* Storage for a struct fiemap and the extents behind it. */
struct map {
	uint64_t space[(sizeof(struct fiemap) +
			EXTENTS * sizeof(struct fiemap_extent)) / 8];
};

static struct fiemap *head_of(struct map *m)
{
	return (struct fiemap *)(void *)m->space;
}

static void send_map(struct watcher *w, uint64_t time_ns, uint64_t inode,
		     const struct fiemap *m)
{
	struct record_extents head = {
		.time_ns = time_ns,
		.inode = inode,
		.n = m->fm_mapped_extents,
	};
	struct record_extent list[EXTENTS];

	for (uint32_t i = 0; i < head.n; i++)
		list[i] = (struct record_extent){
			.logical = m->fm_extents[i].fe_logical,
			.physical = m->fm_extents[i].fe_physical,
			.length = m->fm_extents[i].fe_length,
			.flags = m->fm_extents[i].fe_flags,
		};
	records_send(w, RECORD_EXTENTS, &head, sizeof(head), list,
		     head.n * sizeof(*list));
}

/* The next extents from *start on. 1: there are more, 0: the last ones, or
 * -errno. */
static int next_extents(int fd, uint64_t *start, struct fiemap *m)
{
	const struct fiemap_extent *last;

	memset(m, 0, sizeof(*m));
	m->fm_start = *start;
	m->fm_length = FIEMAP_MAX_OFFSET - *start;
	m->fm_extent_count = EXTENTS;
	if (ioctl(fd, FS_IOC_FIEMAP, m) < 0)
		return -errno;
	if (m->fm_mapped_extents == 0)
		return 0;
	last = &m->fm_extents[m->fm_mapped_extents - 1];
	*start = last->fe_logical + last->fe_length;
	return !(last->fe_flags & FIEMAP_EXTENT_LAST);
}

static int tell(struct watcher *w, int fd, const struct stat *st)
{
	uint64_t now = now_ns(), start = 0;
	struct map space;
	struct fiemap *m = head_of(&space);
	int more;

	do {
		more = next_extents(fd, &start, m);
		if (more >= 0 && m->fm_mapped_extents)
			send_map(w, now, st->st_ino, m);
	} while (more > 0);
	return more;
}

void extents_tell(struct watcher *w, int fd)
{
	struct stat st;

	if (w->target.mapped && fd >= 0 && fstat(fd, &st) == 0 &&
	    (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) &&
	    st.st_dev == w->target.device)
		tell(w, fd, &st);
}

void extents_tell_path(struct watcher *w, pid_t tid, const char *path)
{
	CLEANUP_CLOSE int fd = -1;

	if (!w->target.mapped)
		return;
	fd = proc_open(tid, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	extents_tell(w, fd);
}

/* Storage for a struct file_handle and the handle behind it. */
union handle {
	struct file_handle head;
	unsigned char bytes[sizeof(struct file_handle) +
			    sizeof(((struct extents_file *)NULL)->handle)];
};

int extents_file_of(int fd, struct extents_file *ret)
{
	union handle h = { .head.handle_bytes = sizeof(ret->handle) };
	int mount;

	if (name_to_handle_at(fd, "", &h.head, &mount, AT_EMPTY_PATH) < 0)
		return -errno;
	ret->length = h.head.handle_bytes;
	ret->type = h.head.handle_type;
	memcpy(ret->handle, h.head.f_handle, ret->length);
	return 0;
}

void extents_tell_file(struct watcher *w, const struct extents_file *f)
{
	CLEANUP_CLOSE int mount = -1;
	CLEANUP_CLOSE int fd = -1;
	union handle h = { .head.handle_bytes = f->length,
			   .head.handle_type = f->type };

	if (!w->target.mapped || !f->length)
		return;
	/* Not kept open: the program may want to unmount it. */
	mount = open(w->target.mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	memcpy(h.head.f_handle, f->handle, f->length);
	if (mount >= 0)
		fd = open_by_handle_at(mount, &h.head, O_RDONLY | O_NOFOLLOW |
				       O_NONBLOCK | O_CLOEXEC);
	extents_tell(w, fd);
}

static struct {
	struct watcher *watcher;
	struct record_rest rest;
} walk;

static int visit(const char *path, const struct stat *st, int type,
		 struct FTW *at)
{
	CLEANUP_CLOSE int fd = -1;

	(void)at;
	if (type != FTW_F && type != FTW_D && type != FTW_DP)
		return 0;
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return 0;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC);
	walk.rest.files++;
	/* Not all file systems tell where a folder stands. */
	if ((fd < 0 || tell(walk.watcher, fd, st) < 0) && S_ISREG(st->st_mode))
		walk.rest.lost++;
	return 0;
}

void extents_tell_all(struct watcher *w)
{
	walk.watcher = w;
	walk.rest = (struct record_rest){ .files = 0 };
	if (w->target.mapped && *w->target.mount &&
	    nftw(w->target.mount, visit, 16, FTW_PHYS | FTW_MOUNT) < 0)
		walk.rest.lost++;
	if (w->target.mapped && *w->target.mount)
		records_send(w, RECORD_REST, &walk.rest, sizeof(walk.rest),
			     NULL, 0);
}

/*
 * What a thread has open: looked at while the thread stands still, through a copy
 * of its descriptor (pidfd_getfd(2)), which is far cheaper than /proc. The copy
 * must not outlive the stop: it keeps a file open that the program closes. Where
 * no copy can be had, /proc says the same.
 */
#ifndef GUEST_WATCH_OPEN_H
#define GUEST_WATCH_OPEN_H

#include <stdint.h>
#include <sys/stat.h>

struct task;
struct watcher;

struct open_file {
	int number; /* the thread's descriptor */
	int copy;   /* -1: there is none */
	struct stat st;
};

/* 0 or -errno. After success it must be released. */
int open_file_look(struct watcher *w, struct task *t, int number,
		   struct open_file *ret);
void open_file_release(struct open_file *f);
/* The open file's flags (open(2)), and where it stands unless that is NULL. 0 or
 * -errno. */
int open_file_position(const struct open_file *f, const struct task *t,
		       uint32_t *ret_flags, uint64_t *ret_position);
/* Its path as the thread sees it, "": not known. Until the next call. */
const char *open_file_path(struct watcher *w, struct task *t,
			   const struct open_file *f);
/* Tells its extents. */
void open_file_extents(struct watcher *w, const struct task *t,
		       const struct open_file *f);
/* The thread goes, or has no longer its process's descriptors: copies are no
 * longer taken. */
void open_files_forget(struct watcher *w, struct task *t);

#endif

/*
 * What /proc says of a stopped thread: its memory, its descriptors, and where
 * its paths lead. Paths are as the thread itself sees them, below its root.
 */
#ifndef GUEST_WATCH_PROC_H
#define GUEST_WATCH_PROC_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Bytes read, which may be fewer, or -errno. */
ssize_t proc_read(pid_t tid, uint64_t address, void *ret, size_t len);
/* The bytes above a thread's stack pointer. */
struct proc_stack {
	uint64_t start; /* the stack pointer */
	size_t length; /* 0: not read yet, or not readable */
	unsigned char bytes[4096];
};
/* As proc_read(), and the stack with the same call. */
ssize_t proc_read_beside(pid_t tid, uint64_t address, void *ret, size_t len,
			 struct proc_stack *stack);
/* A text of at most size - 1 bytes. 0, or -EFAULT, -ENAMETOOLONG. */
int proc_text(pid_t tid, uint64_t address, char *ret, size_t size);

/* 0 or -errno. */
int proc_stat_fd(pid_t tid, int fd, struct stat *ret);
/* The file position and the open file's flags (open(2)). 0 or -errno. */
int proc_position(pid_t tid, int fd, uint64_t *ret_position,
		  uint32_t *ret_flags);
/* The path behind a link of /proc/TID: "cwd", "fd/3"; without " (deleted)".
 * 0 or -errno. */
int proc_path(pid_t tid, const char *link, char ret[PATH_MAX]);

/* Where a name leads. */
struct proc_place {
	char path[PATH_MAX]; /* absolute, its folder without links in it */
	dev_t parent_device;
	uint64_t parent; /* inode of the folder */
	int exists;
	struct stat st; /* if it exists */
};

enum proc_follow {
	PROC_NOFOLLOW, /* a link as the last part is itself meant */
	PROC_FOLLOW,
};

/* A name in the thread's memory has been read; at: descriptor of its folder or
 * AT_FDCWD. 0 or -errno: its folder is not there. */
int proc_resolve(pid_t tid, int at, const char *name, enum proc_follow follow,
		 struct proc_place *ret);
/* Opens what proc_resolve() has found, below the thread's root. Descriptor or
 * -errno. */
int proc_open(pid_t tid, const char *path, int flags);
/* Opens anew the file that the thread has open. */
int proc_open_fd(pid_t tid, int fd, int flags);

/* The thread's process; 0: it is gone. */
pid_t proc_process(pid_t tid);
/* The number of the system call that the thread sleeps in; -1: it does not. */
int64_t proc_call(pid_t tid);
void proc_name(pid_t tid, char ret[16]);

#endif

/*
 * Names are resolved with openat2(2) in the thread's root, so a link in a
 * program's chroot leads where it leads for the program. In /proc, what a link
 * says is relative to the reader's root: the thread's root is taken off.
 */
#include "guest/watch/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "common/cleanup.h"

#define PAGE 4096
#define LINKS_MAX 40 /* as the kernel's MAXSYMLINKS */
#define LINK_LEN 64  /* of a name in /proc */

ssize_t proc_read(pid_t tid, uint64_t address, void *ret, size_t len)
{
	struct iovec here = { ret, len };
	struct iovec there = { (void *)(uintptr_t)address, len };
	ssize_t n = process_vm_readv(tid, &here, 1, &there, 1, 0);

	return n < 0 ? -errno : n;
}

ssize_t proc_read_beside(pid_t tid, uint64_t address, void *ret, size_t len,
			 struct proc_stack *stack)
{
	struct iovec here[] = { { ret, len },
				{ stack->bytes, sizeof(stack->bytes) } };
	struct iovec there[] = {
		{ (void *)(uintptr_t)address, len },
		{ (void *)(uintptr_t)stack->start, sizeof(stack->bytes) },
	};
	ssize_t n = process_vm_readv(tid, here, 2, there, 2, 0);

	if (n < 0)
		return -errno;
	if ((size_t)n <= len)
		return n;
	stack->length = (size_t)n - len;
	return (ssize_t)len;
}

/* Page by page: the next one may not be there, and need not. */
int proc_text(pid_t tid, uint64_t address, char *ret, size_t size)
{
	size_t len = 0;

	while (len < size) {
		size_t piece = PAGE - (address + len) % PAGE;
		ssize_t n;

		if (piece > size - len)
			piece = size - len;
		n = proc_read(tid, address + len, ret + len, piece);
		if (n <= 0)
			return -EFAULT;
		if (memchr(ret + len, '\0', (size_t)n))
			return 0;
		len += (size_t)n;
	}
	return -ENAMETOOLONG;
}

int proc_stat_fd(pid_t tid, int fd, struct stat *ret)
{
	char link[LINK_LEN];

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", tid, fd);
	return stat(link, ret) < 0 ? -errno : 0;
}

/* A small file, whole. */
static int read_small(const char *path, char *ret, size_t size)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, size - 1);

	if (n < 0)
		return -errno;
	ret[n] = '\0';
	return 0;
}

/* Linux: fs/proc/fd.c: "pos:\t%lli\nflags:\t0%o\n". */
int proc_position(pid_t tid, int fd, uint64_t *ret_position,
		  uint32_t *ret_flags)
{
	char path[LINK_LEN], text[512];
	const char *flags;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", tid, fd);
	err = read_small(path, text, sizeof(text));
	if (err)
		return err;
	flags = strstr(text, "flags:");
	if (strncmp(text, "pos:", 4) || !flags)
		return -EIO;
	*ret_position = strtoull(text + 4, NULL, 10);
	*ret_flags = (uint32_t)strtoul(flags + 6, NULL, 8);
	return 0;
}

/* What a link in /proc says, as this process would name it. */
static int read_link(const char *link, char ret[PATH_MAX])
{
	static const char deleted[] = " (deleted)";
	ssize_t n = readlink(link, ret, PATH_MAX - 1);
	size_t end = sizeof(deleted) - 1;

	if (n < 0)
		return -errno;
	ret[n] = '\0';
	if ((size_t)n > end && !strcmp(ret + (size_t)n - end, deleted))
		ret[(size_t)n - end] = '\0';
	return 0;
}

/* Takes the thread's root off. */
static void strip_root(pid_t tid, char path[PATH_MAX])
{
	char link[LINK_LEN], root[PATH_MAX];
	size_t len;

	snprintf(link, sizeof(link), "/proc/%d/root", tid);
	if (read_link(link, root) < 0 || !strcmp(root, "/"))
		return;
	len = strlen(root);
	if (strncmp(path, root, len) || (path[len] && path[len] != '/'))
		return;
	memmove(path, path + len, strlen(path + len) + 1);
	if (!*path)
		strcpy(path, "/");
}

int proc_path(pid_t tid, const char *link, char ret[PATH_MAX])
{
	char name[2 * LINK_LEN];
	int err;

	snprintf(name, sizeof(name), "/proc/%d/%s", tid, link);
	err = read_link(name, ret);
	if (!err)
		strip_root(tid, ret);
	return err;
}

/* Relative to the thread's root; "/" is the root itself. */
static int open_in_root(pid_t tid, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT,
	};
	CLEANUP_CLOSE int root = -1;
	char link[LINK_LEN];
	int fd;

	snprintf(link, sizeof(link), "/proc/%d/root", tid);
	root = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	return fd < 0 ? -errno : fd;
}

int proc_open(pid_t tid, const char *path, int flags)
{
	return open_in_root(tid, path, flags);
}

int proc_open_fd(pid_t tid, int fd, int flags)
{
	char link[LINK_LEN];
	int new;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", tid, fd);
	new = open(link, flags | O_CLOEXEC);
	return new < 0 ? -errno : new;
}

static int join(char ret[PATH_MAX], const char *folder, const char *name)
{
	const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
	int n = snprintf(ret, PATH_MAX, "%s%s%s", folder, slash, name);

	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* The name below the thread's root. */
static int make_absolute(pid_t tid, int at, const char *name,
			 char ret[PATH_MAX])
{
	char folder[PATH_MAX], link[LINK_LEN] = "cwd";
	int err;

	if (*name == '/')
		return join(ret, "/", name + strspn(name, "/"));
	if (at != AT_FDCWD)
		snprintf(link, sizeof(link), "fd/%d", at);
	err = proc_path(tid, link, folder);
	return err ? err : join(ret, folder, name);
}

/* The folder, with its path, inode and device; *ret_name points into path. */
static int find_folder(pid_t tid, char path[PATH_MAX], char **ret_name,
		       char folder[PATH_MAX], struct stat *ret_st)
{
	CLEANUP_CLOSE int fd = -1;
	char link[LINK_LEN];
	size_t len = strlen(path);
	char *slash;

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	slash = strrchr(path, '/');
	*ret_name = slash + 1;
	*slash = '\0';
	fd = open_in_root(tid, *path ? path : "/", O_PATH | O_DIRECTORY);
	*slash = '/';
	if (fd < 0)
		return fd;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (fstat(fd, ret_st) < 0 || read_link(link, folder) < 0)
		return -errno;
	strip_root(tid, folder);
	return 0;
}

/* Follows a link that is the last part: into path, which it replaces. 1: it did,
 * 0: it is no link. */
static int follow_link(pid_t tid, const char *folder, char path[PATH_MAX],
		       const struct stat *st)
{
	CLEANUP_CLOSE int fd = -1;
	char target[PATH_MAX];
	ssize_t n;

	if (!S_ISLNK(st->st_mode))
		return 0;
	fd = open_in_root(tid, path, O_PATH | O_NOFOLLOW);
	n = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	return join(path, *target == '/' ? "/" : folder,
		    target + strspn(target, "/")) ?: 1;
}

static int stat_in_root(pid_t tid, const char *path, struct stat *ret)
{
	CLEANUP_CLOSE int fd = open_in_root(tid, path, O_PATH | O_NOFOLLOW);

	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

/* Names of open files lead to them and not to where their names lead. */
static int is_open_file(const char *name, int *ret_fd)
{
	char rest;

	return sscanf(name, "/proc/self/fd/%d%c", ret_fd, &rest) == 1 ||
	       sscanf(name, "/proc/thread-self/fd/%d%c", ret_fd, &rest) == 1 ||
	       sscanf(name, "/dev/fd/%d%c", ret_fd, &rest) == 1;
}

static int resolve_open_file(pid_t tid, int fd, struct proc_place *ret)
{
	char link[LINK_LEN];
	int err = proc_stat_fd(tid, fd, &ret->st);

	if (err)
		return err;
	ret->exists = 1;
	ret->parent_device = ret->st.st_dev;
	snprintf(link, sizeof(link), "fd/%d", fd);
	return proc_path(tid, link, ret->path);
}

int proc_resolve(pid_t tid, int at, const char *name, enum proc_follow follow,
		 struct proc_place *ret)
{
	char path[PATH_MAX], folder[PATH_MAX];
	int err, fd;

	*ret = (struct proc_place){ .exists = 0 };
	if (!*name)
		return at == AT_FDCWD ? -ENOENT :
					resolve_open_file(tid, at, ret);
	if (is_open_file(name, &fd))
		return resolve_open_file(tid, fd, ret);
	err = make_absolute(tid, at, name, path);
	for (int links = 0; !err && links < LINKS_MAX; links++) {
		struct stat parent;
		char *last;

		err = find_folder(tid, path, &last, folder, &parent);
		if (err)
			return err;
		ret->parent = parent.st_ino;
		ret->parent_device = parent.st_dev;
		ret->exists = stat_in_root(tid, path, &ret->st) == 0;
		err = join(ret->path, folder, last);
		if (err || !ret->exists || follow == PROC_NOFOLLOW)
			return err;
		err = follow_link(tid, folder, path, &ret->st);
		if (err <= 0)
			return err;
		err = 0;
	}
	return err ? err : -ELOOP;
}

pid_t proc_process(pid_t tid)
{
	char path[LINK_LEN], text[1024];
	const char *line;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	if (read_small(path, text, sizeof(text)) < 0)
		return 0;
	line = strstr(text, "\nTgid:");
	return line ? atoi(line + 6) : 0;
}

/* Linux: fs/proc/base.c, proc_pid_syscall(): "running", "-1 ...", or the number
 * and the arguments. */
int64_t proc_call(pid_t tid)
{
	char path[LINK_LEN], text[256], *end;
	int64_t number;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	if (read_small(path, text, sizeof(text)) < 0)
		return -1;
	number = strtoll(text, &end, 10);
	return end == text ? -1 : number;
}

void proc_name(pid_t tid, char ret[16])
{
	char path[LINK_LEN], text[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/comm", tid);
	if (read_small(path, text, sizeof(text)) < 0)
		*text = '\0';
	text[strcspn(text, "\n")] = '\0';
	memset(ret, 0, 16);
	memcpy(ret, text, strnlen(text, 15));
}

#include "common/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

int mkdir_p(const char *path, struct error *e)
{
	CLEANUP_FREE char *copy = xstrdup(path);

	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0777) < 0 && errno != EEXIST)
			return error_errno(e, errno, "cannot create folder %s",
					   copy);
		*p = '/';
	}
	if (mkdir(copy, 0777) < 0 && errno != EEXIST)
		return error_errno(e, errno, "cannot create folder %s", copy);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

int rm_rf(const char *path, struct error *e)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 ||
	    errno == ENOENT)
		return 0;
	return error_errno(e, errno, "cannot remove %s", path);
}

int file_read(const char *path, struct buf *b, struct error *e)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char chunk[65536];
	ssize_t n;

	if (fd < 0)
		return error_errno(e, errno, "cannot open %s", path);
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(e, errno, "cannot read %s", path);
		buf_add(b, chunk, (size_t)n);
	}
	return 0;
}

int file_write(const char *path, const void *data, size_t len,
	       struct error *e)
{
	CLEANUP_FREE char *tmp = xasprintf("%s.tmp", path);
	CLEANUP_CLOSE int fd =
		open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int err;

	if (fd < 0)
		return error_errno(e, errno, "cannot create %s", tmp);
	err = write_full(fd, data, len);
	if (err < 0) {
		unlink(tmp);
		return error_errno(e, -err, "cannot write %s", tmp);
	}
	if (rename(tmp, path) < 0) {
		err = errno;
		unlink(tmp);
		return error_errno(e, err, "cannot rename %s to %s", tmp, path);
	}
	return 0;
}

static int copy_file(const char *from, const char *to, mode_t mode,
		     struct error *e)
{
	CLEANUP_BUF struct buf content = BUF_INIT;
	int err = file_read(from, &content, e);

	if (!err)
		err = file_write(to, buf_text(&content), content.len, e);
	if (!err && chmod(to, mode) < 0)
		err = error_errno(e, errno, "cannot change %s", to);
	return err;
}

static int copy_entry(const char *from, const char *to, const char *name,
		      struct error *e)
{
	CLEANUP_FREE char *source = xasprintf("%s/%s", from, name);
	CLEANUP_FREE char *target = xasprintf("%s/%s", to, name);
	struct stat st;

	if (lstat(source, &st) < 0)
		return error_errno(e, errno, "cannot look at %s", source);
	if (!S_ISREG(st.st_mode))
		return 0;
	return copy_file(source, target, st.st_mode & 0777, e);
}

int copy_folder(const char *from, const char *to, struct error *e)
{
	struct dirent *entry;
	int err = mkdir_p(to, e);
	DIR *dir = err ? NULL : opendir(from);

	if (err)
		return err;
	if (!dir)
		return error_errno(e, errno, "cannot read folder %s", from);
	while (!err && (entry = readdir(dir)))
		err = copy_entry(from, to, entry->d_name, e);
	closedir(dir);
	return err;
}

int read_full(int fd, void *data, size_t len)
{
	char *p = data;

	while (len) {
		ssize_t n = read(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int write_full(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int pread_full(int fd, void *data, size_t len, uint64_t offset)
{
	char *p = data;

	while (len) {
		ssize_t n = pread(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int pwrite_full(int fd, const void *data, size_t len, uint64_t offset)
{
	const char *p = data;

	while (len) {
		ssize_t n = pwrite(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int unix_connect(const char *path, uint64_t deadline_ns, struct error *e)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int err;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		err = error_set(e, ENAMETOOLONG, "socket path %s is too long",
				path);
		error_hint(e, "at most %zu bytes; choose a shorter runtime "
			   "directory with --runtime-dir",
			   sizeof(addr.sun_path) - 1);
		return err;
	}
	strcpy(addr.sun_path, path);
	for (;;) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0)
			return error_errno(e, errno, "cannot make a socket");
		if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
			return fd;
		err = errno;
		close(fd);
		if ((err != ENOENT && err != ECONNREFUSED && err != EAGAIN) ||
		    now_ns() >= deadline_ns)
			return error_errno(e, err, "cannot connect to %s",
					   path);
		usleep(2000);
	}
}

#include "drive/plain.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/text.h"
#include "drive/process.h"
#include "guest/include/mark-block.h"

#define START_TIMEOUT_NS 20000000000ULL
#define TRY_NS 20000000ULL

struct server {
	pid_t pid; /* -1: none */
	char *socket, *err_path;
};

struct plain_drive {
	struct server disk, marks;
};

static int server_spawn(struct server *s, uint64_t size, struct error *e)
{
	CLEANUP_FREE char *argument =
		xasprintf("size=%llu", (unsigned long long)size);
	char *argv[] = { "nbdkit", "--foreground", "--exit-with-parent",
			 "--threads=16", "--unix", s->socket, "memory",
			 argument, NULL };

	unlink(s->socket);
	return process_spawn(argv, s->err_path, &s->pid, e);
}

static int failed(const struct server *s, const char *why, struct error *e)
{
	CLEANUP_BUF struct buf said = BUF_INIT;
	CLEANUP_FREE char *line = NULL;

	file_read(s->err_path, &said, NULL);
	line = text_last_line(&said);
	return error_set(e, ECONNRESET, "the plain memory disk %s; nbdkit said: "
			 "%s", why, *line ? line : "nothing");
}

static int wait_until_up(struct server *s, struct error *e)
{
	uint64_t deadline = now_ns() + START_TIMEOUT_NS;
	int fd;

	while ((fd = unix_connect(s->socket, now_ns() + TRY_NS, NULL)) < 0) {
		if (process_ended(&s->pid))
			return failed(s, "has ended", e);
		if (now_ns() > deadline)
			return failed(s, "did not come up", e);
	}
	close(fd);
	return 0;
}

static int start(struct server *s, const char *dir, const char *name,
		 const char *what, uint64_t size, struct error *e)
{
	int err;

	s->socket = xasprintf("%s/%s.%s", dir, name, what);
	s->err_path = xasprintf("%s/%s.%s.err", dir, name, what);
	err = server_spawn(s, size, e);
	return err ? err : wait_until_up(s, e);
}

static void stop(struct server *s)
{
	process_kill(&s->pid);
	if (s->socket)
		unlink(s->socket);
	free(s->socket);
	free(s->err_path);
}

int plain_drive_start(const char *runtime_dir, const char *name, uint64_t size,
		      struct plain_drive **ret, struct error *e)
{
	CLEANUP_FREE char *dir = absolute_path(runtime_dir);
	struct plain_drive *d = xcalloc(1, sizeof(*d));
	int err;

	d->disk.pid = d->marks.pid = -1;
	err = start(&d->disk, dir, name, "disk", size, e);
	if (!err)
		err = start(&d->marks, dir, name, "marks", MARK_DISK_SIZE, e);
	if (err) {
		plain_drive_stop(d);
		return err;
	}
	*ret = d;
	return 0;
}

const char *plain_drive_disk_socket(const struct plain_drive *d)
{
	return d->disk.socket;
}

const char *plain_drive_marks_socket(const struct plain_drive *d)
{
	return d->marks.socket;
}

void plain_drive_stop(struct plain_drive *d)
{
	if (!d)
		return;
	stop(&d->disk);
	stop(&d->marks);
	free(d);
}

/*
 * ace: runs a batch of sequences, one after another, each in a directory of its
 * own, and acknowledges its persistence points.
 *
 * A batch means the same as each of its sequences alone on a new file system:
 *
 * - Before a sequence begins, its directory and its setup are made and then
 *   sync(2) makes all durable, what earlier sequences left included. So the
 *   transactions and logs of the file system that its operations go to are
 *   empty, as they would be alone, and all that it does falls into the running
 *   transaction, unless the kernel commits one by itself, as it might alone.
 * - No operation touches another sequence's directory. What a crash may do to
 *   an earlier one is nothing: it is durable. That is checked (check.c).
 * - What differs is where things lie: numbers of inodes and blocks, and what
 *   fills the same block of a directory or inode table. A finding is therefore
 *   run again alone.
 *
 * Exit 0, or 2 with the reason: an operation that the model allows and the
 * kernel refuses is no verdict.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <linux/falloc.h>

#include "ace.h"
#include "ace/model.h"
#include "batch.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "powercut.h"

#define MODE 0644
#define BLOCK 4096

struct runner {
	const struct batch *batch;
	const struct ace_sequence *s;
	int open_fds[ACE_ATTRS_MAX]; /* of `open`, in their order */
	const char *open_names[ACE_ATTRS_MAX];
	size_t n_open;
};

/* ---- operations: -1 with errno, as system calls ---- */

/* Never a cleanup attribute: closing may fail, and says something then. */
static int close_after(int fd, int result)
{
	int saved = errno;

	if (close(fd) < 0)
		return -1;
	errno = saved;
	return result;
}

static int do_creat(const struct ace_op *op)
{
	int fd = open(op->path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, MODE);

	return fd < 0 ? -1 : close_after(fd, 0);
}

static int write_all(int fd, const void *data, size_t len, off_t at)
{
	ssize_t n = pwrite(fd, data, len, at);

	if (n >= 0 && (size_t)n != len)
		errno = EIO;
	return n == (ssize_t)len ? 0 : -1;
}

static int do_write(const struct ace_op *op, int moment)
{
	int direct = op->kind == ACE_DWRITE ? O_DIRECT : 0;
	int fd = open(op->path, O_WRONLY | O_CLOEXEC | direct);
	void *data = NULL;
	int r;

	if (fd < 0)
		return -1;
	if (posix_memalign(&data, BLOCK, op->length))
		abort();
	memset(data, ace_fill(moment), op->length);
	r = write_all(fd, data, op->length, op->offset);
	free(data);
	return close_after(fd, r);
}

static int do_mmapwrite(const struct ace_op *op, int moment)
{
	size_t end = op->offset + op->length;
	int fd = open(op->path, O_RDWR | O_CLOEXEC);
	unsigned char *map;

	if (fd < 0)
		return -1;
	map = mmap(NULL, end, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return close_after(fd, -1);
	memset(map + op->offset, ace_fill(moment), op->length);
	return close_after(fd, munmap(map, end));
}

static int do_falloc(const struct ace_op *op)
{
	static const int modes[ACE_FALLOCS] = {
		[ACE_ALLOC] = 0,
		[ACE_KEEP] = FALLOC_FL_KEEP_SIZE,
		[ACE_ZERO] = FALLOC_FL_ZERO_RANGE,
		[ACE_ZERO_KEEP] = FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
		[ACE_PUNCH] = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	};
	int fd = open(op->path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	return close_after(
		fd, fallocate(fd, modes[op->mode], op->offset, op->length));
}

static void attribute(const struct ace_op *op, char *ret, size_t size)
{
	snprintf(ret, size, "user.%s", op->other);
}

static int do_attr(const struct ace_op *op)
{
	char name[ACE_PATH_MAX + 8];

	attribute(op, name, sizeof(name));
	if (op->kind == ACE_REMOVEXATTR)
		return removexattr(op->path, name);
	return setxattr(op->path, name, op->value, strlen(op->value), 0);
}

static int do_open(struct runner *r, const struct ace_op *op)
{
	int fd = open(op->path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -1;
	r->open_names[r->n_open] = op->other;
	r->open_fds[r->n_open++] = fd;
	return 0;
}

static int sync_fd(const struct ace_op *op, int fd)
{
	return op->kind == ACE_FSYNC	   ? fsync(fd)
	       : op->kind == ACE_FDATASYNC ? fdatasync(fd)
					   : syncfs(fd);
}

static int do_sync(struct runner *r, const struct ace_op *op)
{
	const char *path = op->kind == ACE_SYNCFS ? "." : op->path;
	int fd;

	if (r->batch->lie)
		return 0;
	if (op->kind == ACE_SYNC) {
		sync();
		return 0;
	}
	for (size_t i = 0; path[0] == '@' && i < r->n_open; i++)
		if (!strcmp(r->open_names[i], path + 1))
			return sync_fd(op, r->open_fds[i]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : close_after(fd, sync_fd(op, fd));
}

static int do_op(struct runner *r, const struct ace_op *op, int moment)
{
	switch (op->kind) {
	case ACE_CREAT:
		return do_creat(op);
	case ACE_MKDIR:
		return mkdir(op->path, 0755);
	case ACE_WRITE:
	case ACE_DWRITE:
		return do_write(op, moment);
	case ACE_MMAPWRITE:
		return do_mmapwrite(op, moment);
	case ACE_FALLOC:
		return do_falloc(op);
	case ACE_TRUNCATE:
		return truncate(op->path, op->length);
	case ACE_LINK:
		return link(op->path, op->other);
	case ACE_SYMLINK:
		return symlink(op->other, op->path);
	case ACE_RENAME:
		return rename(op->path, op->other);
	case ACE_UNLINK:
		return unlink(op->path);
	case ACE_RMDIR:
		return rmdir(op->path);
	case ACE_SETXATTR:
	case ACE_REMOVEXATTR:
		return do_attr(op);
	case ACE_OPEN:
		return do_open(r, op);
	default:
		return do_sync(r, op);
	}
}

/* ---- sequences ---- */

static int fail(const struct ace_sequence *s, const char *what)
{
	fprintf(stderr, "ace: %s: %s: %s\n", s ? s->name : "batch", what,
		strerror(errno));
	return 2;
}

static int run_op(struct runner *r, size_t i)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (do_op(r, &r->s->ops[i], (int)i + 1) == 0)
		return 0;
	ace_op_text(&r->s->ops[i], &text);
	return fail(r->s, buf_text(&text));
}

static int say_begin(const struct ace_sequence *s)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	ace_sequence_text(s, &text);
	return pc_begin("%s [%.*s]", s->name, PC_TEXT_MAX - 60,
			buf_text(&text));
}

static int say_ack(const struct ace_sequence *s, unsigned point,
		   const struct ace_op *op)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	ace_op_text(op, &text);
	return pc_ack("%s#%u %s", s->name, point, buf_text(&text));
}

static int set_up(struct runner *r)
{
	CLEANUP_FREE char *folder = batch_folder(r->batch, r->s);
	int err = 0;

	if ((!r->batch->here && mkdir(folder, 0755) < 0) || chdir(folder) < 0)
		return fail(r->s, "cannot make its directory");
	for (size_t i = 0; i < r->s->n_setup && !err; i++)
		err = run_op(r, i);
	sync();
	return err;
}

static int run_sequence(struct runner *r)
{
	unsigned point = 0;
	int err = set_up(r);

	if (!err && say_begin(r->s) < 0)
		return fail(r->s, "cannot begin");
	for (size_t i = r->s->n_setup; i < r->s->n && !err; i++) {
		const struct ace_op *op = &r->s->ops[i];

		err = run_op(r, i);
		if (!err && ace_is_persistence(op) &&
		    say_ack(r->s, ++point, op) < 0)
			return fail(r->s, "cannot acknowledge");
	}
	while (r->n_open)
		close(r->open_fds[--r->n_open]);
	return err;
}

int ace_run_main(int argc, char **argv)
{
	struct batch b;
	struct runner r = {.batch = &b};
	struct error e;
	int err = 0;

	if (batch_read(argc, argv, &b, &e)) {
		fprintf(stderr, "ace: %s\n", e.message);
		return 2;
	}
	for (size_t i = 0; i < b.n && !err; i++) {
		r.s = &b.sequences[i];
		err = run_sequence(&r);
	}
	sync();
	if (!err && pc_ack(ACE_END_TEXT) < 0)
		err = fail(NULL, "cannot acknowledge");
	batch_release(&b);
	return err;
}

/*
 * A mark is one O_DIRECT write of one block at offset 0 of the marks
 * namespace. O_DIRECT: the write returns when the drive has acknowledged the
 * command, and the drive acknowledges only what stands in its log. All marks
 * go to the same block, so the block layer can never merge two of them into
 * one command.
 *
 * The descriptor is opened once per process and shared with its children; a
 * write at a fixed offset has no state in it, so threads and forks need no
 * lock. A program may close descriptors that it does not know (daemons do)
 * and get the number back for a file of its own: so each call compares the
 * descriptor's identity with the one opened, and opens again if it differs.
 */
#include "powercut.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log-writes.h"
#include "mark-block.h"

enum { KIND_BEGIN = 1, KIND_ACK = 2, KIND_MARK = 3 };

static int mark_fd = -1;
static dev_t mark_dev;
static ino_t mark_ino;

static int still_ours(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == mark_dev &&
	       st.st_ino == mark_ino;
}

/* PC_MARK_DEVICE may name a plain file, for tests, on a file system that has
 * no O_DIRECT. */
static int open_device(void)
{
	const char *path = getenv("PC_MARK_DEVICE");
	int flags = O_WRONLY | O_CLOEXEC;
	int fd;

	fd = open(path ? path : MARK_DEVICE, flags | O_DIRECT);
	if (fd < 0 && errno == EINVAL && path)
		fd = open(path, flags | O_DSYNC);
	if (fd < 0)
		errno = ENODEV;
	return fd;
}

/* Two threads may open at once: the loser's descriptor is closed again. */
static int mark_device(void)
{
	int old = __atomic_load_n(&mark_fd, __ATOMIC_ACQUIRE);
	struct stat st;
	int fd;

	if (still_ours(old))
		return old;
	fd = open_device();
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0) {
		close(fd);
		return -1;
	}
	mark_dev = st.st_dev;
	mark_ino = st.st_ino;
	if (!__atomic_compare_exchange_n(&mark_fd, &old, fd, 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		close(fd);
		fd = old;
	}
	return fd;
}

static int write_block(const struct mark_block *block)
{
	int fd = mark_device();
	ssize_t n;

	if (fd < 0)
		return -1;
	do {
		n = pwrite(fd, block, sizeof(*block), 0);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(*block))
		return 0;
	errno = EIO;
	return -1;
}

/* Where dm-log-writes records, its log gets the mark; a drive of powercut's
 * need not be there. */
static int send(const struct mark_block *block)
{
	const char *device = getenv("PC_LOG_WRITES");

	if (!device)
		return write_block(block);
	if (log_writes_mark(device, block->kind, block->text) < 0)
		return -1;
	return write_block(block) == 0 || errno == ENODEV ? 0 : -1;
}

__attribute__((format(printf, 2, 0)))
static int put(uint32_t kind, const char *fmt, va_list args)
{
	_Alignas(MARK_BLOCK_SIZE) struct mark_block block;
	int n;

	memset(&block, 0, sizeof(block));
	n = vsnprintf(block.text, sizeof(block.text), fmt, args);
	if (n < 0)
		return -1;
	if (n > PC_TEXT_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	if (memchr(block.text, '\n', (size_t)n)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(block.magic, MARK_BLOCK_MAGIC, sizeof(block.magic));
	block.kind = kind;
	block.length = (uint32_t)n;
	block.pid = (uint32_t)getpid();
	return send(&block);
}

int pc_begin(const char *fmt, ...)
{
	va_list args;
	int r;

	va_start(args, fmt);
	r = put(KIND_BEGIN, fmt, args);
	va_end(args);
	return r;
}

int pc_ack(const char *fmt, ...)
{
	va_list args;
	int r;

	va_start(args, fmt);
	r = put(KIND_ACK, fmt, args);
	va_end(args);
	return r;
}

int pc_mark(const char *fmt, ...)
{
	va_list args;
	int r;

	va_start(args, fmt);
	r = put(KIND_MARK, fmt, args);
	va_end(args);
	return r;
}

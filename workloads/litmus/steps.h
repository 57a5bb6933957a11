/* The steps of the litmus tests (tests.h) on a raw device. */
#ifndef LITMUS_STEPS_H
#define LITMUS_STEPS_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/nvme_ioctl.h>

#include "tests.h"

#define NVME_WRITE 1
#define NVME_FUA (1 << 14)

static inline void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(err));
	exit(2);
}

static inline void write_blocks(int fd, const void *data, size_t len, off_t at,
			 int flags)
{
	struct iovec v = { .iov_base = (void *)data, .iov_len = len };

	if (pwritev2(fd, &v, 1, at, flags) != (ssize_t)len)
		die("cannot write at %lld", (long long)at);
}

/*
 * FUA and nothing else. No system call asks for that: behind O_DSYNC Linux
 * flushes as well. So on nvme the command is sent as it is; elsewhere it is
 * O_DSYNC, which is what such a bus can do.
 */
static inline void write_fua(int fd, const void *data, size_t len, off_t at)
{
	struct nvme_user_io io = {
		.opcode = NVME_WRITE,
		.control = NVME_FUA,
		.addr = (uint64_t)(uintptr_t)data,
	};
	int block;

	if (ioctl(fd, NVME_IOCTL_ID) <= 0) {
		write_blocks(fd, data, len, at, RWF_DSYNC);
		return;
	}
	if (ioctl(fd, BLKSSZGET, &block) < 0)
		die("cannot ask for the block size");
	io.slba = (uint64_t)at / (uint64_t)block;
	io.nblocks = (uint16_t)(len / (size_t)block - 1);
	if (ioctl(fd, NVME_IOCTL_SUBMIT_IO, &io) != 0)
		die("cannot write with FUA at %lld", (long long)at);
}

/* "AB=1.fua" */
static inline void write_step(int fd, size_t test, const char *step)
{
	static struct litmus_block blocks[LITMUS_BLOCKS]
		__attribute__((aligned(LITMUS_BLOCK)));
	off_t at = (off_t)(test * LITMUS_STRIDE) +
		   (*step - 'A') * LITMUS_BLOCK;
	size_t n = strcspn(step, "="), len = n * LITMUS_BLOCK;
	uint32_t value = (uint32_t)atoi(step + n + 1);

	for (size_t i = 0; i < n; i++) {
		struct litmus_block *b = &blocks[i];

		memset(b, (int)value, sizeof(*b));
		memcpy(b->magic, LITMUS_MAGIC, sizeof(b->magic));
		b->test = (uint32_t)test;
		b->block = (uint32_t)(step[i] - 'A');
		b->value = value;
	}
	if (strstr(step, ".fua"))
		write_fua(fd, blocks, len, at);
	else
		write_blocks(fd, blocks, len, at,
			     strstr(step, ".dsync") ? RWF_DSYNC : 0);
}

static inline void flush(int fd)
{
	if (fsync(fd) < 0)
		die("cannot flush");
}

/*
 * Takes a test's steps on the device; place_fn is told of each place on the
 * way, "end" behind the last step, and ends it by returning other than 0.
 */
typedef int (*place_fn)(const struct litmus *t, const char *place, void *arg);

static inline void take_steps(int fd, size_t test, place_fn fn, void *arg)
{
	const struct litmus *t = &litmus_tests[test];
	char steps[256], *save, *step;

	snprintf(steps, sizeof(steps), "%s", t->steps);
	for (step = strtok_r(steps, " ", &save); step;
	     step = strtok_r(NULL, " ", &save)) {
		if (*step != ':' && strcmp(step, "flush"))
			write_step(fd, test, step);
		else if (*step != ':')
			flush(fd);
		else if (fn(t, step + 1, arg))
			return;
	}
	fn(t, "end", arg);
}

#endif

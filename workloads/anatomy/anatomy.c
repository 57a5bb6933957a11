/*
 * anatomy --init LAYER DIR
 * anatomy [--fixed] LAYER DIR
 *
 * Stores records and acknowledges each one step too early, so that exactly one
 * layer of the write holds it when the promise is made. With --fixed the
 * step comes first.
 *
 *   buffer   in this program's stdio buffer         missing: fflush, fsync
 *   call     inside write(2), which waits for a frozen file system
 *                                                   missing: its return, fsync
 *   page     a dirty page                           missing: fdatasync
 *   journal  renamed; the transaction is not committed
 *                                                   missing: fsync of DIR
 *   queue    sync_file_range(2) has asked for it to be written, and the drive
 *            takes its time                         missing: fdatasync
 *   drive    written with O_DIRECT: the drive's cache has it
 *                                                   missing: fdatasync
 *
 * After each acknowledgement the step is made up for, so that a record never
 * suffers from the one before it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <powercut.h>
#include <powercut-check.h>

#include "anatomy.h"

static _Alignas(RECORD_SIZE) char record[RECORD_SIZE];
static const char *layer, *dir;
static int fixed;

static int open_in_dir(const char *name, int flags)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags | O_CLOEXEC, 0644);
	if (fd < 0)
		pc_end(2, "cannot open %s: %s", path, strerror(errno));
	return fd;
}

static void check(int result, const char *what)
{
	if (result < 0)
		pc_end(2, "cannot %s: %s", what, strerror(errno));
}

static void put(int fd, const void *data, size_t len, long offset)
{
	if (pwrite(fd, data, len, offset) != (ssize_t)len)
		pc_end(2, "cannot write: %s", strerror(errno));
}

static void sync_dir(void)
{
	int fd = open_in_dir(".", O_RDONLY | O_DIRECTORY);

	check(fsync(fd), "sync the directory");
	close(fd);
}

static void acknowledge(unsigned int n)
{
	check(pc_ack("%s %u", layer, n), "acknowledge");
}

static void begin(unsigned int n)
{
	record_make(layer, n, record);
	check(pc_begin("%s %u", layer, n), "begin");
}

/* ---- the layers, from the top ---- */

static void in_buffer(void)
{
	static char buffer[4 * RECORD_SIZE];
	FILE *f = fdopen(open_in_dir("data", O_WRONLY), "w");

	if (!f || setvbuf(f, buffer, _IOFBF, sizeof(buffer)))
		pc_end(2, "cannot open a stream");
	for (unsigned int n = 1; n <= RECORDS; n++) {
		begin(n);
		if (fwrite(record, RECORD_SIZE, 1, f) != 1)
			pc_end(2, "cannot write");
		for (int step = 0; step < 2; step++) {
			if (step == fixed) {
				acknowledge(n);
				continue;
			}
			check(fflush(f), "flush");
			check(fsync(fileno(f)), "sync");
		}
	}
}

static void *write_record(void *arg)
{
	int fd = *(int *)arg;

	put(fd, record, RECORD_SIZE, lseek(fd, 0, SEEK_CUR));
	return NULL;
}

/* Until the kernel has put the thread to sleep inside its call. */
static void wait_for_sleep(void)
{
	usleep(200000);
}

static void in_call(void)
{
	int fd = open_in_dir("data", O_RDWR);
	pthread_t thread;

	for (unsigned int n = 1; n <= RECORDS; n++) {
		begin(n);
		check((int)lseek(fd, record_offset(n), SEEK_SET),
		      "seek");
		if (!fixed)
			check(ioctl(fd, FIFREEZE, 0), "freeze");
		if (pthread_create(&thread, NULL, write_record, &fd))
			pc_end(2, "cannot start a thread");
		if (!fixed) {
			wait_for_sleep();
			acknowledge(n);
			check(ioctl(fd, FITHAW, 0), "thaw");
		}
		pthread_join(thread, NULL);
		check(fdatasync(fd), "sync");
		if (fixed)
			acknowledge(n);
	}
}

/* In place, with the sync before the promise, or after it. */
static void in_place(int flags)
{
	int fd = open_in_dir("data", O_WRONLY | flags);

	for (unsigned int n = 1; n <= RECORDS; n++) {
		begin(n);
		put(fd, record, RECORD_SIZE, record_offset(n));
		if (fixed)
			check(fdatasync(fd), "sync");
		acknowledge(n);
		check(fdatasync(fd), "sync");
	}
}

static void in_queue(void)
{
	int fd = open_in_dir("data", O_WRONLY);

	for (unsigned int n = 1; n <= RECORDS; n++) {
		begin(n);
		put(fd, record, RECORD_SIZE, record_offset(n));
		check(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE),
		      "start writing");
		if (fixed)
			check(fdatasync(fd), "sync");
		acknowledge(n);
		check(fdatasync(fd), "sync");
	}
}

static void in_journal(void)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%s/new", dir);
	for (unsigned int n = 1; n <= RECORDS; n++) {
		int fd;

		begin(n);
		fd = open_in_dir("new", O_WRONLY | O_CREAT | O_EXCL);
		put(fd, record, RECORD_SIZE, 0);
		check(fsync(fd), "sync");
		close(fd);
		snprintf(to, sizeof(to), "%s/record-%u", dir, n);
		check(rename(from, to), "rename");
		if (fixed)
			sync_dir();
		acknowledge(n);
		sync_dir();
	}
}

/* ---- */

/* All that is written in place later stands there already. */
static void init(void)
{
	static char zeroes[FILE_SIZE];
	int fd = open_in_dir("data", O_WRONLY | O_CREAT | O_TRUNC);

	put(fd, zeroes, sizeof(zeroes), 0);
	check(fsync(fd), "sync");
	sync_dir();
}

static void run(void)
{
	if (!strcmp(layer, "buffer"))
		in_buffer();
	else if (!strcmp(layer, "call"))
		in_call();
	else if (!strcmp(layer, "page"))
		in_place(0);
	else if (!strcmp(layer, "journal"))
		in_journal();
	else if (!strcmp(layer, "queue"))
		in_queue();
	else if (!strcmp(layer, "drive"))
		in_place(O_DIRECT);
	else
		pc_end(2, "no layer %s", layer);
}

int main(int argc, char **argv)
{
	int initialise = argc == 4 && !strcmp(argv[1], "--init");

	fixed = argc == 4 && !strcmp(argv[1], "--fixed");
	if (argc != 3 + initialise + fixed)
		pc_end(2, "usage: anatomy [--init | --fixed] LAYER DIR");
	layer = argv[argc - 2];
	dir = argv[argc - 1];
	if (initialise)
		init();
	else
		run();
	return 0;
}

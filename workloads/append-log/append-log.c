/*
 * append-log [--init] [--ack=WHEN] [--count N] [--pause MS] [--sync-every MS] DIR
 *
 * Appends N records to DIR/txn.log and acknowledges each:
 *   fdatasync  after fdatasync(2) returned (right)
 *   write      after write(2) returned: the record is in the page cache
 *   background after write(2), while a thread of its own calls fdatasync(2)
 *              every --sync-every milliseconds: the last ones may be lost
 *   buffer     after fprintf(3): the record is in this program's memory
 * or writes them with O_DIRECT and no sync at all, each into a slot of its own
 * in a log that --init has filled with empty lines:
 *   direct     after the write returned: the drive has acknowledged it
 *   late       after the fourth record behind it was written
 *   never      not at all
 * --pause waits between a record's write and what follows. --init creates the
 * log, durably, and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <powercut.h>

#include "record.h"

enum ack {
	ACK_FDATASYNC,
	ACK_WRITE,
	ACK_BACKGROUND,
	ACK_BUFFER,
	ACK_DIRECT,
	ACK_LATE,
	ACK_NEVER,
};

#define LATE 4 /* records */

struct options {
	int init;
	enum ack ack;
	unsigned int count;
	unsigned int pause_ms, sync_ms;
	const char *dir;
};

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fputs("append-log: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(err));
	exit(2);
}

static void __attribute__((noreturn)) usage(void)
{
	fputs("usage: append-log [--init] [--count N] [--pause MS] "
	      "[--sync-every MS] "
	      "[--ack=fdatasync|write|background|buffer|direct|late|never] "
	      "DIR\n", stderr);
	exit(2);
}

static enum ack parse_ack(const char *text)
{
	static const char *const words[] = { "fdatasync", "write",
					     "background", "buffer", "direct",
					     "late", "never" };

	for (int i = 0; i < (int)(sizeof(words) / sizeof(*words)); i++)
		if (!strcmp(text, words[i]))
			return (enum ack)i;
	usage();
}

static unsigned int parse_count(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || n > TXN_MAX)
		usage();
	return (unsigned int)n;
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "init", no_argument, NULL, 'i' },
		{ "ack", required_argument, NULL, 'a' },
		{ "count", required_argument, NULL, 'c' },
		{ "pause", required_argument, NULL, 'p' },
		{ "sync-every", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .ack = ACK_FDATASYNC, .count = 12,
			     .sync_ms = 200 };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'i')
			o.init = 1;
		else if (c == 'a')
			o.ack = parse_ack(optarg);
		else if (c == 'c')
			o.count = parse_count(optarg);
		else if (c == 'p')
			o.pause_ms = parse_count(optarg);
		else if (c == 's')
			o.sync_ms = parse_count(optarg);
		else
			usage();
	}
	if (optind != argc - 1)
		usage();
	o.dir = argv[optind];
	return o;
}

/* A name is durable when its directory is. */
static void sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		die("cannot open %s", dir);
	if (fsync(fd) < 0)
		die("cannot sync %s", dir);
	if (close(fd) < 0)
		die("cannot close %s", dir);
}

static int open_log(const char *dir)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/" LOG_NAME, dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		die("cannot open %s", path);
	return fd;
}

static void begin(unsigned int n)
{
	if (pc_begin("TXN-%05u", n) < 0)
		die("cannot mark the begin of TXN-%05u", n);
}

static void acknowledge(unsigned int n)
{
	if (pc_ack("TXN-%05u", n) < 0)
		die("cannot acknowledge TXN-%05u", n);
	if (pc_mark("committed") < 0)
		die("cannot mark TXN-%05u", n);
}

static void append(int fd, unsigned int n)
{
	char line[RECORD_MAX];
	size_t len = record_make(n, line);
	ssize_t done = write(fd, line, len);

	if (done >= 0 && (size_t)done < len)
		errno = ENOSPC; /* a regular file takes less only when full */
	if (done < 0 || (size_t)done < len)
		die("cannot write TXN-%05u", n);
}

static void run_with_system_calls(const struct options *o)
{
	int fd = open_log(o->dir);

	if (o->ack == ACK_FDATASYNC)
		sync_dir(o->dir);
	for (unsigned int n = 1; n <= o->count; n++) {
		begin(n);
		append(fd, n);
		if (o->ack == ACK_FDATASYNC && fdatasync(fd) < 0)
			die("cannot sync TXN-%05u", n);
		acknowledge(n);
	}
	if (close(fd) < 0)
		die("cannot close the log");
}

struct syncer {
	pthread_t thread;
	int fd;
	unsigned int sync_ms;
};

static void *sync_for_ever(void *arg)
{
	const struct syncer *s = arg;

	for (;;) {
		usleep(s->sync_ms * 1000);
		if (fdatasync(s->fd) < 0)
			die("cannot sync the log");
	}
}

/* The thread ends with the program. */
static void run_with_background_syncs(const struct options *o)
{
	static struct syncer s;

	s.fd = open_log(o->dir);
	s.sync_ms = o->sync_ms;
	errno = pthread_create(&s.thread, NULL, sync_for_ever, &s);
	if (errno)
		die("cannot start a thread");
	for (unsigned int n = 1; n <= o->count; n++) {
		begin(n);
		append(s.fd, n);
		acknowledge(n);
		usleep(o->pause_ms * 1000);
	}
}

static void run_with_stdio(const struct options *o)
{
	FILE *f = fdopen(open_log(o->dir), "a");
	char line[RECORD_MAX];

	if (!f)
		die("cannot open a stream on the log");
	for (unsigned int n = 1; n <= o->count; n++) {
		record_make(n, line);
		begin(n);
		if (fprintf(f, "%s", line) < 0)
			die("cannot write TXN-%05u", n);
		acknowledge(n);
	}
	if (fclose(f))
		die("cannot close the log");
}

static int is_direct(const struct options *o)
{
	return o->ack >= ACK_DIRECT;
}

/* One slot: the record, and empty lines to its end. */
static void fill_slot(char *slot, unsigned int n)
{
	char line[RECORD_MAX];

	memset(slot, '\n', SLOT);
	if (n)
		memcpy(slot, line, record_make(n, line));
}

static void put_slot(int fd, const char *slot, unsigned int at)
{
	if (pwrite(fd, slot, SLOT, (off_t)at * SLOT) != SLOT)
		die("cannot write slot %u", at);
}

static int open_direct(const char *dir)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/" LOG_NAME, dir);
	fd = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		die("cannot open %s for direct writes", path);
	return fd;
}

static void run_with_direct_writes(const struct options *o)
{
	int fd = open_direct(o->dir);
	char *slot = aligned_alloc(SLOT, SLOT);

	if (!slot)
		die("cannot get memory");
	for (unsigned int n = 1; n <= o->count; n++) {
		begin(n);
		fill_slot(slot, n);
		put_slot(fd, slot, n - 1);
		usleep(o->pause_ms * 1000);
		if (o->ack == ACK_DIRECT)
			acknowledge(n);
		else if (o->ack == ACK_LATE && n > LATE)
			acknowledge(n - LATE);
	}
	if (close(fd) < 0)
		die("cannot close the log");
	free(slot);
}

/* Data blocks that are there already: overwriting them changes no metadata that
 * a read would need. */
static void fill_log(int fd, unsigned int slots)
{
	char slot[SLOT];

	fill_slot(slot, 0);
	for (unsigned int i = 0; i < slots; i++)
		if (write(fd, slot, SLOT) != SLOT)
			die("cannot fill the log");
}

static void init(const struct options *o)
{
	int fd = open_log(o->dir);

	if (is_direct(o))
		fill_log(fd, o->count);
	if (fsync(fd) < 0 || close(fd) < 0)
		die("cannot sync the empty log");
	sync_dir(o->dir);
}

int main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);

	if (o.init)
		init(&o);
	else if (o.ack == ACK_BACKGROUND)
		run_with_background_syncs(&o);
	else if (o.ack == ACK_BUFFER)
		run_with_stdio(&o);
	else if (is_direct(&o))
		run_with_direct_writes(&o);
	else
		run_with_system_calls(&o);
	return 0;
}

/*
 * replace-file [--init] [--sync | --sync=dir | --no-sync] [--count N] DIR
 *
 * Replaces DIR/settings N times: writes the new content to a temporary file,
 * renames it over the old one, acknowledges the version.
 *   --sync      syncs the file before the rename and the directory after it
 *               (right; the default)
 *   --sync=dir  syncs the directory only: the name is durable, its content
 *               need not be
 *   --no-sync   syncs nothing
 * --init writes version 0 the right way and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <powercut.h>

#include "version.h"

struct options {
	int init;
	int sync_file, sync_dir;
	unsigned int count;
	const char *dir;
};

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fputs("replace-file: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(err));
	exit(2);
}

static void __attribute__((noreturn)) usage(void)
{
	fputs("usage: replace-file [--init] [--sync | --sync=dir | --no-sync] "
	      "[--count N] DIR\n", stderr);
	exit(2);
}

static unsigned int parse_count(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || n > VERSION_MAX)
		usage();
	return (unsigned int)n;
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "init", no_argument, NULL, 'i' },
		{ "sync", optional_argument, NULL, 's' },
		{ "no-sync", no_argument, NULL, 'n' },
		{ "count", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .sync_file = 1, .sync_dir = 1, .count = 6 };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'i')
			o.init = 1;
		else if (c == 's' && (!optarg || !strcmp(optarg, "dir")))
			o.sync_file = !optarg, o.sync_dir = 1;
		else if (c == 'n')
			o.sync_file = o.sync_dir = 0;
		else if (c == 'c')
			o.count = parse_count(optarg);
		else
			usage();
	}
	if (optind != argc - 1)
		usage();
	o.dir = argv[optind];
	return o;
}

static void write_new(const char *path, unsigned int n, int sync)
{
	char data[VERSION_SIZE + 1];
	ssize_t done;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		die("cannot create %s", path);
	version_make(n, data);
	done = write(fd, data, VERSION_SIZE);
	if (done >= 0 && done < VERSION_SIZE)
		errno = ENOSPC; /* a regular file takes less only when full */
	if (done < VERSION_SIZE)
		die("cannot write %s", path);
	if (sync && fsync(fd) < 0)
		die("cannot sync %s", path);
	if (close(fd) < 0)
		die("cannot close %s", path);
}

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

static void replace(const struct options *o, unsigned int n)
{
	char path[PATH_MAX], tmp[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" FILE_NAME, o->dir);
	snprintf(tmp, sizeof(tmp), "%s/" TMP_NAME, o->dir);
	write_new(tmp, n, o->sync_file);
	if (rename(tmp, path) < 0)
		die("cannot rename %s to %s", tmp, path);
	if (o->sync_dir)
		sync_dir(o->dir);
}

static void run(const struct options *o)
{
	for (unsigned int n = 1; n <= o->count; n++) {
		if (pc_begin("version %u", n) < 0)
			die("cannot mark the begin of version %u", n);
		replace(o, n);
		if (pc_ack("version %u", n) < 0)
			die("cannot acknowledge version %u", n);
	}
}

int main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);

	if (o.init) {
		o.sync_file = o.sync_dir = 1;
		replace(&o, 0);
	} else {
		run(&o);
	}
	return 0;
}

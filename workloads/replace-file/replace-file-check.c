/*
 * replace-file-check DIR
 *
 * DIR/settings must be one whole version, not older than the last that was
 * acknowledged ($PC_ACKS, one "version N" a line). It may be newer: what was
 * begun may have happened. A missing file is a loss only where something was
 * acknowledged. Exit 0: held, 1: violated, 2: cannot tell.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "version.h"

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	fputs("replace-file-check: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

/* The number in "version 7\n", or -1. */
static long version_number(const char *text)
{
	char again[32];
	unsigned int n;

	if (sscanf(text, "version %5u", &n) != 1)
		return -1;
	snprintf(again, sizeof(again), "version %u\n", n);
	return strncmp(text, again, strlen(again)) ? -1 : (long)n;
}

/* The last acknowledged version, -1 when there is none. */
static long last_acked(const char *acks)
{
	char *line = NULL;
	size_t size = 0;
	long last = -1;
	FILE *f = fopen(acks, "r");

	if (!f)
		die("cannot open %s: %s", acks, strerror(errno));
	while (getline(&line, &size, f) > 0) {
		long n = version_number(line);

		if (n < 0)
			die("a line in %s is no version: %s", acks, line);
		if (n > last)
			last = n;
	}
	if (ferror(f))
		die("cannot read %s: %s", acks, strerror(errno));
	free(line);
	fclose(f);
	return last;
}

/* Reads at most VERSION_SIZE + 1 bytes; -1: there is no such file. */
static long read_file(const char *path, char data[VERSION_SIZE + 2])
{
	FILE *f = fopen(path, "r");
	size_t len;

	if (!f && errno == ENOENT)
		return -1;
	if (!f)
		die("cannot open %s: %s", path, strerror(errno));
	len = fread(data, 1, VERSION_SIZE + 1, f);
	if (ferror(f))
		die("cannot read %s: %s", path, strerror(errno));
	fclose(f);
	data[len] = '\0';
	return (long)len;
}

static int judge(const char *data, long len, long acked)
{
	char expect[VERSION_SIZE + 1];
	long n;

	if (len < 0 && acked < 0)
		return printf("no file, and none was acknowledged\n"), 0;
	if (len < 0)
		return printf("the file is missing: version %ld was "
			      "acknowledged\n", acked), 1;
	if (len != VERSION_SIZE)
		return printf("the file has %ld bytes%s, not %d\n", len,
			      len > VERSION_SIZE ? " or more" : "",
			      VERSION_SIZE), 1;
	n = version_number(data);
	if (n < 0)
		return printf("the file does not begin with a version\n"), 1;
	version_make((unsigned int)n, expect);
	if (memcmp(data, expect, VERSION_SIZE))
		return printf("the file begins as version %ld, but its "
			      "content is not that version's\n", n), 1;
	if (n < acked)
		return printf("the file is version %ld: version %ld was "
			      "acknowledged\n", n, acked), 1;
	printf("the file is version %ld, whole\n", n);
	return 0;
}

int main(int argc, char **argv)
{
	char path[PATH_MAX], data[VERSION_SIZE + 2];
	const char *acks = getenv("PC_ACKS");

	if (argc != 2)
		die("usage: replace-file-check DIR");
	if (!acks)
		die("PC_ACKS is not set");
	snprintf(path, sizeof(path), "%s/" FILE_NAME, argv[1]);
	return judge(data, read_file(path, data), last_acked(acks));
}

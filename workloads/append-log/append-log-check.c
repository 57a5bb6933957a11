/*
 * append-log-check [--no-gaps] DIR
 *
 * Every acknowledged record ($PC_ACKS, one name a line) must stand whole in
 * DIR/txn.log. What was begun and not acknowledged may be there, torn or not,
 * or not at all; and a missing log is a loss only where something was
 * acknowledged. --no-gaps: where a record is whole, those before it
 * must be, too. Exit 0: held, 1: violated, 2: cannot tell.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	fputs("append-log-check: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

/* "TXN-00012" is 12; 0 when it is anything else. */
static unsigned int txn_number(const char *text)
{
	char again[16];
	unsigned int n;

	if (sscanf(text, "TXN-%5u", &n) != 1 || n > TXN_MAX)
		return 0;
	snprintf(again, sizeof(again), "TXN-%05u", n);
	return strncmp(text, again, strlen(again)) ? 0 : n;
}

static int is_intact(unsigned int n, const char *line, size_t len)
{
	char expect[RECORD_MAX];

	return record_make(n, expect) == len && !memcmp(expect, line, len);
}

/* Sets found[n] for each whole record; missing file: none. */
static void read_log(const char *dir, unsigned char *found)
{
	static const char head[] = "COMMIT: ";
	char path[PATH_MAX];
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/" LOG_NAME, dir);
	f = fopen(path, "r");
	if (!f && errno == ENOENT)
		return;
	if (!f)
		die("cannot open %s: %s", path, strerror(errno));
	while ((len = getline(&line, &size, f)) > 0) {
		unsigned int n = 0;

		if (!strncmp(line, head, sizeof(head) - 1))
			n = txn_number(line + sizeof(head) - 1);
		if (n && is_intact(n, line, (size_t)len))
			found[n] = 1;
	}
	if (ferror(f))
		die("cannot read %s: %s", path, strerror(errno));
	free(line);
	fclose(f);
}

struct tally {
	unsigned int acked, missing, first;
};

static struct tally count_missing(const char *acks, const unsigned char *found)
{
	struct tally t = { 0, 0, 0 };
	char *line = NULL;
	size_t size = 0;
	FILE *f = fopen(acks, "r");

	if (!f)
		die("cannot open %s: %s", acks, strerror(errno));
	while (getline(&line, &size, f) > 0) {
		unsigned int n = txn_number(line);

		line[strcspn(line, "\n")] = '\0';
		if (!n || strlen(line) != strlen("TXN-00000"))
			die("'%s' in %s is no transaction", line, acks);
		t.acked++;
		if (found[n])
			continue;
		if (!t.missing++)
			t.first = n;
	}
	if (ferror(f))
		die("cannot read %s: %s", acks, strerror(errno));
	free(line);
	fclose(f);
	return t;
}

/* The first record that is not whole while a later one is; 0: none. */
static unsigned int first_gap(const unsigned char *found)
{
	unsigned int gap = 0;

	for (unsigned int n = 1; n <= TXN_MAX; n++) {
		if (!found[n] && !gap)
			gap = n;
		if (found[n] && gap)
			return gap;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static unsigned char found[TXN_MAX + 1];
	const char *acks = getenv("PC_ACKS");
	int no_gaps = argc > 1 && !strcmp(argv[1], "--no-gaps");
	unsigned int gap;
	struct tally t;

	if (argc != 2 + no_gaps)
		die("usage: append-log-check [--no-gaps] DIR");
	if (!acks)
		die("PC_ACKS is not set");
	read_log(argv[1 + no_gaps], found);
	t = count_missing(acks, found);
	if (t.missing) {
		printf("acknowledged records are missing: %u of %u, first "
		       "TXN-%05u\n", t.missing, t.acked, t.first);
		return 1;
	}
	gap = no_gaps ? first_gap(found) : 0;
	if (gap) {
		printf("TXN-%05u is missing, and a later record is not\n",
		       gap);
		return 1;
	}
	printf("all %u acknowledged records are whole\n", t.acked);
	return 0;
}

/*
 * Recovers as the application would at its start, then looks whether every
 * acknowledged record is in the table.
 *
 *	redo-log-check [--hasty] DIR
 *
 * The recovery replays the log into the table, syncs the table, empties the
 * log, syncs the log. The hasty one does not sync the table: once the log is
 * empty, a second power cut loses what the first one could not.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "redo.h"

static int open_in(const char *dir, const char *name)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR);
	if (fd < 0) {
		printf("%s cannot be opened\n", name);
		exit(1);
	}
	return fd;
}

/* Up to the first record that is torn: it was never acknowledged. */
static void replay(int log, int table)
{
	struct redo_record r;

	while (read(log, &r, sizeof(r)) == sizeof(r)) {
		if (r.number < 1 || r.number > SLOTS || r.sum != redo_sum(&r))
			return;
		if (pwrite(table, &r.value, sizeof(r.value),
			   r.number * sizeof(r.value)) != sizeof(r.value))
			err(2, "cannot write the table");
	}
}

static void recover(int log, int table, int hasty)
{
	replay(log, table);
	if (!hasty && fsync(table) < 0)
		err(2, "cannot sync the table");
	if (ftruncate(log, 0) < 0 || fsync(log) < 0)
		err(2, "cannot empty the log");
}

static int holds(int table, uint32_t number)
{
	uint32_t value = 0;

	return pread(table, &value, sizeof(value), number * sizeof(value)) ==
		       sizeof(value) &&
	       value == redo_value(number);
}

static int check(int table, const char *acks)
{
	FILE *f = fopen(acks, "r");
	unsigned number, acked = 0, missing = 0, first = 0;

	if (!f)
		err(2, "%s", acks);
	while (fscanf(f, "record %u\n", &number) == 1) {
		acked++;
		if (holds(table, number))
			continue;
		if (!missing++)
			first = number;
	}
	fclose(f);
	if (missing)
		printf("acknowledged records are missing: %u of %u, first %u\n",
		       missing, acked, first);
	return missing != 0;
}

int main(int argc, char **argv)
{
	int hasty = argc == 3 && !strcmp(argv[1], "--hasty");
	const char *acks = getenv("PC_ACKS");
	int log, table;

	if (argc != 2 + hasty || !acks)
		errx(2, "usage: redo-log-check [--hasty] DIR, with PC_ACKS");
	log = open_in(argv[argc - 1], LOG_NAME);
	table = open_in(argv[argc - 1], TABLE_NAME);
	recover(log, table, hasty);
	return check(table, acks);
}

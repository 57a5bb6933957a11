/*
 * A table behind a redo log. A transaction is stored when its record stands in
 * the log and the log is synced; the table is written at leisure, since the log
 * can always be replayed into it.
 *
 *	redo-log --init DIR
 *	redo-log --count N DIR
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <powercut.h>

#include "redo.h"

static int open_in(const char *dir, const char *name, int flags)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags, 0644);
	if (fd < 0)
		err(2, "%s", path);
	return fd;
}

/* Both files exist, and the table's blocks are written once. */
static void init(const char *dir)
{
	static const uint32_t empty[SLOTS + 1];
	int table = open_in(dir, TABLE_NAME, O_WRONLY | O_CREAT | O_TRUNC);
	int log = open_in(dir, LOG_NAME, O_WRONLY | O_CREAT | O_TRUNC);

	if (write(table, empty, sizeof(empty)) != sizeof(empty))
		err(2, "cannot write the table");
	if (fsync(table) < 0 || fsync(log) < 0)
		err(2, "cannot sync");
	close(table);
	close(log);
	sync();
}

static void store(int log, int table, uint32_t number)
{
	struct redo_record r = { .number = number,
				 .value = redo_value(number) };

	r.sum = redo_sum(&r);
	if (pc_begin("record %u", number) < 0)
		err(2, "cannot mark a begin");
	if (write(log, &r, sizeof(r)) != sizeof(r) || fdatasync(log) < 0)
		err(2, "cannot write the log");
	if (pc_ack("record %u", number) < 0)
		err(2, "cannot acknowledge");
	if (pwrite(table, &r.value, sizeof(r.value),
		   number * sizeof(r.value)) != sizeof(r.value))
		err(2, "cannot write the table");
}

int main(int argc, char **argv)
{
	unsigned long count;
	int log, table;

	if (argc == 3 && !strcmp(argv[1], "--init")) {
		init(argv[2]);
		return 0;
	}
	if (argc != 4 || strcmp(argv[1], "--count"))
		errx(2, "usage: redo-log --init DIR | --count N DIR");
	count = strtoul(argv[2], NULL, 10);
	if (!count || count > SLOTS)
		errx(2, "expected 1 to %d records", SLOTS);
	log = open_in(argv[3], LOG_NAME, O_WRONLY | O_APPEND);
	table = open_in(argv[3], TABLE_NAME, O_WRONLY);
	for (uint32_t n = 1; n <= count; n++)
		store(log, table, n);
	return 0;
}

/*
 * uring-log-check DIR: each record that was acknowledged stands whole in
 * DIR/log. What was begun only may be there, torn, or missing.
 */
#include <limits.h>

#include <powercut-check.h>

#include "record.h"

/* NULL: there is none. */
static FILE *open_log(const char *dir)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/" LOG_NAME, dir);
	f = fopen(path, "r");
	if (!f && errno != ENOENT)
		pc_end(2, "cannot open %s: %s", path, strerror(errno));
	return f;
}

static int record_is_whole(FILE *f, unsigned int n)
{
	char want[RECORD_SIZE], have[RECORD_SIZE];
	int whole;

	record_make(n, want);
	whole = !fseek(f, record_offset(n), SEEK_SET) &&
		fread(have, sizeof(have), 1, f) == 1 &&
		!memcmp(have, want, sizeof(want));
	if (ferror(f))
		pc_end(2, "cannot read the log: %s", strerror(errno));
	return whole;
}

int main(int argc, char **argv)
{
	unsigned int last;
	FILE *f;

	if (argc != 2)
		pc_end(2, "usage: uring-log-check DIR");
	last = pc_last_acked(RECORD_KIND, RECORDS_MAX);
	f = open_log(argv[1]);
	for (unsigned int n = 1; n <= last; n++)
		if (!f || !record_is_whole(f, n))
			pc_end(1, "record %s%u was acknowledged and is lost",
			       RECORD_KIND, n);
	if (f)
		fclose(f);
	printf("%u records, all there\n", last);
	return 0;
}

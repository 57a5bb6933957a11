/*
 * anatomy-check LAYER DIR: each record that was acknowledged is there.
 */
#include <fcntl.h>
#include <limits.h>

#include <powercut-check.h>

#include "anatomy.h"

static int record_is_there(const char *layer, const char *dir, unsigned int n)
{
	int journal = !strcmp(layer, "journal");
	char path[PATH_MAX], want[RECORD_SIZE], have[RECORD_SIZE];
	FILE *f;
	int there;

	if (journal)
		snprintf(path, sizeof(path), "%s/record-%u", dir, n);
	else
		snprintf(path, sizeof(path), "%s/data", dir);
	f = fopen(path, "r");
	if (!f && errno == ENOENT)
		return 0;
	if (!f)
		pc_end(2, "cannot open %s: %s", path, strerror(errno));
	record_make(layer, n, want);
	there = !fseek(f, journal ? 0 : record_offset(n), SEEK_SET) &&
		fread(have, sizeof(have), 1, f) == 1 &&
		!memcmp(have, want, sizeof(want));
	if (ferror(f))
		pc_end(2, "cannot read %s: %s", path, strerror(errno));
	fclose(f);
	return there;
}

int main(int argc, char **argv)
{
	unsigned int last;

	if (argc != 3)
		pc_end(2, "usage: anatomy-check LAYER DIR");
	last = pc_last_acked(argv[1], RECORDS);
	for (unsigned int n = 1; n <= last; n++)
		if (!record_is_there(argv[1], argv[2], n))
			pc_end(1, "record %u was acknowledged and is lost", n);
	printf("%u records, all there\n", last);
	return 0;
}

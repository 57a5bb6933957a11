/*
 * pages-check: each page is whole and not older than its last acknowledged
 * update (PC_ACKS).
 *
 *	pages-check [--slots]
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "page.h"

static uint64_t acked[PAGES];

static int read_acks(void)
{
	const char *path = getenv("PC_ACKS");
	FILE *f = fopen(path ? path : "", "re");
	uint64_t version;
	unsigned number;

	if (!f)
		return -1;
	while (fscanf(f, "PAGE-%u-%" SCNu64 "\n", &number, &version) == 2)
		if (number < PAGES && version > acked[number])
			acked[number] = version;
	fclose(f);
	return 0;
}

static int read_slot(int fd, unsigned number, uint64_t version, int slots,
		     struct page *ret)
{
	return pread(fd, ret, sizeof(*ret),
		     (off_t)page_offset(number, version, slots)) ==
			       (ssize_t)sizeof(*ret) ?
		       0 :
		       -1;
}

/* The page's version, 0 if it has none; -1: torn, told; -2: cannot read. */
static int64_t version_in_place(int fd, unsigned number)
{
	struct page p;

	if (read_slot(fd, number, 0, 0, &p))
		return -2;
	if (p.version == p.version_again)
		return (int64_t)p.version;
	printf("page %u is torn: it begins with version %" PRIu64
	       " and ends with version %" PRIu64 "\n", number, p.version,
	       p.version_again);
	return -1;
}

/* The younger one of the slots that are whole. */
static int64_t version_in_slots(int fd, unsigned number)
{
	int64_t version = 0;
	struct page p;

	for (uint64_t slot = 0; slot < 2; slot++) {
		if (read_slot(fd, number, slot, 1, &p))
			return -2;
		if (p.version && p.version == p.version_again &&
		    p.sum == page_sum(&p) && (int64_t)p.version > version)
			version = (int64_t)p.version;
	}
	return version;
}

static int check_page(int fd, unsigned number, int slots)
{
	int64_t version = slots ? version_in_slots(fd, number) :
				  version_in_place(fd, number);

	if (version < 0)
		return version == -1 ? 1 : 2;
	if ((uint64_t)version >= acked[number])
		return 0;
	printf("page %u has version %" PRId64 ": version %" PRIu64
	       " was acknowledged\n", number, version, acked[number]);
	return 1;
}

int main(int argc, char **argv)
{
	int slots = argc > 1 && !strcmp(argv[1], "--slots");
	const char *device = getenv("PC_DEVICE");
	int fd = open(device ? device : "", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read_acks()) {
		fprintf(stderr, "pages-check: no PC_DEVICE or no PC_ACKS\n");
		return 2;
	}
	for (unsigned i = 0; i < PAGES; i++) {
		int status = check_page(fd, i, slots);

		if (status)
			return status;
	}
	return 0;
}

/*
 * pages: updates pages of 4096 bytes on the raw device and acknowledges each
 * update.
 *
 *	pages [--slots] UPDATES
 *
 * Without --slots a page is overwritten in place, with nothing to fall back on:
 * that is safe only where a drive writes 4096 bytes wholly or not at all when
 * power fails. With --slots each page has two places, which are written in turn
 * and carry a checksum.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <powercut.h>

#include "page.h"

static _Alignas(PAGE_SIZE) struct page page;

static int update(int fd, unsigned number, uint64_t version, int slots)
{
	unsigned long long v = version;

	page.version = page.version_again = version;
	memset(page.data, (int)(number * 7 + version), sizeof(page.data));
	page.sum = page_sum(&page);
	if (pc_begin("PAGE-%u-%llu", number, v))
		return -1;
	if (pwrite(fd, &page, sizeof(page),
		   (off_t)page_offset(number, version, slots)) !=
		    (ssize_t)sizeof(page) ||
	    fdatasync(fd)) {
		perror("pages");
		return -1;
	}
	return pc_ack("PAGE-%u-%llu", number, v);
}

int main(int argc, char **argv)
{
	int slots = argc > 2 && !strcmp(argv[1], "--slots");
	const char *device = getenv("PC_DEVICE");
	unsigned updates = argc > 1 ? (unsigned)atoi(argv[argc - 1]) : 0;
	int fd = open(device ? device : "", O_RDWR | O_DIRECT | O_CLOEXEC);

	if (fd < 0 || !updates) {
		fprintf(stderr,
			"usage: pages [--slots] UPDATES, with PC_DEVICE\n");
		return 2;
	}
	for (unsigned i = 0; i < updates; i++)
		if (update(fd, i % PAGES, 1 + i / PAGES, slots))
			return 1;
	return 0;
}

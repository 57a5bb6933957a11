/*
 * records: stores records on the raw device and acknowledges each.
 *
 *	records [--careless] COUNT
 *
 * Each record is one block, written with O_DIRECT and made durable with
 * fdatasync. Before it come two blocks of notes, which nobody promised to keep.
 * With --careless there is a mistake that few runs show: with one seed
 * (PC_SEED) in eight, one record is acknowledged without its fdatasync.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <powercut.h>

#include "record.h"

static _Alignas(RECORD_SIZE) uint64_t block[RECORD_WORDS];

static int write_block(int fd, uint64_t offset)
{
	if (pwrite(fd, block, sizeof(block), (off_t)offset) ==
	    (ssize_t)sizeof(block))
		return 0;
	perror("records: write");
	return -1;
}

static int write_notes(int fd, uint64_t number)
{
	for (unsigned i = 0; i < 2; i++) {
		record_fill(block, ~0ULL - i, number);
		if (write_block(fd, record_offset(number, i)))
			return -1;
	}
	return 0;
}

static int store(int fd, uint64_t number, int forget)
{
	if (pc_begin("REC-%llu", (unsigned long long)number) ||
	    write_notes(fd, number))
		return -1;
	record_fill(block, workload_seed(), number);
	if (write_block(fd, record_offset(number, 2)))
		return -1;
	if (!forget && fdatasync(fd)) {
		perror("records: fdatasync");
		return -1;
	}
	return pc_ack("REC-%llu", (unsigned long long)number);
}

/* The record whose fdatasync is forgotten; 0: none. */
static uint64_t forgotten(int careless, uint64_t count)
{
	uint64_t seed = workload_seed();

	return careless && seed % 8 == 3 ? 1 + seed % count : 0;
}

int main(int argc, char **argv)
{
	int careless = argc > 2 && !strcmp(argv[1], "--careless");
	const char *device = getenv("PC_DEVICE");
	uint64_t count = argc > 1 ? strtoull(argv[argc - 1], NULL, 10) : 0;
	int fd = open(device ? device : "", O_RDWR | O_DIRECT | O_CLOEXEC);

	if (fd < 0 || !count) {
		fprintf(stderr, "usage: records [--careless] COUNT, with "
				"PC_DEVICE\n");
		return 2;
	}
	for (uint64_t i = 1; i <= count; i++)
		if (store(fd, i, i == forgotten(careless, count)))
			return 1;
	return 0;
}

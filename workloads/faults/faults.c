/*
 * faults [--plain] [--init] PATH: writes generations of records, each made
 * durable and then acknowledged. --init: generation 0, and no promise. PATH is a
 * device or a file. --plain: without slot, generation and checksum.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <powercut.h>

#include "record.h"

#define GENERATIONS 2

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int put(int fd, unsigned slot, unsigned generation, int plain)
{
	static struct record r __attribute__((aligned(BLOCK)));

	record_make(&r, slot, generation, plain);
	if (pwrite(fd, &r, sizeof(r), (off_t)slot * BLOCK) !=
	    (ssize_t)sizeof(r))
		return -1;
	return fdatasync(fd);
}

static int promise(int fd, unsigned slot, unsigned generation, int plain)
{
	if (pc_begin("slot %u generation %u", slot, generation) ||
	    put(fd, slot, generation, plain))
		return -1;
	return pc_ack("slot %u generation %u", slot, generation);
}

int main(int argc, char **argv)
{
	int plain = 0, init = 0, fd;
	int i = 1;

	for (; i < argc - 1; i++) {
		plain |= !strcmp(argv[i], "--plain");
		init |= !strcmp(argv[i], "--init");
	}
	fd = open(argv[i], O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail("faults: open");
	for (unsigned slot = 0; init && slot < SLOTS; slot++)
		if (put(fd, slot, 0, plain))
			return fail("faults: write");
	for (unsigned n = SLOTS; !init && n < SLOTS * (GENERATIONS + 1); n++)
		if (promise(fd, n % SLOTS, n / SLOTS, plain))
			return fail("faults: write");
	return close(fd) ? fail("faults: close") : 0;
}

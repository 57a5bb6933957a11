/*
 * faults-check [--plain] [--recover] PATH: whether all promised records are
 * there. --recover: it also writes a block of its own behind them, as an
 * application does that notes its start.
 *
 * A plain store has nothing to check by. All that its check can tell is whether
 * there is a record at all, and it takes what fails for somebody else's
 * business: it skips what it cannot read, and does not look whether its own
 * write went well.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record.h"

static struct record r __attribute__((aligned(BLOCK)));

/* The newest generation of each slot that was acknowledged; setup's is 0. */
static int read_acks(unsigned long long generations[SLOTS])
{
	const char *path = getenv("PC_ACKS");
	FILE *f = path ? fopen(path, "re") : NULL;
	unsigned long long slot, generation;
	char line[128];

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "slot %llu generation %llu", &slot,
			   &generation) == 2 &&
		    slot < SLOTS)
			generations[slot] = generation;
	fclose(f);
	return 0;
}

static int check_record(unsigned slot, unsigned long long promised)
{
	if (r.checksum != record_checksum(&r))
		printf("slot %u is damaged: its checksum is wrong\n", slot);
	else if (r.slot != slot)
		printf("slot %u holds the record of another slot, %llu\n", slot,
		       (unsigned long long)r.slot);
	else if (r.generation < promised)
		printf("slot %u is out of date: generation %llu was promised, "
		       "%llu is there\n", slot, promised,
		       (unsigned long long)r.generation);
	else
		return 0;
	return 1;
}

/* 0: as promised, 1: not */
static int check_slot(int fd, unsigned slot, unsigned long long promised,
		      int plain)
{
	ssize_t n = pread(fd, &r, sizeof(r), (off_t)slot * BLOCK);

	if (n != (ssize_t)sizeof(r)) {
		if (plain)
			return 0;
		printf("slot %u cannot be read: %s\n", slot,
		       n < 0 ? strerror(errno) : "too short");
		return 1;
	}
	if (!plain)
		return check_record(slot, promised);
	if (!r.checksum)
		printf("slot %u is empty\n", slot);
	return !r.checksum;
}

static int note_start(int fd, int plain)
{
	memset(&r, 's', sizeof(r));
	if ((pwrite(fd, &r, sizeof(r), SLOTS * BLOCK) == (ssize_t)sizeof(r) &&
	     !fdatasync(fd)) ||
	    plain)
		return 0;
	printf("the start cannot be noted: %s\n", strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	unsigned long long promised[SLOTS] = { 0 };
	int plain = 0, recover = 0, wrong = 0, fd, i = 1;

	for (; i < argc - 1; i++) {
		plain |= !strcmp(argv[i], "--plain");
		recover |= !strcmp(argv[i], "--recover");
	}
	fd = open(argv[i], O_RDWR | O_DIRECT | O_CLOEXEC);
	if (fd < 0 || read_acks(promised)) {
		perror("faults-check");
		return 2;
	}
	for (unsigned slot = 0; slot < SLOTS && !wrong; slot++)
		wrong = check_slot(fd, slot, promised[slot], plain);
	if (!wrong && recover)
		wrong = note_start(fd, plain);
	return wrong;
}

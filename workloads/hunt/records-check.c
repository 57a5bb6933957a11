/* records-check: every acknowledged record (PC_ACKS) is on the device, as this
 * seed (PC_SEED) makes it. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "record.h"

/* 0: kept, 1: lost, -1: cannot tell. */
static int check_record(int fd, uint64_t number)
{
	static uint64_t want[RECORD_WORDS], have[RECORD_WORDS];

	record_fill(want, workload_seed(), number);
	if (pread(fd, have, sizeof(have),
		  (off_t)record_offset(number, 2)) != (ssize_t)sizeof(have))
		return -1;
	if (!memcmp(have, want, sizeof(want)))
		return 0;
	printf("record %" PRIu64 " was acknowledged and is lost\n", number);
	return 1;
}

int main(void)
{
	const char *device = getenv("PC_DEVICE"), *acks = getenv("PC_ACKS");
	int fd = open(device ? device : "", O_RDONLY | O_CLOEXEC);
	FILE *f = fopen(acks ? acks : "", "re");
	uint64_t number;

	if (fd < 0 || !f) {
		fprintf(stderr, "records-check: no PC_DEVICE or no PC_ACKS\n");
		return 2;
	}
	while (fscanf(f, "REC-%" SCNu64 "\n", &number) == 1) {
		int lost = check_record(fd, number);

		if (lost)
			return lost < 0 ? 2 : 1;
	}
	return 0;
}

/*
 * litmus-check: says the outcome of the test in which the power went, and
 * whether it is allowed (tests.h). PC_ACKS ends with the place of the cut,
 * which must be right behind a mark: `cuts: [ every: mark ]`.
 *
 * What was before that test is complete, what comes behind it is not there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests.h"

static int fail(const char *what, const char *detail)
{
	fprintf(stderr, "litmus-check: %s %s\n", what, detail);
	return 2;
}

/* The last line of PC_ACKS; "" if there is none. */
static int last_ack(char *ret, int size)
{
	const char *path = getenv("PC_ACKS");
	FILE *f = path ? fopen(path, "re") : NULL;

	*ret = '\0';
	if (!f)
		return -1;
	while (fgets(ret, size, f))
		ret[strcspn(ret, "\n")] = '\0';
	fclose(f);
	return 0;
}

static int read_outcome(int fd, size_t test, char *ret)
{
	static struct litmus_block blocks[LITMUS_BLOCKS];

	if (pread(fd, blocks, sizeof(blocks), (off_t)(test * LITMUS_STRIDE)) !=
	    (ssize_t)sizeof(blocks))
		return -1;
	litmus_outcome(test, blocks, ret);
	return 0;
}

/* Only nvme has a FUA of its own (README.md). */
static int bus_flushes(const char *device)
{
	char *path = realpath(device, NULL);
	int flushes = path && strncmp(path, "/dev/nvme", 9);

	free(path);
	return flushes;
}

/* NULL: the place is no cut of the table. */
static const char *allowed_at(size_t test, const char *place, int flushing)
{
	for (int i = 0; i < LITMUS_CUTS; i++) {
		const struct litmus_cut *c = &litmus_tests[test].cuts[i];

		if (c->at && !strcmp(c->at, place))
			return litmus_set(c, flushing);
	}
	return NULL;
}

/* What is allowed of a test, power having gone in test `cut` at `place`. */
static const char *allowed(size_t test, size_t cut, const char *place,
			   int flushing)
{
	const char *set;

	if (test > cut || (test == cut && !strcmp(place, "begin")))
		return "000000" + LITMUS_BLOCKS -
		       litmus_blocks(&litmus_tests[test]);
	set = allowed_at(test, test < cut ? "end" : place, flushing);
	return set ? set : "";
}

static int judge(int fd, size_t cut, const char *place, int flushing)
{
	char outcome[LITMUS_BLOCKS + 1];

	for (size_t test = 0; test < LITMUS_TESTS; test++) {
		const char *set = allowed(test, cut, place, flushing);

		if (read_outcome(fd, test, outcome) < 0)
			return fail("cannot read", litmus_tests[test].name);
		if (test == cut)
			printf("outcome: %s %s %s\n", litmus_tests[test].name,
			       place, outcome);
		if (litmus_allows(set, outcome))
			continue;
		printf("%s: outcome %s, allowed: %s\n",
		       litmus_tests[test].name, outcome, set);
		return 1;
	}
	return 0;
}

int main(void)
{
	const char *device = getenv("PC_DEVICE");
	char ack[128], *place;
	int fd = device ? open(device, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return fail("cannot open", device ? device : "PC_DEVICE");
	if (last_ack(ack, sizeof(ack)) < 0)
		return fail("cannot read", "PC_ACKS");
	place = strchr(ack, ' ');
	if (!place)
		return fail("no test in", "PC_ACKS");
	*place++ = '\0';
	for (size_t test = 0; test < LITMUS_TESTS; test++)
		if (!strcmp(ack, litmus_tests[test].name))
			return judge(fd, test, place, bus_flushes(device));
	return fail("no such test:", ack);
}

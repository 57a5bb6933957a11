/*
 * litmus DEVICE
 *
 * Runs all litmus tests (tests.h) on a raw device, one after the other. Each
 * place to cut at is an ack "TEST PLACE"; "TEST begin" stands before the first
 * step, and a flush behind the last one, so that no test meets another.
 */
#include <powercut.h>

#include "steps.h"

static int place(const struct litmus *t, const char *name, void *unused)
{
	(void)unused;
	if (pc_ack("%s %s", t->name, name) < 0)
		die("cannot mark %s %s", t->name, name);
	return 0;
}

int main(int argc, char **argv)
{
	int fd;

	if (argc != 2) {
		fputs("usage: litmus DEVICE\n", stderr);
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		die("cannot open %s", argv[1]);
	for (size_t test = 0; test < LITMUS_TESTS; test++) {
		place(&litmus_tests[test], "begin", NULL);
		take_steps(fd, test, place, NULL);
		flush(fd);
	}
	return 0;
}

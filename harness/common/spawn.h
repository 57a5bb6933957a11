/* Runs other programs on the host. */
#ifndef COMMON_SPAWN_H
#define COMMON_SPAWN_H

struct buf;
struct error;

/*
 * Runs argv[0] (found through PATH) to its end, with standard input from
 * /dev/null. Its standard output and error are appended to ret_output (may be
 * NULL: thrown away). Returns the exit status 0..255, 128+N for a signal, or
 * -errno where it could not be run. Blocks until it has ended.
 */
int spawn_wait(const char *const argv[], struct buf *ret_output,
	       struct error *e);
/* The same, but its standard error is this process's: it reports progress. */
int spawn_stdout(const char *const argv[], struct buf *ret_output,
		 struct error *e);

#endif

/* How a program is started that has the image as its root, or is watched. */
#ifndef GUEST_ENTER_H
#define GUEST_ENTER_H

#include <sys/types.h>

struct program;
struct watch_line;

/* As program_start(). The calling thread waits until it is executed. */
int enter(const struct program *p, int out, int err,
	  const struct watch_line *watched, pid_t *ret);

#endif

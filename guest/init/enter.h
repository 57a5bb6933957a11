/* How a program is started with the image as its root. */
#ifndef GUEST_ENTER_H
#define GUEST_ENTER_H

#include <sys/types.h>

struct program;

/* As program_start(). The calling thread waits until it is executed. */
int enter_image(const struct program *p, int out, int err, pid_t *ret);

#endif

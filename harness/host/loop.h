/* Loop devices, by system calls of their own (loop(4)). */
#ifndef HOST_LOOP_H
#define HOST_LOOP_H

#include <stdint.h>

struct error;

struct loop {
	int fd;      /* of the block device; -1: none */
	int number;  /* of /dev/loopN */
	char path[32];
};

#define LOOP_NONE { .fd = -1 }

/* Attaches the open file to a free device with this logical block size. The
 * kernel detaches it by itself when nobody has the device open any more, also
 * after a kill -9: whoever mounts it holds it, too. */
int loop_attach(int file, uint32_t block, struct loop *ret, struct error *e);
void loop_detach(struct loop *l);

/* Whether this machine has loop devices, and we may use them. */
int loop_possible(struct error *e);

#endif

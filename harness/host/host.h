/*
 * Judging on the kernel of this machine, without a guest: for those who run as
 * root and trust their kernel. The table of verdicts is that of
 * check/checker.h, with one difference: what hangs is unknown. A state that
 * makes a kernel panic or hang does so to this machine.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "check/ops.h"

struct error;

extern const struct checker_ops checker_on_host;

/* Whether this machine can judge states with that file system (ext4, ..., or
 * none) at all: root, loop devices, bubblewrap, the file system. If not, the
 * error says what to do. Blocks some ms. */
int host_possible(const char *filesystem, struct error *e);
/* Whether the kernel has the file system, or a module for it. */
int host_knows(const char *filesystem);
/* "6.1.0-28-amd64". Borrowed. */
const char *host_kernel(void);

#endif

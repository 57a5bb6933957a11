/* A shell on the console, with job control, again and again. */
#ifndef GUEST_SHELL_H
#define GUEST_SHELL_H

#include <sys/types.h>

/* Forks it. Returns its pid or -errno. */
pid_t shell_start(void);

#endif

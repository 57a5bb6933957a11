/*
 * PID 1 of a sandbox on the host's kernel in place of a guest: the same
 * protocol, over an inherited stream socket (harness/host/sandbox.h starts it).
 */
#ifndef GUEST_SANDBOX_H
#define GUEST_SANDBOX_H

struct error;

/* Whether the command line asks for it: --sandbox FD DEVICE. */
int sandbox_wanted(int argc, char *argv[]);
/* Serves until the controller has gone. The kernel log is that of the whole
 * machine: only lines that name DEVICE (loop3) are passed on. */
int sandbox_run(char *argv[], struct error *e);

#endif

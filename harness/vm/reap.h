/* Ends processes that work on a runtime directory. */
#ifndef VM_REAP_H
#define VM_REAP_H

#include <sys/types.h>

/*
 * Sends SIGKILL to every process whose command line names the folder or
 * something in it, except the caller and `spare` (0: none). Returns how many
 * it found. QEMU that libvirt started is nobody's child, so /proc is the only
 * place to find it; its command line names its sockets. A process that has
 * not executed its program yet is not found: call until it returns 0, and
 * again a little later if processes may just have been started.
 */
int reap_naming(const char *folder, pid_t spare);

/*
 * Repeats it, at most timeout_ms, until nothing is found in `rounds` rounds
 * 50 ms apart. 0, or -EBUSY: something would not die.
 */
int reap_until_gone(const char *folder, pid_t spare, int rounds,
		    int timeout_ms);

#endif

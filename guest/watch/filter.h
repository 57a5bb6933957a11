/*
 * The seccomp filter that stops a watched program at the calls that can change
 * or sync a file (trace/call-table.h), and at few others that the watcher must
 * know of. All other calls run at full speed.
 */
#ifndef GUEST_WATCH_FILTER_H
#define GUEST_WATCH_FILTER_H

#include <stdint.h>

struct sock_fprog;

/* Builds it, once; valid for ever. */
const struct sock_fprog *watch_filter(void);

/* It stops at some of these calls, which are none of the table's. */
int watch_filter_is_other(uint32_t number);

/* In the program's process, before it is executed; it needs CAP_SYS_ADMIN.
 * Nothing but the system call, so also between vfork(2) and execve(2). 0 or
 * a positive errno. */
int watch_filter_install(const struct sock_fprog *filter);

#endif

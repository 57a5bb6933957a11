/* The watcher's process. */
#ifndef GUEST_WATCH_LOOP_H
#define GUEST_WATCH_LOOP_H

#include <stdint.h>

struct record_ring;
struct watch_target;

/* Seizes the program whose pid comes from `tell`, says so to `seized`, and
 * follows it and its children until the last of them is gone or PID 1 says to
 * end (SIGTERM). Never returns. */
__attribute__((noreturn)) void watch_loop(struct record_ring *records,
					  int tell, int seized, uint64_t id,
					  const struct watch_target *target);

#endif

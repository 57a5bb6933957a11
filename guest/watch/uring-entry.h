/* An entry of an io_uring as the system call that does the same. */
#ifndef GUEST_WATCH_URING_ENTRY_H
#define GUEST_WATCH_URING_ENTRY_H

#include <stdint.h>

struct io_uring_sqe;

struct entry_call {
	uint32_t number; /* of the system call; 0: it changes no file */
	uint64_t args[6];
};

/* 1, or 0: nobody knows what it does. */
int entry_call(const struct io_uring_sqe *e, struct entry_call *ret);

#endif

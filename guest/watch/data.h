/* The data of a write, out of the memory of a stopped thread. */
#ifndef GUEST_WATCH_DATA_H
#define GUEST_WATCH_DATA_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DATA_HEAD 64
#define DATA_PIECES 1024 /* as the kernel's UIO_MAXIOV */
#define DATA_HASHED_MAX (16u << 20)

struct proc_stack;

struct data_piece {
	uint64_t address, length;
};

struct data {
	struct data_piece pieces[DATA_PIECES];
	size_t n;
	uint64_t length; /* of all */
};

/* One buffer, or `count` iovecs at an address. 0 or -EFAULT. */
void data_buffer(struct data *d, uint64_t address, uint64_t length);
int data_vector(struct data *d, pid_t tid, uint64_t address, uint64_t count);

/* XXH3-64 of the first `length` bytes, and how they begin. 0: not taken: too
 * much, not readable, or nothing. The stack is read along with them, if it is
 * not NULL and they are read at all. */
uint64_t data_hash(const struct data *d, pid_t tid, uint64_t length,
		   unsigned char head[DATA_HEAD], uint32_t *ret_head_length,
		   struct proc_stack *stack);

#endif

/*
 * How a frame of the stack is left: call frame information as compilers write it
 * into .eh_frame (DWARF 5, 6.4; LSB 5.0, 10.6).
 */
#ifndef GUEST_WATCH_UNWIND_H
#define GUEST_WATCH_UNWIND_H

#include <stddef.h>
#include <stdint.h>

/* System V ABI, AMD64, figure 3.36: rax rdx rcx rbx rsi rdi rbp rsp r8..r15, the
 * address to return to. */
#define UNWIND_REGISTERS 17
#define UNWIND_RBP 6
#define UNWIND_RSP 7
#define UNWIND_RETURN 16

struct unwind_function {
	uint64_t start, end; /* addresses as linked */
	size_t at; /* of its description in .eh_frame */
};

struct unwind_table {
	unsigned char *data; /* .eh_frame, owned; NULL: there is none */
	size_t size;
	uint64_t address; /* of data, as linked */
	struct unwind_function *list; /* by address */
	size_t n;
};

enum unwind_rule {
	UNWIND_SAME, /* the register is as it was */
	UNWIND_AT,   /* the caller's stands at an offset from the frame */
	UNWIND_LOST, /* it is not known */
};

/* The frame begins at the value of a register plus an offset. */
struct unwind_row {
	uint8_t frame_register;
	uint8_t rules[UNWIND_REGISTERS]; /* enum unwind_rule */
	int64_t frame_offset;
	int64_t offsets[UNWIND_REGISTERS];
};

/* Takes over data. What cannot be read is left out. */
void unwind_table_init(struct unwind_table *t, unsigned char *data,
		       size_t size, uint64_t address);
void unwind_table_release(struct unwind_table *t);
/* The row for the instruction at an address, as linked. 0; -ENOENT: no function is
 * described there; -ENOTSUP: in a way that is not understood. */
int unwind_find(const struct unwind_table *t, uint64_t address,
		struct unwind_row *ret);

#endif

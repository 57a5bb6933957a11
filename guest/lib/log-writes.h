/* Marks in the log of Linux's dm-log-writes, for recordings without a drive of
 * powercut's. */
#ifndef LOG_WRITES_H
#define LOG_WRITES_H

#include <stddef.h>
#include <stdint.h>

/* A sector of the log that is smallest, less the entry and a NUL: what is
 * longer the kernel cuts off without a word. */
#define LOG_WRITES_TEXT_MAX 479

/*
 * The message that makes the mark: "mark " and the text as powercut import
 * reads it ("begin:TEXT", "ack:TEXT", else TEXT, with "mark:" before it where it
 * could be taken for another kind), quoted for the device mapper.
 * kind: KIND_* of powercut.c. Returns its length, or -1 with EMSGSIZE.
 */
int log_writes_message(uint32_t kind, const char *text, char *ret,
		       size_t size);

/* Sends it to the device of that name; 0, or -1 with errno. */
int log_writes_mark(const char *device, uint32_t kind, const char *text);

#endif

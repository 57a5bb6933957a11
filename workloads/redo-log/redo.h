/* What the writer and the recovery agree on: a log of records, and a table with
 * one slot per record, into which the log is replayed. */
#ifndef REDO_H
#define REDO_H

#include <stdint.h>

#define SLOTS 64
#define LOG_NAME "redo.log"
#define TABLE_NAME "table"

struct redo_record {
	uint32_t number; /* 1 .. SLOTS: the slot */
	uint32_t value;
	uint32_t sum; /* redo_sum() of the two */
	uint32_t zero;
};

static inline uint32_t redo_value(uint32_t number)
{
	return number * 2654435761u;
}

static inline uint32_t redo_sum(const struct redo_record *r)
{
	return (r->number ^ 0x5ca1ab1eu) * 31 + r->value;
}

#endif

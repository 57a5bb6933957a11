/*
 * The verdict on a store, through a function that reads one entry of it.
 *
 * It must be what some number n of transactions makes (txn.h), every one
 * whole, and n must not be below the last that was acknowledged. What was begun
 * and not acknowledged may be there whole, or not at all.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "txn.h"

/* Copies the entry to value, NUL-terminated, and returns its length, or -1 when
 * there is none. Ends the program when the store cannot be read. */
typedef long entry_reader(void *store, const char *key,
			  char value[VALUE_LEN + 1]);

/* 1 when the row is there, 0 when not; other content is a violation. */
static inline int row_found(entry_reader *get, void *store, unsigned int n,
			    unsigned int row)
{
	char key[KEY_MAX], value[VALUE_LEN + 1], expect[VALUE_LEN + 1];
	long len;

	key_make(n, row, key);
	len = get(store, key, value);
	if (len < 0)
		return 0;
	value_make(n, row, expect);
	if (len != VALUE_LEN || memcmp(value, expect, VALUE_LEN))
		pc_end(1, "corrupt: entry %s has wrong content", key);
	return 1;
}

static inline unsigned int read_newest(entry_reader *get, void *store)
{
	char value[VALUE_LEN + 1], again[16];
	unsigned int n;

	if (get(store, NEWEST, value) < 0)
		return 0;
	if (sscanf(value, "%5u", &n) == 1 && n <= TXN_MAX) {
		snprintf(again, sizeof(again), "%u", n);
		if (!strcmp(value, again))
			return n;
	}
	pc_end(1, "corrupt: the newest transaction is '%.16s'", value);
}

static inline void __attribute__((noreturn))
judge(entry_reader *get, void *store, unsigned int acked)
{
	unsigned int newest = read_newest(get, store);

	for (unsigned int n = 1; n <= TXN_MAX; n++) {
		for (unsigned int row = 0; row < ROWS; row++) {
			int found = row_found(get, store, n, row);

			if (n <= newest && !found)
				pc_end(1,
				       "corrupt: row %u of transaction %u of "
				       "%u is missing",
				       row, n, newest);
			if (n > newest && found)
				pc_end(1,
				       "corrupt: a row of transaction %u, and "
				       "the newest is %u",
				       n, newest);
		}
	}
	if (newest < acked)
		pc_end(1,
		       "lost: the newest transaction is %u, %u was "
		       "acknowledged",
		       newest, acked);
	pc_end(0, "%u transactions, %u acknowledged, all whole", newest, acked);
}

#endif

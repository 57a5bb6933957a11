/*
 * What the store holds after n transactions follows from n alone, so the check
 * can compare every value.
 *
 * Transaction n (from 1) adds ROWS entries "n/row" and sets the entry "newest"
 * to n: new and older pages in one transaction.
 */
#ifndef TXN_H
#define TXN_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <powercut-check.h>

#define ROWS 3
#define KEY_MAX 16
#define VALUE_LEN 600
#define TXN_MAX 99
#define NEWEST "newest"

/* The key of row `row` of transaction n. */
static inline void key_make(unsigned int n, unsigned int row, char key[KEY_MAX])
{
	snprintf(key, KEY_MAX, "%03u/%u", n % 1000, row % 10);
}

/* Its value: VALUE_LEN bytes and a NUL behind them. */
static inline void value_make(unsigned int n, unsigned int row,
			      char value[VALUE_LEN + 1])
{
	int head = snprintf(value, VALUE_LEN, "txn %u row %u ", n, row);
	uint64_t word = n * 0x9e3779b97f4a7c15ULL + row;

	for (int i = head; i < VALUE_LEN; i++) {
		word = word * 6364136223846793005ULL + 1442695040888963407ULL;
		value[i] = (char)('a' + (word >> 33) % 26);
	}
	value[VALUE_LEN] = '\0';
}

/* The highest acknowledged transaction ($PC_ACKS), 0 when there is none. */
static inline unsigned int last_acked(void)
{
	return pc_last_acked("txn", TXN_MAX);
}

/* Where the store's files are: DIR/NAME. */
static inline const char *path_in(const char *dir, const char *name)
{
	static char path[4096];

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >=
	    (int)sizeof(path))
		pc_end(2, "the path of %s is too long", name);
	return path;
}

#endif

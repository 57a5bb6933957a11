/*
 * The verdict on a store, through a function that reads one entry of it.
 *
 * Every put up to the last acknowledged one must be there, and where a put is
 * there, those before it must be, too. What was begun and not acknowledged may
 * be there whole, or not at all.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "puts.h"

/* Copies the entry to value and returns its length, VALUE_LEN + 1 when it is
 * longer, or -1 when there is none. Ends the program when the store cannot be
 * read. */
typedef long entry_reader(void *store, const char *key,
			  char value[VALUE_LEN + 1]);

/* 1 when the put is there, 0 when not; other content is a violation. */
static inline int put_found(entry_reader *get, void *store, unsigned int n)
{
	char key[KEY_MAX], value[VALUE_LEN + 1], expect[VALUE_LEN + 1];
	long len;

	key_make(n, key);
	len = get(store, key, value);
	if (len < 0)
		return 0;
	value_make(n, expect);
	if (len != VALUE_LEN || memcmp(value, expect, VALUE_LEN))
		pc_end(1, "corrupt: %s has wrong content", key);
	return 1;
}

static inline void __attribute__((noreturn))
judge(entry_reader *get, void *store, unsigned int acked)
{
	unsigned int missing = 0, last = 0;

	for (unsigned int n = 1; n <= PUT_MAX; n++) {
		if (put_found(get, store, n))
			last = n;
		else if (!missing)
			missing = n;
	}
	if (missing < last && missing <= acked)
		pc_end(1,
		       "lost, with a hole: put %u is missing and put %u is "
		       "there, all up to %u were acknowledged",
		       missing, last, acked);
	if (missing < last)
		pc_end(1, "hole: put %u is missing and put %u is there",
		       missing, last);
	if (missing <= acked)
		pc_end(1, "lost: the last put is %u, %u was acknowledged", last,
		       acked);
	pc_end(0, "%u puts, %u acknowledged, all whole", last, acked);
}

#endif

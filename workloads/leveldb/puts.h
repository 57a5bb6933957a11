/*
 * What the store holds after n puts follows from n alone, so the check can
 * compare every value. Put n (from 1) stores one entry, of a size that fills
 * the write buffer (64 KiB, LevelDB's smallest) with ten of them.
 */
#ifndef PUTS_H
#define PUTS_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <powercut-check.h>

#define KEY_MAX 16
#define VALUE_LEN 6000
#define PUT_MAX 99

/* The key of put n. */
static inline void key_make(unsigned int n, char key[KEY_MAX])
{
	snprintf(key, KEY_MAX, "put %03u", n % 1000);
}

/* Its value: VALUE_LEN bytes and a NUL behind them. */
static inline void value_make(unsigned int n, char value[VALUE_LEN + 1])
{
	int head = snprintf(value, VALUE_LEN, "value of put %u ", n);
	uint64_t word = n * 0x9e3779b97f4a7c15ULL;

	for (int i = head; i < VALUE_LEN; i++) {
		word = word * 6364136223846793005ULL + 1442695040888963407ULL;
		value[i] = (char)('a' + (word >> 33) % 26);
	}
	value[VALUE_LEN] = '\0';
}

/* The highest acknowledged put ($PC_ACKS), 0 when there is none. */
static inline unsigned int last_acked(void)
{
	return pc_last_acked("put", PUT_MAX);
}

#endif

/*
 * Binary search among elements that ascend by a number of theirs: a position, a
 * time, an offset.
 */
#ifndef COMMON_ASCENDING_H
#define COMMON_ASCENDING_H

#include <stddef.h>
#include <stdint.h>

/* How many of the n elements have a key below the bound. keys: that of the first
 * one, stride: bytes from one to the next. */
static inline size_t keys_below(const uint64_t *keys, size_t stride, size_t n,
				uint64_t bound)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *at = (const char *)keys + middle * stride;

		if (*(const uint64_t *)(const void *)at < bound)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How many have one that is not above `last`. */
static inline size_t keys_until(const uint64_t *keys, size_t stride, size_t n,
				uint64_t last)
{
	return last == UINT64_MAX ? n : keys_below(keys, stride, n, last + 1);
}

/* The first three arguments, for an array and a uint64_t member of its elements.
 * The array may be NULL where n, which is asked for twice, is 0. */
#define KEYS_OF(array, n, member)                                              \
	((n) ? &(array)->member : NULL), sizeof(*(array)), (n)

#endif

/*
 * What the file holds after n puts follows from n alone, so the check can
 * compare every value. Put n (from 1) appends ROWS numbers to a dataset.
 */
#ifndef PUTS_H
#define PUTS_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <powercut-check.h>

#define FILE_NAME "data.h5"
#define TMP_NAME "data.tmp"
#define DATASET "numbers"
#define ROWS 64
#define CHUNK 32
#define PUT_MAX 99

/* Number i of the dataset, from 0. */
static inline int64_t number_make(uint64_t i)
{
	return (int64_t)((i + 1) * 0x9e3779b97f4a7c15ULL);
}

/* The highest acknowledged put ($PC_ACKS), 0 when there is none. */
static inline unsigned int last_acked(void)
{
	return pc_last_acked("put", PUT_MAX);
}

#endif

/*
 * What the file holds after n puts follows from n alone, so the check can
 * compare every value. Put n (from 1) appends ROWS numbers to a dataset.
 */
#ifndef PUTS_H
#define PUTS_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Says why on the last line and ends; 0: held, 1: violated, 2: unknown. */
static inline void __attribute__((noreturn, format(printf, 2, 3)))
end(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(status);
}

/* The highest acknowledged put ($PC_ACKS), 0 when there is none. */
static inline unsigned int last_acked(void)
{
	const char *acks = getenv("PC_ACKS");
	unsigned int n, last = 0;
	char line[64];
	FILE *f;

	if (!acks)
		end(2, "PC_ACKS is not set");
	f = fopen(acks, "r");
	if (!f)
		end(2, "cannot open %s: %s", acks, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "put %5u", &n) != 1 || n < 1 || n > PUT_MAX)
			end(2, "a line in %s is no put: %s", acks,
			    line);
		if (n > last)
			last = n;
	}
	if (ferror(f))
		end(2, "cannot read %s: %s", acks, strerror(errno));
	fclose(f);
	return last;
}

#endif

/*
 * What the store holds after n puts follows from n alone, so the check can
 * compare every value. Put n (from 1) stores one entry, of a size that fills
 * the smallest write buffer (64 KiB) with ten of them.
 */
#ifndef PUTS_H
#define PUTS_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/*
 * One record of the log: a line whose content follows from its number, so
 * that the check can rebuild it and compare byte for byte.
 *
 *   COMMIT: TXN-00001 <payload> <FNV-1a of all before, 16 hex digits>\n
 *
 * The payload is long enough that a dozen records cross the boundary of a
 * 4096-byte block.
 */
#ifndef APPEND_LOG_RECORD_H
#define APPEND_LOG_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define LOG_NAME "txn.log"
#define PAYLOAD_LEN 400
#define RECORD_MAX 512 /* a record with its newline and a NUL */
#define SLOT 4096       /* bytes, of one record that is written directly */
#define TXN_MAX 99999  /* the name has five digits */

/* http://www.isthe.com/chongo/tech/comp/fnv/ */
static inline uint64_t fnv1a(const char *data, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)data[i]) * 0x100000001b3ULL;
	return hash;
}

/* Writes record n into line, NUL-terminated; returns its length. */
static inline size_t record_make(unsigned int n, char line[RECORD_MAX])
{
	size_t len = (size_t)snprintf(line, RECORD_MAX, "COMMIT: TXN-%05u ", n);
	uint64_t word = fnv1a(line, len);

	for (int i = 0; i < PAYLOAD_LEN; i++) {
		word = word * 6364136223846793005ULL + 1442695040888963407ULL;
		line[len++] = (char)('a' + (word >> 33) % 26);
	}
	len += (size_t)snprintf(line + len, RECORD_MAX - len, " %016llx\n",
				(unsigned long long)fnv1a(line, len));
	return len;
}

#endif

/*
 * One version of the file: three blocks whose content follows from the
 * version's number, so that the check can rebuild and compare it.
 *
 *   version 7\n, filler, FNV-1a of all before as 16 hex digits and \n
 */
#ifndef REPLACE_FILE_VERSION_H
#define REPLACE_FILE_VERSION_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define FILE_NAME "settings"
#define TMP_NAME "settings.tmp"
#define VERSION_SIZE (3 * 4096)
#define VERSION_MAX 99999
#define TRAILER_LEN 17

/* http://www.isthe.com/chongo/tech/comp/fnv/ */
static inline uint64_t fnv1a(const char *data, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)data[i]) * 0x100000001b3ULL;
	return hash;
}

/* Room for a NUL behind it, which is not part of the file. */
static inline void version_make(unsigned int n, char data[VERSION_SIZE + 1])
{
	int head = snprintf(data, VERSION_SIZE, "version %u\n", n);
	uint64_t word = fnv1a(data, (size_t)head);

	for (int i = head; i < VERSION_SIZE - TRAILER_LEN; i++) {
		word = word * 6364136223846793005ULL + 1442695040888963407ULL;
		data[i] = (char)('a' + (word >> 33) % 26);
	}
	snprintf(data + VERSION_SIZE - TRAILER_LEN, TRAILER_LEN + 1,
		 "%016llx\n", (unsigned long long)
		 fnv1a(data, VERSION_SIZE - TRAILER_LEN));
}

#endif

/*
 * Backup n follows from n alone, so the check can compare every byte. The
 * archive holds the last backup: a tar of one file, or its text compressed.
 */
#ifndef BACKUP_H
#define BACKUP_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <powercut-check.h>

#define GZ_NAME "backup.gz"
#define TMP_NAME "backup.tmp"
#define TEXT_LEN 20000
#define BACKUP_MAX 99

/* The text of backup n; it compresses badly. */
static inline void text_make(unsigned int n, char text[TEXT_LEN + 1])
{
	int head = snprintf(text, TEXT_LEN, "backup %u\n", n);
	uint64_t word = n * 0x9e3779b97f4a7c15ULL;

	for (int i = head; i < TEXT_LEN; i++) {
		word = word * 6364136223846793005ULL + 1442695040888963407ULL;
		text[i] = (char)(' ' + (word >> 33) % 95);
	}
	text[TEXT_LEN] = '\0';
}

/* The last acknowledged backup ($PC_ACKS), 0 when there is none. */
static inline unsigned int last_acked(void)
{
	return pc_last_acked("backup", BACKUP_MAX);
}

#endif

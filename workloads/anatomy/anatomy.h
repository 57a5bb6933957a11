/* What anatomy writes and its check looks for. */
#ifndef ANATOMY_H
#define ANATOMY_H

#include <stdio.h>
#include <string.h>

/* A record is a block, so that it can be written with O_DIRECT. */
#define RECORD_SIZE 4096
#define RECORDS 3
/* Of the file that stands there before. */
#define FILE_SIZE (64 * RECORD_SIZE)

/* Record n of a layer: its tag, "<buffer 1>", all over. The tag is found in the
 * drive's log and on the media wherever the record has come. */
static inline void record_make(const char *layer, unsigned int n, char *record)
{
	char tag[32];
	int len = snprintf(tag, sizeof(tag), "<%s %u>", layer, n);

	for (int i = 0; i < RECORD_SIZE; i++)
		record[i] = i % 64 < len ? tag[i % 64] :
			    i % 64 == 63 ? '\n' : '.';
}

/* Where record n stands in the file of all layers but journal's. */
static inline long record_offset(unsigned int n)
{
	return (long)(n - 1) * RECORD_SIZE;
}

#endif

/* What uring-log writes and its check looks for. */
#ifndef URING_LOG_RECORD_H
#define URING_LOG_RECORD_H

#include <stdio.h>
#include <string.h>

#define LOG_NAME "log"
#define RECORD_SIZE 4096 /* bytes: a block, as O_DIRECT wants it */
#define RECORD_LINE 64	 /* bytes */
#define RECORD_KIND "REC-"
#define RECORDS_MAX 1000

/* Record n: lines that begin with its name, "REC-3 ", and count themselves, so
 * that each byte follows from n and a torn record is not taken for a whole. */
static inline void record_make(unsigned int n, char record[RECORD_SIZE])
{
	char head[RECORD_LINE];

	memset(record, '.', RECORD_SIZE);
	for (unsigned int i = 0; i < RECORD_SIZE / RECORD_LINE; i++) {
		char *line = record + i * RECORD_LINE;
		int len = snprintf(head, sizeof(head), RECORD_KIND "%u %02u ",
				   n, i);

		memcpy(line, head, (size_t)len);
		line[RECORD_LINE - 1] = '\n';
	}
}

/* Where record n, from 1, stands in the log. */
static inline long record_offset(unsigned int n)
{
	return (long)(n - 1) * RECORD_SIZE;
}

#endif

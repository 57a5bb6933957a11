/*
 * A batch: the sequences of one recording. Both programs get the same words and
 * so the same sequences:
 *
 *	[--lie] [--strict] --text TEXT FOLDER
 *	[--lie] [--strict] --suite ace-seq1 --pick 0,1,7 FOLDER
 *
 * Each has a directory of its own name in the folder. Marks: when a sequence
 * begins, "NAME [ITS OPERATIONS]"; behind its k-th persistence point an ack
 * "NAME#k OPERATION"; when all are done and synced, an ack ACE_END_TEXT.
 */
#ifndef GUEST_ACE_BATCH_H
#define GUEST_ACE_BATCH_H

#include <stddef.h>

#include "ace/sequence.h"
#include "common/error.h"

#define ACE_END_TEXT "all sequences"

struct batch {
	const char *folder;
	struct ace_sequence *sequences; /* owned */
	size_t n;
	int lie;    /* acknowledges without syncing: to test the judge */
	int strict; /* judge.h */
};

int batch_read(int argc, char **argv, struct batch *ret, struct error *e);
void batch_release(struct batch *b);
/* The sequence of a begin or an ack line; NULL: none of them. An ack's number
 * goes to ret_point, 0 with a begin. */
const struct ace_sequence *batch_find(const struct batch *b, const char *line,
				      unsigned *ret_point);

#endif

/*
 * A batch: the sequences of one recording. Both programs get the same words and
 * so the same sequences:
 *
 *	[--lie] [--strict] [--here] --text TEXT FOLDER
 *	[--lie] [--strict] [--here] --suite ace-seq1 --pick 0,1,7 FOLDER
 *
 * Each has a directory of its own name in the folder. With --here there is but one
 * sequence, and the folder is its directory: the root of the file system. Marks: when a sequence
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
	int here;
};

int batch_read(int argc, char **argv, struct batch *ret, struct error *e);
void batch_release(struct batch *b);
/* The sequence's directory; caller frees. */
char *batch_folder(const struct batch *b, const struct ace_sequence *s);
/* The sequence of a begin or an ack line; NULL: none of them. An ack's number
 * goes to ret_point, 0 with a begin. */
const struct ace_sequence *batch_find(const struct batch *b, const char *line,
				      unsigned *ret_point);

#endif

/*
 * Whether a directory, as it was found after a crash, is one that the model
 * allows.
 */
#ifndef ACE_JUDGE_H
#define ACE_JUDGE_H

#include "ace/model.h"

struct buf;

#define ACE_SEEN_MAX 64

struct ace_seen_attr {
	char name[ACE_PATH_MAX]; /* without "user." */
	char value[ACE_PATH_MAX];
};

/* One entry of a directory. */
struct ace_seen_entry {
	int parent; /* entry, ACE_SEEN_ROOT: the sequence's own directory */
	char name[ACE_PATH_MAX];
	uint64_t number; /* st_ino: entries with the same are one file */
	enum ace_type type;
	uint64_t links; /* st_nlink */
	uint32_t size;
	unsigned char *bytes; /* of a file, size of them; owned */
	char target[ACE_PATH_MAX];
	struct ace_seen_attr attrs[ACE_ATTRS_MAX];
	size_t n_attrs;
};
#define ACE_SEEN_ROOT (-1)

struct ace_seen {
	struct ace_seen_entry entries[ACE_SEEN_MAX];
	size_t n;
};
void ace_seen_release(struct ace_seen *s);

/* 0: allowed. 1: not, and why, on one line: of the closest explanation. strict:
 * with rule 7 for files, too. */
int ace_judge(const struct ace_model *m, const struct ace_seen *seen,
	      int strict, struct buf *why);

#endif

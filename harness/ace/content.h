/* The inside of a file, compared: part of judge.c. */
#ifndef ACE_CONTENT_H
#define ACE_CONTENT_H

#include "ace/judge.h"

/* 1: the entry can be this inode. Else why gets "has 0 bytes, not 4096". */
int ace_content_fits(const struct ace_model *m, int inode,
		     const struct ace_seen_entry *s, struct buf *why);

#endif

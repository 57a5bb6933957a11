/* A directory as it is on the disk, for the judge. */
#ifndef GUEST_ACE_SCAN_H
#define GUEST_ACE_SCAN_H

#include "ace/judge.h"
#include "common/error.h"

/* 0, or -errno with which file could not be read: corruption shows as that.
 * ext4's lost+found is not seen. */
int scan(const char *folder, struct ace_seen *ret, struct error *e);
/*
 * Whether it is of use: in each directory a file can be made and removed, then
 * everything removed, the folder last if it is `removable`. Returns 0, or -errno
 * and which call failed. What is there before is gone behind.
 */
int use_up(const char *folder, const struct ace_seen *seen, int removable,
	   struct error *e);

#endif

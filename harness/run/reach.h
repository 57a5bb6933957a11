/*
 * Reach: between what a cut fell. Told per cut, so that a run can say that it
 * was where losses are made, and a scenario can require it.
 *
 *   between-begin-and-ack    something was begun and not acknowledged
 *   between-write-and-flush  a write could be lost: no flush, FUA or destaging
 *                            had made it durable
 *   inside-journal-commit    the file system's journal was being written, and
 *                            what makes it count was not durable yet
 *   inside-recovery          the recording is that of a recovery (nested cuts)
 *
 * Inside a journal commit. ext4's journal (jbd2, include/linux/jbd2.h) writes
 * each transaction as descriptor and revoke blocks, the data, and a commit block;
 * each begins with the magic c03b3998, its type and the transaction's sequence
 * number, all big-endian, and data that begins with the magic is escaped. So the
 * commit lasts from the first command that carried such a block of a sequence
 * until the one that carried its commit block is durable. The blocks are looked
 * for in the data that was logged, at each 1 KiB of the disk: the smallest block
 * of the file system.
 *
 * Other file systems are not parsed. There the commit is a barrier under way: a
 * write with FUA that was submitted and is not durable (XFS writes its log, btrfs
 * its superblock and f2fs its checkpoint so), or a flush that was submitted and has not completed.
 * The raw device has no journal.
 */
#ifndef RUN_REACH_H
#define RUN_REACH_H

#include "drive/history.h"
#include "run/plan.h"
#include "scenario/scenario.h"
#include "states/states.h"

struct error;
struct reach_map;

/* type: of the file system. Reads the log where that is ext4. */
int reach_new(const struct history *h, const struct state_space *s,
	      const char *type, struct reach_map **ret, struct error *e);
void reach_free(struct reach_map *r); /* NULL is allowed */
/* Bits 1 << enum reach. */
unsigned reach_at(const struct reach_map *r, const struct plan_cut *c,
		  int is_recovery);

#endif

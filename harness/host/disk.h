/*
 * A block device of this machine that shows crash states, one after another:
 * a loop device over memory. The argument why each state is exact is in
 * disk.c.
 *
 * Not thread-safe. The files of a subject are those of drive_load
 * (drive/drive.h), so are the patches.
 */
#ifndef HOST_DISK_H
#define HOST_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "drive/drive.h"

struct error;
struct host_disk;

enum host_tracing { HOST_TRACE, HOST_COMPARE };

struct host_disk_config {
	uint64_t size;  /* bytes */
	uint32_t block; /* logical block size, bytes */
	enum host_tracing tracing; /* where the kernel can, or never */
	const char *owner; /* runtime directory: whose device it is, for a
			    * person who looks at losetup -a */
};

/* Until host_disk_load it is all zeroes. Takes the content of the disk, as far
 * as it is not zeroes, twice in memory. */
int host_disk_create(const struct host_disk_config *c, struct host_disk **ret,
		     struct error *e);
/* The device goes with the last one that has it open. NULL is allowed. */
void host_disk_free(struct host_disk *d);
/* /dev/loop3, and its name. Borrowed. */
const char *host_disk_path(const struct host_disk *d);
const char *host_disk_name(const struct host_disk *d);

/* Both: nobody may have the device mounted, and what was written to it must
 * have been flushed (fsync, BLKFLSBUF). What was written since the last of
 * these calls is undone. -ESTALE: old pages of the device stay cached, it must
 * not be used any more. */
int host_disk_load(struct host_disk *d, const char *base, const char *log,
		   const char *units, uint32_t unit_size, struct error *e);
int host_disk_show(struct host_disk *d, const struct patch *patches, size_t n,
		   struct error *e);

/* How the writes of the last state were found: traced, or by comparing. */
int host_disk_traced(const struct host_disk *d);
/* Why not traced, "" if they are. Borrowed. */
const char *host_disk_untraced_reason(const struct host_disk *d);

#endif

/*
 * The disk in a guest as the scenario wants it: file system made, mounted,
 * recovered after a power cut, checked. scenario/filesystem.h says how. Without
 * a file system (type: none) each does nothing and returns 0.
 *
 * All block; errors as of vm/agent.h.
 */
#ifndef RECORD_DISK_H
#define RECORD_DISK_H

#include "scenario/filesystem.h"
#include "vm/agent.h"

struct error;
struct scenario;

#define DISK_DEVICE "/dev/powercut-disk"
#define DISK_MOUNT "/mnt"

/* The argv of mkfs. options: see filesystem_argv(). */
#define DISK_WORDS 48
void disk_mkfs_argv(const struct scenario *s, char *options,
		    const char *ret[DISK_WORDS]);

/* A file system that was just made, or that needs no recovery. */
int disk_mount(struct agent *a, const struct scenario *s, struct error *e);
/* Also where nothing is mounted: drops what the page cache holds. */
int disk_umount(struct agent *a, const struct scenario *s, struct error *e);

/* What a program of the file system said, and all of its output. */
struct disk_report {
	const char *program; /* NULL: none was run */
	enum fsck_said said;
	struct agent_result result;
};
void disk_report_free(struct disk_report *r);

/* Repairs as a machine does at boot, where the type has a repair and the
 * scenario wants fsck. Before the mount. */
int disk_repair(struct agent *a, const struct scenario *s,
		struct disk_report *ret, struct error *e);
/* The argv that checks without writing, for FRAME_JUDGE; there must be a file
 * system. */
void disk_check_argv(const struct scenario *s, const char *ret[DISK_WORDS]);
/* What it said with this result, which stays the caller's to free. */
struct disk_report disk_checked(const struct scenario *s,
				const struct agent_result *result);
/* The line that says what is wrong; "" if there is none. Caller frees. */
char *disk_complaint(const struct scenario *s, const struct disk_report *r);

/* Repairs and mounts, and that must work: for a shell, for a recording of the
 * recovery. -EUCLEAN: it cannot be repaired. */
int disk_recover(struct agent *a, const struct scenario *s, struct error *e);

#endif

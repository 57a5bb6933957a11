/*
 * The file systems that a scenario may name: how each is made, recovered after
 * a power cut and checked. One table, for all who make, mount or judge one.
 *
 * Nothing here runs anything: in the guest record/disk.h does.
 */
#ifndef SCENARIO_FILESYSTEM_H
#define SCENARIO_FILESYSTEM_H

#include <stdint.h>

struct buf;

/* What a checking program's exit status and output say of a file system. */
enum fsck_said {
	FSCK_CLEAN,
	FSCK_ERRORS,  /* it is damaged */
	FSCK_TROUBLE, /* nothing: the program itself failed */
};

/* One program: its words, to which the device is appended, and its answer. */
struct fsck {
	const char *const *words; /* NULL-terminated; NULL: there is none */
	/* status: of an exit; signals and time limits are trouble, and the
	 * caller's. out: both streams. */
	enum fsck_said (*said)(int status, const char *out);
};

struct filesystem {
	const char *type; /* in the scenario and for mount(2) */
	/* Of the drive, in bytes: without a drive.size, and at least. */
	uint64_t size_default, size_min;
	/* With one of these words in filesystem.mkfs another minimum holds;
	 * NULL: there are none. */
	const char *const *small_words;
	uint64_t small_min;
	const char *small_hint; /* the one to use, or NULL */
	/* The program and its own words, before the scenario's. */
	const char *const *mkfs;
	/*
	 * What a machine does before the mount when it boots after a power cut,
	 * where the mount alone does not recover: a file system without a
	 * journal. Ask filesystem_repair().
	 */
	struct fsck repair;
	/* Only where filesystem.mkfs has this in it; NULL: always. */
	const char *repair_with;
	/* After recovery and unmount; never writes. */
	struct fsck check;
	/* How lines begin that say nothing of damage; NULL-terminated. */
	const char *const *chatter;
	const char *fine; /* what such lines may also have in them, or NULL */
};

/* NULL: not known, or "none". */
const struct filesystem *filesystem_find(const char *type);
/* The types there are, and none, for a message: "ext4, ... or none". Static. */
const char *filesystem_types(void);

/* The repair before the mount of one made with these mkfs options, or NULL. */
const struct fsck *filesystem_repair(const struct filesystem *fs,
				     const char *mkfs);

/* The least drive, in bytes, for these mkfs options. */
uint64_t filesystem_size_min(const struct filesystem *fs, const char *mkfs);

/*
 * `words`, then the blank separated `options`, then `device`, as an argv.
 * `options` is split in place and lives as long as the result; what does not
 * fit in max words, device and NULL included, is left out.
 */
void filesystem_argv(const char *const *words, char *options,
		     const char *device, const char **ret, unsigned max);

/* The first line of a program's output that is no chatter; "" if there is
 * none. Caller frees. */
char *filesystem_complaint(const struct filesystem *fs, const char *out);

#endif

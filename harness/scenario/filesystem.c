/*
 * The table. Where the manual of a program leaves open whether a status tells
 * of damage or of its own trouble, its output decides, and trouble is assumed
 * when that says nothing: a verdict needs a complaint about the file system.
 *
 * What "recovered" means differs:
 * - ext4, xfs and btrfs recover in the mount (journal, log, tree of the last
 *   commit and its log tree). They need no repair, and a check after it that
 *   finds errors has found a fault.
 * - f2fs recovers in the mount, too: it goes back to the last checkpoint and rolls
 *   forward over the nodes that were fsynced since (kernel: f2fs/recovery.c).
 * - ext2, vfat and ext4 made with -O ^has_journal have no journal. After a cut they are inconsistent by design,
 *   and what a machine does at boot is part of the recovery: fsck(8) with -a,
 *   which repairs without asking whatever is safe to, or else stops the boot.
 */
#include "scenario/filesystem.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "common/buf.h"
#include "common/text.h"

#define MiB (1ULL << 20)
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* e2fsck(8): a sum of 1 and 2, errors corrected; 4, errors left; 8 and up,
 * operational trouble. */
static enum fsck_said e2fsck_said(int status, const char *out)
{
	(void)out;
	if (status == 0)
		return FSCK_CLEAN;
	return status == 4 ? FSCK_ERRORS : FSCK_TROUBLE;
}

static enum fsck_said e2fsck_repaired(int status, const char *out)
{
	return e2fsck_said(status & ~3, out);
}

/* xfs_repair(8): with -n 1 is corruption, or else a runtime error, which it
 * calls fatal (xfsprogs, repair/xfs_repair.c: do_error()). */
static enum fsck_said xfs_repair_said(int status, const char *out)
{
	if (status == 0)
		return FSCK_CLEAN;
	return status == 1 && !strstr(out, "fatal error -- ") ? FSCK_ERRORS :
								FSCK_TROUBLE;
}

/* btrfs-check(8): not 0 is any failure. Its last word tells whether it came
 * to an end (btrfs-progs, check/main.c: cmd_check()). */
static enum fsck_said btrfs_check_said(int status, const char *out)
{
	if (status == 0)
		return FSCK_CLEAN;
	return status == 1 && strstr(out, "error(s) found") ? FSCK_ERRORS :
							      FSCK_TROUBLE;
}

/* fsck.fat(8): 1, recoverable errors found; 2, usage; more is its own. */
static enum fsck_said fsck_fat_said(int status, const char *out)
{
	(void)out;
	if (status == 0)
		return FSCK_CLEAN;
	return status == 1 ? FSCK_ERRORS : FSCK_TROUBLE;
}

/* With -a 1 is what it has repaired. */
static enum fsck_said fsck_fat_repaired(int status, const char *out)
{
	(void)out;
	return status == 0 || status == 1 ? FSCK_CLEAN : FSCK_TROUBLE;
}

/*
 * fsck.f2fs (f2fs-tools 1.15, fsck/main.c: do_fsck()): 4, errors left; 8 and up,
 * operational trouble; and 255 for whatever else went wrong, be it damage that
 * it met on its way or its own. Damage it marks in both cases. With --dry-run
 * nothing is written, though it says "fixing".
 */
static enum fsck_said fsck_f2fs_said(int status, const char *out)
{
	if (strstr(out, "[Fail]") || strstr(out, "[ASSERT]"))
		return status == 8 ? FSCK_TROUBLE : FSCK_ERRORS;
	if (status == 0)
		return FSCK_CLEAN;
	return status == 4 ? FSCK_ERRORS : FSCK_TROUBLE;
}

static const char *const e2fsck_chatter[] = { "e2fsck ", "Pass ",
					      "Warning! ", NULL };
/* The Metadata lines have addresses; what is wrong is said behind them. */
static const char *const xfs_chatter[] = { "Phase ", "- ", "No modify flag",
					   "Metadata CRC error detected at ",
					   "Metadata corruption detected at ",
					   NULL };
static const char *const btrfs_chatter[] = { "Opening filesystem",
					     "Checking filesystem", "UUID: ",
					     "[", NULL };
static const char *const fat_chatter[] = { "fsck.fat ", NULL };

static const char *const f2fs_chatter[] = { "Info: ", "\"", "from \"", "to \"",
					    "Done: ", "[FSCK] Max image size",
					    "[FSCK] fixing SIT types", NULL };

static const struct filesystem table[] = {
	{
		.type = "ext4",
		.size_default = 128 * MiB,
		.size_min = 1 * MiB,
		/*
		 * Without lazy_*_init=0 a kernel thread goes on initialising
		 * inode tables for minutes after the mount (mke2fs(8)): noise
		 * in every recording. mke2fs takes the last -E only, so the
		 * scenario's own replaces this one.
		 */
		.mkfs = WORDS("mke2fs", "-q", "-F", "-t", "ext4", "-E",
			      "lazy_itable_init=0,lazy_journal_init=0,"
			      "nodiscard"),
		.repair = { WORDS("e2fsck", "-p"), e2fsck_repaired },
		.repair_with = "^has_journal",
		.check = { WORDS("e2fsck", "-f", "-n"), e2fsck_said },
		.chatter = e2fsck_chatter,
	},
	{
		.type = "xfs",
		.size_default = 320 * MiB,
		/* xfsprogs 5.19 and later (mkfs/xfs_mkfs.c) */
		.size_min = 300 * MiB,
		.small_words = WORDS("--unsupported"),
		.small_min = 16 * MiB,
		.small_hint = "--unsupported",
		.mkfs = WORDS("mkfs.xfs", "-q", "-f", "-K"),
		.check = { WORDS("xfs_repair", "-n", "-P"), xfs_repair_said },
		.chatter = xfs_chatter,
	},
	{
		.type = "btrfs",
		.size_default = 128 * MiB,
		/* btrfs-progs, mkfs/common.c: btrfs_min_dev_size() */
		.size_min = 109 * MiB,
		.small_words = WORDS("--mixed", "-M", "-m", "--metadata"),
		.small_min = 16 * MiB,
		.small_hint = "--mixed",
		.mkfs = WORDS("mkfs.btrfs", "-q", "-f", "-K"),
		.check = { WORDS("btrfs", "check", "--readonly"),
			   btrfs_check_said },
		.chatter = btrfs_chatter,
	},
	{
		.type = "f2fs",
		.size_default = 128 * MiB,
		/* mkfs.f2fs 1.15 refuses less than some 52, of which next to
		 * nothing would be left for data. */
		.size_min = 64 * MiB,
		/* -t 0: does not discard the disk */
		.mkfs = WORDS("mkfs.f2fs", "-q", "-f", "-t", "0"),
		.check = { WORDS("fsck.f2fs", "--dry-run"), fsck_f2fs_said },
		.chatter = f2fs_chatter,
		.fine = "[Ok..]",
	},
	{
		.type = "ext2",
		.size_default = 128 * MiB,
		.size_min = 1 * MiB,
		.mkfs = WORDS("mke2fs", "-q", "-F", "-t", "ext2", "-E",
			      "lazy_itable_init=0,nodiscard"),
		.repair = { WORDS("e2fsck", "-p"), e2fsck_repaired },
		.check = { WORDS("e2fsck", "-f", "-n"), e2fsck_said },
		.chatter = e2fsck_chatter,
	},
	{
		.type = "vfat",
		.size_default = 128 * MiB,
		.size_min = 1 * MiB,
		/* -I: a whole disk without partitions */
		.mkfs = WORDS("mkfs.vfat", "-I"),
		.repair = { WORDS("fsck.vfat", "-a"), fsck_fat_repaired },
		.check = { WORDS("fsck.vfat", "-n"), fsck_fat_said },
		.chatter = fat_chatter,
	},
};
#define N_TABLE (sizeof(table) / sizeof(table[0]))

const struct filesystem *filesystem_find(const char *type)
{
	for (size_t i = 0; i < N_TABLE; i++)
		if (!strcmp(table[i].type, type))
			return &table[i];
	return NULL;
}

const char *filesystem_types(void)
{
	return "ext4, xfs, btrfs, f2fs, ext2, vfat or none";
}

const struct fsck *filesystem_repair(const struct filesystem *fs,
				     const char *mkfs)
{
	if (!fs->repair.words ||
	    (fs->repair_with && !strstr(mkfs, fs->repair_with)))
		return NULL;
	return &fs->repair;
}

static int is_one_of(const char *word, size_t len, const char *const *list)
{
	for (; list && *list; list++)
		if (strlen(*list) == len && !memcmp(*list, word, len))
			return 1;
	return 0;
}

uint64_t filesystem_size_min(const struct filesystem *fs, const char *mkfs)
{
	while (*mkfs) {
		size_t len = strcspn(mkfs, " \t\n=");

		if (is_one_of(mkfs, len, fs->small_words))
			return fs->small_min;
		mkfs += len;
		mkfs += *mkfs != '\0';
	}
	return fs->size_min;
}

void filesystem_argv(const char *const *words, char *options,
		     const char *device, const char **ret, unsigned max)
{
	unsigned n = 0;

	for (; words[n] && n < max - 2; n++)
		ret[n] = words[n];
	n += text_split(options, ret + n, max - 2 - n);
	ret[n] = device;
	ret[n + 1] = NULL;
}

static int is_chatter(const struct filesystem *fs, const char *line, size_t len)
{
	for (const char *const *c = fs->chatter; *c; c++)
		if (!strncmp(line, *c, strlen(*c)))
			return 1;
	return fs->fine && memmem(line, len, fs->fine, strlen(fs->fine));
}

char *filesystem_complaint(const struct filesystem *fs, const char *out)
{
	while (*out) {
		size_t len = strcspn(out, "\n");
		const char *line = out;

		while (isblank((unsigned char)*line))
			line++;
		if (line < out + len &&
		    !is_chatter(fs, line, (size_t)(out + len - line)))
			return xasprintf("%.*s", (int)(out + len - line), line);
		out += len;
		out += *out == '\n';
	}
	return xstrdup("");
}

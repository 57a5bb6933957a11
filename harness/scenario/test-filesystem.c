/* The table of file systems: whole, and read as the manuals say. */
#include "scenario/testing.h"

#include <stdlib.h>

#include "scenario/filesystem.h"

static const char *const known[] = { "ext4",	"xfs",	"btrfs",
				     "f2fs",	"ext2",	"vfat" };
#define N_KNOWN (sizeof(known) / sizeof(known[0]))
#define MiB (1ULL << 20)

static enum fsck_said checked(const char *type, int status, const char *out)
{
	return filesystem_find(type)->check.said(status, out);
}

static enum fsck_said repaired(const char *type, int status, const char *out)
{
	return filesystem_find(type)->repair.said(status, out);
}

static void every_entry_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_KNOWN; i++) {
		const struct filesystem *fs = filesystem_find(known[i]);

		assert_non_null(fs);
		assert_string_equal(fs->type, known[i]);
		assert_non_null(fs->mkfs[0]);
		assert_non_null(fs->check.words[0]);
		assert_non_null(fs->chatter);
		assert_true(fs->size_min <= fs->size_default);
		assert_non_null(strstr(filesystem_types(), known[i]));
	}
	assert_null(filesystem_find("none"));
	assert_null(filesystem_find("ext5"));
}

static void no_error_is_clean(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_KNOWN; i++)
		assert_int_equal(checked(known[i], 0, ""), FSCK_CLEAN);
}

static void errors_are_told_from_trouble(void **state)
{
	static const struct {
		const char *type;
		int status;
		const char *out;
		enum fsck_said said;
	} cases[] = {
		{ "ext4", 4, "Inode 12 is a mess.\n", FSCK_ERRORS },
		{ "ext4", 8, "No such file or directory\n", FSCK_TROUBLE },
		{ "ext4", 12, "", FSCK_TROUBLE },
		{ "ext2", 4, "", FSCK_ERRORS },
		{ "ext2", 16, "", FSCK_TROUBLE },
		{ "xfs", 1, "bad nblocks 3 for inode 131\n", FSCK_ERRORS },
		{ "xfs", 1,
		  "\nfatal error -- couldn't initialize XFS library\n",
		  FSCK_TROUBLE },
		{ "xfs", 2, "", FSCK_TROUBLE },
		{ "btrfs", 1,
		  "found 147456 bytes used, error(s) found\n", FSCK_ERRORS },
		{ "btrfs", 1, "ERROR: cannot open file system\n",
		  FSCK_TROUBLE },
		{ "btrfs", 2, "error(s) found\n", FSCK_TROUBLE },
		{ "f2fs", 4, "[FSCK] other corrupted bugs    [Fail]\n",
		  FSCK_ERRORS },
		{ "f2fs", 255,
		  "[FSCK] Unreachable nat entries    [Fail] [0x2]\n"
		  "[ASSERT] (fsck_verify:3330) res >= 0\n", FSCK_ERRORS },
		{ "f2fs", 255, "\tCan't find a valid F2FS superblock at 0x0\n",
		  FSCK_TROUBLE },
		{ "f2fs", 8, "\tError: Failed to get the device stat!\n",
		  FSCK_TROUBLE },
		{ "vfat", 1, "/A: File size is 4096 bytes\n", FSCK_ERRORS },
		{ "vfat", 2, "", FSCK_TROUBLE },
		{ "vfat", 6, "open: No such file or directory\n",
		  FSCK_TROUBLE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(checked(cases[i].type, cases[i].status,
					 cases[i].out),
				 cases[i].said);
}

static int is_repaired(const char *type, const char *mkfs)
{
	return filesystem_repair(filesystem_find(type), mkfs) != NULL;
}

/* Only what has no journal is repaired before the mount. */
static void only_what_has_no_journal_is_repaired(void **state)
{
	(void)state;
	assert_false(is_repaired("ext4", ""));
	assert_false(is_repaired("ext4", "-b 4096 -O fast_commit"));
	assert_true(is_repaired("ext4", "-b 4096 -O ^has_journal"));
	assert_false(is_repaired("xfs", ""));
	assert_false(is_repaired("btrfs", ""));
	assert_false(is_repaired("f2fs", ""));
	assert_true(is_repaired("ext2", ""));
	assert_true(is_repaired("vfat", ""));
}

static void what_was_repaired_is_clean(void **state)
{
	(void)state;
	assert_int_equal(repaired("ext2", 0, ""), FSCK_CLEAN);
	assert_int_equal(repaired("ext2", 1, ""), FSCK_CLEAN);
	assert_int_equal(repaired("ext2", 3, ""), FSCK_CLEAN);
	assert_int_equal(repaired("ext2", 4, ""), FSCK_ERRORS);
	assert_int_equal(repaired("ext2", 5, ""), FSCK_ERRORS);
	assert_int_equal(repaired("ext2", 8, ""), FSCK_TROUBLE);
	assert_int_equal(repaired("vfat", 0, ""), FSCK_CLEAN);
	assert_int_equal(repaired("vfat", 1, ""), FSCK_CLEAN);
	assert_int_equal(repaired("vfat", 2, ""), FSCK_TROUBLE);
}

static void complains(const char *type, const char *out, const char *wanted)
{
	char *line = filesystem_complaint(filesystem_find(type), out);

	assert_string_equal(line, wanted);
	free(line);
}

static void the_complaint_is_the_first_line_that_says_something(void **state)
{
	(void)state;
	complains("ext4",
		  "Pass 1: Checking inodes, blocks, and sizes\n"
		  "Inode 12, i_size is 5, should be 4096.  Fix? no\n",
		  "Inode 12, i_size is 5, should be 4096.  Fix? no");
	complains("xfs",
		  "Phase 1 - find and verify superblock...\n"
		  "        - scan filesystem freespace and inode maps...\n"
		  "Metadata CRC error detected at 0x55c1af86ff80, xfs_agf "
		  "block 0x1/0x200\nsb_fdblocks 1, counted 2\n",
		  "sb_fdblocks 1, counted 2");
	complains("btrfs",
		  "Opening filesystem to check...\nUUID: 1-2\n"
		  "[1/7] checking root items\nroot 5 inode 257 errors 100\n",
		  "root 5 inode 257 errors 100");
	complains("f2fs",
		  "Info: Dry run\nInfo: MKFS version\n  \"Linux version 6.1\"\n"
		  "[FSCK] Max image size: 22 MB, Free space: 61 MB\n"
		  "[FSCK] next block offset is free     [Ok..]\n"
		  "[FSCK] Unreachable nat entries       [Fail] [0x2]\n",
		  "[FSCK] Unreachable nat entries       [Fail] [0x2]");
	complains("vfat", "fsck.fat 4.2 (2021-01-31)\n\n/LOG\n", "/LOG");
	complains("vfat", "fsck.fat 4.2 (2021-01-31)", "");
}

static void the_least_size_depends_on_the_options(void **state)
{
	const struct filesystem *xfs = filesystem_find("xfs");
	const struct filesystem *btrfs = filesystem_find("btrfs");

	(void)state;
	assert_int_equal(filesystem_size_min(xfs, ""), 300 * MiB);
	assert_int_equal(filesystem_size_min(xfs, "-m crc=1"), 300 * MiB);
	assert_int_equal(filesystem_size_min(xfs, "-m crc=1 --unsupported"),
			 16 * MiB);
	assert_int_equal(filesystem_size_min(btrfs, "-n 4096"), 109 * MiB);
	assert_int_equal(filesystem_size_min(btrfs, "--mixed"), 16 * MiB);
	assert_int_equal(filesystem_size_min(btrfs, "--mixedup"), 109 * MiB);
	assert_int_equal(filesystem_size_min(btrfs, "--metadata=single"),
			 16 * MiB);
	assert_int_equal(filesystem_size_min(filesystem_find("ext4"), ""),
			 1 * MiB);
}

static void an_argv_is_words_options_and_device(void **state)
{
	static const char *const words[] = { "mkfs.x", "-q", NULL };
	char options[] = "-b  4096", more[] = "1 2 3 4 5 6";
	const char *argv[6];

	(void)state;
	filesystem_argv(words, options, "/dev/d", argv, 6);
	assert_string_equal(argv[0], "mkfs.x");
	assert_string_equal(argv[1], "-q");
	assert_string_equal(argv[2], "-b");
	assert_string_equal(argv[3], "4096");
	assert_string_equal(argv[4], "/dev/d");
	assert_null(argv[5]);
	filesystem_argv(words, more, "/dev/d", argv, 6);
	assert_string_equal(argv[3], "2");
	assert_string_equal(argv[4], "/dev/d");
	assert_null(argv[5]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_entry_is_whole),
		cmocka_unit_test(no_error_is_clean),
		cmocka_unit_test(errors_are_told_from_trouble),
		cmocka_unit_test(only_what_has_no_journal_is_repaired),
		cmocka_unit_test(what_was_repaired_is_clean),
		cmocka_unit_test(the_complaint_is_the_first_line_that_says_something),
		cmocka_unit_test(the_least_size_depends_on_the_options),
		cmocka_unit_test(an_argv_is_words_options_and_device),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

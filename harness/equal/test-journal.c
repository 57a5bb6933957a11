#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "equal/journal.h"

#define MIB (1ull << 20)

static char image[64];

static int make_image(void **state)
{
	int fd;

	(void)state;
	strcpy(image, "/tmp/pc-journal-XXXXXX");
	fd = mkstemp(image);
	if (fd < 0 || ftruncate(fd, 64 << 20) < 0)
		return -1;
	close(fd);
	return 0;
}

static int remove_image(void **state)
{
	(void)state;
	return unlink(image);
}

static int read_image(void *arg, uint64_t offset, void *data, size_t len)
{
	CLEANUP_CLOSE int fd = open(image, O_RDONLY | O_CLOEXEC);

	(void)arg;
	return pread_full(fd, data, len, offset);
}

static void mke2fs(const char *options)
{
	CLEANUP_FREE char *command = xasprintf(
		"PATH=$PATH:/sbin:/usr/sbin; mke2fs -qF -t ext4 %s %s", options,
		image);

	assert_int_equal(system(command), 0);
}

static struct journal find(const char *filesystem)
{
	struct journal j;

	journal_find(filesystem, read_image, NULL, &j);
	return j;
}

/* jbd2.h: JBD2_MAGIC_NUMBER, JBD2_SUPERBLOCK_V2. */
static void is_journal(struct journal j, uint64_t length)
{
	uint32_t head[2];

	assert_in_range(j.n, 1, 4);
	for (size_t i = 0; i < j.n; i++)
		length -= j.pieces[i].length;
	assert_int_equal(length, 0);
	assert_int_equal(j.anchor_offset, j.pieces[0].offset);
	assert_int_equal(j.anchor_length, 1024);
	assert_int_equal(read_image(NULL, j.anchor_offset, head, sizeof(head)),
			 0);
	assert_int_equal(be32toh(head[0]), 0xc03b3998);
	assert_int_equal(be32toh(head[1]), 4);
}


static void the_journal_of_ext4_is_found(void **state)
{
	(void)state;
	mke2fs("-b 4096 -J size=4");
	is_journal(find("ext4"), 4 * MIB);
	mke2fs("-b 1024 -J size=2");
	is_journal(find("ext4"), 2 * MIB);
	mke2fs("-b 4096 -J size=4 -O ^extents,^64bit");
	is_journal(find("ext4"), 4 * MIB);
}

static void where_recovery_does_more_there_is_none(void **state)
{
	(void)state;
	mke2fs("-b 4096 -O ^has_journal");
	assert_int_equal(find("ext4").n, 0);
	mke2fs("-b 4096 -J size=4 -O fast_commit");
	assert_int_equal(find("ext4").n, 0);
}

static void nonsense_has_none(void **state)
{
	(void)state;
	assert_int_equal(find("btrfs").n, 0);
	assert_int_equal(find("none").n, 0);
	assert_int_equal(truncate(image, 0), 0);
	assert_int_equal(find("ext4").n, 0);
	assert_int_equal(find("xfs").n, 0);
	assert_int_equal(truncate(image, 64 << 20), 0);
	assert_int_equal(find("ext4").n, 0);
	assert_int_equal(find("xfs").n, 0);
}

/* Block 7 of the third group, of groups of 1,000 blocks, numbered 2 * 1024 +
 * 7. */
static void the_log_of_xfs_is_found(void **state)
{
	unsigned char sb[512] = "XFSB";
	const uint32_t block = htobe32(4096), blocks = htobe32(1000);
	const uint32_t log = htobe32(855);
	const uint64_t start = htobe64(2 * 1024 + 7);
	CLEANUP_CLOSE int fd = open(image, O_WRONLY | O_CLOEXEC);
	struct journal j;

	(void)state;
	memcpy(sb + 4, &block, 4);
	memcpy(sb + 48, &start, 8);
	memcpy(sb + 84, &blocks, 4);
	memcpy(sb + 96, &log, 4);
	sb[124] = 10;
	assert_int_equal(pwrite_full(fd, sb, sizeof(sb), 0), 0);
	j = find("xfs");
	assert_int_equal(j.n, 1);
	assert_int_equal(j.pieces[0].offset, 2007 * 4096);
	assert_int_equal(j.pieces[0].length, 855 * 4096);
	assert_int_equal(j.anchor_offset, 2007 * 4096);
	assert_int_equal(j.anchor_length, 855 * 4096);
}

static void expect_units(const struct journal *j, uint32_t unit,
			 uint64_t first, uint64_t count, uint64_t anchor)
{
	struct unit_run runs[JOURNAL_PIECES], at;

	assert_int_equal(journal_units(j, unit, runs, &at), 1);
	assert_int_equal(runs[0].first, first);
	assert_int_equal(runs[0].count, count);
	assert_int_equal(at.first, anchor);
	assert_int_equal(at.count, 1);
}

static void only_whole_units_are_left_out(void **state)
{
	const struct journal none = { .n = 0 };
	const struct journal even = { { { 8192, 8192 } }, 1, 8192, 1024 };
	const struct journal odd = { { { 5120, 8192 } }, 1, 5120, 1024 };
	struct unit_run runs[JOURNAL_PIECES], at;

	(void)state;
	expect_units(&even, 4096, 2, 2, 2);
	expect_units(&even, 1024, 8, 8, 8);
	expect_units(&odd, 4096, 2, 1, 1);
	assert_int_equal(journal_units(&even, 16384, runs, &at), 0);
	assert_int_equal(journal_units(&none, 4096, runs, &at), 0);
	assert_int_equal(at.count, 0);
}

static void pieces_come_in_order(void **state)
{
	const struct journal j = { { { 81920, 4096 }, { 8192, 4096 } }, 2,
				   81920, 1024 };
	struct unit_run runs[JOURNAL_PIECES], at;

	(void)state;
	assert_int_equal(journal_units(&j, 4096, runs, &at), 2);
	assert_int_equal(runs[0].first, 2);
	assert_int_equal(runs[1].first, 20);
	assert_int_equal(at.first, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_journal_of_ext4_is_found),
		cmocka_unit_test(where_recovery_does_more_there_is_none),
		cmocka_unit_test(nonsense_has_none),
		cmocka_unit_test(the_log_of_xfs_is_found),
		cmocka_unit_test(only_whole_units_are_left_out),
		cmocka_unit_test(pieces_come_in_order),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_image, remove_image);
}

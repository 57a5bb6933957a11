/*
 * A journal of sixteen blocks, made by hand: what its transactions say, and where
 * an operation stands by them.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "journey/test-journeys.h"

#define BLOCK 512
#define JOURNAL (32 * BLOCK) /* offset on the disk */
#define RING 16
#define TABLE 5   /* block of the inode table */
#define INODE 3   /* the one that is written; the table's first block has two */
#define DATA (20 * BLOCK)

static struct test_journey t;
static uint64_t tables[] = { TABLE };
static uint64_t at;      /* next block of the ring */
static uint64_t log_end; /* next free byte of the log file */

static int make(void **state)
{
	(void)state;
	test_journey_init(&t);
	t.filesystem = "ext4";
	at = 1;
	log_end = 0;
	return 0;
}

static int clean(void **state)
{
	(void)state;
	t.journey.ext4.layout.tables = NULL; /* not its own */
	test_journey_release(&t);
	return 0;
}

/* ---- blocks ---- */

static void put32(unsigned char *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof(v));
}

static void header(unsigned char *b, uint32_t kind, uint32_t number)
{
	memset(b, 0, BLOCK);
	put32(b, 0xc03b3998u);
	put32(b + 4, kind);
	put32(b + 8, number);
}

/* The drive's write of one block of the ring, with its data in the log. */
static size_t journal_write(const unsigned char *b, int completes)
{
	int fd = open(t.log_path, O_WRONLY);
	size_t i = test_drive_write(&t, JOURNAL + at * BLOCK, BLOCK,
				    completes);

	assert_int_equal(pwrite(fd, b, BLOCK, (off_t)log_end), BLOCK);
	close(fd);
	t.log.commands[i].data = log_end;
	log_end += BLOCK;
	at = at + 1 < RING ? at + 1 : 1;
	return i;
}

static void descriptor(uint32_t number, uint32_t block)
{
	unsigned char b[BLOCK];

	header(b, 1, number);
	put32(b + 12, block);
	put32(b + 16, 2 | 8); /* same UUID, last */
	journal_write(b, 1);
}

/* A copy of the inode table: INODE has that size, in an extent at DATA. */
static void inode_copy(uint32_t size, int unwritten)
{
	unsigned char b[BLOCK] = { 0 }, *in = b;
	uint16_t magic = htole16(0xf30a), one = htole16(1);
	uint16_t length = htole16(unwritten ? 32768 + 8 : 8);
	uint32_t flags = htole32(0x80000), start = htole32(DATA / BLOCK);
	uint32_t le_size = htole32(size);

	memcpy(in + 4, &le_size, 4);
	memcpy(in + 26, &one, 2);
	memcpy(in + 32, &flags, 4);
	memcpy(in + 40, &magic, 2);
	memcpy(in + 42, &one, 2);
	memcpy(in + 40 + 12 + 4, &length, 2);
	memcpy(in + 40 + 12 + 8, &start, 4);
	journal_write(b, 1);
}

static size_t commit(uint32_t number, int completes)
{
	unsigned char b[BLOCK];

	header(b, 2, number);
	return journal_write(b, completes);
}

static void transaction(uint32_t number, uint32_t size)
{
	descriptor(number, TABLE + 1);
	inode_copy(size, 0);
	commit(number, 1);
}

/* ---- the journey ---- */

/* The disk before: no file. */
static int read_base(void *arg, uint64_t offset, void *data, size_t len)
{
	(void)arg;
	(void)offset;
	memset(data, 0, len);
	return 0;
}

static struct ext4 *scan(void)
{
	struct ext4 *x = &t.journey.ext4;

	assert_int_equal(test_journey_make(&t), 0);
	*x = (struct ext4){
		.history = &t.log.h,
		.log_fd = open(t.log_path, O_RDONLY),
		.base = read_base,
		.layout = { .block_size = BLOCK, .inode_size = 256,
			    .inodes_per_group = 64, .n_groups = 1,
			    .tables = tables, .journal_blocks = RING,
			    .journal_first = 1, .journal_features = 16,
			    .journal = { .n = 1, .pieces = { {
				.offset = JOURNAL,
				.length = RING * BLOCK } } } },
	};
	t.journey.has_ext4 = 1;
	ext4_scan(x);
	return x;
}

static struct standing standing_at(uint64_t position)
{
	struct media m = media_worst(&t.journey, position);

	return operation_standing(&m, &t.journey.operations[0]);
}

static uint64_t end(void)
{
	return t.log.h.end - 1;
}

static void append_call(void)
{
	struct call *c = test_enter(&t, CALL_WRITE, "write");

	c->inode = INODE;
	c->length = 100;
	test_exit(&t, c, 100);
}

/* ---- what the journal says ---- */

static void a_transaction_says_what_an_inode_has(void **state)
{
	struct ext4_inode in;
	struct ext4 *x;

	(void)state;
	transaction(7, 100);
	x = scan();
	assert_int_equal(x->n, 1);
	assert_int_equal(x->transactions[0].number, 7);
	assert_int_equal(x->transactions[0].n_commands, 3);
	assert_int_equal(x->transactions[0].commit, 2);
	assert_int_equal(ext4_inode_in(x, &x->transactions[0], INODE, &in), 1);
	assert_int_equal(in.size, 100);
	assert_int_equal(in.n_extents, 1);
	assert_int_equal(in.extents[0].physical, DATA);
	assert_int_equal(in.extents[0].unwritten, 0);
	/* Another block of the table is not in it. */
	assert_int_equal(ext4_inode_in(x, &x->transactions[0], 1, &in), 0);
}

static void the_ring_begins_again_behind_its_superblock(void **state)
{
	struct ext4_inode in;
	struct ext4 *x;

	(void)state;
	for (uint32_t i = 0; i < 6; i++)
		transaction(7 + i, 100 + i);
	x = scan();
	assert_int_equal(x->n, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(ext4_inode_in(x, &x->transactions[i], INODE,
					       &in), 1);
		assert_int_equal(in.size, 100 + i);
	}
}

static void what_was_in_the_ring_before_is_no_transactions(void **state)
{
	unsigned char zeroes[BLOCK] = { 0 };
	struct ext4 *x;

	(void)state;
	t.log.commands[journal_write(zeroes, 1)].number = 0;
	at = 1;
	transaction(7, 100);
	x = scan();
	assert_int_equal(x->n, 1);
	assert_int_equal(x->transactions[0].n_commands, 3);
}

static void what_was_not_committed_is_told_as_such(void **state)
{
	struct ext4 *x;

	(void)state;
	descriptor(7, TABLE + 1);
	inode_copy(100, 0);
	x = scan();
	assert_int_equal(x->n, 1);
	assert_int_equal(x->transactions[0].number, 7);
	assert_true(x->transactions[0].commit == NO_INDEX);
}

static void an_entry_is_found_by_its_inode_and_name(void **state)
{
	static const unsigned char entry[] = { INODE, 0, 0, 0, 16, 0, 4, 1,
					       'n', 'a', 'm', 'e' };
	unsigned char b[BLOCK] = { 0 };
	struct ext4 *x;

	(void)state;
	memcpy(b + 24, entry, sizeof(entry));
	descriptor(7, 9);
	journal_write(b, 1);
	commit(7, 1);
	x = scan();
	assert_int_equal(ext4_entry_in(x, &x->transactions[0], INODE, "name"),
			 1);
	assert_int_equal(ext4_entry_in(x, &x->transactions[0], INODE, "nam"),
			 0);
	assert_int_equal(ext4_entry_in(x, &x->transactions[0], 4, "name"), 0);
}

/* ---- where an operation stands ---- */

static void data_without_its_size_is_in_the_file_system(void **state)
{
	struct standing s;

	(void)state;
	append_call();
	test_drive_write(&t, DATA, BLOCK, 1);
	test_drive_flush(&t);
	transaction(7, 100);
	scan();
	/* Behind the flush, before the transaction. */
	s = standing_at(4);
	assert_int_equal(s.at, AT_JOURNAL);
	assert_int_equal(s.transaction, 7);
}

static void run_all(struct standing *ret, int flush, int completes)
{
	append_call();
	test_drive_write(&t, DATA, BLOCK, 1);
	test_drive_flush(&t);
	descriptor(7, TABLE + 1);
	inode_copy(100, 0);
	commit(7, completes);
	if (flush)
		test_drive_flush(&t);
	scan();
	*ret = standing_at(end() - 1);
}

static void a_commit_that_is_lost_is_in_the_drives_cache(void **state)
{
	struct standing s;

	(void)state;
	run_all(&s, 0, 1);
	assert_int_equal(s.at, AT_DRIVE);
	assert_int_equal(s.part, PART_REACH);
	assert_int_equal(s.transaction, 7);
}

static void a_commit_in_flight_is_in_the_block_layer(void **state)
{
	struct standing s;

	(void)state;
	run_all(&s, 0, 0);
	assert_int_equal(s.at, AT_BLOCK);
	assert_int_equal(s.transaction, 7);
}

static void a_commit_that_is_durable_is_on_the_media(void **state)
{
	struct standing s;

	(void)state;
	run_all(&s, 1, 1);
	assert_int_equal(s.at, ON_MEDIA);
}

/* Until it is converted, what an unwritten extent holds reads as zeroes. */
static void an_unwritten_extent_reaches_nothing(void **state)
{
	(void)state;
	append_call();
	test_drive_write(&t, DATA, BLOCK, 1);
	descriptor(7, TABLE + 1);
	inode_copy(100, 1);
	commit(7, 1);
	test_drive_flush(&t);
	scan();
	assert_int_not_equal(standing_at(end() - 1).at, ON_MEDIA);
}

/* Recovery stops at the first transaction that is not whole. */
static void a_transaction_behind_a_lost_one_is_lost(void **state)
{
	struct standing s;
	struct media m;

	(void)state;
	t.model.flush_ignored = 1;
	append_call();
	test_drive_write(&t, DATA, BLOCK, 1); /* w1 */
	descriptor(6, 9);		      /* w2 */
	inode_copy(0, 0);
	commit(6, 1);
	transaction(7, 100); /* w5 .. w7 */
	scan();
	assert_int_equal(media_of_state(&t.journey, "end:1,5,6,7", &m, NULL), 0);
	s = operation_standing(&m, &t.journey.operations[0]);
	assert_int_equal(s.at, AT_DRIVE);
	assert_int_equal(s.transaction, 6);
	media_release(&m);
	assert_int_equal(media_of_state(&t.journey, "end:all", &m, NULL), 0);
	s = operation_standing(&m, &t.journey.operations[0]);
	assert_int_equal(s.at, ON_MEDIA);
	media_release(&m);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_transaction_says_what_an_inode_has),
		TEST(the_ring_begins_again_behind_its_superblock),
		TEST(what_was_in_the_ring_before_is_no_transactions),
		TEST(what_was_not_committed_is_told_as_such),
		TEST(an_entry_is_found_by_its_inode_and_name),
		TEST(data_without_its_size_is_in_the_file_system),
		TEST(a_commit_that_is_lost_is_in_the_drives_cache),
		TEST(a_commit_in_flight_is_in_the_block_layer),
		TEST(a_commit_that_is_durable_is_on_the_media),
		TEST(an_unwritten_extent_reaches_nothing),
		TEST(a_transaction_behind_a_lost_one_is_lost),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/files.h"
#include "drive/test-logs.h"
#include "run/reach.h"

#define DISK (1 << 20)

static char folder[] = "/tmp/test-reach-XXXXXX";
static char *data, *units;
static struct test_log t;
static struct state_space *space;
static struct reach_map *reach;

/* Block i of the data file holds a block of the journal: type and sequence. */
static const uint32_t blocks[][2] = {
	{ 0, 0 }, { 1, 7 }, { 2, 7 }, { 1, 8 }, { 2, 8 }, { 5, 9 }, { 4, 9 },
};
#define N_BLOCKS (sizeof(blocks) / sizeof(*blocks))
#define PLAIN 0
#define DESCRIPTOR_7 1
#define COMMIT_7 2
#define DESCRIPTOR_8 3
#define COMMIT_8 4
#define REVOKE_9 5
#define SUPERBLOCK 6

static int set_up(void **state)
{
	unsigned char bytes[N_BLOCKS * 4096] = { 0 };

	(void)state;
	strcpy(folder + sizeof(folder) - 7, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	data = xasprintf("%s/data", folder);
	units = xasprintf("%s/units", folder);
	for (size_t i = 1; i < N_BLOCKS; i++) {
		uint32_t header[3] = { htobe32(0xc03b3998),
				       htobe32(blocks[i][0]),
				       htobe32(blocks[i][1]) };

		memcpy(bytes + i * 4096, header, sizeof(header));
	}
	test_log_init(&t, DISK, data);
	test_arm(&t);
	return file_write(data, bytes, sizeof(bytes), NULL);
}

static int tear_down(void **state)
{
	(void)state;
	reach_free(reach);
	space_free(space);
	reach = NULL;
	space = NULL;
	rm_rf(folder, NULL);
	free(data);
	free(units);
	return 0;
}

/* Returns the position of its submit; it completes at the next one. */
static uint64_t put(int block, uint64_t n, int fua)
{
	static uint64_t at;
	size_t i = test_submit(&t, LOG_WRITE, at++ % 100 * 4096, n * 4096,
			       (uint64_t)block * 4096, fua);

	test_complete(&t, i);
	return t.commands[i].submit;
}

static void look(const char *type)
{
	struct cache_model model = CACHE_MODEL_HONEST;

	test_seal(&t);
	assert_int_equal(space_create(&t.h, NULL, units, &model, &space, NULL),
			 0);
	assert_int_equal(reach_new(&t.h, space, type, &reach, NULL), 0);
}

static int in_journal(uint64_t position)
{
	const struct plan_cut c = { .cut = { .position = position } };

	return reach_at(reach, &c, 0) == 1u << REACH_JOURNAL;
}

static void a_commit_lasts_until_its_record_is_durable(void **state)
{
	uint64_t plain, first, commit, flush, next, last;

	(void)state;
	plain = put(PLAIN, 1, 0);
	first = put(DESCRIPTOR_7, 1, 0);
	put(PLAIN, 1, 0);
	commit = put(COMMIT_7, 1, 0);
	flush = t.commands[test_flush(&t)].submit;
	next = put(DESCRIPTOR_8, 1, 0);
	last = put(COMMIT_8, 1, 1);
	look("ext4");
	assert_false(in_journal(plain));
	assert_false(in_journal(first - 1));
	assert_true(in_journal(first));
	assert_true(in_journal(commit + 1)); /* complete, and volatile */
	assert_true(in_journal(flush));
	assert_false(in_journal(flush + 1));
	assert_true(in_journal(next));
	assert_true(in_journal(last));
	assert_false(in_journal(last + 1)); /* FUA */
}

/* The block layer merges: what counts is anywhere in a write. */
static void blocks_are_found_inside_of_writes(void **state)
{
	uint64_t both, revoke;

	(void)state;
	both = put(PLAIN, 3, 1); /* descriptor and commit of 7 in it */
	put(SUPERBLOCK, 1, 0);
	revoke = put(REVOKE_9, 1, 0);
	look("ext4");
	assert_true(in_journal(both));
	assert_false(in_journal(both + 1));
	assert_false(in_journal(revoke - 1));
	assert_true(in_journal(revoke));
	assert_true(in_journal(t.h.end - 1)); /* it never came to its end */
}

static void elsewhere_a_barrier_under_way_counts(void **state)
{
	uint64_t fua, plain, flush;

	(void)state;
	plain = put(DESCRIPTOR_7, 1, 0);
	fua = put(PLAIN, 1, 1);
	flush = t.commands[test_flush(&t)].submit;
	look("xfs");
	assert_false(in_journal(plain));
	assert_true(in_journal(fua));
	assert_false(in_journal(fua + 1));
	assert_true(in_journal(flush));
	assert_false(in_journal(flush + 1));
}

static void a_raw_device_has_no_journal(void **state)
{
	uint64_t fua;

	(void)state;
	fua = put(DESCRIPTOR_7, 1, 1);
	look("none");
	assert_false(in_journal(fua));
}

static void the_rest_is_told_by_the_plan(void **state)
{
	struct plan_cut c = { .begun = 1 };

	(void)state;
	look("ext4");
	assert_int_equal(reach_at(reach, &c, 0), 1u << REACH_BEGIN_ACK);
	c.volatile_writes = 2;
	assert_int_equal(reach_at(reach, &c, 1),
			 1u << REACH_BEGIN_ACK | 1u << REACH_WRITE_FLUSH |
				 1u << REACH_RECOVERY);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_commit_lasts_until_its_record_is_durable),
		TEST(blocks_are_found_inside_of_writes),
		TEST(elsewhere_a_barrier_under_way_counts),
		TEST(a_raw_device_has_no_journal),
		TEST(the_rest_is_told_by_the_plan),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

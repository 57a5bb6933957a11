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
#include "internal.h"

static char dir[64];
static struct store *store;

static int setup(void **state)
{
	char path[128];

	(void)state;
	strcpy(dir, "/tmp/test-find-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/results.sqlite", dir);
	return store_create(path, &store, NULL);
}

static int teardown(void **state)
{
	(void)state;
	store_close(store);
	return rm_rf(dir, NULL);
}

static void cut(const char *source, const char *name, uint64_t position)
{
	struct store_cut c = { .source = source,
			       .name = name,
			       .position = position };

	assert_int_equal(store_add_cut(store, &c, NULL), 0);
}

static void bad(const char *source, const char *at, const char *survivors,
		uint64_t lost, enum stage stage, const char *message)
{
	struct store_state st = {
		.source = source,
		.cut = at,
		.survivors = survivors,
		.hash = "",
		.lost = lost,
		.verdict = VERDICT_VIOLATED,
		.stage = stage,
		.message = message,
		.detail = survivors,
	};

	assert_int_equal(store_add_state(store, &st, NULL), 0);
}

static void faulty(const char *at, const char *survivors, const char *fault,
		   const char *message)
{
	struct store_state st = {
		.source = "replay",
		.cut = at,
		.survivors = survivors,
		.hash = "",
		.fault = fault,
		.verdict = VERDICT_VIOLATED,
		.stage = STAGE_CHECK,
		.message = message,
	};

	assert_int_equal(store_add_state(store, &st, NULL), 0);
}

static int describe(const struct store_finding *f, void *arg)
{
	buf_printf(arg, "%d %s %s|%s|%s|%d states, lost %d|%s\n",
		   (int)f->number, stage_name(f->stage), f->message, f->state,
		   f->layer, (int)f->states, (int)f->lost, f->detail);
	return 0;
}

static void expect(const char *text)
{
	struct buf b = BUF_INIT;

	assert_int_equal(store_find(store, NULL), 0);
	assert_int_equal(store_findings(store, describe, &b, NULL), 0);
	assert_string_equal(buf_text(&b), text);
	buf_free(&b);
}

static void pattern(const char *message, const char *expected)
{
	char *p = store_pattern(message);

	assert_string_equal(p, expected);
	free(p);
}

static void numbers_do_not_tell_messages_apart(void **state)
{
	(void)state;
	pattern("", "");
	pattern("lost TXN-17 at offset 4096", "lost TXN-N at offset N");
	pattern("bad block 0xDEADbeef in w120", "bad block N in wN");
	pattern("csum 9f86d081884c7d65 != e3b0c442", "csum N != N");
	pattern("hash deadbeef", "hash N");
	pattern("[   12.345] EXT4-fs (nvme0n1)", "[ N.N] EXTN-fs (nvmeNnN)");
	pattern("rows 3, 4, 9 are missing", "rows N are missing");
	pattern("rows 3 are missing", "rows N are missing");
	pattern("w1, 2", "wN, N");
	pattern("a dead cafe faded; 0x", "a dead cafe faded; Nx");
	pattern("tab\tand\nline 5", "tab and line N");
	pattern("\xc3\xa9 \xff 1", "\xc3\xa9 \xff N");
}

static void like_violations_are_one_finding(void **state)
{
	(void)state;
	cut("replay", "w1", 10);
	cut("replay", "w2", 20);
	bad("replay", "w2", "all-1,2", 2, STAGE_CHECK, "lost TXN-2");
	bad("replay", "w2", "all-2", 1, STAGE_CHECK, "lost TXN-3");
	bad("replay", "w1", "all-1", 1, STAGE_CHECK, "lost TXN-4");
	expect("1 check lost TXN-4|w1:all-1|drive cache (layer 6)|"
	       "3 states, lost 1|all-1\n");
}

static void faults_tell_findings_apart_and_come_last(void **state)
{
	(void)state;
	cut("replay", "w1", 10);
	cut("replay", "w2", 20);
	faulty("w1", "all+shorn=1.0", "shorn write", "lost 1");
	faulty("w2", "all+shorn=2.0", "shorn write", "lost 2");
	faulty("w1", "all+gone", "dead device (gone)", "lost 3");
	bad("replay", "w2", "none", 2, STAGE_CHECK, "lost 4");
	expect("1 check lost 4|w2:none|drive cache (layer 6)|"
	       "1 states, lost 2|none\n"
	       "2 check lost 1|w1:all+shorn=1.0|"
	       "drive, beyond its contract: shorn write|"
	       "2 states, lost 0|\n"
	       "3 check lost 3|w1:all+gone|"
	       "drive, beyond its contract: dead device (gone)|"
	       "1 states, lost 0|\n");
}

static void fewest_lost_writes_come_before_the_earliest_cut(void **state)
{
	(void)state;
	cut("replay", "w1", 10);
	cut("replay", "w2", 20);
	cut("replay", "w3", 30);
	bad("replay", "w1", "none", 2, STAGE_CHECK, "lost 1");
	bad("replay", "w3", "all-3", 1, STAGE_CHECK, "lost 2");
	bad("replay", "w2", "all-2", 1, STAGE_CHECK, "lost 3");
	expect("1 check lost 3|w2:all-2|drive cache (layer 6)|"
	       "3 states, lost 1|all-2\n");
}

static void stages_tell_findings_apart(void **state)
{
	(void)state;
	cut("replay", "w1", 10);
	bad("replay", "w1", "all-1", 1, STAGE_FSCK, "error 1");
	bad("replay", "w1", "all-2", 1, STAGE_MOUNT, "error 2");
	bad("replay", "w1", "all-3", 1, STAGE_MOUNT, "error 3");
	expect("1 mount error 2|w1:all-2|drive cache (layer 6)|"
	       "2 states, lost 1|all-2\n"
	       "2 fsck error 1|w1:all-1|drive cache (layer 6)|"
	       "1 states, lost 1|all-1\n");
}

static void a_loss_without_a_lost_write_is_above_the_drive(void **state)
{
	(void)state;
	cut("replay", "w1", 10);
	cut("live-12", "w7", 3);
	bad("replay", "w1", "none", 4, STAGE_CHECK, "lost 1");
	bad("live-12", "w7", "all", 0, STAGE_CHECK, "lost 2");
	expect("1 check lost 2|live-12/w7:all|above the drive (layers 1-5)|"
	       "2 states, lost 0|all\n");
}

static void what_held_or_is_unknown_is_no_finding(void **state)
{
	struct store_state st = { "replay", "w1", "all", "", 0, "", VERDICT_UNKNOWN,
				  STAGE_HANG, "no answer", NULL, 0, 0,
				  STORE_EQUAL_NOT, NULL };

	(void)state;
	assert_int_equal(store_add_state(store, &st, NULL), 0);
	st.survivors = "none";
	st.verdict = VERDICT_HELD;
	assert_int_equal(store_add_state(store, &st, NULL), 0);
	expect("");
}

static void finding_again_replaces_what_was_there(void **state)
{
	(void)state;
	bad("replay", "w1", "none", 4, STAGE_CHECK, "lost 1");
	expect("1 check lost 1|w1:none|drive cache (layer 6)|"
	       "1 states, lost 4|none\n");
	bad("replay", "w1", "all", 0, STAGE_CHECK, "lost 1");
	expect("1 check lost 1|w1:all|above the drive (layers 1-5)|"
	       "2 states, lost 0|all\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_do_not_tell_messages_apart),
		TEST(like_violations_are_one_finding),
		TEST(faults_tell_findings_apart_and_come_last),
		TEST(fewest_lost_writes_come_before_the_earliest_cut),
		TEST(stages_tell_findings_apart),
		TEST(a_loss_without_a_lost_write_is_above_the_drive),
		TEST(what_held_or_is_unknown_is_no_finding),
		TEST(finding_again_replaces_what_was_there),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

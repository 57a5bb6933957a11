#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "drive/test-logs.h"
#include "states/states.h"

/* Setup, ARM at 4, then: w1 5 6, begin 7, f1 8 9, w2 10, ack 11, COMPLETE 12,
 * again 13, END 14. */
static void make(struct test_log *t)
{
	size_t w;

	test_log_init(t, 1 << 20, "none");
	test_write(t, 0, 8);
	test_mark(t, MARK_MARK, "again");
	test_event(t, LOG_BASE, 0);
	test_arm(t);
	test_write(t, 0, 1);
	test_mark(t, MARK_BEGIN, "a");
	test_flush(t);
	w = test_submit(t, LOG_ZEROES, 0, 512, 0, 0);
	test_mark(t, MARK_ACK, "a");
	test_complete(t, w);
	test_mark(t, MARK_MARK, "again");
	test_seal(t);
}

/* The cuts of the rules as text: "w1@5 f1@8". Caller frees. */
static char *cuts(const struct test_log *t, const struct cut_rule *rules,
		  size_t n_rules, uint64_t seed)
{
	CLEANUP_FREE struct cut *list = NULL;
	struct buf text = BUF_INIT;
	size_t n;

	assert_int_equal(cuts_expand(&t->h, rules, n_rules, seed, &list, &n,
				     NULL),
			 0);
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%s@%d", i ? " " : "", list[i].name,
			   (int)list[i].position);
	return buf_take(&text);
}

static void expect_cuts(const struct test_log *t, struct cut_rule rule,
			const char *expect)
{
	CLEANUP_FREE char *text = cuts(t, &rule, 1, 1);

	assert_string_equal(text, expect);
}

static void without_rules_everything_and_the_end_is_cut(void **state)
{
	struct test_log t;

	(void)state;
	make(&t);
	CLEANUP_FREE char *text = cuts(&t, NULL, 0, 1);

	assert_string_equal(text, "w1@5 m1@7 f1@8 w2@10 m2@11 m3@13 end@14");
}

static void each_rule_gives_its_cuts(void **state)
{
	struct test_log t;

	(void)state;
	make(&t);
	expect_cuts(&t, (struct cut_rule){ .kind = CUTS_EVERY_WRITE },
		    "w1@5 w2@10");
	expect_cuts(&t, (struct cut_rule){ .kind = CUTS_EVERY_FLUSH }, "f1@8");
	expect_cuts(&t, (struct cut_rule){ .kind = CUTS_EVERY_MARK },
		    "m1@7 m2@11 m3@13");
	expect_cuts(&t, (struct cut_rule){ .kind = CUTS_AT_WRITE, .nth = 2 },
		    "w2@10");
	expect_cuts(&t, (struct cut_rule){ .kind = CUTS_AT_FLUSH, .nth = 1 },
		    "f1@8");
	expect_cuts(&t, (struct cut_rule){ .kind = CUTS_AT_MARK, .mark = "a" },
		    "m1@7 m2@11");
	expect_cuts(&t,
		    (struct cut_rule){ .kind = CUTS_AT_MARK,
				       .mark = "a",
				       .nth = 2 },
		    "m2@11");
	expect_cuts(&t,
		    (struct cut_rule){ .kind = CUTS_AT_MARK,
				       .mark = "again",
				       .nth = 1 },
		    "m3@13");
	expect_cuts(&t, (struct cut_rule){ .kind = CUTS_END }, "end@14");
}

static void rules_together_are_sorted_and_without_duplicates(void **state)
{
	const struct cut_rule rules[] = { { .kind = CUTS_END },
					  { .kind = CUTS_EVERY_MARK },
					  { .kind = CUTS_AT_MARK,
					    .mark = "a" },
					  { .kind = CUTS_AT_WRITE, .nth = 1 } };
	struct test_log t;

	(void)state;
	make(&t);
	CLEANUP_FREE char *text = cuts(&t, rules, 4, 1);

	assert_string_equal(text, "w1@5 m1@7 m2@11 m3@13 end@14");
}

static void a_rule_that_is_never_met_is_an_error(void **state)
{
	const struct cut_rule rules[] = {
		{ .kind = CUTS_AT_WRITE, .nth = 3 },
		{ .kind = CUTS_AT_WRITE, .nth = 0 },
		{ .kind = CUTS_AT_FLUSH, .nth = 2 },
		{ .kind = CUTS_AT_MARK, .mark = "again", .nth = 2 },
		{ .kind = CUTS_AT_MARK, .mark = "nothing" },
	};
	struct cut *list;
	struct error e;
	struct test_log t;
	size_t n;

	(void)state;
	make(&t);
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		assert_int_equal(cuts_expand(&t.h, &rules[i], 1, 1, &list, &n,
					     &e),
				 -EINVAL);
	cuts_expand(&t.h, &rules[0], 1, 1, &list, &n, &e);
	assert_string_equal(e.message, "there is no write 3: the run had 2");
}

static void random_cuts_are_distinct_and_behind_arm(void **state)
{
	struct cut_rule five = { .kind = CUTS_RANDOM, .count = 5 };
	CLEANUP_FREE struct cut *list = NULL;
	struct test_log t;
	size_t n;

	(void)state;
	make(&t);
	for (uint64_t seed = 0; seed < 50; seed++) {
		assert_int_equal(cuts_expand(&t.h, &five, 1, seed, &list, &n,
					     NULL),
				 0);
		assert_int_equal(n, 5);
		for (size_t i = 0; i < n; i++) {
			assert_true(list[i].position > t.h.arm);
			assert_true(list[i].position < t.h.end);
			assert_true(!i ||
				    list[i].position > list[i - 1].position);
		}
		free(TAKE(list));
	}
}

static void the_seed_decides_the_random_cuts(void **state)
{
	struct cut_rule five = { .kind = CUTS_RANDOM, .count = 5 };
	struct test_log t;

	(void)state;
	make(&t);
	CLEANUP_FREE char *a = cuts(&t, &five, 1, 1);
	CLEANUP_FREE char *again = cuts(&t, &five, 1, 1);
	CLEANUP_FREE char *b = cuts(&t, &five, 1, 2);

	assert_string_equal(a, again);
	assert_string_not_equal(a, b);
}

static void more_random_cuts_than_positions_are_all_of_them(void **state)
{
	struct test_log t;

	(void)state;
	make(&t);
	expect_cuts(&t, (struct cut_rule){ .kind = CUTS_RANDOM, .count = 99 },
		    "w1@5 p6@6 m1@7 f1@8 p9@9 w2@10 m2@11 p12@12 m3@13 "
		    "end@14");
}

static void a_log_that_ends_in_a_cut_has_only_that_one(void **state)
{
	struct test_log t;

	(void)state;
	test_log_init(&t, 1 << 20, "none");
	test_arm(&t);
	test_write(&t, 0, 1);
	test_cut(&t);
	test_seal(&t);
	expect_cuts(&t, (struct cut_rule){ .kind = CUTS_EVERY_WRITE }, "end@3");
}

static void a_log_without_arm_has_no_cuts(void **state)
{
	struct test_log t;
	struct cut *list, cut;
	size_t n;

	(void)state;
	test_log_init(&t, 1 << 20, "none");
	test_write(&t, 0, 1);
	assert_int_equal(cuts_expand(&t.h, NULL, 0, 1, &list, &n, NULL),
			 -EINVAL);
	assert_int_equal(cut_parse(&t.h, "end", &cut, NULL), -EINVAL);
}

static void names_are_read_and_made_canonical(void **state)
{
	static const char *const names[][2] = {
		{ "w2", "w2" },	  { "p10", "w2" }, { "f1", "f1" },
		{ "m3", "m3" },	  { "p13", "m3" }, { "end", "end" },
		{ "p14", "end" }, { "p12", "p12" }, { "p4", "p4" },
	};
	struct test_log t;

	(void)state;
	make(&t);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct cut cut;

		assert_int_equal(cut_parse(&t.h, names[i][0], &cut, NULL), 0);
		assert_string_equal(cut.name, names[i][1]);
	}
}

static void what_is_no_cut_is_refused(void **state)
{
	static const char *const names[] = {
		"",   "w",   "w0",  "w3", "f2", "m4", "m0",  "p3",
		"p15", "x1", "w1x", "w-1", "w 1", "W1", "ends",
		"w99999999999999999999", "p18446744073709551615",
	};
	struct test_log t;

	(void)state;
	make(&t);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct cut cut;

		assert_int_equal(cut_parse(&t.h, names[i], &cut, NULL),
				 -EINVAL);
	}
}

static void a_time_cuts_at_the_last_record_until_then(void **state)
{
	struct test_log t;

	(void)state;
	make(&t);
	for (uint64_t i = 0; i < t.h.end; i++)
		t.times[i] = i * 10;
	expect_cuts(&t, (struct cut_rule){ .kind = CUTS_AT_TIME, .time_ns = 9 },
		    "p4@4");
	expect_cuts(&t,
		    (struct cut_rule){ .kind = CUTS_AT_TIME, .time_ns = 10 },
		    "w1@5");
	expect_cuts(&t,
		    (struct cut_rule){ .kind = CUTS_AT_TIME, .time_ns = 69 },
		    "w2@10");
	expect_cuts(&t,
		    (struct cut_rule){ .kind = CUTS_AT_TIME, .time_ns = 9999 },
		    "end@14");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_rules_everything_and_the_end_is_cut),
		cmocka_unit_test(each_rule_gives_its_cuts),
		cmocka_unit_test(
			rules_together_are_sorted_and_without_duplicates),
		cmocka_unit_test(a_rule_that_is_never_met_is_an_error),
		cmocka_unit_test(random_cuts_are_distinct_and_behind_arm),
		cmocka_unit_test(the_seed_decides_the_random_cuts),
		cmocka_unit_test(
			more_random_cuts_than_positions_are_all_of_them),
		cmocka_unit_test(a_log_that_ends_in_a_cut_has_only_that_one),
		cmocka_unit_test(a_log_without_arm_has_no_cuts),
		cmocka_unit_test(names_are_read_and_made_canonical),
		cmocka_unit_test(what_is_no_cut_is_refused),
		cmocka_unit_test(a_time_cuts_at_the_last_record_until_then),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

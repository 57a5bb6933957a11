#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/buf.h"
#include "drive/test-logs.h"
#include "states/states.h"

static void expect(const struct test_log *t, uint64_t position,
		   const char *acks, const char *begun)
{
	CLEANUP_BUF struct buf a = BUF_INIT;
	CLEANUP_BUF struct buf b = BUF_INIT;
	const struct cut cut = { .position = position };

	promises_at(&t->h, &cut, &a, &b);
	assert_string_equal(buf_text(&a), acks);
	assert_string_equal(buf_text(&b), begun);
}

static void a_promise_counts_from_its_ack_on(void **state)
{
	struct test_log t;

	(void)state;
	test_log_init(&t, 1 << 20, "none");
	test_arm(&t);
	test_mark(&t, MARK_BEGIN, "x"); /* 1 */
	test_mark(&t, MARK_ACK, "x"); /* 2 */
	expect(&t, 0, "", "");
	expect(&t, 1, "", "x\n");
	expect(&t, 2, "x\n", "");
}

static void marks_before_arm_and_plain_marks_do_not_count(void **state)
{
	struct test_log t;

	(void)state;
	test_log_init(&t, 1 << 20, "none");
	test_mark(&t, MARK_ACK, "setup");
	test_mark(&t, MARK_BEGIN, "setup");
	test_arm(&t);
	test_mark(&t, MARK_MARK, "here");
	expect(&t, 3, "", "");
}

static void begun_is_a_difference_of_multisets_in_order(void **state)
{
	struct test_log t;

	(void)state;
	test_log_init(&t, 1 << 20, "none");
	test_arm(&t);
	test_mark(&t, MARK_BEGIN, "x");
	test_mark(&t, MARK_BEGIN, "y");
	test_mark(&t, MARK_BEGIN, "x");
	test_mark(&t, MARK_BEGIN, "x");
	test_mark(&t, MARK_ACK, "never begun");
	test_mark(&t, MARK_ACK, "x");
	expect(&t, 6, "never begun\nx\n", "y\nx\nx\n");
	test_mark(&t, MARK_ACK, "x");
	expect(&t, 7, "never begun\nx\nx\n", "y\nx\n");
}

static void acks_keep_their_order_and_number(void **state)
{
	struct test_log t;

	(void)state;
	test_log_init(&t, 1 << 20, "none");
	test_arm(&t);
	test_mark(&t, MARK_ACK, "b");
	test_mark(&t, MARK_ACK, "a");
	test_mark(&t, MARK_ACK, "b");
	expect(&t, 3, "b\na\nb\n", "");
}

/* x and y are begun and acked, z is acked without a begin, w is begun only. */
static void make_partial(struct test_log *t)
{
	test_log_init(t, 1 << 20, "none");
	test_arm(t);
	test_mark(t, MARK_BEGIN, "x");
	test_mark(t, MARK_BEGIN, "y");
	test_mark(t, MARK_ACK, "y");
	t->now_ns = 10;
	test_mark(t, MARK_ACK, "x");
	test_mark(t, MARK_ACK, "z");
	t->now_ns = 25;
	test_mark(t, MARK_BEGIN, "w");
}

static void expect_partial(const struct promises *p, const struct cut *cut,
			   uint64_t n, const char *acks, const char *begun)
{
	CLEANUP_BUF struct buf a = BUF_INIT;
	CLEANUP_BUF struct buf b = BUF_INIT;

	promises_partial(p, cut, n, &a, &b);
	assert_string_equal(buf_text(&a), acks);
	assert_string_equal(buf_text(&b), begun);
}

static void acks_that_do_not_count_are_begun(void **state)
{
	struct test_log t;
	struct cut end = { .position = 6 }, before = { .position = 3 };
	struct promises *p;

	(void)state;
	make_partial(&t);
	p = promises_new(&t.h);
	expect_partial(p, &end, 3, "y\nx\nz\n", "w\n");
	expect_partial(p, &end, 2, "y\nx\n", "w\nz\n");
	expect_partial(p, &end, 1, "y\n", "x\nw\nz\n");
	expect_partial(p, &end, 0, "", "x\ny\nw\nz\n");
	expect_partial(p, &before, 0, "", "x\ny\n");
	expect_partial(p, &before, 9, "y\n", "x\n");
	promises_free(p);
}

static void old_acks_are_the_first_ones(void **state)
{
	struct test_log t;
	struct cut end = { .position = 6 }, before = { .position = 5 };
	struct promises *p;

	(void)state;
	make_partial(&t);
	p = promises_new(&t.h);
	assert_int_equal(promises_age(p, &end, 0), 25);
	assert_int_equal(promises_age(p, &end, 2), 15);
	assert_int_equal(promises_old(p, &end, 25), 0);
	assert_int_equal(promises_old(p, &end, 24), 1);
	assert_int_equal(promises_old(p, &end, 14), 3);
	assert_int_equal(promises_old(p, &before, 9), 1);
	promises_free(p);
}

static void a_key_tells_what_is_old(void **state)
{
	struct test_log t;
	struct cut a = { .position = 6 }, b = { .position = 7 };
	struct promises *p;

	(void)state;
	make_partial(&t);
	t.now_ns = 30;
	test_write(&t, 0, 1);
	p = promises_new(&t.h);
	assert_int_equal(promises_key(p, &a, 0), promises_key(p, &b, 0));
	assert_int_equal(promises_key(p, &a, 50), promises_key(p, &b, 50));
	assert_int_not_equal(promises_key(p, &a, 16), promises_key(p, &b, 16));
	promises_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_promise_counts_from_its_ack_on),
		cmocka_unit_test(marks_before_arm_and_plain_marks_do_not_count),
		cmocka_unit_test(begun_is_a_difference_of_multisets_in_order),
		cmocka_unit_test(acks_keep_their_order_and_number),
		cmocka_unit_test(acks_that_do_not_count_are_begun),
		cmocka_unit_test(old_acks_are_the_first_ones),
		cmocka_unit_test(a_key_tells_what_is_old),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

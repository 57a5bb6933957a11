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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_promise_counts_from_its_ack_on),
		cmocka_unit_test(marks_before_arm_and_plain_marks_do_not_count),
		cmocka_unit_test(begun_is_a_difference_of_multisets_in_order),
		cmocka_unit_test(acks_keep_their_order_and_number),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

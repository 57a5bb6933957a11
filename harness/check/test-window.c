/* A check that holds when it is promised no more than the disk kept. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "check/window.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "drive/test-logs.h"

#define MS 1000000ULL

static struct fixture {
	struct test_log log;
	struct promises *promises;
	struct window window;
	struct cut cut;
	unsigned kept;     /* acks that the disk still has */
	unsigned asked;    /* judgements */
	struct buf begun;  /* of the last one */
	enum verdict else_;/* verdict where not all acks are kept */
	enum stage stage;
	enum equal_how equal;
	int err;
} f;

/* Ten acks, 100 ms apart, of a window of `window_ms`; the cut comes 50 ms after the
 * last. */
static void setup(unsigned window_ms)
{
	static const char *const names[] = { "a", "b", "c", "d", "e",
					     "f", "g", "h", "i", "j" };

	memset(&f, 0, sizeof(f));
	test_log_init(&f.log, 1 << 20, "none");
	test_arm(&f.log);
	for (size_t i = 0; i < 10; i++) {
		test_mark(&f.log, MARK_BEGIN, names[i]);
		test_mark(&f.log, MARK_ACK, names[i]);
		f.log.now_ns += 100 * MS;
	}
	f.log.now_ns -= 50 * MS;
	test_write(&f.log, 0, 1);
	f.cut.position = f.log.h.end - 1;
	f.promises = promises_new(&f.log.h);
	f.window = (struct window){ .promises = f.promises,
				    .ns = window_ms * MS };
	f.else_ = VERDICT_VIOLATED;
	f.stage = STAGE_CHECK;
}

static void teardown(void)
{
	promises_free(f.promises);
	buf_free(&f.begun);
}

static int check(void *arg, const struct buf *acks, const struct buf *begun,
		 struct judgement *ret)
{
	(void)arg;
	f.asked++;
	buf_clear(&f.begun);
	buf_puts(&f.begun, buf_text(begun));
	if (f.err)
		return f.err;
	*ret = (struct judgement){ .verdict = VERDICT_HELD,
				   .equal = f.equal,
				   .elapsed_ns = 1 };
	if (acks->len / 2 <= f.kept)
		return 0;
	ret->verdict = f.else_;
	ret->stage = f.stage;
	ret->message = xasprintf("%zu of %u", acks->len / 2, f.kept);
	return 0;
}

static struct judgement judged(unsigned kept)
{
	CLEANUP_BUF struct buf acks = BUF_INIT, begun = BUF_INIT;
	struct judgement j = { 0 };

	f.kept = kept;
	f.asked = 0;
	promises_list(f.promises, &f.cut, &acks, &begun);
	assert_int_equal(check(NULL, &acks, &begun, &j), 0);
	assert_int_equal(window_judge(&f.window, &f.cut, check, NULL, &j), 0);
	return j;
}

static void what_holds_is_judged_once(void **state)
{
	struct judgement j;

	(void)state;
	setup(300);
	j = judged(10);
	assert_int_equal(j.verdict, VERDICT_HELD);
	assert_int_equal(f.asked, 1);
	teardown();
}

static void young_acks_may_be_lost(void **state)
{
	struct judgement j;

	(void)state;
	setup(300);
	j = judged(8);
	assert_int_equal(j.verdict, VERDICT_LOSES);
	assert_string_equal(j.message, "10 of 8");
	/* the ninth of ten */
	assert_int_equal(j.lost_ns, 150 * MS);
	assert_int_equal(f.window.oldest_ns, 150 * MS);
	judgement_release(&j);
	teardown();
}

/* The acks are 50, 150, 250, 350 ... old. */
static void an_old_ack_may_not(void **state)
{
	struct judgement j;

	(void)state;
	setup(300);
	j = judged(6);
	assert_int_equal(j.verdict, VERDICT_VIOLATED);
	assert_string_equal(j.message, "7 of 6");
	assert_int_equal(f.asked, 2);
	judgement_release(&j);
	teardown();
}

static void an_ack_as_old_as_the_window_may(void **state)
{
	struct judgement j;

	(void)state;
	setup(350);
	j = judged(6);
	assert_int_equal(j.verdict, VERDICT_LOSES);
	assert_int_equal(j.lost_ns, 350 * MS);
	judgement_release(&j);
	teardown();
}

static void young_operations_count_as_begun(void **state)
{
	struct judgement j;

	(void)state;
	setup(300);
	j = judged(6);
	assert_string_equal(buf_text(&f.begun), "h\ni\nj\n");
	judgement_release(&j);
	teardown();
}

static void only_the_check_is_asked_again(void **state)
{
	static const enum stage stages[] = { STAGE_MOUNT, STAGE_KERNEL,
					     STAGE_HANG, STAGE_FSCK };

	(void)state;
	setup(10000);
	for (size_t i = 0; i < 4; i++) {
		struct judgement j;

		f.stage = stages[i];
		j = judged(9);
		assert_int_equal(j.verdict, VERDICT_VIOLATED);
		assert_int_equal(f.asked, 1);
		judgement_release(&j);
	}
	teardown();
}

static void where_nothing_is_young_nothing_is_excused(void **state)
{
	struct judgement j;

	(void)state;
	setup(49);
	j = judged(9);
	assert_int_equal(j.verdict, VERDICT_VIOLATED);
	assert_int_equal(f.asked, 1);
	judgement_release(&j);
	teardown();
}

/* First violated, then: who knows. */
static int doubtful(void *arg, const struct buf *acks, const struct buf *begun,
		    struct judgement *ret)
{
	int err = check(arg, acks, begun, ret);

	ret->verdict = VERDICT_UNKNOWN;
	return err;
}

static void what_cannot_be_told_then_is_unknown(void **state)
{
	struct judgement j = { .verdict = VERDICT_VIOLATED,
			       .stage = STAGE_CHECK };

	(void)state;
	setup(300);
	f.kept = 9;
	assert_int_equal(window_judge(&f.window, &f.cut, doubtful, NULL, &j),
			 0);
	assert_int_equal(j.verdict, VERDICT_UNKNOWN);
	judgement_release(&j);
	teardown();
}

static void the_oldest_loss_is_exact_and_the_others_bounded(void **state)
{
	static const unsigned kept[] = { 9, 7, 8, 3, 9, 4 };
	static const unsigned age_ms[] = { 50, 250, 250, 650, 650, 650 };

	(void)state;
	setup(10000);
	for (size_t i = 0; i < 6; i++) {
		struct judgement j = judged(kept[i]);

		assert_int_equal(j.verdict, VERDICT_LOSES);
		assert_int_equal(j.lost_ns, age_ms[i] * MS);
		if (i == 2 || i > 3)
			assert_int_equal(f.asked, 3);
		judgement_release(&j);
	}
	teardown();
}

static void what_was_not_seen_on_the_state_marks_it_all(void **state)
{
	struct judgement j;

	(void)state;
	setup(300);
	f.equal = EQUAL_UNREAD;
	j = judged(9);
	assert_int_equal(j.verdict, VERDICT_LOSES);
	assert_int_equal(j.equal, EQUAL_UNREAD);
	judgement_release(&j);
	teardown();
}

static void an_error_ends_it_and_leaves_the_judgement(void **state)
{
	struct judgement j = { .verdict = VERDICT_VIOLATED,
			       .stage = STAGE_CHECK };

	(void)state;
	setup(300);
	f.err = -ECANCELED;
	assert_int_equal(window_judge(&f.window, &f.cut, check, NULL, &j),
			 -ECANCELED);
	assert_int_equal(j.verdict, VERDICT_VIOLATED);
	teardown();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_holds_is_judged_once),
		cmocka_unit_test(young_acks_may_be_lost),
		cmocka_unit_test(an_old_ack_may_not),
		cmocka_unit_test(an_ack_as_old_as_the_window_may),
		cmocka_unit_test(young_operations_count_as_begun),
		cmocka_unit_test(only_the_check_is_asked_again),
		cmocka_unit_test(where_nothing_is_young_nothing_is_excused),
		cmocka_unit_test(what_cannot_be_told_then_is_unknown),
		cmocka_unit_test(the_oldest_loss_is_exact_and_the_others_bounded),
		cmocka_unit_test(what_was_not_seen_on_the_state_marks_it_all),
		cmocka_unit_test(an_error_ends_it_and_leaves_the_judgement),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

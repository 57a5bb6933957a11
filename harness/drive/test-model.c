#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "common/rng.h"
#include "drive/model.h"
#include "drive/test-logs.h"

static uint64_t durable(const struct test_log *t, size_t command)
{
	CLEANUP_FREE uint64_t *all = model_durable(&t->h);

	return all[command];
}

static void start(struct test_log *t)
{
	test_log_init(t, 1 << 20, "none");
	test_arm(t);
}

static void a_flush_makes_durable_what_completed_before_it(void **state)
{
	struct test_log t;
	size_t w, f;

	(void)state;
	start(&t);
	w = test_write(&t, 0, 1);
	f = test_flush(&t);
	assert_int_equal(durable(&t, w), t.commands[f].complete);
	assert_int_equal(durable(&t, f), POSITION_NEVER);
}

static void a_flush_does_not_cover_what_completes_during_it(void **state)
{
	struct test_log t;
	size_t w, f;

	(void)state;
	start(&t);
	w = test_submit(&t, LOG_WRITE, 0, 512, 0, 0);
	f = test_submit(&t, LOG_FLUSH, 0, 0, 0, 0);
	test_complete(&t, w);
	test_complete(&t, f);
	assert_int_equal(durable(&t, w), POSITION_NEVER);
}

static void a_flush_in_flight_makes_nothing_durable(void **state)
{
	struct test_log t;
	size_t w;

	(void)state;
	start(&t);
	w = test_write(&t, 0, 1);
	test_submit(&t, LOG_FLUSH, 0, 0, 0, 0);
	assert_int_equal(durable(&t, w), POSITION_NEVER);
}

static void of_two_flushes_the_first_to_complete_counts(void **state)
{
	struct test_log t;
	size_t w, f1, f2;

	(void)state;
	start(&t);
	w = test_write(&t, 0, 1);
	f1 = test_submit(&t, LOG_FLUSH, 0, 0, 0, 0);
	f2 = test_submit(&t, LOG_FLUSH, 0, 0, 0, 0);
	test_complete(&t, f2);
	test_complete(&t, f1);
	assert_int_equal(durable(&t, w), t.commands[f2].complete);
}

static void fua_makes_only_its_own_write_durable(void **state)
{
	struct test_log t;
	size_t before, w, flying;

	(void)state;
	start(&t);
	before = test_write(&t, 0, 1);
	w = test_submit(&t, LOG_WRITE, 512, 512, 0, 1);
	test_complete(&t, w);
	flying = test_submit(&t, LOG_WRITE, 1024, 512, 0, 1);
	assert_int_equal(durable(&t, w), t.commands[w].complete);
	assert_int_equal(durable(&t, before), POSITION_NEVER);
	assert_int_equal(durable(&t, flying), POSITION_NEVER);
}

static void what_stands_before_arm_is_durable_from_there(void **state)
{
	struct test_log t;
	size_t w, flying;

	(void)state;
	test_log_init(&t, 1 << 20, "none");
	w = test_write(&t, 0, 1);
	flying = test_submit(&t, LOG_WRITE, 512, 512, 0, 0);
	test_arm(&t);
	test_complete(&t, flying);
	assert_int_equal(durable(&t, w), t.h.arm);
	assert_int_equal(durable(&t, flying), t.h.arm);
}

static void fate_follows_the_cut(void **state)
{
	const struct command c = { .submit = 5 };

	(void)state;
	assert_int_equal(model_fate(&c, 9, 4), FATE_ABSENT);
	assert_int_equal(model_fate(&c, 9, 5), FATE_VOLATILE);
	assert_int_equal(model_fate(&c, 9, 8), FATE_VOLATILE);
	assert_int_equal(model_fate(&c, 9, 9), FATE_DURABLE);
	assert_int_equal(model_fate(&c, POSITION_NEVER, 9), FATE_VOLATILE);
}

/* Rules 1 and 2 word for word: every flush is tried for every command. */
static uint64_t by_the_rules(const struct test_log *t, size_t command)
{
	const struct command *c = &t->commands[command];
	uint64_t first = POSITION_NEVER;

	if (c->type == LOG_FLUSH)
		return POSITION_NEVER;
	if (c->submit < t->h.arm)
		first = t->h.arm;
	if (c->fua && c->complete < first)
		first = c->complete;
	for (size_t i = 0; i < t->h.n_commands; i++) {
		const struct command *f = &t->commands[i];

		if (f->type == LOG_FLUSH && c->complete != POSITION_NEVER &&
		    c->complete < f->submit && f->complete < first)
			first = f->complete;
	}
	return first;
}

static void random_log(struct test_log *t, struct rng *r)
{
	size_t flying[TEST_COMMANDS], n = 0;

	test_log_init(t, 1 << 20, "none");
	for (int i = 0; i < 60; i++) {
		uint64_t dice = rng_below(r, 10);

		if (i == 15) {
			test_arm(t);
		} else if (dice < 5 && n) {
			size_t k = rng_below(r, n);

			test_complete(t, flying[k]);
			flying[k] = flying[--n];
		} else {
			flying[n++] = test_submit(
				t, dice < 7 ? LOG_FLUSH : LOG_WRITE, 0, 512, 0,
				rng_below(r, 4) == 0);
		}
	}
}

static void random_logs_agree_with_the_rules(void **state)
{
	struct rng r = rng_init(1);
	struct test_log t;

	(void)state;
	for (int round = 0; round < 1000; round++) {
		random_log(&t, &r);
		CLEANUP_FREE uint64_t *all = model_durable(&t.h);

		for (size_t i = 0; i < t.h.n_commands; i++)
			assert_int_equal(all[i], by_the_rules(&t, i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_flush_makes_durable_what_completed_before_it),
		cmocka_unit_test(
			a_flush_does_not_cover_what_completes_during_it),
		cmocka_unit_test(a_flush_in_flight_makes_nothing_durable),
		cmocka_unit_test(of_two_flushes_the_first_to_complete_counts),
		cmocka_unit_test(fua_makes_only_its_own_write_durable),
		cmocka_unit_test(what_stands_before_arm_is_durable_from_there),
		cmocka_unit_test(fate_follows_the_cut),
		cmocka_unit_test(random_logs_agree_with_the_rules),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

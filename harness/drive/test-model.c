#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "common/rng.h"
#include "drive/model.h"
#include "drive/test-logs.h"

static const struct cache_model honest = CACHE_MODEL_HONEST;

static uint64_t durable(const struct test_log *t, size_t command)
{
	CLEANUP_FREE uint64_t *all = model_durable(&t->h, &honest);

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

/* ---- other drives than the honest writeback one ---- */

static uint64_t durable_on(const struct test_log *t, struct cache_model m,
			   size_t command)
{
	CLEANUP_FREE uint64_t *all = model_durable(&t->h, &m);

	return all[command];
}

static void without_a_volatile_cache_what_completes_is_durable(void **state)
{
	struct cache_model through = honest, none = honest, plp = honest;
	struct test_log t;
	size_t w, flying;

	(void)state;
	through.mode = CACHE_WRITETHROUGH;
	none.mode = CACHE_NONE;
	plp.plp = 1;
	start(&t);
	w = test_write(&t, 0, 1);
	flying = test_submit(&t, LOG_WRITE, 512, 512, 0, 0);
	assert_int_equal(durable_on(&t, through, w), t.commands[w].complete);
	assert_int_equal(durable_on(&t, none, w), t.commands[w].complete);
	assert_int_equal(durable_on(&t, plp, w), t.commands[w].complete);
	assert_int_equal(durable_on(&t, plp, flying), POSITION_NEVER);
	assert_false(model_is_volatile(&through) || model_is_volatile(&none) ||
		     model_is_volatile(&plp));
}

static void an_ignored_flush_makes_nothing_durable(void **state)
{
	struct cache_model m = honest;
	struct test_log t;
	size_t before, w, fua;

	(void)state;
	m.flush_ignored = 1;
	test_log_init(&t, 1 << 20, "none");
	before = test_write(&t, 9, 1);
	test_arm(&t);
	w = test_write(&t, 0, 1);
	fua = test_submit(&t, LOG_WRITE, 512, 512, 0, 1);
	test_complete(&t, fua);
	test_flush(&t);
	assert_int_equal(durable_on(&t, m, w), POSITION_NEVER);
	assert_int_equal(durable_on(&t, m, fua), t.commands[fua].complete);
	assert_int_equal(durable_on(&t, m, before), t.h.arm);
}

static void an_ignored_fua_waits_for_a_flush(void **state)
{
	struct cache_model m = honest;
	struct test_log t;
	size_t fua, f;

	(void)state;
	m.fua_ignored = 1;
	start(&t);
	fua = test_submit(&t, LOG_WRITE, 512, 512, 0, 1);
	test_complete(&t, fua);
	f = test_flush(&t);
	assert_int_equal(durable_on(&t, m, fua), t.commands[f].complete);
}

static void what_overfills_the_cache_drives_the_oldest_out(void **state)
{
	struct cache_model m = honest;
	struct test_log t;
	size_t a, b, c;

	(void)state;
	m.capacity = 2048;
	start(&t);
	b = test_submit(&t, LOG_WRITE, 0, 1024, 0, 0);
	a = test_write(&t, 8, 2);
	test_complete(&t, b);
	assert_int_equal(durable_on(&t, m, a), POSITION_NEVER);
	c = test_submit(&t, LOG_WRITE, 8192, 512, 0, 0);
	assert_int_equal(durable_on(&t, m, a), POSITION_NEVER);
	test_complete(&t, c);
	assert_int_equal(durable_on(&t, m, a), t.commands[c].complete);
	assert_int_equal(durable_on(&t, m, b), POSITION_NEVER);
}

static void a_write_larger_than_the_cache_empties_it(void **state)
{
	struct cache_model m = honest;
	struct test_log t;
	size_t a, b;

	(void)state;
	m.capacity = 2048;
	start(&t);
	a = test_write(&t, 0, 1);
	b = test_write(&t, 8, 5);
	assert_int_equal(durable_on(&t, m, a), t.commands[b].complete);
	assert_int_equal(durable_on(&t, m, b), t.commands[b].complete);
}

static void what_was_flushed_takes_no_room(void **state)
{
	struct cache_model m = honest;
	struct test_log t;
	size_t b;

	(void)state;
	m.capacity = 2048;
	start(&t);
	test_write(&t, 0, 4);
	test_flush(&t);
	b = test_write(&t, 8, 2);
	test_write(&t, 16, 2);
	assert_int_equal(durable_on(&t, m, b), POSITION_NEVER);
}

static void zeroes_take_no_room_but_keep_their_place(void **state)
{
	struct cache_model m = honest;
	struct test_log t;
	size_t z, w, last;

	(void)state;
	m.capacity = 512;
	start(&t);
	z = test_submit(&t, LOG_ZEROES, 0, 1 << 19, 0, 0);
	test_complete(&t, z);
	w = test_write(&t, 8, 1);
	assert_int_equal(durable_on(&t, m, z), POSITION_NEVER);
	last = test_write(&t, 9, 1);
	assert_int_equal(durable_on(&t, m, z), t.commands[last].complete);
	assert_int_equal(durable_on(&t, m, w), t.commands[last].complete);
	assert_int_equal(durable_on(&t, m, last), POSITION_NEVER);
}

static void age_destages_at_the_first_record_behind_it(void **state)
{
	struct cache_model m = honest;
	struct test_log t;
	size_t w;
	uint64_t mark;

	(void)state;
	m.destage_ns = 100;
	start(&t);
	t.now_ns = 10;
	w = test_submit(&t, LOG_WRITE, 0, 512, 0, 0);
	t.now_ns = 50;
	test_complete(&t, w);
	t.now_ns = 149;
	test_mark(&t, MARK_MARK, "too early");
	assert_int_equal(durable_on(&t, m, w), POSITION_NEVER);
	t.now_ns = 150;
	mark = t.h.end;
	test_mark(&t, MARK_MARK, "now");
	test_mark(&t, MARK_MARK, "later");
	assert_int_equal(durable_on(&t, m, w), mark);
}

static void the_line_is_completed_then_in_flight(void **state)
{
	const struct command late = { .submit = 1, .complete = 9 };
	const struct command soon = { .submit = 2, .complete = 8 };
	const struct command never = { .submit = 0,
				       .complete = POSITION_NEVER };

	(void)state;
	assert_true(model_fifo(&soon, &late, 10) < 0);
	assert_true(model_fifo(&late, &soon, 10) > 0);
	assert_true(model_fifo(&late, &never, 10) < 0);
	/* at 7 all are in flight */
	assert_true(model_fifo(&soon, &late, 7) > 0);
	assert_true(model_fifo(&never, &late, 7) < 0);
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
		CLEANUP_FREE uint64_t *all = model_durable(&t.h, &honest);

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
		cmocka_unit_test(
			without_a_volatile_cache_what_completes_is_durable),
		cmocka_unit_test(an_ignored_flush_makes_nothing_durable),
		cmocka_unit_test(an_ignored_fua_waits_for_a_flush),
		cmocka_unit_test(
			what_overfills_the_cache_drives_the_oldest_out),
		cmocka_unit_test(a_write_larger_than_the_cache_empties_it),
		cmocka_unit_test(what_was_flushed_takes_no_room),
		cmocka_unit_test(zeroes_take_no_room_but_keep_their_place),
		cmocka_unit_test(age_destages_at_the_first_record_behind_it),
		cmocka_unit_test(the_line_is_completed_then_in_flight),
		cmocka_unit_test(random_logs_agree_with_the_rules),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

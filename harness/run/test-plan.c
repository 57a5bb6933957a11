#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "drive/test-logs.h"
#include "run/plan.h"
#include "states/synthetic.h"

#define SECTORS 64
#define DISK (SECTORS * 512)

/* A log with distinct data for each write, its space, and a plan of it. */
struct planned {
	struct test_log log;
	char folder[32], data[64], units[64];
	struct state_space *space;
	struct cut *cuts;
	size_t n_cuts;
	struct plan plan;
};

static int set_up(void **state)
{
	struct planned *p = calloc(1, sizeof(*p));
	FILE *f;

	strcpy(p->folder, "/tmp/test-plan-XXXXXX");
	if (!mkdtemp(p->folder))
		return -1;
	snprintf(p->data, sizeof(p->data), "%s/data", p->folder);
	snprintf(p->units, sizeof(p->units), "%s/units", p->folder);
	f = fopen(p->data, "w");
	for (int i = 0; i < DISK; i++)
		fputc('a' + i / 512 % 26, f);
	fclose(f);
	test_log_init(&p->log, DISK, p->data);
	test_arm(&p->log);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct planned *p = *state;

	plan_release(&p->plan);
	space_free(p->space);
	free(p->cuts);
	unlink(p->data);
	unlink(p->units);
	rmdir(p->folder);
	free(p);
	return 0;
}

/* One sector of content `letter`, at once complete. */
static void put(struct planned *p, uint64_t sector, int letter)
{
	size_t i = test_submit(&p->log, LOG_WRITE, sector * 512, 512,
			       (uint64_t)letter * 512, 0);

	test_complete(&p->log, i);
}

static void make_faulty_plan(struct planned *p,
			     const struct plan_config *config,
			     const struct fault_model *faults)
{
	struct cache_model model = CACHE_MODEL_HONEST;

	model.tear = 512;
	model.faults = *faults;
	test_seal(&p->log);
	assert_int_equal(space_create(&p->log.h, NULL, p->units, &model,
				      &p->space, NULL), 0);
	assert_int_equal(cuts_expand(&p->log.h, NULL, 0, 1, &p->cuts,
				     &p->n_cuts, NULL), 0);
	assert_int_equal(plan_make(p->space, &p->log.h, p->cuts, p->n_cuts,
				   config, &p->plan, NULL), 0);
}

static void make_plan_of(struct planned *p, const struct plan_config *config)
{
	static const struct fault_model none;

	make_faulty_plan(p, config, &none);
}

static void make_plan(struct planned *p, uint64_t budget)
{
	struct plan_config config = { .explore = EXPLORATION_DEFAULT,
				      .budget = budget };

	make_plan_of(p, &config);
}

static struct plan_cut totals(const struct planned *p)
{
	struct plan_cut sum = { 0 };

	for (size_t i = 0; i < p->plan.n_cuts; i++) {
		sum.states += p->plan.cuts[i].states;
		sum.equal += p->plan.cuts[i].equal;
		sum.left_out += p->plan.cuts[i].left_out;
	}
	return sum;
}

static uint64_t items_of(const struct planned *p, const char *cut)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->plan.n_items; i++)
		n += !strcmp(p->plan.items[i].cut.name, cut);
	return n;
}

static void equal_content_is_planned_once(void **state)
{
	struct planned *p = *state;
	uint64_t states = 0, equal = 0;

	put(p, 1, 3);
	test_flush(&p->log);
	put(p, 1, 3); /* nothing new */
	make_plan(p, 1000);
	for (size_t i = 0; i < p->plan.n_cuts; i++) {
		states += p->plan.cuts[i].states;
		equal += p->plan.cuts[i].equal;
	}
	/* Empty disk, and sector 1 written. */
	assert_int_equal(p->plan.n_items, 2);
	assert_int_equal(states - equal, 2);
}

static void equal_content_with_another_promise_is_planned_again(void **state)
{
	struct planned *p = *state;

	put(p, 1, 3);
	test_flush(&p->log);
	test_mark(&p->log, MARK_BEGIN, "one");
	test_mark(&p->log, MARK_ACK, "one");
	make_plan(p, 1000);
	assert_int_equal(items_of(p, "m1"), 1);
	assert_int_equal(items_of(p, "m2"), 1);
}

/* Equal contents and promises at m1, m2, m3; at m3 the ack has become older than
 * 10 ns. Returns how many of these are planned. */
static uint64_t plan_an_ageing_ack(struct planned *p, uint64_t window_ns)
{
	struct plan_config config = { .explore = EXPLORATION_DEFAULT,
				      .budget = 1000,
				      .window_ns = window_ns };

	put(p, 1, 3);
	test_flush(&p->log);
	test_mark(&p->log, MARK_ACK, "one");
	p->log.now_ns = 9;
	test_mark(&p->log, MARK_MARK, "young still");
	p->log.now_ns = 11;
	test_mark(&p->log, MARK_MARK, "old");
	make_plan_of(p, &config);
	return items_of(p, "m1") + items_of(p, "m2") + items_of(p, "m3") +
	       items_of(p, "end");
}

static void equal_content_with_an_ack_grown_old_is_planned_again(void **state)
{
	assert_int_equal(plan_an_ageing_ack(*state, 10), 2);
}

static void without_a_window_nothing_grows_old(void **state)
{
	assert_int_equal(plan_an_ageing_ack(*state, 0), 1);
}

static void a_mark_that_is_no_promise_plans_nothing(void **state)
{
	struct planned *p = *state;

	put(p, 1, 3);
	test_flush(&p->log);
	test_mark(&p->log, MARK_MARK, "here");
	make_plan(p, 1000);
	assert_int_equal(items_of(p, "m1"), 0);
}

/* Each of the cuts gets its first state before any gets a second one. */
static void a_small_budget_reaches_every_cut(void **state)
{
	struct planned *p = *state;

	for (int i = 0; i < 6; i++) {
		put(p, (uint64_t)i, i + 1);
		put(p, (uint64_t)i + 20, i + 1);
		test_mark(&p->log, MARK_ACK, "one more");
	}
	make_plan(p, 6);
	assert_int_equal(p->plan.n_items, 6);
	for (size_t i = 1; i < p->plan.n_items; i++)
		assert_true(p->plan.items[i - 1].cut.position <
			    p->plan.items[i].cut.position);
}

static void promises_are_counted_per_cut(void **state)
{
	struct planned *p = *state;
	const struct plan_cut *last;

	test_mark(&p->log, MARK_BEGIN, "a");
	put(p, 1, 1);
	test_mark(&p->log, MARK_ACK, "a");
	test_mark(&p->log, MARK_BEGIN, "b");
	make_plan(p, 1000);
	last = &p->plan.cuts[p->plan.n_cuts - 1];
	assert_int_equal(last->acks, 1);
	assert_int_equal(last->begun, 1);
	assert_int_equal(p->plan.cuts[0].acks, 0);
	assert_int_equal(p->plan.cuts[0].begun, 1);
}

/* A lost durable write leaves what an earlier cut may have left. Whoever comes
 * first, the other is judged for itself. */
static void what_a_fault_did_stands_for_nothing_else(void **state)
{
	struct plan_config config = { .explore = EXPLORATION_DEFAULT,
				      .budget = 1000 };
	struct planned *p = *state;
	struct fault_model faults = { .window = 8 };
	uint64_t faulty = 0;

	faults.count[FAULT_UNSERIALIZABLE] = 4;
	put(p, 1, 3);
	test_flush(&p->log);
	put(p, 2, 4);
	test_flush(&p->log);
	make_faulty_plan(p, &config, &faults);
	for (size_t i = 0; i < p->plan.n_items; i++)
		faulty += strchr(p->plan.items[i].survivors, '+') != NULL;
	/* Nothing; 1; 1 and 2. And by faults: nothing; 1; 2. */
	assert_int_equal(faulty, 3);
	assert_int_equal(p->plan.n_items, 6);
}

/* ---- the budget ---- */

/* A log with many writes that overlap and flushes now and then. */
static void make_busy(struct planned *p)
{
	for (int i = 0; i < 40; i++) {
		put(p, (uint64_t)(i * 7 % 9), 1 + i % 5);
		if (i % 8 == 7)
			test_flush(&p->log);
		if (i % 5 == 4)
			test_mark(&p->log, MARK_ACK, "done");
	}
}

static void each_state_is_planned_or_equal_or_left_out(void **state)
{
	static const uint64_t budgets[] = { 1, 2, 5, 20, 100, 1000, 100000 };
	uint64_t left = UINT64_MAX;

	for (size_t i = 0; i < sizeof(budgets) / sizeof(*budgets); i++) {
		struct planned *p = *state;
		struct plan_cut sum;

		if (i) { /* the same log again */
			tear_down(state);
			assert_int_equal(set_up(state), 0);
			p = *state;
		}
		make_busy(p);
		make_plan(p, budgets[i]);
		sum = totals(p);
		assert_true(p->plan.n_items <= budgets[i]);
		assert_int_equal(p->plan.n_items + sum.equal + sum.left_out,
				 sum.states);
		assert_true(sum.left_out <= left);
		assert_true(p->plan.distinct <= sum.states);
		left = sum.left_out;
	}
	assert_int_equal(left, 0);
}

/* Equal to what nobody judges is not covered: with the budget of one state,
 * what equals it is equal, and nothing else. */
static void nothing_is_equal_to_what_is_left_out(void **state)
{
	struct planned *p = *state;

	put(p, 1, 1);
	put(p, 1, 1); /* at w2 and end all is as at w1, or as before */
	make_plan(p, 1);
	assert_int_equal(p->plan.n_items, 1);
	assert_int_equal(totals(p).states, 6);
	assert_int_equal(totals(p).equal, 2);
	assert_int_equal(totals(p).left_out, 3);
}

static void a_tight_budget_reaches_all_parts_of_the_log(void **state)
{
	struct planned *p = *state;
	size_t late = 0;

	for (int i = 0; i < 20; i++) {
		put(p, (uint64_t)i, i + 1);
		test_flush(&p->log);
	}
	make_plan(p, 10);
	for (size_t i = 0; i < p->plan.n_items; i++)
		late += p->plan.items[i].cut.position > p->log.h.end / 2;
	assert_int_equal(p->plan.n_items, 10);
	assert_in_range(late, 4, 6);
}

/* ---- the order ---- */

/* Blocks that change from state to state, in the plan's order. */
static size_t changes(struct planned *p)
{
	struct cursor *c = cursor_new(p->space);
	struct state last = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < p->plan.n_items; i++) {
		const struct item *item = &p->plan.items[i];
		struct patch *patches;
		struct state st;

		assert_int_equal(cursor_state(c, &item->cut, item->survivors,
					      &st, NULL), 0);
		n += state_patches(p->space, last.survivors ? &last : NULL,
				   &st, &patches);
		free(patches);
		state_free(&last);
		last = st;
	}
	state_free(&last);
	cursor_free(c);
	return n;
}

/* The same states as the strategy finds them. */
struct naive {
	const struct planned *p;
	struct state last;
	size_t n;
};

static int sum_changes(struct state *st, void *arg)
{
	struct naive *x = arg;
	struct patch *patches;

	for (size_t i = 0; i < x->p->plan.n_items; i++) {
		const struct item *item = &x->p->plan.items[i];

		if (strcmp(item->cut.name, st->cut.name) ||
		    strcmp(item->survivors, st->survivors))
			continue;
		x->n += state_patches(x->p->space, x->last.survivors ?
							   &x->last : NULL,
				      st, &patches);
		free(patches);
		state_free(&x->last);
		x->last = *st;
		return 0;
	}
	state_free(st);
	return 0;
}

static void neighbours_in_the_plan_differ_in_few_blocks(void **state)
{
	struct planned *p = *state;
	struct naive x = { .p = p };

	for (int i = 0; i < 24; i++)
		put(p, (uint64_t)(2 * i), i + 1);
	make_plan(p, UINT64_MAX);
	for (size_t i = 0; i < p->n_cuts; i++)
		assert_int_equal(space_enumerate(p->space, &p->cuts[i], NULL,
						 sum_changes, &x, NULL), 0);
	state_free(&x.last);
	print_message("# %zu instead of %zu blocks\n", changes(p), x.n);
	assert_true(changes(p) * 5 < x.n * 4);
}

/* Each wave goes over all cuts before the next one begins. */
static void a_plan_for_a_time_has_the_likeliest_first(void **state)
{
	struct plan_config config = { .explore = EXPLORATION_DEFAULT,
				      .budget = UINT64_MAX, .urgent = 1 };
	struct planned *p = *state;
	uint64_t last = 0;
	int waves = 1;

	for (int i = 0; i < 10; i++)
		put(p, (uint64_t)(2 * i), i + 1);
	make_plan_of(p, &config);
	for (size_t i = 0; i < p->plan.n_items; i++) {
		waves += p->plan.items[i].cut.position < last;
		last = p->plan.items[i].cut.position;
	}
	assert_in_range(waves, 2, 6);
	/* The first goes to the end of the log with its first states. */
	assert_true(p->plan.n_items > 8 * p->n_cuts);
	for (size_t i = 0; i < 4 * p->n_cuts; i++)
		if (!strcmp(p->plan.items[i].cut.name, "w10"))
			return;
	fail();
}

/* ---- what was covered ---- */

static const struct plan_cut *at_end(const struct planned *p)
{
	return &p->plan.cuts[p->plan.n_cuts - 1];
}

/* Eight writes of one unit each: drop-1 covers what one lost write does, and
 * not what two do. */
static void covered_losses_are_proved(void **state)
{
	struct plan_config config = { .explore = { .strategy = "drop-2" },
				      .budget = UINT64_MAX };
	struct planned *p = *state;
	size_t missing = 0;

	for (int i = 0; i < 8; i++)
		put(p, (uint64_t)i, i + 1);
	make_plan_of(p, &config);
	assert_int_equal(at_end(p)->losses, 2);
	assert_int_equal(at_end(p)->complete, 0);
	assert_string_equal(at_end(p)->legal, "256");
	for (size_t i = 0; i < p->plan.n_items; i++) {
		const struct item *item = &p->plan.items[i];

		/* the end has the same states */
		if (!strcmp(item->survivors, "all-3,5") &&
		    !strcmp(item->cut.name, "w8"))
			missing++;
		else
			plan_judged(&p->plan, item, 1, 0);
	}
	assert_int_equal(missing, 1);
	assert_int_equal(plan_conclude(&p->plan, NULL), 0);
	assert_int_equal(at_end(p)->losses, 1);
	assert_int_equal(at_end(p)->left_out, 1);
}

static void what_an_audit_refutes_is_not_covered(void **state)
{
	struct planned *p = *state;

	put(p, 1, 1);
	put(p, 2, 2);
	make_plan(p, UINT64_MAX);
	assert_true(p->plan.n_items >= 2);
	for (size_t i = 0; i < p->plan.n_items; i++)
		assert_int_equal(plan_judged(&p->plan, &p->plan.items[i], 1,
					     i < 2), 1);
	assert_int_equal(plan_conclude(&p->plan, NULL), 0);
	assert_int_equal(totals(p).left_out, 0);
	/* One of the two is judged after all. */
	assert_int_equal(plan_judged(&p->plan, &p->plan.items[1], 1, 0), 0);
	assert_int_equal(plan_refuted(&p->plan), 1);
	assert_int_equal(plan_conclude(&p->plan, NULL), 0);
	assert_true(totals(p).left_out > 0);
	assert_int_equal(plan_judged(&p->plan, &p->plan.items[0], 1, 0), 1);
	assert_int_equal(plan_conclude(&p->plan, NULL), 0);
	assert_int_equal(totals(p).left_out, 0);
}

static void all_legal_states_judged_is_complete(void **state)
{
	struct planned *p = *state;
	size_t complete = 0;

	put(p, 1, 1);
	put(p, 2, 2);
	put(p, 3, 3);
	make_plan(p, UINT64_MAX);
	for (size_t i = 0; i < p->plan.n_cuts; i++)
		assert_int_equal(p->plan.cuts[i].complete, 1);
	assert_int_equal(at_end(p)->losses, 3);
	for (size_t i = 1; i < p->plan.n_items; i++) /* all but one */
		plan_judged(&p->plan, &p->plan.items[i], 1, 0);
	assert_int_equal(plan_conclude(&p->plan, NULL), 0);
	assert_int_equal(totals(p).left_out > 0, 1);
	for (size_t i = 0; i < p->plan.n_cuts; i++)
		assert_int_equal(p->plan.cuts[i].complete,
				 !p->plan.cuts[i].left_out);
	plan_judged(&p->plan, &p->plan.items[0], 0, 0); /* judged, nothing said */
	assert_int_equal(plan_conclude(&p->plan, NULL), 0);
	for (size_t i = 0; i < p->plan.n_cuts; i++)
		complete += p->plan.cuts[i].complete;
	assert_true(complete < p->plan.n_cuts);
	plan_judged(&p->plan, &p->plan.items[0], 1, 0);
	assert_int_equal(plan_conclude(&p->plan, NULL), 0);
	assert_int_equal(totals(p).left_out, 0);
	assert_int_equal(at_end(p)->complete, 1);
}

/* ---- long logs ---- */

/* Units that are looked at per state, for a plan of every flush. */
static double work_of(const struct planned *p, uint64_t commands)
{
	static const struct cut_rule flushes = { .kind = CUTS_EVERY_FLUSH };
	struct plan_config config = { .explore = EXPLORATION_DEFAULT,
				      .budget = 5000 };
	struct cache_model model = CACHE_MODEL_HONEST;
	struct state_space *space = NULL;
	struct history *h = NULL;
	struct plan plan = { 0 };
	struct cut *cuts = NULL;
	uint64_t states = 0, before;
	size_t n;

	assert_int_equal(synthetic_history(commands, 1, p->data, &h, NULL), 0);
	assert_int_equal(space_create(h, NULL, p->units, &model, &space, NULL),
			 0);
	assert_int_equal(cuts_expand(h, &flushes, 1, 1, &cuts, &n, NULL), 0);
	before = space_work();
	assert_int_equal(plan_make(space, h, cuts, n, &config, &plan, NULL),
			 0);
	for (size_t i = 0; i < plan.n_cuts; i++)
		states += plan.cuts[i].states;
	assert_true(plan.n_items <= config.budget);
	plan_release(&plan);
	space_free(space);
	history_free(h);
	free(cuts);
	return (double)(space_work() - before) / (double)states;
}

static void a_plan_costs_the_same_per_state_in_a_long_log(void **state)
{
	double first = work_of(*state, 1000);
	double second = work_of(*state, 10000);
	double third = work_of(*state, 100000);

	print_message("# units per state: %.2f, %.2f, %.2f\n", first, second,
		      third);
	assert_true(second < first * 1.1);
	assert_true(third < first * 1.1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(equal_content_is_planned_once),
		TEST(equal_content_with_another_promise_is_planned_again),
		TEST(equal_content_with_an_ack_grown_old_is_planned_again),
		TEST(without_a_window_nothing_grows_old),
		TEST(a_mark_that_is_no_promise_plans_nothing),
		TEST(a_small_budget_reaches_every_cut),
		TEST(promises_are_counted_per_cut),
		TEST(what_a_fault_did_stands_for_nothing_else),
		TEST(each_state_is_planned_or_equal_or_left_out),
		TEST(nothing_is_equal_to_what_is_left_out),
		TEST(a_tight_budget_reaches_all_parts_of_the_log),
		TEST(neighbours_in_the_plan_differ_in_few_blocks),
		TEST(a_plan_for_a_time_has_the_likeliest_first),
		TEST(covered_losses_are_proved),
		TEST(all_legal_states_judged_is_complete),
		TEST(what_an_audit_refutes_is_not_covered),
		TEST(a_plan_costs_the_same_per_state_in_a_long_log),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

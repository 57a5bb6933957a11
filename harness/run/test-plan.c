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

static void make_plan_with(struct planned *p, uint64_t budget,
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
				   budget, &p->plan, NULL), 0);
}

static void make_plan(struct planned *p, uint64_t budget)
{
	static const struct fault_model none;

	make_plan_with(p, budget, &none);
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
	struct planned *p = *state;
	struct fault_model faults = { .window = 8 };
	uint64_t faulty = 0;

	faults.count[FAULT_UNSERIALIZABLE] = 4;
	put(p, 1, 3);
	test_flush(&p->log);
	put(p, 2, 4);
	test_flush(&p->log);
	make_plan_with(p, 1000, &faults);
	for (size_t i = 0; i < p->plan.n_items; i++)
		faulty += strchr(p->plan.items[i].survivors, '+') != NULL;
	/* Nothing; 1; 1 and 2. And by faults: nothing; 1; 2. */
	assert_int_equal(faulty, 3);
	assert_int_equal(p->plan.n_items, 6);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(equal_content_is_planned_once),
		TEST(equal_content_with_another_promise_is_planned_again),
		TEST(a_mark_that_is_no_promise_plans_nothing),
		TEST(a_small_budget_reaches_every_cut),
		TEST(promises_are_counted_per_cut),
		TEST(what_a_fault_did_stands_for_nothing_else),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

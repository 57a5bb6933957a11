#include "hunt/vary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/error.h"
#include "scenario/parse.h"

#define MINIMAL                                                                \
	"name: x\n"                                                            \
	"workload: { run: [w] }\n"
#define RAW                                                                    \
	MINIMAL "filesystem: { type: none }\n"                                 \
		"check: { run: [c] }\n"
#define SEEDS 500

static struct scenario *parse(const char *yaml)
{
	struct scenario *s = NULL;
	struct error e = { .message = "" };

	if (scenario_parse("f.yaml", "/w/f.yaml", yaml, strlen(yaml), &s, &e))
		fail_msg("%s", e.message);
	return s;
}

/* What a round writes into its folder is a scenario, and says the same. */
static void assert_loads_back(const struct scenario *varied)
{
	char *text = scenario_resolved(varied), *again;
	struct scenario *s = parse(text);

	again = scenario_resolved(s);
	assert_string_equal(again, text);
	assert_int_equal(s->drive.cache.tear, varied->drive.cache.tear);
	assert_true(s->seed == varied->seed);
	assert_int_equal(s->n_cuts, varied->n_cuts);
	scenario_free(s);
	free(again);
	free(text);
}

/* Each round is one that the format allows; *ret_tears: which there were. */
static unsigned all_rounds(const char *yaml)
{
	struct scenario *s = parse(yaml), varied;
	unsigned tears = 0;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		hunt_vary(s, seed, 1000, &varied);
		assert_true(varied.drive.cache.tear >= s->drive.block);
		assert_true(varied.drive.size % varied.drive.cache.tear == 0);
		assert_loads_back(&varied);
		tears |= varied.drive.cache.tear;
		hunt_vary_release(&varied);
	}
	scenario_free(s);
	return tears;
}

static void every_round_is_a_scenario_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(all_rounds(RAW), 0x1fe00); /* 512 to 64KiB */
}

static void a_unit_is_not_below_a_block(void **state)
{
	(void)state;
	assert_int_equal(all_rounds(RAW "drive: { block: 4096 }\n"), 0x1f000);
}

static void blocks_of_a_file_system_are_not_torn(void **state)
{
	(void)state;
	assert_int_equal(all_rounds(MINIMAL), 0x1f000);
}

/* 1MiB and 4KiB: no larger unit divides it. */
static void a_unit_divides_the_disk(void **state)
{
	(void)state;
	assert_int_equal(all_rounds(RAW "drive: { size: 1028KiB }\n"),
			 0x1e00);
}

static void the_same_seed_gives_the_same_round(void **state)
{
	struct scenario *s = parse(MINIMAL), a, b;
	int differ = 0;

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		hunt_vary(s, seed, 1000, &a);
		hunt_vary(s, seed, 1000, &b);
		assert_memory_equal(&a.drive, &b.drive, sizeof(a.drive));
		hunt_vary_release(&b);
		hunt_vary(s, seed + 1, 1000, &b);
		differ += memcmp(&a.drive, &b.drive, sizeof(a.drive)) != 0;
		hunt_vary_release(&a);
		hunt_vary_release(&b);
	}
	assert_true(differ > SEEDS / 2);
	scenario_free(s);
}

static void what_the_file_says_stays(void **state)
{
	struct scenario *s = parse(
		MINIMAL "drive: { cache: { tear: 2048, order: any, "
			"capacity: 3MiB, destage: 7ms } }\n");
	struct scenario varied;

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		hunt_vary(s, seed, 1000, &varied);
		assert_memory_equal(&varied.drive, &s->drive,
				    sizeof(s->drive));
		hunt_vary_release(&varied);
	}
	scenario_free(s);
}

/* The rest is drawn as if nothing was pinned. */
static void to_pin_one_leaves_the_others_alone(void **state)
{
	struct scenario *s = parse(MINIMAL), free_one, pinned_one;
	struct scenario *pinned =
		parse(MINIMAL "drive: { cache: { tear: 2048 } }\n");

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		hunt_vary(s, seed, 1000, &free_one);
		hunt_vary(pinned, seed, 1000, &pinned_one);
		assert_int_equal(pinned_one.drive.cache.tear, 2048);
		assert_int_equal(pinned_one.drive.cache.order,
				 free_one.drive.cache.order);
		assert_true(pinned_one.drive.cache.capacity ==
			    free_one.drive.cache.capacity);
		hunt_vary_release(&free_one);
		hunt_vary_release(&pinned_one);
	}
	scenario_free(s);
	scenario_free(pinned);
}

/* Whether a drive lies is not for a hunt to say. */
static void promises_of_the_drive_stay(void **state)
{
	struct scenario *s = parse(
		MINIMAL "drive: { cache: { flush: ignored, fua: ignored, "
			"power_loss_protection: true } }\n");
	struct scenario varied;

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		hunt_vary(s, seed, 1000, &varied);
		assert_true(varied.drive.cache.flush_ignored);
		assert_true(varied.drive.cache.fua_ignored);
		assert_true(varied.drive.cache.plp);
		/* no volatile cache: nothing to vary but the units */
		assert_true(varied.drive.cache.capacity == UINT64_MAX);
		assert_int_equal(varied.drive.cache.order, ORDER_ANY);
		hunt_vary_release(&varied);
	}
	scenario_free(s);
}

static void the_scenarios_own_cuts_come_first(void **state)
{
	struct scenario *s = parse(MINIMAL "cuts: [ { every: flush }, "
					   "{ at: { mark: m } } ]\n");
	struct scenario varied;

	(void)state;
	hunt_vary(s, 9, 1000, &varied);
	assert_int_equal(varied.n_cuts, 3);
	assert_int_equal(varied.cuts[0].kind, CUTS_EVERY_FLUSH);
	assert_string_equal(varied.cuts[1].mark, "m");
	assert_int_equal(varied.cuts[2].kind, CUTS_RANDOM);
	assert_int_equal(varied.seed, 9);
	assert_int_equal(s->n_cuts, 2);
	hunt_vary_release(&varied);
	scenario_free(s);
}

static void no_cuts_means_all_of_them_still(void **state)
{
	struct scenario *s = parse(MINIMAL), varied;

	(void)state;
	hunt_vary(s, 1, 1000, &varied);
	assert_int_equal(varied.n_cuts, 5);
	assert_int_equal(varied.cuts[0].kind, CUTS_EVERY_WRITE);
	assert_int_equal(varied.cuts[1].kind, CUTS_EVERY_FLUSH);
	assert_int_equal(varied.cuts[2].kind, CUTS_EVERY_MARK);
	assert_int_equal(varied.cuts[3].kind, CUTS_AT_TIME);
	assert_int_equal(varied.cuts[4].kind, CUTS_RANDOM);
	hunt_vary_release(&varied);
	scenario_free(s);
}

static void the_smaller_budget_counts(void **state)
{
	struct scenario *s = parse(MINIMAL "states: { budget: 70 }\n"), varied;

	(void)state;
	hunt_vary(s, 1, 1000, &varied);
	assert_int_equal(varied.states.budget, 70);
	hunt_vary_release(&varied);
	hunt_vary(s, 1, 50, &varied);
	assert_int_equal(varied.states.budget, 50);
	hunt_vary_release(&varied);
	scenario_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_round_is_a_scenario_of_its_own),
		cmocka_unit_test(a_unit_is_not_below_a_block),
		cmocka_unit_test(blocks_of_a_file_system_are_not_torn),
		cmocka_unit_test(a_unit_divides_the_disk),
		cmocka_unit_test(the_same_seed_gives_the_same_round),
		cmocka_unit_test(what_the_file_says_stays),
		cmocka_unit_test(to_pin_one_leaves_the_others_alone),
		cmocka_unit_test(promises_of_the_drive_stay),
		cmocka_unit_test(the_scenarios_own_cuts_come_first),
		cmocka_unit_test(no_cuts_means_all_of_them_still),
		cmocka_unit_test(the_smaller_budget_counts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

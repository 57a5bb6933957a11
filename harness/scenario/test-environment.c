#include "scenario/environment.h"
#include "scenario/testing.h"

#include <stdlib.h>

static void the_seed_comes_first_and_what_is_added_behind_it(void **state)
{
	struct scenario *s = accepted(MINIMAL "seed: 18446744073709551615\n");
	struct environment env;

	(void)state;
	environment_init(&env, s);
	environment_add(&env, "PC_MOUNT=/mnt");
	assert_string_equal(env.list[0], "PC_SEED=18446744073709551615");
	assert_string_equal(env.list[1], "PC_MOUNT=/mnt");
	assert_null(env.list[2]);
	scenario_free(s);
}

static void what_the_file_says_of_the_cache_is_pinned(void **state)
{
	struct scenario *s = accepted(
		MINIMAL "drive: { cache: { tear: 4096, capacity: unlimited } }\n");

	(void)state;
	assert_true(s->drive.pinned.tear);
	assert_true(s->drive.pinned.capacity);
	assert_false(s->drive.pinned.order);
	assert_false(s->drive.pinned.destage);
	scenario_free(s);
}

/* It is the default's word, but the file says it. */
static void an_order_that_is_spelled_out_is_pinned(void **state)
{
	struct scenario *s = accepted(
		MINIMAL "drive: { cache: { order: any, destage: never } }\n");

	(void)state;
	assert_true(s->drive.pinned.order);
	assert_true(s->drive.pinned.destage);
	assert_false(s->drive.pinned.tear);
	assert_false(s->drive.pinned.capacity);
	scenario_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_seed_comes_first_and_what_is_added_behind_it),
		cmocka_unit_test(what_the_file_says_of_the_cache_is_pinned),
		cmocka_unit_test(an_order_that_is_spelled_out_is_pinned),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

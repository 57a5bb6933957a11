#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "check/shares.h"
#include "common/rng.h"

#define MOST 200

static void every_item_is_taken_once(void **state)
{
	struct rng rng = rng_init(1);

	(void)state;
	for (int round = 0; round < 300; round++) {
		unsigned workers = 1 + (unsigned)(rng_next(&rng) % 5);
		size_t items = rng_next(&rng) % MOST, left = items, i;
		int taken[MOST] = { 0 };
		struct shares s;

		shares_init(&s, workers, items);
		while (left) {
			unsigned w = (unsigned)(rng_next(&rng) % workers);

			assert_int_equal(shares_left(&s), left);
			assert_int_equal(shares_take(&s, w, &i), 1);
			assert_true(i < items && !taken[i]++);
			left--;
		}
		for (unsigned w = 0; w < workers; w++)
			assert_int_equal(shares_take(&s, w, &i), 0);
		shares_release(&s);
	}
}

static void a_worker_judges_neighbours(void **state)
{
	struct shares s;
	size_t item;

	(void)state;
	shares_init(&s, 2, 100);
	for (size_t i = 0; i < 50; i++) {
		assert_int_equal(shares_take(&s, 0, &item), 1);
		assert_int_equal(item, i);
		assert_int_equal(shares_take(&s, 1, &item), 1);
		assert_int_equal(item, 50 + i);
	}
	shares_release(&s);
}

/* From the rear, so that the other one goes on with its neighbours. */
static void who_has_finished_takes_half_of_the_rest(void **state)
{
	struct shares s;
	size_t item;

	(void)state;
	shares_init(&s, 2, 20);
	for (int i = 0; i < 10; i++)
		shares_take(&s, 1, &item);
	assert_int_equal(shares_take(&s, 1, &item), 1);
	assert_int_equal(item, 5);
	assert_int_equal(shares_take(&s, 0, &item), 1);
	assert_int_equal(item, 0);
	assert_int_equal(shares_left(&s), 8);
	shares_release(&s);
}

static void what_comes_back_goes_to_another(void **state)
{
	struct shares s;
	size_t item;

	(void)state;
	shares_init(&s, 2, 2);
	shares_take(&s, 0, &item);
	shares_take(&s, 1, &item);
	shares_give_back(&s, 0);
	assert_int_equal(shares_left(&s), 1);
	assert_int_equal(shares_take(&s, 1, &item), 1);
	assert_int_equal(item, 0);
	assert_int_equal(shares_take(&s, 1, &item), 0);
	shares_release(&s);
}

static void what_is_cleared_is_not_taken(void **state)
{
	struct shares s;
	size_t item;

	(void)state;
	shares_init(&s, 3, 30);
	shares_give_back(&s, 7);
	shares_clear(&s);
	assert_int_equal(shares_left(&s), 0);
	assert_int_equal(shares_take(&s, 1, &item), 0);
	shares_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_item_is_taken_once),
		cmocka_unit_test(a_worker_judges_neighbours),
		cmocka_unit_test(who_has_finished_takes_half_of_the_rest),
		cmocka_unit_test(what_comes_back_goes_to_another),
		cmocka_unit_test(what_is_cleared_is_not_taken),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

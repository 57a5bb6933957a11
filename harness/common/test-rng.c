#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/rng.h"

/* From the reference implementation (Vigna, splitmix64.c) with seed 0. */
static void seed_0_gives_the_known_sequence(void **state)
{
	struct rng r = rng_init(0);

	(void)state;
	assert_true(rng_next(&r) == 0xe220a8397b1dcdafULL);
	assert_true(rng_next(&r) == 0x6e789e6aa1b965f4ULL);
	assert_true(rng_next(&r) == 0x06c45d188009454fULL);
}

static void the_same_seed_gives_the_same_sequence(void **state)
{
	struct rng a = rng_init(99), b = rng_init(99), c = rng_init(100);
	int differ = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		uint64_t n = rng_next(&a);

		assert_true(n == rng_next(&b));
		differ += n != rng_next(&c);
	}
	assert_int_equal(differ, 100);
}

static void below_reaches_all_and_nothing_else(void **state)
{
	struct rng r = rng_init(1);
	int seen[7] = { 0 };

	(void)state;
	for (int i = 0; i < 7000; i++) {
		uint64_t n = rng_below(&r, 7);

		assert_true(n < 7);
		seen[n]++;
	}
	for (int i = 0; i < 7; i++)
		assert_in_range(seen[i], 850, 1150);
}

static void below_one_is_zero(void **state)
{
	struct rng r = rng_init(1);

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_int_equal(rng_below(&r, 1), 0);
}

/* A plain modulo would give the lower third of this range twice as often. */
static void below_is_not_skewed_by_a_large_bound(void **state)
{
	const uint64_t third = 1ULL << 62;
	struct rng r = rng_init(1);
	int low = 0;

	(void)state;
	for (int i = 0; i < 3000; i++)
		low += rng_below(&r, 3 * third) < third;
	assert_in_range(low, 900, 1100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seed_0_gives_the_known_sequence),
		cmocka_unit_test(the_same_seed_gives_the_same_sequence),
		cmocka_unit_test(below_reaches_all_and_nothing_else),
		cmocka_unit_test(below_one_is_zero),
		cmocka_unit_test(below_is_not_skewed_by_a_large_bound),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

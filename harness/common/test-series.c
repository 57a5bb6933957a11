#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/series.h"

static struct series series_of(size_t n, const double *values)
{
	struct series s = { 0 };

	for (size_t i = 0; i < n; i++)
		series_add(&s, values[i]);
	return s;
}

#define SERIES(...)                                                            \
	series_of(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double),          \
		  (double[]){ __VA_ARGS__ })
#define assert_double_equal(a, b) assert_float_equal(a, b, 1e-9)

static void the_median_of_an_odd_number_is_the_middle(void **state)
{
	struct series s = SERIES(9, 1, 5, 2, 100);

	(void)state;
	assert_double_equal(series_median(&s), 5);
	series_release(&s);
}

static void the_median_of_an_even_number_lies_between(void **state)
{
	struct series s = SERIES(8, 1, 2, 4);

	(void)state;
	assert_double_equal(series_median(&s), 3);
	series_release(&s);
}

static void the_order_of_the_rounds_stays(void **state)
{
	struct series s = SERIES(3, 1, 2);

	(void)state;
	series_median(&s);
	assert_double_equal(s.values[0], 3);
	assert_double_equal(s.values[2], 2);
	series_release(&s);
}

static void min_and_max_are_found_anywhere(void **state)
{
	struct series s = SERIES(3, 1, 7, 2);

	(void)state;
	assert_double_equal(series_min(&s), 1);
	assert_double_equal(series_max(&s), 7);
	series_release(&s);
}

static void nothing_measured_is_zero(void **state)
{
	struct series none = { 0 }, one = SERIES(1);

	(void)state;
	assert_double_equal(series_median(&none), 0);
	assert_double_equal(series_min(&none), 0);
	assert_double_equal(series_max(&none), 0);
	assert_double_equal(series_ratio(&one, &none), 0);
	assert_double_equal(series_ratio(&none, &one), 0);
	series_release(&one);
}

/* Whatever the medians. */
static void the_ratio_is_that_of_the_rounds(void **state)
{
	struct series base = SERIES(10, 100, 4), s = SERIES(15, 150, 6);

	(void)state;
	assert_double_equal(series_ratio(&s, &base), 1.5);
	series_release(&base);
	series_release(&s);
}

static void a_slow_moment_does_not_spoil_the_ratio(void **state)
{
	struct series base = SERIES(1, 50, 1, 50, 50);
	struct series s = SERIES(2, 100, 2, 100, 100);

	(void)state;
	assert_double_equal(series_ratio(&s, &base), 2);
	series_release(&base);
	series_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_median_of_an_odd_number_is_the_middle),
		cmocka_unit_test(the_median_of_an_even_number_lies_between),
		cmocka_unit_test(the_order_of_the_rounds_stays),
		cmocka_unit_test(min_and_max_are_found_anywhere),
		cmocka_unit_test(nothing_measured_is_zero),
		cmocka_unit_test(the_ratio_is_that_of_the_rounds),
		cmocka_unit_test(a_slow_moment_does_not_spoil_the_ratio),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

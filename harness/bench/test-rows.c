#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/bench.h"
#include "bench/parts.h"
#include "common/error.h"
#include "lab/lab.h"

/* Measures nothing: the folder cannot be made. */
static void choose(const char *only, struct bench_result *ret)
{
	struct lab lab = { 0 };
	struct bench_config c = { .lab = &lab, .rounds = 1, .only = only,
				  .scratch = "/dev/null/x" };
	struct error e;

	assert_true(bench(&c, ret, &e) < 0);
}

static size_t n_wanted(const struct bench_result *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->figures[i].wanted != 0;
	return n;
}

static void all_are_wanted_without_a_list(void **state)
{
	struct bench_result r;

	(void)state;
	choose(NULL, &r);
	assert_true(r.n > 0);
	assert_int_equal(n_wanted(&r), r.n);
	bench_result_release(&r);
}

static void every_row_has_a_name_of_its_own(void **state)
{
	struct bench_result r;

	(void)state;
	choose(NULL, &r);
	for (size_t i = 0; i < r.n; i++)
		assert_ptr_equal(bench_find(&r, r.figures[i].row->name),
				 &r.figures[i]);
	bench_result_release(&r);
}

static void every_row_fits_into_the_table(void **state)
{
	struct bench_result r;

	(void)state;
	choose(NULL, &r);
	for (size_t i = 0; i < r.n; i++) {
		assert_true(strlen(r.figures[i].row->text) <= 36);
		assert_true(strlen(r.figures[i].row->unit) <= 4);
	}
	bench_result_release(&r);
}

static void what_a_row_stands_against_exists(void **state)
{
	struct bench_result r;

	(void)state;
	choose(NULL, &r);
	for (size_t i = 0; i < r.n; i++)
		if (r.figures[i].row->against)
			assert_non_null(
				bench_find(&r, r.figures[i].row->against));
	bench_result_release(&r);
}

static void a_row_brings_what_it_is_compared_with(void **state)
{
	struct bench_result r;

	(void)state;
	choose("workload_recorded", &r);
	assert_int_equal(n_wanted(&r), 2);
	assert_true(bench_find(&r, "workload_plain")->wanted);
	bench_result_release(&r);
}

static void a_group_is_all_of_its_rows(void **state)
{
	struct bench_result r;

	(void)state;
	choose("live,boot", &r);
	assert_int_equal(n_wanted(&r), 2);
	assert_true(bench_find(&r, "live_cut")->wanted);
	bench_result_release(&r);
}

static void an_unknown_name_is_said(void **state)
{
	struct error e;

	(void)state;
	assert_int_equal(bench_check_only("boot,live", &e), 0);
	assert_int_equal(bench_check_only(NULL, &e), 0);
	assert_true(bench_check_only("boot,speed", &e) < 0);
	assert_non_null(strstr(e.message, "'speed'"));
}

static void no_more_states_than_there_are_and_than_were_asked_for(void **state)
{
	struct bench b = { .states = 12 };

	(void)state;
	assert_int_equal(bench_states(&b, 5, 96), 5);
	assert_int_equal(bench_states(&b, 200, 96), 12);
	b.states = 10000;
	assert_int_equal(bench_states(&b, 200, 96), 96);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_wanted_without_a_list),
		cmocka_unit_test(every_row_has_a_name_of_its_own),
		cmocka_unit_test(every_row_fits_into_the_table),
		cmocka_unit_test(what_a_row_stands_against_exists),
		cmocka_unit_test(a_row_brings_what_it_is_compared_with),
		cmocka_unit_test(a_group_is_all_of_its_rows),
		cmocka_unit_test(an_unknown_name_is_said),
		cmocka_unit_test(
			no_more_states_than_there_are_and_than_were_asked_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

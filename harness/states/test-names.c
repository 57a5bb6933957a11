/* Names by example, on a log that is small enough to follow by hand. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/rng.h"
#include "drive/test-logs.h"
#include "states/states.h"

static char folder[] = "/tmp/test-names-XXXXXX";
static char *data, *units;
static struct test_log t;
static struct state_space *space;

/*
 * Units of 512 bytes. At the end, write 1 is durable; volatile are
 *   2  units 0 1 2 3        4  unit 8
 *   3  unit      2          5  unit 9
 * and 6, which a durable write (7, FUA) has overwritten.
 */
static int make(void **state)
{
	CLEANUP_FREE char *content = xmalloc(64 * 512);
	size_t w;

	(void)state;
	for (int i = 0; i < 64 * 512; i++)
		content[i] = (char)(1 + i / 512);
	if (!mkdtemp(folder))
		return -1;
	data = xasprintf("%s/data", folder);
	units = xasprintf("%s/units", folder);
	if (file_write(data, content, 64 * 512, NULL))
		return -1;
	test_log_init(&t, 64 * 512, data);
	test_arm(&t);
	test_write(&t, 0, 1);
	test_flush(&t);
	for (int i = 0; i < 4; i++) {
		static const uint64_t first[] = { 0, 2, 8, 9 };

		w = test_submit(&t, LOG_WRITE, first[i] * 512,
				i ? 512 : 2048, (uint64_t)(i * 4 + 1) * 512, 0);
		test_complete(&t, w);
	}
	test_write(&t, 20, 1);
	w = test_submit(&t, LOG_WRITE, 20 * 512, 512, 512, 1);
	test_complete(&t, w);
	test_seal(&t);
	struct cache_model model = CACHE_MODEL_HONEST;

	model.tear = 512;
	return space_create(&t.h, NULL, units, &model, &space, NULL);
}

static int destroy(void **state)
{
	(void)state;
	space_free(space);
	rm_rf(folder, NULL);
	free(data);
	free(units);
	return 0;
}

static void canonical(const char *name, const char *expect, uint64_t lost)
{
	CLEANUP_FREE char *full = xasprintf("end:%s", name);
	struct error e = { "", "" };
	struct state st = { 0 };

	if (space_state(space, full, &st, &e))
		print_error("%s: %s\n", name, e.message);
	assert_non_null(st.survivors);
	assert_string_equal(st.survivors, expect);
	assert_int_equal(st.lost, lost);
	state_free(&st);
}

static void all_and_none_come_first(void **state)
{
	(void)state;
	canonical("all", "all", 0);
	canonical("2,3,4,5", "all", 0);
	canonical("none", "none", 4);
	canonical("all-2,3,4,5", "none", 4);
}

static void the_shorter_list_is_taken_and_survivors_win_a_tie(
	void **state)
{
	(void)state;
	canonical("2,3,4", "all-5", 1);
	canonical("all-2,3,4", "5", 3);
	canonical("all-4,5", "2,3", 2);
	canonical("4,5", "4,5", 2);
}

static void order_and_repetition_make_no_difference(void **state)
{
	(void)state;
	canonical("4,3,4,2.3,2.0-2", "all-5", 1);
	canonical("all-5,5", "all-5", 1);
}

static void units_are_listed_as_runs(void **state)
{
	(void)state;
	canonical("2.0", "2.0", 4);
	canonical("2.0-1", "2.0-1", 4);
	canonical("2.0,2.3", "2.0,2.3", 4);
	canonical("all-2.1-2", "all-2.1", 1);
}

static void what_is_overwritten_is_no_matter(void **state)
{
	(void)state;
	/* 3 survives on top of 2: 2 is whole whether or not unit 2 is said. */
	canonical("2.0-1,2.3,3", "2,3", 2);
	/* 2 is shown nowhere: lost as a whole. */
	canonical("all-2.0-1,2.3", "all-2", 1);
	canonical("all-2", "all-2", 1);
	canonical("3", "3", 3);
}

static void a_volatile_write_under_a_durable_one_may_be_named(void **state)
{
	(void)state;
	canonical("all-6", "all", 0);
	canonical("6", "none", 4);
}

static void names_of_no_legal_state_are_refused(void **state)
{
	static const char *const names[] = {
		"end:",      "end:1",	 "end:all-1", "end:7",	   "end:8",
		"end:0",     "end:2.4",	 "end:2.3-4", "end:2.2-1", "end:2,",
		"end:,2",    "end:2,,3", "end:all-",  "end:2.",	   "end:2.1-",
		"end:2 ",    "end: 2",	 "end:-2",    "end:All",   "end:none-2",
		"end:2;3",   "w2:3",	 "end",	      "",	   ":all",
		"w9:all",    "end:99999999999999999999",
		"end:2.99999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct error e = { "", "" };
		struct state st;

		assert_int_equal(space_state(space, names[i], &st, &e),
				 -EINVAL);
		assert_true(e.message[0]);
	}
}

static void refusals_say_why(void **state)
{
	struct error e;
	struct state st;

	(void)state;
	space_state(space, "end:1", &st, &e);
	assert_string_equal(e.message,
			    "write 1 is durable at this cut, not volatile");
	space_state(space, "w2:3", &st, &e);
	assert_string_equal(e.message,
			    "write 3 was submitted after this cut");
	space_state(space, "end:2.4", &st, &e);
	assert_string_equal(e.message, "write 2 has no unit 4: it has 4");
}

static void no_text_makes_the_parser_fall(void **state)
{
	static const char alphabet[] = "0123456789.,-:allnonewfmpd ";
	struct rng r = rng_init(3);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char name[24] = "end:";
		size_t n = rng_below(&r, 18);
		struct state st = { 0 };

		for (size_t k = 0; k < n; k++)
			name[4 + k] = alphabet[rng_below(&r, sizeof(alphabet) -
								    1)];
		if (!space_state(space, name + 4 * rng_below(&r, 2), &st, NULL))
			state_free(&st);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_and_none_come_first),
		cmocka_unit_test(
			the_shorter_list_is_taken_and_survivors_win_a_tie),
		cmocka_unit_test(order_and_repetition_make_no_difference),
		cmocka_unit_test(units_are_listed_as_runs),
		cmocka_unit_test(what_is_overwritten_is_no_matter),
		cmocka_unit_test(
			a_volatile_write_under_a_durable_one_may_be_named),
		cmocka_unit_test(names_of_no_legal_state_are_refused),
		cmocka_unit_test(refusals_say_why),
		cmocka_unit_test(no_text_makes_the_parser_fall),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make, destroy);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/ascending.h"

static void equal_keys_are_counted_together(void **state)
{
	const uint64_t keys[] = { 2, 5, 5, 5, 9 };

	(void)state;
	assert_int_equal(keys_below(keys, sizeof(*keys), 5, 5), 1);
	assert_int_equal(keys_until(keys, sizeof(*keys), 5, 5), 4);
}

static void the_bound_need_not_be_a_key(void **state)
{
	const uint64_t keys[] = { 2, 5, 9, UINT64_MAX };

	(void)state;
	for (uint64_t bound = 0; bound < 12; bound++) {
		size_t below = 0, until = 0;

		for (int i = 0; i < 4; i++) {
			below += keys[i] < bound;
			until += keys[i] <= bound;
		}
		assert_int_equal(keys_below(keys, sizeof(*keys), 4, bound),
				 below);
		assert_int_equal(keys_until(keys, sizeof(*keys), 4, bound),
				 until);
	}
	assert_int_equal(keys_below(keys, sizeof(*keys), 4, UINT64_MAX), 3);
	assert_int_equal(keys_until(keys, sizeof(*keys), 4, UINT64_MAX), 4);
}

static void a_key_may_be_a_member(void **state)
{
	const struct {
		char name;
		uint64_t at;
		char rest[11];
	} all[] = { { 'a', 3, "" }, { 'b', 4, "" }, { 'c', 8, "" } };

	(void)state;
	assert_int_equal(keys_below(KEYS_OF(all, 3, at), 4), 1);
	assert_int_equal(keys_until(KEYS_OF(all, 3, at), 4), 2);
	assert_int_equal(keys_until(KEYS_OF(all, 3, at), 9), 3);
}

static void nothing_has_no_keys(void **state)
{
	const struct {
		char name;
		uint64_t at;
	} *none = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(keys_below(KEYS_OF(none, n, at), 7), 0);
	assert_int_equal(keys_until(KEYS_OF(none, n, at), UINT64_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_keys_are_counted_together),
		cmocka_unit_test(the_bound_need_not_be_a_key),
		cmocka_unit_test(a_key_may_be_a_member),
		cmocka_unit_test(nothing_has_no_keys),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

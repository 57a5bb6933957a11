#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "vm/tsc.h"

/* The counter runs at one rate, so whoever measures it finds the same. */
static void the_rate_does_not_change(void **state)
{
	uint64_t first = tsc_khz(), second = tsc_khz();
	uint64_t difference = first > second ? first - second : second - first;

	(void)state;
	assert_true(difference <= first / 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rate_does_not_change),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

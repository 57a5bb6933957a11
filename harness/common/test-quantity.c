#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/error.h"
#include "common/quantity.h"

static void size(const char *text, int err, uint64_t expect)
{
	struct error e;
	uint64_t n = 0;

	assert_int_equal(parse_size(text, &n, &e), -err);
	assert_int_equal(n, expect);
}

static void sizes_have_a_unit_or_are_bytes(void **state)
{
	(void)state;
	size("512", 0, 512);
	size("4KiB", 0, 4096);
	size("1.5MiB", 0, 3 << 19);
	size("64KB", 0, 64000);
	size("0.5B", EINVAL, 0);
	size("4 KiB", EINVAL, 0);
	size("-1", EINVAL, 0);
	size("", EINVAL, 0);
	size("4kib", EINVAL, 0);
	size("99999999999999999999", ERANGE, 0);
	size("17179869184GiB", ERANGE, 0);
}

static void durations_need_their_unit(void **state)
{
	uint64_t ns = 7;

	(void)state;
	assert_int_equal(parse_duration("10ms", &ns, NULL), 0);
	assert_int_equal(ns, 10000000);
	assert_int_equal(parse_duration("1.5s", &ns, NULL), 0);
	assert_int_equal(ns, 1500000000);
	assert_int_equal(parse_duration("10 ms", &ns, NULL), -EINVAL);
	assert_int_equal(parse_duration("10", &ns, NULL), -EINVAL);
	assert_int_equal(ns, 1500000000);
}

static void counts_are_digits_only(void **state)
{
	uint64_t n = 7;

	(void)state;
	assert_int_equal(parse_count("40", &n, NULL), 0);
	assert_int_equal(n, 40);
	assert_int_equal(parse_count("40x", &n, NULL), -EINVAL);
	assert_int_equal(parse_count("0x10", &n, NULL), -EINVAL);
	assert_int_equal(parse_count("", &n, NULL), -EINVAL);
}

static void shares_are_percents(void **state)
{
	uint64_t ppm = 7;

	(void)state;
	assert_int_equal(parse_percent("5%", &ppm, NULL), 0);
	assert_int_equal(ppm, 50000);
	assert_int_equal(parse_percent("0.25%", &ppm, NULL), 0);
	assert_int_equal(ppm, 2500);
	assert_int_equal(parse_percent("5", &ppm, NULL), -EINVAL);
	assert_int_equal(parse_percent("5 %", &ppm, NULL), -EINVAL);
	assert_int_equal(parse_percent("0.00001%", &ppm, NULL), -EINVAL);
	assert_int_equal(ppm, 2500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_have_a_unit_or_are_bytes),
		cmocka_unit_test(durations_need_their_unit),
		cmocka_unit_test(counts_are_digits_only),
		cmocka_unit_test(shares_are_percents),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

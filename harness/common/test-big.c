#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/big.h"
#include "common/cleanup.h"

static void expect(const struct big *b, const char *text)
{
	CLEANUP_FREE char *is = big_text(b);

	assert_string_equal(is, text);
}

static struct big two_to(int n)
{
	struct big b = big_of(1);

	while (n--)
		big_multiply(&b, 2);
	return b;
}

static void products_are_exact(void **state)
{
	struct big b = two_to(128);

	(void)state;
	expect(&b, "340282366920938463463374607431768211456");
	big_multiply(&b, 0);
	expect(&b, "0");
	b = big_of(UINT32_MAX);
	expect(&b, "4294967295");
	big_multiply(&b, UINT32_MAX);
	expect(&b, "18446744065119617025");
}

static void sums_carry(void **state)
{
	struct big a = big_parse("999999999999999999999999999"), b = big_of(1);

	(void)state;
	big_add(&a, &b);
	expect(&a, "1000000000000000000000000000");
}

static void what_does_not_fit_is_told(void **state)
{
	struct big b = two_to(1016), one = big_of(1); /* 306 digits */
	CLEANUP_FREE char *text = big_text(&b);

	(void)state;
	assert_int_equal(strlen(text), BIG_DIGITS);
	big_multiply(&b, 10);
	assert_null(big_text(&b));
	big_add(&one, &b);
	assert_null(big_text(&one));
}

static void text_is_read_back(void **state)
{
	static const char *const bad[] = { "", "-1", "1e9", " 1", "12x" };
	struct big b = big_parse("123456789012345678901234567890");
	struct big none = big_parse(NULL);

	(void)state;
	expect(&b, "123456789012345678901234567890");
	b = big_parse("0");
	expect(&b, "0");
	assert_null(big_text(&none));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		b = big_parse(bad[i]);
		assert_null(big_text(&b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(products_are_exact),
		cmocka_unit_test(sums_carry),
		cmocka_unit_test(what_does_not_fit_is_told),
		cmocka_unit_test(text_is_read_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

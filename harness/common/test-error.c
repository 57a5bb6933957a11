#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "common/error.h"

static void set_gives_the_negative_errno(void **state)
{
	struct error e = { "old", "old hint" };

	(void)state;
	assert_int_equal(error_set(&e, EINVAL, "bad %s", "thing"), -EINVAL);
	assert_string_equal(e.message, "bad thing");
	assert_string_equal(e.hint, "");
}

static void errno_says_why(void **state)
{
	struct error e = { "old", "old hint" };

	(void)state;
	assert_int_equal(error_errno(&e, ENOENT, "cannot open %s", "x"),
			 -ENOENT);
	assert_string_equal(e.message,
			    "cannot open x: No such file or directory");
	assert_string_equal(e.hint, "");
}

static void a_hint_keeps_the_message(void **state)
{
	struct error e;

	(void)state;
	error_set(&e, EINVAL, "message");
	error_hint(&e, "do %d things", 2);
	assert_string_equal(e.message, "message");
	assert_string_equal(e.hint, "do 2 things");
}

static void a_prefix_stands_before_the_message(void **state)
{
	struct error e;

	(void)state;
	error_set(&e, EINVAL, "message");
	error_hint(&e, "hint");
	error_prefix(&e, "line %d", 7);
	assert_string_equal(e.message, "line 7: message");
	assert_string_equal(e.hint, "hint");
}

static void long_texts_are_cut(void **state)
{
	char text[3000];
	struct error e;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&e, EINVAL, "%s", text);
	assert_int_equal(strlen(e.message), sizeof(e.message) - 1);
	error_errno(&e, EINVAL, "%s", text);
	assert_int_equal(strlen(e.message), sizeof(e.message) - 1);
	error_prefix(&e, "%s", text);
	assert_int_equal(strlen(e.message), sizeof(e.message) - 1);
	error_hint(&e, "%s", text);
	assert_int_equal(strlen(e.hint), sizeof(e.hint) - 1);
}

static void nobody_has_to_want_the_text(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, EIO, "x"), -EIO);
	assert_int_equal(error_errno(NULL, EIO, "x"), -EIO);
	error_hint(NULL, "x");
	error_prefix(NULL, "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_gives_the_negative_errno),
		cmocka_unit_test(errno_says_why),
		cmocka_unit_test(a_hint_keeps_the_message),
		cmocka_unit_test(a_prefix_stands_before_the_message),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(nobody_has_to_want_the_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

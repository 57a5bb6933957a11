#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/nearest.h"

static const char *const words[] = { "capacity", "mode", "order", "tear", NULL };

static void the_word_itself_is_nearest(void **state)
{
	(void)state;
	assert_string_equal(nearest_word("order", words), "order");
}

static void a_typing_error_is_found(void **state)
{
	(void)state;
	assert_string_equal(nearest_word("capcity", words), "capacity");
	assert_string_equal(nearest_word("capaccity", words), "capacity");
	assert_string_equal(nearest_word("modus", words), "mode");
	assert_string_equal(nearest_word("oredr", words), "order");
}

static void what_is_too_far_has_no_nearest(void **state)
{
	(void)state;
	assert_null(nearest_word("filesystem", words));
	assert_null(nearest_word("bodies", words));
}

static void long_words_may_differ_by_a_third(void **state)
{
	static const char *const one[] = { "abcdefghi", NULL };

	(void)state;
	assert_string_equal(nearest_word("abcdefxyz", one), "abcdefghi");
	assert_null(nearest_word("abcdewxyz", one));
}

static void the_nearer_word_wins_wherever_it_stands(void **state)
{
	static const char *const near_last[] = { "note", "mode", NULL };
	static const char *const near_first[] = { "mode", "note", NULL };

	(void)state;
	assert_string_equal(nearest_word("mod", near_last), "mode");
	assert_string_equal(nearest_word("mod", near_first), "mode");
}

static void no_words_no_nearest(void **state)
{
	static const char *const none[] = { NULL };

	(void)state;
	assert_null(nearest_word("order", none));
}

static void a_very_long_word_is_near_to_nothing(void **state)
{
	static const char *const one[] = {
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxx", "tear", NULL };

	(void)state;
	assert_null(nearest_word(one[0], one));
	assert_string_equal(nearest_word("tea", one), "tear");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_word_itself_is_nearest),
		cmocka_unit_test(a_typing_error_is_found),
		cmocka_unit_test(what_is_too_far_has_no_nearest),
		cmocka_unit_test(long_words_may_differ_by_a_third),
		cmocka_unit_test(the_nearer_word_wins_wherever_it_stands),
		cmocka_unit_test(no_words_no_nearest),
		cmocka_unit_test(a_very_long_word_is_near_to_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

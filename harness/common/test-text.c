#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/text.h"

static void last_line_is(const char *text, const char *expect)
{
	struct buf b = BUF_INIT;
	char *line;

	buf_puts(&b, text);
	line = text_last_line(&b);
	assert_string_equal(line, expect);
	free(line);
	buf_free(&b);
}

static void the_last_line_skips_blank_ones(void **state)
{
	(void)state;
	last_line_is("", "");
	last_line_is("\n \n", "");
	last_line_is("one", "one");
	last_line_is("one\ntwo\n", "two");
	last_line_is("one\ntwo \r\n\n\t\n", "two");
}

static void last_lines_are_joined_in_order(void **state)
{
	struct buf b = BUF_INIT;
	char *lines;

	(void)state;
	buf_puts(&b, "one\ntwo\n\nthree \nfour\n");
	lines = text_last_lines(&b, 3);
	assert_string_equal(lines, "two; three; four");
	free(lines);
	lines = text_last_lines(&b, 9);
	assert_string_equal(lines, "one; two; three; four");
	free(lines);
	buf_free(&b);
}

static void words_are_split_at_blanks(void **state)
{
	char text[] = "  -b 4096\t-E x=1 ";
	const char *words[3];

	(void)state;
	assert_int_equal(text_split(text, words, 3), 3);
	assert_string_equal(words[0], "-b");
	assert_string_equal(words[1], "4096");
	assert_string_equal(words[2], "-E");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_line_skips_blank_ones),
		cmocka_unit_test(last_lines_are_joined_in_order),
		cmocka_unit_test(words_are_split_at_blanks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

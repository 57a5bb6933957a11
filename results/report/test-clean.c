#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clean.h"
#include "common/buf.h"

static void expect(struct buf *b, const char *text)
{
	assert_string_equal(buf_text(b), text);
	buf_free(b);
}

static void cleaned(const char *text, const char *expected)
{
	struct buf b = BUF_INIT;

	clean_add(&b, text, ONE_LINE);
	expect(&b, expected);
}

static void visible_text_stays_as_it_is(void **state)
{
	(void)state;
	cleaned("", "");
	cleaned("plain ~", "plain ~");
	cleaned("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xa5",
		"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xa5");
}

static void control_characters_are_spelled_out(void **state)
{
	(void)state;
	cleaned("\x1b[2J\a\r\x7f", "\\x1b[2J\\x07\\x0d\\x7f");
	cleaned("\xc2\x9b", "\\u{9B}");     /* C1: starts an escape */
	cleaned("\xe2\x80\xae", "\\u{202E}"); /* reverses what follows */
	cleaned("\xef\xbf\xbe", "\\u{FFFE}"); /* no character of XML */
	cleaned("\xef\xbb\xbf", "\\u{FEFF}");
}

static void broken_utf8_is_spelled_out(void **state)
{
	(void)state;
	cleaned("\xff", "\\xff");
	cleaned("\x80", "\\x80");
	cleaned("\xc3", "\\xc3");                 /* ends too early */
	cleaned("\xe2\x82", "\\xe2\\x82");
	cleaned("\xc3(", "\\xc3(");
	cleaned("\xc0\xaf", "\\xc0\\xaf");        /* overlong */
	cleaned("\xe0\x80\xaf", "\\xe0\\x80\\xaf");
	cleaned("\xed\xa0\x80", "\\xed\\xa0\\x80"); /* surrogate */
	cleaned("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
}

static void lines_stay_where_they_may(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	cleaned("a\n\tb", "a  b");
	clean_add(&b, "a\n\tb", MANY_LINES);
	expect(&b, "a\n\tb");
}

static void markup_becomes_entities(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	clean_html(&b, "<a b=\"c\" d='e'>&", ONE_LINE);
	expect(&b, "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
}

static void words_of_the_shell_are_quoted(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	clean_shell(&b, "a/20250102T030405Z-7@live-1/w3:all-1.0-3,2");
	expect(&b, "a/20250102T030405Z-7@live-1/w3:all-1.0-3,2");
	clean_shell(&b, "");
	expect(&b, "''");
	clean_shell(&b, "`id`; it's\n");
	expect(&b, "'`id`; it'\\''s '");
}

static void text_is_wrapped_at_80_columns(void **state)
{
	char long_word[101];
	struct buf b = BUF_INIT;

	(void)state;
	memset(long_word, 'x', 100);
	long_word[100] = '\0';
	clean_wrap(&b, "  one  two", 75, 3);
	expect(&b, "one\n   two");
	clean_wrap(&b, "one two", 73, 3);
	expect(&b, "one two");
	clean_wrap(&b, long_word, 10, 3);
	expect(&b, long_word);
}

static void numbers_are_readable(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	clean_count(&b, 0);
	expect(&b, "0");
	clean_count(&b, 999);
	expect(&b, "999");
	clean_count(&b, UINT64_MAX);
	expect(&b, "18,446,744,073,709,551,615");
	clean_legal(&b, -INFINITY);
	expect(&b, "0");
	clean_legal(&b, log2(1000));
	expect(&b, "1,000");
	clean_legal(&b, 53);
	expect(&b, "2^53.0");
}

static void times_are_readable(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	clean_seconds(&b, 0.0404);
	expect(&b, "40 ms");
	clean_seconds(&b, 0.9996);
	expect(&b, "1.0 s");
	clean_seconds(&b, 59.94);
	expect(&b, "59.9 s");
	clean_seconds(&b, 59.96);
	expect(&b, "1 min 00 s");
	clean_seconds(&b, 185);
	expect(&b, "3 min 05 s");
	clean_seconds(&b, -1);
	expect(&b, "not known");
	clean_seconds(&b, NAN);
	expect(&b, "not known");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(visible_text_stays_as_it_is),
		cmocka_unit_test(control_characters_are_spelled_out),
		cmocka_unit_test(broken_utf8_is_spelled_out),
		cmocka_unit_test(lines_stay_where_they_may),
		cmocka_unit_test(markup_becomes_entities),
		cmocka_unit_test(words_of_the_shell_are_quoted),
		cmocka_unit_test(text_is_wrapped_at_80_columns),
		cmocka_unit_test(numbers_are_readable),
		cmocka_unit_test(times_are_readable),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

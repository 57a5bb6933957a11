#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"

static void an_empty_buffer_has_a_text(void **state)
{
	struct buf b = BUF_INIT;
	CLEANUP_FREE char *text = NULL;

	(void)state;
	assert_string_equal(buf_text(&b), "");
	text = buf_take(&b);
	assert_string_equal(text, "");
}

static void what_is_added_follows_what_is_there(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	buf_add(&b, "a\0b", 3);
	buf_puts(&b, "cd");
	buf_printf(&b, "%d-%s", 42, "x");
	assert_int_equal(b.len, 9);
	assert_memory_equal(b.data, "a\0bcd42-x", 10); /* with its NUL */
}

static void it_grows_over_every_size(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < 3000; i++) {
		char c = (char)('a' + i % 26);

		buf_add(&b, &c, 1);
		assert_int_equal(b.data[i], c);
		assert_int_equal(b.data[i + 1], '\0');
		assert_true(b.len < b.size);
	}
	assert_int_equal(b.data[0], 'a');
	assert_int_equal(b.len, 3000);
}

static void printf_may_be_longer_than_the_buffer(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	buf_puts(&b, "x");
	buf_printf(&b, "%5000d", 7);
	assert_int_equal(b.len, 5001);
	assert_int_equal(b.data[5000], '7');
}

static void clear_keeps_the_memory(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	size_t size;

	(void)state;
	buf_puts(&b, "some text");
	size = b.size;
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.size, size);
	assert_string_equal(buf_text(&b), "");
}

static void take_leaves_the_buffer_empty(void **state)
{
	struct buf b = BUF_INIT;
	CLEANUP_FREE char *text = NULL;

	(void)state;
	buf_puts(&b, "mine");
	text = buf_take(&b);
	assert_string_equal(text, "mine");
	assert_null(b.data);
	assert_int_equal(b.len, 0);
}

static void allocations_of_nothing_are_not_null(void **state)
{
	CLEANUP_FREE void *a = xmalloc(0);
	CLEANUP_FREE void *b = xcalloc(0, 8);
	CLEANUP_FREE void *c = xrealloc(NULL, 0);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(c);
}

static void asprintf_formats(void **state)
{
	CLEANUP_FREE char *text = xasprintf("%s/%d", "dir", 3);

	(void)state;
	assert_string_equal(text, "dir/3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_has_a_text),
		cmocka_unit_test(what_is_added_follows_what_is_there),
		cmocka_unit_test(it_grows_over_every_size),
		cmocka_unit_test(printf_may_be_longer_than_the_buffer),
		cmocka_unit_test(clear_keeps_the_memory),
		cmocka_unit_test(take_leaves_the_buffer_empty),
		cmocka_unit_test(allocations_of_nothing_are_not_null),
		cmocka_unit_test(asprintf_formats),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/spawn.h"

static int shell(const char *script, struct buf *output)
{
	const char *argv[] = { "sh", "-c", script, NULL };

	return spawn_wait(argv, output, NULL);
}

static void the_exit_status_is_returned(void **state)
{
	(void)state;
	assert_int_equal(shell("exit 0", NULL), 0);
	assert_int_equal(shell("exit 37", NULL), 37);
}

static void a_signal_is_128_and_its_number(void **state)
{
	(void)state;
	assert_int_equal(shell("kill -KILL $$", NULL), 128 + SIGKILL);
}

static void output_and_errors_are_appended(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	buf_puts(&b, "before ");
	assert_int_equal(shell("echo out; echo err >&2", &b), 0);
	assert_string_equal(b.data, "before out\nerr\n");
}

static void much_output_does_not_block(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(shell("head -c 300000 /dev/zero", &b), 0);
	assert_int_equal(b.len, 300000);
	assert_int_equal(shell("head -c 300000 /dev/zero", NULL), 0);
}

static void the_input_is_empty(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	const char *argv[] = { "cat", NULL };

	(void)state;
	assert_int_equal(spawn_wait(argv, &b, NULL), 0);
	assert_int_equal(b.len, 0);
}

static void a_missing_program_is_an_error(void **state)
{
	const char *argv[] = { "/nonexistent/program", NULL };
	struct error e;

	(void)state;
	assert_int_equal(spawn_wait(argv, NULL, &e), -ENOENT);
	assert_string_equal(e.message, "cannot run /nonexistent/program: "
				       "No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_exit_status_is_returned),
		cmocka_unit_test(a_signal_is_128_and_its_number),
		cmocka_unit_test(output_and_errors_are_appended),
		cmocka_unit_test(much_output_does_not_block),
		cmocka_unit_test(the_input_is_empty),
		cmocka_unit_test(a_missing_program_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

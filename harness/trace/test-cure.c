/* Which paths a cure is for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "trace/cure.h"

static void digits_match_any_digits(void **state)
{
	(void)state;
	assert_true(cure_matches("/mnt/wal-00017", "/mnt/wal-2"));
	assert_true(cure_matches("/mnt/1/2", "/mnt/33/44"));
	assert_false(cure_matches("/mnt/wal-00017", "/mnt/wal-"));
	assert_false(cure_matches("/mnt/wal-1", "/mnt/wal-1.tmp"));
	assert_false(cure_matches("/mnt/wal-1.tmp", "/mnt/wal-1"));
	assert_false(cure_matches("/mnt/wal-", "/mnt/wal-1"));
}

static void random_names_match_each_other(void **state)
{
	(void)state;
	assert_true(cure_matches("/mnt/tmp.XXXXXX", "/mnt/tmp.a8Zk2Q"));
	assert_true(cure_matches("/mnt/XXXXXX/7", "/mnt/123456/8"));
	assert_false(cure_matches("/mnt/tmp.XXXXXX", "/mnt/tmp.a8Zk2"));
	assert_false(cure_matches("/mnt/tmp.XXXXXX", "/mnt/tmp.a8Zk2QQ"));
	assert_false(cure_matches("/mnt/tmp.XXXXXX", "/mnt/tmp.a8/k2Q"));
}

static void becomes(const char *path, const char *pattern)
{
	char *made = cure_pattern(path);

	assert_string_equal(made, pattern);
	assert_true(cure_matches(made, path));
	free(made);
}

static void only_what_looks_random_becomes_a_pattern(void **state)
{
	(void)state;
	becomes("/mnt/tmp.a8Zk2Q", "/mnt/tmp.XXXXXX");
	becomes("/mnt/kJq3Lm/data", "/mnt/XXXXXX/data");
	becomes("/mnt/sedynaC3a", "/mnt/sedXXXXXX");
	becomes("/mnt/zimFuCgQ", "/mnt/ziXXXXXX");
	becomes("/mnt/BackupLog", "/mnt/BackupLog");
	becomes("/mnt/record", "/mnt/record");
	becomes("/mnt/Record", "/mnt/Record");
	becomes("/mnt/README", "/mnt/README");
	becomes("/mnt/123456", "/mnt/123456");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digits_match_any_digits),
		cmocka_unit_test(random_names_match_each_other),
		cmocka_unit_test(only_what_looks_random_becomes_a_pattern),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

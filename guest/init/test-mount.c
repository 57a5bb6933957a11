#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <cmocka.h>

#include "common/buf.h"
#include "guest/init/mount.h"

static void options(const char *text, unsigned long flags, const char *data)
{
	struct buf b = BUF_INIT;
	unsigned long ret = ~0ul;

	mount_options(text, &ret, &b);
	assert_int_equal(ret, flags);
	assert_string_equal(buf_text(&b), data);
	buf_free(&b);
}

static void no_options_are_no_flags(void **state)
{
	(void)state;
	options("", 0, "");
	options("defaults", 0, "");
	options("rw", 0, "");
}

static void generic_options_become_flags(void **state)
{
	(void)state;
	options("ro", MS_RDONLY, "");
	options("ro,noatime,sync", MS_RDONLY | MS_NOATIME | MS_SYNCHRONOUS, "");
	options("nosuid,nodev,noexec", MS_NOSUID | MS_NODEV | MS_NOEXEC, "");
}

static void the_later_option_wins(void **state)
{
	(void)state;
	options("ro,rw", 0, "");
	options("rw,ro", MS_RDONLY, "");
}

static void the_rest_goes_to_the_file_system_in_order(void **state)
{
	(void)state;
	options("noauto_da_alloc", 0, "noauto_da_alloc");
	options("data=journal,ro,commit=1", MS_RDONLY, "data=journal,commit=1");
	options("norecovery,nobarrier", 0, "norecovery,nobarrier");
}

static void only_whole_words_are_generic(void **state)
{
	(void)state;
	options("rox,r,noatime=1", 0, "rox,r,noatime=1");
}

static void empty_words_are_skipped(void **state)
{
	(void)state;
	options(",,ro,,a,,b,", MS_RDONLY, "a,b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_options_are_no_flags),
		cmocka_unit_test(generic_options_become_flags),
		cmocka_unit_test(the_later_option_wins),
		cmocka_unit_test(the_rest_goes_to_the_file_system_in_order),
		cmocka_unit_test(only_whole_words_are_generic),
		cmocka_unit_test(empty_words_are_skipped),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/error.h"
#include "host/host.h"

static void without_root_it_is_not_possible(void **state)
{
	uid_t me = geteuid();
	struct error e = { "", "" };
	int err;

	(void)state;
	if (!me)
		assert_int_equal(seteuid(65534), 0);
	err = host_possible("none", &e);
	if (!me)
		assert_int_equal(seteuid(me), 0);
	assert_int_equal(err, -EPERM);
	assert_non_null(strstr(e.message, "needs root"));
	assert_non_null(strstr(e.hint, "check.on: guest"));
}

static void a_file_system_that_the_kernel_lacks_is_named(void **state)
{
	struct error e = { "", "" };

	(void)state;
	assert_int_equal(host_knows("nosuchfs"), 0);
	if (geteuid() || host_possible("none", &e))
		skip();
	assert_int_equal(host_possible("nosuchfs", &e), -ENODEV);
	assert_non_null(strstr(e.message, "does not know the file system "
			       "nosuchfs"));
	assert_non_null(strstr(e.message, host_kernel()));
	assert_non_null(strstr(e.hint, "check.on: guest"));
}

/* The raw device needs none. */
static void no_file_system_is_known_everywhere(void **state)
{
	(void)state;
	assert_int_equal(host_knows("none"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_root_it_is_not_possible),
		cmocka_unit_test(a_file_system_that_the_kernel_lacks_is_named),
		cmocka_unit_test(no_file_system_is_known_everywhere),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

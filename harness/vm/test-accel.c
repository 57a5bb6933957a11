#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "vm/accel.h"

static int setup(void **state)
{
	(void)state;
	unsetenv("POWERCUT_ACCEL");
	unsetenv("POWERCUT_KVM");
	return 0;
}

static void a_missing_node_is_named(void **state)
{
	struct accel_choice c;

	(void)state;
	setenv("POWERCUT_KVM", "/nonexistent/kvm", 1);
	assert_int_equal(accel_choose(&c, NULL), 0);
	assert_int_equal(c.accel, ACCEL_TCG);
	assert_string_equal(c.reason, "no /nonexistent/kvm");
}

static void a_node_that_is_not_kvm_is_refused(void **state)
{
	struct accel_choice c;

	(void)state;
	setenv("POWERCUT_KVM", "/dev/null", 1);
	assert_int_equal(accel_choose(&c, NULL), 0);
	assert_int_equal(c.accel, ACCEL_TCG);
	assert_non_null(strstr(c.reason, "/dev/null is not KVM"));
}

static void a_node_that_cannot_be_opened_says_why(void **state)
{
	struct accel_choice c;

	(void)state;
	/* A folder: even root may not open it for writing. */
	setenv("POWERCUT_KVM", "/dev", 1);
	assert_int_equal(accel_choose(&c, NULL), 0);
	assert_int_equal(c.accel, ACCEL_TCG);
	assert_string_equal(c.reason, "/dev: Is a directory");
}

static void tcg_can_be_asked_for(void **state)
{
	struct accel_choice c;

	(void)state;
	setenv("POWERCUT_ACCEL", "tcg", 1);
	assert_int_equal(accel_choose(&c, NULL), 0);
	assert_int_equal(c.accel, ACCEL_TCG);
	assert_non_null(strstr(c.reason, "POWERCUT_ACCEL"));
}

static void another_wish_is_an_error(void **state)
{
	struct accel_choice c;
	struct error e;

	(void)state;
	setenv("POWERCUT_ACCEL", "xen", 1);
	assert_int_equal(accel_choose(&c, &e), -EINVAL);
	assert_non_null(strstr(e.message, "xen"));
}

static void kvm_in_software_is_told_by_the_processors_flags(void **state)
{
	(void)state;
	assert_true(accel_is_hardware("processor\t: 0\n"
				      "flags\t\t: fpu vmx sse\nbugs\t: x\n"));
	assert_true(accel_is_hardware("processor\t: 0\n"
				      "flags\t\t: fpu svm\n"));
	assert_false(accel_is_hardware("processor\t: 0\n"
				       "flags\t\t: fpu svm_lock sse\n"
				       "vmx flags\t: vnmi\n"));
	assert_true(accel_is_hardware("processor\t: 0\n"));
}

int main(void)
{
#define ACCEL_TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		ACCEL_TEST(a_missing_node_is_named),
		ACCEL_TEST(a_node_that_is_not_kvm_is_refused),
		ACCEL_TEST(a_node_that_cannot_be_opened_says_why),
		ACCEL_TEST(tcg_can_be_asked_for),
		ACCEL_TEST(another_wish_is_an_error),
		ACCEL_TEST(kvm_in_software_is_told_by_the_processors_flags),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The kernels that can be named. */
#include "scenario/testing.h"

#include "scenario/kernels.h"

static void every_name_is_one_and_in_the_list(void **state)
{
	(void)state;
	for (unsigned i = 0; kernel_names[i]; i++) {
		assert_true(kernel_is_named(kernel_names[i]));
		assert_non_null(strstr(kernel_list(), kernel_names[i]));
	}
	assert_true(kernel_is_named(KERNEL_DEFAULT));
	assert_false(kernel_is_named("debian-6.11"));
	assert_false(kernel_is_named("debian-6.1-"));
	assert_false(kernel_is_named(""));
}

static void a_file_system_has_a_kernel(void **state)
{
	(void)state;
	assert_string_equal(kernel_with("ext4"), "debian-6.1");
	assert_string_equal(kernel_with("f2fs"), "debian-6.1-full");
	assert_null(kernel_with("zfs"));
}

static void names_are_accepted(void **state)
{
	(void)state;
	for (unsigned i = 0; kernel_names[i]; i++) {
		char yaml[128];
		struct scenario *s;

		snprintf(yaml, sizeof(yaml), MINIMAL "guest: { kernel: %s }\n",
			 kernel_names[i]);
		s = accepted(yaml);
		assert_string_equal(s->guest.kernel, kernel_names[i]);
		scenario_free(s);
	}
}

/* Each as somebody would type it, and what it was meant to be. */
static void near_misses_name_the_nearest(void **state)
{
	static const char *const typed[][2] = {
		{ "debian-6.2", "debian-6.1" },
		{ "debian-612", "debian-6.12" },
		{ "debian-6.12-ful", "debian-6.12-full" },
		{ "debian-6.1-all", "debian-6.1-full" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		char yaml[128], wanted[512];

		snprintf(yaml, sizeof(yaml), MINIMAL "guest: { kernel: %s }\n",
			 typed[i][0]);
		snprintf(wanted, sizeof(wanted),
			 "3:18: cannot read kernel /w/%s: No such file or "
			 "directory; expected %s or the path of a kernel; did "
			 "you mean %s?", typed[i][0], kernel_list(),
			 typed[i][1]);
		refused(yaml, wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_is_one_and_in_the_list),
		cmocka_unit_test(a_file_system_has_a_kernel),
		cmocka_unit_test(names_are_accepted),
		cmocka_unit_test(near_misses_name_the_nearest),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

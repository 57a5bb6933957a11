/* The kernels that can be named. */
#include "scenario/testing.h"

#include "common/error.h"
#include "scenario/kernels.h"
#include "scenario/override.h"

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

static void another_kernel_takes_the_place_of_the_first(void **state)
{
	struct scenario *s = accepted(MINIMAL);
	struct error e = { 0 };

	(void)state;
	assert_int_equal(scenario_set_kernel(s, "debian-6.12", &e), 0);
	assert_string_equal(s->guest.kernel, "debian-6.12");
	assert_int_equal(scenario_set_kernel(s, "/proc/../proc", &e), 0);
	assert_string_equal(s->guest.kernel, "/proc");
	scenario_free(s);
}

static void what_is_no_kernel_changes_nothing(void **state)
{
	struct scenario *s = accepted(MINIMAL);
	struct error e = { 0 };

	(void)state;
	assert_int_equal(scenario_set_kernel(s, "debian-6.2", &e), -EINVAL);
	assert_non_null(strstr(e.message, "cannot read kernel debian-6.2: "
					       "No such file or directory"));
	assert_non_null(strstr(e.message, "did you mean debian-6.1?"));
	assert_string_equal(s->guest.kernel, KERNEL_DEFAULT);
	scenario_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_is_one_and_in_the_list),
		cmocka_unit_test(a_file_system_has_a_kernel),
		cmocka_unit_test(names_are_accepted),
		cmocka_unit_test(near_misses_name_the_nearest),
		cmocka_unit_test(another_kernel_takes_the_place_of_the_first),
		cmocka_unit_test(what_is_no_kernel_changes_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

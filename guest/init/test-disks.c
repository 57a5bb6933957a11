#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "guest/init/disks.h"

static const char *parameter(const char *cmdline, size_t size)
{
	static char value[32];

	disks_parameter(cmdline, "powercut.bus=", "nvme", value, size);
	return value;
}

static void a_parameter_is_a_word_of_its_own(void **state)
{
	(void)state;
	assert_string_equal(parameter("quiet powercut.bus=scsi x\n", 16),
			    "scsi");
	assert_string_equal(parameter("powercut.bus=virtio\n", 16), "virtio");
	assert_string_equal(parameter("xpowercut.bus=scsi", 16), "nvme");
	assert_string_equal(parameter("powercut.busses=scsi", 16), "nvme");
	assert_string_equal(parameter("", 16), "nvme");
}

static void a_value_that_does_not_fit_is_none(void **state)
{
	(void)state;
	assert_string_equal(parameter("powercut.bus=12345", 5), "nvme");
	assert_string_equal(parameter("powercut.bus=1234", 5), "1234");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_parameter_is_a_word_of_its_own),
		cmocka_unit_test(a_value_that_does_not_fit_is_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

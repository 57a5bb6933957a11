#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/buf.h"
#include "guest/init/kmsg.h"

static void formatted(const char *record, const char *expect)
{
	struct buf b = BUF_INIT;
	struct kmsg_record r;

	assert_int_equal(kmsg_parse(record, strlen(record), &r), 0);
	kmsg_format(&r, &b);
	assert_string_equal(buf_text(&b), expect);
	buf_free(&b);
}

static void a_record_gives_level_time_and_text(void **state)
{
	(void)state;
	formatted("4,339,5140900,-;EXT4-fs warning: x\n",
		  "4,5.140900,EXT4-fs warning: x\n");
	formatted("2,1,7,c,caller=T1;a;b,c", "2,0.000007,a;b,c\n");
}

static void the_facility_is_not_part_of_the_level(void **state)
{
	struct kmsg_record r;

	(void)state;
	assert_int_equal(kmsg_parse("30,1,1,-;x", 10, &r), 0);
	assert_int_equal(r.level, 6);
}

static void continuation_lines_are_dropped(void **state)
{
	(void)state;
	formatted("3,1,1000000,-;text\n SUBSYSTEM=block\n DEVICE=b259:0\n",
		  "3,1.000000,text\n");
}

static int is_of(const char *record, const char *device)
{
	struct kmsg_record r;

	assert_int_equal(kmsg_parse(record, strlen(record), &r), 0);
	return kmsg_is_of(&r, device);
}

static void records_of_a_device_name_it(void **state)
{
	(void)state;
	assert_true(is_of("3,1,1,-;EXT4-fs (loop1): bad\n", "loop1"));
	assert_true(is_of("3,1,1,-;I/O error, dev loop1\n", "loop1"));
	assert_true(is_of("3,1,1,-;JBD2: recovery failed\n", "loop1"));
	assert_false(is_of("3,1,1,-;EXT4-fs (loop10): bad\n", "loop1"));
	assert_false(is_of("3,1,1,-;EXT4-fs (vda): bad\n", "loop1"));
}

static void what_is_no_record_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "4", "4,", "4,1,2", "4,1,2,-", ";", "x,1,2,-;t", "4,1;t",
		"4,1,,-;t",
	};
	struct kmsg_record r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(kmsg_parse(bad[i], strlen(bad[i]), &r),
				 -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_gives_level_time_and_text),
		cmocka_unit_test(the_facility_is_not_part_of_the_level),
		cmocka_unit_test(continuation_lines_are_dropped),
		cmocka_unit_test(records_of_a_device_name_it),
		cmocka_unit_test(what_is_no_record_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

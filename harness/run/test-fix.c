/* Which cures are tried for a cause, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "run/fix.h"

static struct call call;
static struct operation operation;
static struct journey_mark promise;
static struct cause cause;
static struct fix *fixes;
static size_t n;

static int make(void **state)
{
	(void)state;
	call = (struct call){ .kind = CALL_WRITE, .name = "pwrite64" };
	operation = (struct operation){ .kind = OPERATION_WRITE,
					.call = &call,
					.path = "/mnt/log" };
	cause = (struct cause){ .step = STEP_SYNC_FILE,
				.accused = &operation,
				.promise = &promise };
	return 0;
}

static int clean(void **state)
{
	(void)state;
	fixes_free(fixes, n);
	return 0;
}

static void look(void)
{
	n = fix_candidates(&cause, &fixes);
}

static void a_promise_is_cured_before_its_ack(void **state)
{
	(void)state;
	look();
	assert_int_equal(n, 4);
	assert_int_equal(fixes[0].n_cures, 1);
	assert_int_equal(fixes[0].cures[0].when, CURE_BEFORE_ACK);
	assert_int_equal(fixes[0].cures[0].what, CURE_SYNC_FILE);
	assert_int_equal(fixes[0].cures[0].call, CALL_WRITE);
	assert_string_equal(fixes[0].cures[0].path, "/mnt/log");
	assert_string_equal(fixes[0].words, "sync before each ack, for each "
			    "pwrite64 of /mnt/log");
	assert_int_equal(fixes[1].cures[0].when, CURE_AFTER_CALL);
	assert_int_equal(fixes[2].n_cures, 2);
	assert_int_equal(fixes[3].cures[0].what, CURE_SYNC_FS);
	assert_null(fixes[3].cures[0].path);
}

static void order_is_cured_after_the_call(void **state)
{
	(void)state;
	cause.promise = NULL;
	look();
	assert_int_equal(fixes[0].cures[0].when, CURE_AFTER_CALL);
	assert_string_equal(fixes[0].words, "sync after each pwrite64 of "
			    "/mnt/log");
}

static void a_name_is_cured_in_its_directory(void **state)
{
	(void)state;
	cause.step = STEP_SYNC_DIRECTORY;
	operation.kind = OPERATION_NAME;
	call.kind = CALL_RENAME;
	call.name = "rename";
	look();
	assert_int_equal(n, 3);
	assert_int_equal(fixes[0].cures[0].when, CURE_AFTER_CALL);
	assert_int_equal(fixes[0].cures[0].what, CURE_SYNC_PARENT);
	assert_string_equal(fixes[0].words, "fsync of the directory after each "
			    "rename of /mnt/log");
}

static void what_no_call_would_cure_is_not_tried(void **state)
{
	static const enum step steps[] = { STEP_NONE, STEP_FLUSH_BUFFER,
					   STEP_HEED_ERROR, STEP_DRIVE,
					   STEP_MOUNT, STEP_ATOMIC,
					   STEP_FILE_SYSTEM };

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		cause.step = steps[i];
		look();
		assert_int_equal(n, 0);
	}
	cause.step = STEP_SYNC_FILE;
	cause.accused = NULL;
	look();
	assert_int_equal(n, 0);
}

static void judged(struct fix_seen seen, const char *verdict)
{
	assert_string_equal(fix_verdict_name(fix_judge(&seen)), verdict);
}

static void a_fix_is_judged_by_what_was_done(void **state)
{
	(void)state;
	judged((struct fix_seen){ .added = 3, .held = 1 }, "cured");
	judged((struct fix_seen){ .added = 3, .other = 1 }, "other");
	judged((struct fix_seen){ .added = 3, .same = 1, .other = 1 },
	       "failed");
	judged((struct fix_seen){ .same = 1, .other = 1 }, "unused");
	judged((struct fix_seen){ .held = 1 }, "unused");
	judged((struct fix_seen){ .added = 3 }, "unknown");
}

static void a_fix_that_was_not_done_wholly_is_not_known_to_fail(void **state)
{
	(void)state;
	judged((struct fix_seen){ .added = 3, .missed = 1, .same = 1,
				  .other = 1 }, "unknown");
	judged((struct fix_seen){ .missed = 1, .same = 1, .other = 1 },
	       "unknown");
	judged((struct fix_seen){ .missed = 1, .held = 1 }, "unknown");
	judged((struct fix_seen){ .added = 3, .missed = 1, .held = 1 },
	       "cured");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_promise_is_cured_before_its_ack),
		TEST(order_is_cured_after_the_call),
		TEST(a_name_is_cured_in_its_directory),
		TEST(what_no_call_would_cure_is_not_tried),
		cmocka_unit_test(a_fix_is_judged_by_what_was_done),
		cmocka_unit_test(
			a_fix_that_was_not_done_wholly_is_not_known_to_fail),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

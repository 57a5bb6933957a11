/* What is tried for a cause, in which order, and how it is judged. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/error.h"
#include "run/fix.h"

static struct call call;
static struct operation operation;
static struct journey_mark promise;
static struct cause cause;
static struct scenario scenario;
static char mount[64];
static struct command commands[2];
static struct history history;
static struct fixes fixes;

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
	*mount = '\0';
	scenario = (struct scenario){ .drive = { .size = 1 << 20,
						 .cache = CACHE_MODEL_HONEST },
				      .filesystem = { .mount = mount } };
	history = (struct history){ .commands = commands, .n_commands = 2 };
	fixes = (struct fixes){ .n = 0 };
	return 0;
}

static int clean(void **state)
{
	(void)state;
	fixes_release(&fixes);
	return 0;
}

static void look(void)
{
	fixes_release(&fixes);
	fix_candidates(&(struct fix_question){ &cause, &scenario, &history },
		       &fixes);
}

static const struct fix *only(enum fix_by by)
{
	assert_int_equal(fixes.n, 1);
	assert_int_equal(fixes.list[0].by, by);
	assert_int_equal(fixes.list[0].n_cures, 0);
	return fixes.list;
}

static void a_promise_is_cured_before_its_ack(void **state)
{
	(void)state;
	look();
	assert_int_equal(fixes.n, 5);
	assert_int_equal(fixes.list[0].n_cures, 1);
	assert_int_equal(fixes.list[0].cures[0].when, CURE_BEFORE_ACK);
	assert_int_equal(fixes.list[0].cures[0].what, CURE_SYNC_FILE);
	assert_int_equal(fixes.list[0].cures[0].call, CALL_WRITE);
	assert_string_equal(fixes.list[0].cures[0].path, "/mnt/log");
	assert_string_equal(fixes.list[0].words, "sync before each ack, for each "
			    "pwrite64 of /mnt/log");
	assert_int_equal(fixes.list[1].cures[0].when, CURE_AFTER_CALL);
	assert_int_equal(fixes.list[2].n_cures, 2);
	assert_int_equal(fixes.list[3].cures[0].what, CURE_SYNC_FS);
	assert_null(fixes.list[3].cures[0].path);
}

static void order_is_cured_after_the_call(void **state)
{
	(void)state;
	cause.promise = NULL;
	look();
	assert_int_equal(fixes.list[0].cures[0].when, CURE_AFTER_CALL);
	assert_string_equal(fixes.list[0].words, "sync after each pwrite64 of "
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
	assert_int_equal(fixes.n, 4);
	assert_int_equal(fixes.list[0].cures[0].when, CURE_AFTER_CALL);
	assert_int_equal(fixes.list[0].cures[0].what, CURE_SYNC_PARENT);
	assert_string_equal(fixes.list[0].words, "fsync of the directory after each "
			    "rename of /mnt/log");
}

static void a_sync_that_did_not_is_done_again(void **state)
{
	(void)state;
	cause.step = STEP_FILE_SYSTEM;
	look();
	assert_int_equal(fixes.n, 2);
	assert_int_equal(fixes.list[0].cures[0].what, CURE_SYNC_FILE);
	assert_int_equal(fixes.list[1].cures[0].what, CURE_SYNC_FS);
	assert_int_equal(fixes.list[1].cures[0].when, CURE_BEFORE_ACK);
}

static int has_when(const struct fix *f, enum cure_when when,
		    enum cure_what what, enum call_kind kind)
{
	for (size_t i = 0; i < f->n_cures; i++)
		if (f->cures[i].what == what && f->cures[i].call == kind &&
		    f->cures[i].when == when && !f->cures[i].path)
			return 1;
	return 0;
}

static int has(const struct fix *f, enum cure_what what, enum call_kind kind)
{
	return has_when(f, CURE_AFTER_CALL, what, kind);
}

static void the_last_is_all_in_the_program_s_order(void **state)
{
	const struct fix *f;

	(void)state;
	look();
	f = &fixes.list[fixes.n - 1];
	assert_true(has(f, CURE_SYNC_FILE, CALL_WRITE));
	assert_true(has(f, CURE_SYNC_FILE, CALL_TRUNCATE));
	assert_true(has(f, CURE_SYNC_FILE, CALL_SYNC_RANGE));
	assert_true(has(f, CURE_SYNC_PARENT, CALL_UNLINK));
	assert_true(has(f, CURE_SYNC_PARENT, CALL_RENAME));
}

static void nothing_is_synced_after_a_mapping_is_made(void **state)
{
	(void)state;
	cause.step = STEP_SYNC_MAPPING;
	operation.kind = OPERATION_STORE;
	call.kind = CALL_MAP;
	look();
	assert_int_equal(fixes.n, 3);
	for (size_t i = 0; i < fixes.n; i++)
		assert_false(has(&fixes.list[i], CURE_SYNC_FILE, CALL_MAP));
	assert_true(has(&fixes.list[2], CURE_SYNC_FILE, CALL_SYNC_RANGE));
	assert_true(has_when(&fixes.list[2], CURE_BEFORE_ACK, CURE_SYNC_FILE,
			     CALL_MAP));
}

static void a_drive_that_lies_is_replaced(void **state)
{
	const struct fix *f;

	(void)state;
	cause.step = STEP_DRIVE;
	cause.accused = NULL;
	look();
	assert_int_equal(fixes.n, 0);
	scenario.drive.cache.flush_ignored = 1;
	scenario.drive.cache.order = ORDER_FIFO;
	scenario.drive.cache.faults.count[FAULT_SHORN] = 4;
	look();
	f = only(FIX_BY_DRIVE);
	assert_int_equal(f->drive.flush_ignored, 0);
	assert_false(fault_model_any(&f->drive.faults));
	assert_int_equal(f->drive.order, ORDER_FIFO);
	assert_string_equal(f->words, "a drive that keeps its promises: "
			    "drive.cache.flush: honest instead of ignored, no "
			    "drive.faults.shorn");
}

static void barriers_are_mounted_again(void **state)
{
	const struct fix *f;

	(void)state;
	cause.step = STEP_MOUNT;
	cause.accused = NULL;
	strcpy(mount, "noatime,barrier=0,data=ordered");
	look();
	f = only(FIX_BY_MOUNT);
	assert_string_equal(f->mount, "noatime,data=ordered");
	assert_string_equal(f->words, "the mount options without barrier=0: "
			    "filesystem.mount: \"noatime,data=ordered\" "
			    "instead of \"noatime,barrier=0,data=ordered\"");
	strcpy(mount, "nobarrier");
	look();
	assert_string_equal(only(FIX_BY_MOUNT)->mount, "");
}

static void a_torn_write_gets_a_unit_that_has_room(void **state)
{
	(void)state;
	cause.step = STEP_ATOMIC;
	cause.standing.command = 1;
	commands[1] = (struct command){ .offset = 12288, .length = 8192 };
	scenario.drive.cache.tear = 512;
	look();
	assert_int_equal(only(FIX_BY_DRIVE)->drive.tear, 32768);
	commands[1].offset = 8192;
	look();
	assert_int_equal(only(FIX_BY_DRIVE)->drive.tear, 8192);
	commands[1].length = 1 << 20; /* the most there is */
	look();
	assert_int_equal(only(FIX_BY_DRIVE)->drive.tear, 65536);
	cause.standing.command = NO_INDEX;
	look();
	assert_int_equal(fixes.n, 0);
}

/* What is in a buffer has no call that could be accused. */
static void a_buffer_is_flushed_and_what_it_wrote_is_synced(void **state)
{
	(void)state;
	cause.step = STEP_FLUSH_BUFFER;
	cause.accused = NULL;
	look();
	assert_int_equal(fixes.n, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fixes.list[i].by, FIX_BY_TRACER);
		assert_int_equal(fixes.list[i].n_cures, 2);
		assert_int_equal(fixes.list[i].cures[0].what,
				 CURE_FLUSH_BUFFERS);
		assert_int_equal(fixes.list[i].cures[1].when, CURE_BEFORE_ACK);
		assert_null(fixes.list[i].cures[1].path);
	}
	assert_int_equal(fixes.list[0].cures[1].what, CURE_SYNC_FILE);
	assert_int_equal(fixes.list[0].cures[1].call, CALL_WRITE);
	assert_int_equal(fixes.list[1].cures[1].what, CURE_SYNC_FS);
}

static void what_nothing_would_cure_is_not_tried(void **state)
{
	static const enum step steps[] = { STEP_NONE, STEP_HEED_ERROR,
					   STEP_DRIVE, STEP_MOUNT };

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		cause.step = steps[i];
		look();
		assert_int_equal(fixes.n, 0);
	}
	cause.step = STEP_SYNC_FILE;
	cause.accused = NULL;
	look();
	assert_int_equal(fixes.n, 0);
}

/* ---- the variant ---- */

static const char *written(const char *folder, const char *name,
			   const char *yaml)
{
	static char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(yaml, f);
	assert_int_equal(fclose(f), 0);
	return path;
}

static void the_variant_is_judged_as_the_run_was(void **state)
{
	char folder[] = "/tmp/pc-fix-XXXXXX";
	struct scenario with;
	struct error e = { 0 };
	struct buf notes = BUF_INIT;
	const char *path;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = written(folder, "good.yaml", "name: good\n"
		       "workload: { run: [w] }\nstates: { budget: 7 }\n");
	scenario.seed = 42;
	scenario.states.budget = 100;
	scenario.guest.kernel = (char *)"debian-6.12";
	scenario.filesystem.type = (char *)"ext4";
	assert_int_equal(fix_add_variant(&scenario, path, &fixes, &e), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(only(FIX_BY_VARIANT)->by, FIX_BY_VARIANT);
	assert_non_null(strstr(fixes.list[0].words,
			       "the scenario's own fixed variant good, /tmp/"));
	assert_int_equal(fix_variant(&scenario, fixes.list[0].variant, &with,
				     &notes, &e), 0);
	assert_int_equal(with.seed, 42);
	assert_int_equal(with.states.budget, 100);
	assert_string_equal(with.guest.kernel, "debian-6.12");
	assert_string_equal(with.name, "good");
	assert_int_equal(fix_add_variant(&scenario, path, &fixes, &e), -ENOENT);
	assert_int_equal(fixes.n, 1);
	buf_free(&notes);
}

/* ---- judging ---- */

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

static void what_changes_no_call_is_judged_without(void **state)
{
	(void)state;
	judged((struct fix_seen){ .changed = 1, .held = 1 }, "cured");
	judged((struct fix_seen){ .changed = 1, .other = 1 }, "other");
	judged((struct fix_seen){ .changed = 1, .same = 1, .other = 1 },
	       "failed");
	judged((struct fix_seen){ .changed = 1 }, "unknown");
}

static void a_fix_that_was_not_done_wholly_is_not_known_to_fail(void **state)
{
	(void)state;
	judged((struct fix_seen){ .added = 3, .missed = 1, .same = 1,
				  .other = 1 }, "unknown");
	judged((struct fix_seen){ .missed = 1, .same = 1, .other = 1 },
	       "unknown");
	judged((struct fix_seen){ .missed = 1, .held = 1 }, "unknown");
	judged((struct fix_seen){ .unseen = 1, .held = 1 }, "unknown");
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
		TEST(a_sync_that_did_not_is_done_again),
		TEST(the_last_is_all_in_the_program_s_order),
		TEST(nothing_is_synced_after_a_mapping_is_made),
		TEST(a_drive_that_lies_is_replaced),
		TEST(barriers_are_mounted_again),
		TEST(a_torn_write_gets_a_unit_that_has_room),
		TEST(a_buffer_is_flushed_and_what_it_wrote_is_synced),
		TEST(what_nothing_would_cure_is_not_tried),
		TEST(the_variant_is_judged_as_the_run_was),
		cmocka_unit_test(a_fix_is_judged_by_what_was_done),
		cmocka_unit_test(what_changes_no_call_is_judged_without),
		cmocka_unit_test(
			a_fix_that_was_not_done_wholly_is_not_known_to_fail),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is listed, and what is not. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "journey/lint.h"
#include "journey/test-journeys.h"

static struct test_journey t;
static struct lint lint;

static int make(void **state)
{
	(void)state;
	test_journey_init(&t);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	lint_release(&lint);
	test_journey_release(&t);
	return 0;
}

static void look(void)
{
	assert_int_equal(test_journey_make(&t), 0);
	lint_find(&t.journey, &lint);
}

static void an_unsynced_write_is_listed_with_its_step(void **state)
{
	(void)state;
	test_write_call(&t, 0, "COMMIT: TXN-00001");
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	look();
	assert_int_equal(lint.n, 1);
	assert_int_equal(lint.found, 1);
	assert_int_equal(lint.items[0].operation->call->number, 1);
	assert_int_equal(lint.items[0].standing.at, AT_PAGES);
	assert_int_equal(lint.items[0].step, STEP_SYNC_FILE);
	assert_string_equal(lint.items[0].where, "in the page cache (layer 3)");
	assert_string_equal(lint.items[0].missing, "no fsync or fdatasync of "
			    "/mnt/log between call 1 and ack 2");
}

static void what_was_synced_is_not(void **state)
{
	struct call *c;

	(void)state;
	test_write_call(&t, 0, "COMMIT: TXN-00001");
	c = test_enter(&t, CALL_SYNC, "fsync");
	test_drive_write(&t, 4096, 4096, 1);
	test_drive_flush(&t);
	test_exit(&t, c, 0);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	test_extent(&t, 0, 4096, 4096);
	look();
	assert_int_equal(lint.acks, 1);
	assert_int_equal(lint.n, 0);
}

/* Nothing but the flush makes it durable: with luck it is on the media. */
static void what_only_luck_kept_is_listed(void **state)
{
	(void)state;
	test_write_call(&t, 0, "COMMIT: TXN-00001");
	test_drive_write(&t, 4096, 4096, 1);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	test_extent(&t, 0, 4096, 4096);
	look();
	assert_int_equal(lint.n, 1);
	assert_int_equal(lint.items[0].standing.at, AT_DRIVE);
}

static void each_promise_has_its_own_operations(void **state)
{
	(void)state;
	test_write_call(&t, 0, "first");
	test_mark_call(&t, MARK_ACK, "one");
	test_write_call(&t, 100, "second");
	test_mark_call(&t, MARK_ACK, "two");
	look();
	assert_int_equal(lint.n, 2);
	assert_string_equal(lint.items[0].promise.ack->mark->text, "one");
	assert_int_equal(lint.items[0].operation->call->number, 1);
	assert_string_equal(lint.items[1].promise.ack->mark->text, "two");
	assert_int_equal(lint.items[1].operation->call->number, 3);
}

static void what_was_removed_is_not_listed(void **state)
{
	(void)state;
	test_write_call(&t, 0, "scratch");
	test_exit(&t, test_enter(&t, CALL_UNLINK, "unlink"), 0);
	test_mark_call(&t, MARK_ACK, "x");
	look();
	assert_int_equal(lint.n, 1);
	assert_int_equal(lint.items[0].operation->kind, OPERATION_NAME);
}

static void what_was_written_over_is_listed_once(void **state)
{
	(void)state;
	test_write_call(&t, 0, "old");
	test_write_call(&t, 0, "newer");
	test_mark_call(&t, MARK_ACK, "x");
	look();
	assert_int_equal(lint.n, 1);
	assert_int_equal(lint.items[0].operation->call->number, 2);
}

static void a_promise_of_nothing_was_in_a_buffer(void **state)
{
	(void)state;
	test_mark_call(&t, MARK_BEGIN, "x");
	test_mark_call(&t, MARK_ACK, "x");
	look();
	assert_int_equal(lint.found, 1);
	assert_null(lint.items[0].operation);
	assert_int_equal(lint.items[0].step, STEP_FLUSH_BUFFER);
}

static void what_is_not_known_is_counted_as_such(void **state)
{
	(void)state;
	test_write_call(&t, 0, "short");
	test_layer(&t, LAYER_WRITEBACK)->inode = TEST_FILE;
	test_mark_call(&t, MARK_ACK, "x");
	look();
	assert_int_equal(lint.found, 0);
	assert_int_equal(lint.unknown, 1);
	assert_string_equal(lint.items[0].where, "the kernel had begun to "
			    "write the file back, and nothing says where to");
}

static void what_is_opaque_is_no_empty_promise(void **state)
{
	(void)state;
	test_mark_call(&t, MARK_BEGIN, "TXN-00001");
	test_exit(&t, test_enter(&t, CALL_OPAQUE, "io_submit"), 1);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	look();
	assert_int_equal(lint.opaque, 1);
	assert_int_equal(lint.n, 0);
}

static void an_ack_that_was_not_seen_is_counted(void **state)
{
	(void)state;
	test_mark(&t.log, MARK_ACK, "x");
	look();
	assert_int_equal(lint.acks, 0);
	assert_int_equal(lint.unseen, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_unsynced_write_is_listed_with_its_step),
		TEST(what_was_synced_is_not),
		TEST(what_only_luck_kept_is_listed),
		TEST(each_promise_has_its_own_operations),
		TEST(what_was_removed_is_not_listed),
		TEST(what_was_written_over_is_listed_once),
		TEST(a_promise_of_nothing_was_in_a_buffer),
		TEST(what_is_not_known_is_counted_as_such),
		TEST(what_is_opaque_is_no_empty_promise),
		TEST(an_ack_that_was_not_seen_is_counted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

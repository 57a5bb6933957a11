/* One journey for each layer and each sentence. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "common/error.h"
#include "journey/test-journeys.h"

static struct test_journey t;
static struct cause cause;

static int make(void **state)
{
	(void)state;
	test_journey_init(&t);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	cause_release(&cause);
	test_journey_release(&t);
	return 0;
}

static void map_file(uint64_t length)
{
	struct call *c = test_enter(&t, CALL_MAP, "mmap");

	c->length = length;
	test_exit(&t, c, 0);
}

static void ask(const char *state, const char *message)
{
	struct cause_question q = { .journey = &t.journey,
				    .state = state,
				    .message = message };
	struct error e = { 0 };

	if (!t.made)
		assert_int_equal(test_journey_make(&t), 0);
	if (cause_find(&q, &cause, &e)) {
		print_error("%s\n", e.message);
		fail();
	}
}

static void says(unsigned layer, enum step step, const char *sentence)
{
	if (strcmp(cause.sentence, sentence))
		print_error("got:  %s\nwant: %s\n", cause.sentence, sentence);
	assert_string_equal(cause.sentence, sentence);
	assert_int_equal(cause.layer, layer);
	assert_int_equal(cause.step, step);
}

/* ---- the layers ---- */

static void a_promise_without_a_call_is_in_the_programs_buffer(void **state)
{
	(void)state;
	test_mark_call(&t, MARK_BEGIN, "TXN-00001");
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	ask("m2:all", "missing: TXN-00001");
	says(1, STEP_FLUSH_BUFFER,
	     "what ack \"TXN-00001\" (mark m2, call 2) had promised was in a "
	     "buffer of the program writer (layer 1) when the power failed: no "
	     "system call carried anything to the file system between its "
	     "begin and the ack: no flush of the program's buffer and no fsync "
	     "before ack 2");
	assert_null(cause.accused);
}

static void a_write_that_has_not_copied_is_in_the_call(void **state)
{
	struct call *c;

	(void)state;
	test_extent(&t, 0, 4096, 4096);
	c = test_enter(&t, CALL_WRITE, "write");
	c->length = 5;
	t.extents[0].time_ns = c->enter_ns + 100;
	test_mark_call(&t, MARK_MARK, "now");
	test_exit(&t, c, 5);
	assert_int_equal(test_journey_make(&t), 0);
	{
		struct media m = media_worst(&t.journey, 1);
		struct standing s = operation_standing(
			&m, &t.journey.operations[0]);

		assert_int_equal(s.at, AT_CALL);
	}
}

static void an_unsynced_write_is_in_the_page_cache(void **state)
{
	(void)state;
	test_mark_call(&t, MARK_BEGIN, "TXN-00001");
	test_write_call(&t, 0, "COMMIT: TXN-00001");
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	ask("m2:all", NULL);
	says(3, STEP_SYNC_FILE,
	     "17 bytes at 0 of /mnt/log, written by call 2 (pwrite64 of "
	     "writer, thread 7), were in the page cache (layer 3) when the "
	     "power failed, though ack \"TXN-00001\" (mark m2, call 3) had "
	     "promised it: no fsync or fdatasync of /mnt/log between call 2 "
	     "and ack 3");
	assert_string_equal(cause.missing, "no fsync or fdatasync of /mnt/log "
			    "between call 2 and ack 3");
}

/* Entries of an io_uring; from: of the sync, 1: it is linked to the write. */
static void write_and_sync_by_entries(uint64_t from)
{
	struct call *w, *s;

	test_mark_call(&t, MARK_BEGIN, "TXN-00001");
	w = test_enter(&t, CALL_WRITE, "io_uring write");
	w->length = 5;
	w->asked_ns = w->enter_ns;
	w->order = w->from = 1;
	s = test_enter(&t, CALL_DATASYNC, "io_uring fdatasync");
	s->asked_ns = s->enter_ns;
	s->order = 2;
	s->from = from;
	test_drive_write(&t, 4096, 4096, 1);
	test_exit(&t, w, 5);
	test_exit(&t, s, 0);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	test_extent(&t, 0, 4096, 4096);
	ask("m2:none", NULL);
	assert_int_equal(cause.layer, 6);
}

static void a_sync_beside_the_write_need_not_cover_it(void **state)
{
	(void)state;
	write_and_sync_by_entries(2);
	assert_int_equal(cause.step, STEP_SYNC_FILE);
	assert_string_equal(cause.missing, "no fsync or fdatasync of /mnt/log "
			    "between call 2 and ack 4; io_uring fdatasync at "
			    "call 3 began before call 2 had ended");
}

/* When a linked one began is not known exactly; that it waited is. */
static void a_sync_that_waited_for_the_write_covers_it(void **state)
{
	(void)state;
	write_and_sync_by_entries(1);
	assert_int_equal(cause.step, STEP_FILE_SYSTEM);
}

/* The program promises what another thread of it is just writing. */
static void a_call_under_way_at_the_ack_is_layer_2(void **state)
{
	struct call *c;

	(void)state;
	test_mark_call(&t, MARK_BEGIN, "TXN-00001");
	c = test_enter(&t, CALL_WRITE, "write");
	c->tid = 8;
	c->length = 5;
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	test_exit(&t, c, 5);
	ask("m2:all", NULL);
	says(2, STEP_SYNC_FILE,
	     "5 bytes at 0 of /mnt/log, written by call 2 (write of writer, "
	     "thread 8), were in the system call, not copied yet (layer 2) "
	     "when the power failed, though ack \"TXN-00001\" (mark m2, call "
	     "3) had promised it: call 2 had not returned yet, and no fsync or "
	     "fdatasync of /mnt/log between call 2 and ack 3");
}

static void a_request_that_the_drive_has_not_is_in_the_block_layer(void **state)
{
	(void)state;
	test_write_call(&t, 0, "COMMIT: TXN-00001");
	test_queue(&t, 4096, 4096);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	test_drive_write(&t, 4096, 4096, 1);
	test_extent(&t, 0, 4096, 4096);
	ask("m1:all", NULL);
	assert_int_equal(cause.layer, 5);
	assert_non_null(strstr(cause.sentence, "were in the block layer "
			       "(layer 5), requested and not acknowledged by "
			       "the drive when"));
}

static void a_write_in_flight_is_in_the_block_layer(void **state)
{
	(void)state;
	test_write_call(&t, 0, "COMMIT: TXN-00001");
	test_drive_write(&t, 4096, 4096, 0);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	test_extent(&t, 0, 4096, 4096);
	ask("m1:none", NULL);
	assert_int_equal(cause.layer, 5);
	assert_non_null(strstr(cause.sentence, "by the drive as its write w1 when"));
}

static void what_the_drive_acknowledged_is_in_its_cache(void **state)
{
	(void)state;
	test_write_call(&t, 0, "COMMIT: TXN-00001");
	test_drive_write(&t, 4096, 4096, 1);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	test_extent(&t, 0, 4096, 4096);
	ask("m1:none", NULL);
	says(6, STEP_SYNC_FILE,
	     "17 bytes at 0 of /mnt/log, written by call 1 (pwrite64 of "
	     "writer, thread 7), were in the drive's cache (layer 6) as its "
	     "write w1 when the power failed, though ack \"TXN-00001\" (mark "
	     "m1, call 2) had promised it: no fsync or fdatasync of /mnt/log "
	     "between call 1 and ack 2");
}

static void a_name_without_a_write_since_is_in_the_file_system(void **state)
{
	struct call *c;

	(void)state;
	test_mark_call(&t, MARK_BEGIN, "made");
	c = test_enter(&t, CALL_OPEN, "openat");
	c->flags = O_CREAT;
	test_exit(&t, c, 3);
	test_mark_call(&t, MARK_ACK, "made");
	ask("m2:all", NULL);
	says(4, STEP_SYNC_DIRECTORY,
	     "the name /mnt/log, created by call 2 (openat of writer, thread "
	     "7), was in the file system, not committed (layer 4) when the "
	     "power failed, though ack \"made\" (mark m2, call 3) had promised "
	     "it: no fsync of directory /mnt between call 2 and ack 3");
}

static void what_is_on_the_media_is_not_accused(void **state)
{
	(void)state;
	test_write_call(&t, 0, "COMMIT: TXN-00001");
	test_drive_write(&t, 4096, 4096, 1);
	test_drive_flush(&t);
	test_sync_call(&t, CALL_SYNC, TEST_FILE, 0);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	test_extent(&t, 0, 4096, 4096);
	ask("m1:all", "TXN-00001 is missing");
	assert_null(cause.accused);
	says(0, STEP_NONE, "not known: all that was promised is on the media "
	     "as far as the trace tells, and nothing is lost that something "
	     "later builds on");
	cause_release(&cause);
	ask("m1:all", NULL);
	says(0, STEP_NONE, "nothing that was promised is lost, as far as the "
	     "trace tells");
}

/* ---- the steps ---- */

static void an_fsync_of_the_file_is_not_one_of_its_name(void **state)
{
	struct call *c;

	(void)state;
	test_mark_call(&t, MARK_BEGIN, "made");
	c = test_enter(&t, CALL_OPEN, "openat");
	c->flags = O_CREAT;
	test_exit(&t, c, 3);
	test_sync_call(&t, CALL_SYNC, TEST_FILE, 0);
	test_mark_call(&t, MARK_ACK, "made");
	ask("m2:all", NULL);
	assert_int_equal(cause.step, STEP_SYNC_DIRECTORY);
	assert_string_equal(cause.missing, "no fsync of directory /mnt between "
			    "call 2 and ack 4; fsync at call 3 is of the file, "
			    "not of the name");
}

static void sync_file_range_is_no_sync(void **state)
{
	(void)state;
	test_write_call(&t, 0, "COMMIT: TXN-00001");
	test_exit(&t, test_enter(&t, CALL_SYNC_RANGE, "sync_file_range"), 0);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	ask("m1:all", NULL);
	/* It has begun to write back; where to is not known. */
	assert_string_equal(cause.missing, "no fsync or fdatasync of /mnt/log "
			    "between call 1 and ack 3; sync_file_range at call "
			    "2 makes nothing durable");
}

static void a_failed_sync_that_was_not_heeded_is_named(void **state)
{
	(void)state;
	test_write_call(&t, 0, "COMMIT: TXN-00001");
	test_drive_write(&t, 4096, 4096, 1);
	test_sync_call(&t, CALL_SYNC, TEST_FILE, -EIO);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	test_extent(&t, 0, 4096, 4096);
	ask("m1:none", NULL);
	assert_int_equal(cause.step, STEP_HEED_ERROR);
	assert_string_equal(cause.missing, "fsync at call 2 failed "
			    "(Input/output error), and the program went on");
}

static void synced(void)
{
	struct call *c;

	test_write_call(&t, 0, "COMMIT: TXN-00001");
	c = test_enter(&t, CALL_DATASYNC, "fdatasync");
	test_drive_write(&t, 4096, 4096, 1);
	test_drive_flush(&t);
	test_exit(&t, c, 0);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	test_extent(&t, 0, 4096, 4096);
}

static void a_drive_that_ignores_flushes_is_blamed(void **state)
{
	(void)state;
	t.model.flush_ignored = 1;
	synced();
	ask("m1:none", NULL);
	assert_int_equal(cause.layer, 6);
	assert_int_equal(cause.step, STEP_DRIVE);
	assert_string_equal(cause.missing, "the drive ignored flush f1");
}

static void is_blamed(const char *options, const char *missing)
{
	struct call *c;

	t.mount_options = options;
	test_write_call(&t, 0, "COMMIT: TXN-00001");
	c = test_enter(&t, CALL_DATASYNC, "fdatasync");
	test_drive_write(&t, 4096, 4096, 1);
	test_exit(&t, c, 0);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	test_extent(&t, 0, 4096, 4096);
	ask("m1:none", NULL);
	assert_int_equal(cause.step, STEP_MOUNT);
	assert_string_equal(cause.missing, missing);
}

static void a_mount_without_barriers_is_blamed(void **state)
{
	(void)state;
	is_blamed("noatime,barrier=0", "fdatasync at call 2 sent no flush: the "
		  "file system is mounted with barrier=0");
}

static void by_the_option_that_was_given(void **state)
{
	(void)state;
	is_blamed("nobarrier", "fdatasync at call 2 sent no flush: the file "
		  "system is mounted with nobarrier");
}

static void a_sync_that_sent_no_flush_is_said_to(void **state)
{
	struct call *c;

	(void)state;
	test_write_call(&t, 0, "COMMIT: TXN-00001");
	c = test_enter(&t, CALL_DATASYNC, "fdatasync");
	test_drive_write(&t, 4096, 4096, 1);
	test_exit(&t, c, 0);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	test_extent(&t, 0, 4096, 4096);
	ask("m1:none", NULL);
	assert_int_equal(cause.step, STEP_FILE_SYSTEM);
	assert_string_equal(cause.missing, "fdatasync at call 2 returned 0 and "
			    "the kernel sent no flush");
}

/* f2fs: the flush was sent while the write was still under way. */
static void a_flush_that_came_too_early_is_none(void **state)
{
	struct call *c;
	size_t write;

	(void)state;
	test_write_call(&t, 0, "COMMIT: TXN-00001");
	c = test_enter(&t, CALL_DATASYNC, "fdatasync");
	write = test_drive_write(&t, 4096, 4096, 0);
	test_drive_flush(&t);
	test_complete(&t.log, write);
	test_exit(&t, c, 0);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	test_extent(&t, 0, 4096, 4096);
	ask("m1:none", NULL);
	assert_int_equal(cause.step, STEP_FILE_SYSTEM);
	assert_string_equal(cause.missing,
			    "fdatasync at call 2 returned 0, though no flush "
			    "had been submitted after the write w1 completed");
}

static void stores_into_mapped_memory_want_msync(void **state)
{
	(void)state;
	map_file(8192);
	test_mark_call(&t, MARK_BEGIN, "page");
	test_dirty(&t, 4096);
	test_mark_call(&t, MARK_ACK, "page");
	ask("m2:all", NULL);
	says(3, STEP_SYNC_MAPPING,
	     "4096 bytes at 4096 of /mnt/log, stored through the mapping by "
	     "call 1 (mmap of writer, thread 7), were in the page cache (layer "
	     "3) when the power failed, though ack \"page\" (mark m2, call 3) "
	     "had promised it: no msync or fsync of /mnt/log between the store "
	     "and ack 3");
}

/* gdbm: a page that points to what was appended is on the media before it. */
static void a_page_that_points_to_more(int sent_later)
{
	map_file(4096);
	test_dirty(&t, 0);
	if (!sent_later)
		test_drive_write(&t, 8192, 4096, 1);
	test_write_call(&t, 4096, "what it points to");
	if (sent_later)
		test_drive_write(&t, 8192, 4096, 1);
	test_extent(&t, 0, 8192, 4096);
	test_drive_write(&t, 16384, 4096, 1);
	ask("w2:all-2", "the file is damaged");
}

static void a_mapped_page_may_build_on_calls_before_it_was_sent(void **state)
{
	(void)state;
	a_page_that_points_to_more(1);
	says(3, STEP_SYNC_FILE,
	     "17 bytes at 4096 of /mnt/log, written by call 2 (pwrite64 of "
	     "writer, thread 7), were in the page cache (layer 3) when the "
	     "power failed, though 4096 bytes at 0 of /mnt/log, stored through "
	     "the mapping by call 1 (mmap of writer, thread 7), in a version "
	     "that was written back after it, is on the media: no fsync or "
	     "fdatasync of /mnt/log between call 2 and the cut");
}

static void but_not_on_those_after_it(void **state)
{
	(void)state;
	a_page_that_points_to_more(0);
	says(5, STEP_NONE,
	     "the drive lost its write w2 (4096 bytes at 16384) when the power "
	     "failed: it was still in flight at the cut");
}

static void an_asynchronous_msync_is_no_sync(void **state)
{
	(void)state;
	map_file(8192);
	test_mark_call(&t, MARK_BEGIN, "page");
	test_dirty(&t, 4096);
	test_exit(&t, test_enter(&t, CALL_SYNC_RANGE, "msync"), 0);
	test_mark_call(&t, MARK_ACK, "page");
	ask("m2:all", NULL);
	assert_int_equal(cause.step, STEP_SYNC_MAPPING);
	assert_string_equal(cause.missing, "no msync or fsync of /mnt/log "
			    "between the store and ack 4; msync without "
			    "MS_SYNC at call 3 makes nothing durable");
}

/* The second promise's store has no event: its page was dirty already. */
static void a_page_that_was_dirty_already_has_later_stores(void **state)
{
	(void)state;
	map_file(8192);
	test_mark_call(&t, MARK_BEGIN, "put 1");
	test_dirty(&t, 4096);
	test_mark_call(&t, MARK_ACK, "put 1");
	test_mark_call(&t, MARK_BEGIN, "put 2");
	test_mark_call(&t, MARK_ACK, "put 2");
	ask("m4:all", "put 2 is missing");
	assert_int_equal(cause.layer, 3);
	assert_int_equal(cause.step, STEP_SYNC_MAPPING);
	assert_string_equal(cause.missing, "no msync or fsync of /mnt/log "
			    "between the store and ack 5");
}

/* Half a page of a file is no data. */
static void stores_behind_the_end_are_no_data(void **state)
{
	struct call *c;

	(void)state;
	c = test_enter(&t, CALL_MAP, "mmap");
	c->length = 8192;
	c->old_size = 5000;
	test_exit(&t, c, 0);
	test_mark_call(&t, MARK_BEGIN, "page");
	test_dirty(&t, 4096);
	test_mark_call(&t, MARK_ACK, "page");
	ask("m2:all", NULL);
	assert_int_equal(cause.accused->offset, 4096);
	assert_int_equal(cause.accused->length, 5000 - 4096);
}

/* ---- which promise, which operation ---- */

/* The command pc says what its caller has done. */
static void a_messenger_speaks_for_its_caller(void **state)
{
	struct call *c;

	(void)state;
	test_mark_call(&t, MARK_BEGIN, "x")->pid = 21;
	c = test_enter(&t, CALL_WRITE, "pwrite64");
	c->length = 4;
	test_mark_call(&t, MARK_ACK, "x")->pid = 22;
	c->exit_ns = 0;
	ask("m2:all", NULL);
	assert_int_equal(cause.layer, 2);
	assert_int_equal(cause.accused->call->number, 2);
}

static void the_promise_that_the_check_names_is_the_broken_one(void **state)
{
	(void)state;
	test_write_call(&t, 0, "COMMIT: TXN-00001");
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	test_write_call(&t, 20, "COMMIT: TXN-00002");
	test_mark_call(&t, MARK_ACK, "TXN-00002");
	ask("m2:all", "missing: 2 of 2, first TXN-00001");
	assert_string_equal(cause.promise->mark->text, "TXN-00001");
	assert_int_equal(cause.accused->call->number, 1);
	cause_release(&cause);
	ask("m2:all", "records are missing");
	assert_string_equal(cause.promise->mark->text, "TXN-00002");
	assert_int_equal(cause.accused->call->number, 3);
}

static void the_write_with_the_promises_words_is_accused(void **state)
{
	(void)state;
	test_mark_call(&t, MARK_BEGIN, "TXN-00007");
	test_write_call(&t, 0, "something else");
	test_write_call(&t, 100, "COMMIT: TXN-00007");
	test_mark_call(&t, MARK_ACK, "TXN-00007");
	ask("m2:all", NULL);
	assert_int_equal(cause.accused->call->number, 3);
}

/* Its bytes are synced, and under the name that it was written with. */
static void the_name_of_what_has_the_promises_words_is_accused(void **state)
{
	struct call *c;

	(void)state;
	test_mark_call(&t, MARK_BEGIN, "TXN-00001");
	c = test_write_call(&t, 0, "nothing that was promised");
	c->inode = TEST_FILE + 1;
	c->path = "/mnt/other";
	t.events[t.l.n - 1].inode = c->inode;
	c = test_write_call(&t, 4096, "COMMIT: TXN-00001");
	c->path = "/mnt/log.new";
	test_drive_write(&t, 4096, 4096, 1);
	test_drive_flush(&t);
	test_sync_call(&t, CALL_SYNC, TEST_FILE, 0);
	c = test_enter(&t, CALL_RENAME, "rename");
	c->path = "/mnt/log.new";
	c->path2 = TEST_PATH;
	c->parent2 = TEST_DIRECTORY;
	test_exit(&t, c, 0);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	test_extent(&t, 4096, 4096, 4096);
	ask("m2:all", NULL);
	assert_int_equal(cause.layer, 4);
	assert_int_equal(cause.step, STEP_SYNC_DIRECTORY);
	assert_string_equal(cause.missing, "no fsync of directory /mnt between "
			    "call 5 and ack 6");
}

/* A page of the i-th file, which has that path. */
static void page_of(uint64_t i, char *path)
{
	struct call *c = test_write_call(&t, 0, "page");

	c->inode = TEST_FILE + i;
	c->path = path;
	t.events[t.l.n - 1].inode = c->inode;
}

static void a_logs_write_is_accused_before_others(void **state)
{
	static char *const paths[] = { "/mnt/catalog", "/mnt/pg_wal/01",
				       "/mnt/wallet" };

	(void)state;
	for (uint64_t i = 0; i < 3; i++)
		page_of(i, paths[i]);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	ask("m1:all", NULL);
	assert_string_equal(cause.missing, "no fsync or fdatasync of "
			    "/mnt/pg_wal/01 between call 2 and ack 4");
}

/* The log's write comes behind the ack: what was promised was in no call yet. */
static void a_page_is_not_accused_where_the_log_was_not_written(void **state)
{
	static char *const paths[] = { "/mnt/base/5/16398", "/mnt/pg_wal/01" };

	(void)state;
	for (uint64_t i = 0; i < 2; i++) {
		page_of(i, paths[i]);
		if (!i)
			test_mark_call(&t, MARK_ACK, "TXN-00001");
	}
	cause_release(&cause);
	ask("m1:all", NULL);
	assert_int_equal(cause.layer, 0);
	assert_null(cause.accused);
	assert_non_null(strstr(cause.sentence, "not known: nothing was written "
				"to the program's log, such as /mnt/pg_wal/01"));
}

static void a_rollback_journal_is_accused_after_others(void **state)
{
	static char *const paths[] = { "/mnt/bank.db-journal", "/mnt/bank.db" };

	(void)state;
	for (uint64_t i = 0; i < 2; i++)
		page_of(i, paths[i]);
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	ask("m1:all", NULL);
	assert_string_equal(cause.missing, "no fsync or fdatasync of "
			    "/mnt/bank.db between call 2 and ack 3");
}

static void a_lost_write_is_accused_before_one_that_never_left(void **state)
{
	(void)state;
	test_mark_call(&t, MARK_BEGIN, "x");
	test_write_call(&t, 8192, "first");
	test_write_call(&t, 0, "second");
	test_drive_write(&t, 4096, 4096, 1);
	test_mark_call(&t, MARK_ACK, "x");
	test_extent(&t, 0, 4096, 4096);
	ask("m2:none", NULL);
	assert_int_equal(cause.accused->call->number, 3);
	assert_int_equal(cause.layer, 6);
}

static void a_file_that_is_gone_is_not_accused(void **state)
{
	(void)state;
	test_mark_call(&t, MARK_BEGIN, "x");
	test_write_call(&t, 0, "scratch");
	test_exit(&t, test_enter(&t, CALL_UNLINK, "unlink"), 0);
	test_mark_call(&t, MARK_ACK, "x");
	ask("m2:all", NULL);
	assert_int_equal(cause.accused->call->number, 3);
}

/* The rename that replaced it is lost, so it stands there. */
static void what_was_replaced_in_vain_is_accused(void **state)
{
	struct call *c;

	(void)state;
	test_mark_call(&t, MARK_BEGIN, "version 1");
	test_write_call(&t, 0, "one");
	test_mark_call(&t, MARK_ACK, "version 1");
	test_mark_call(&t, MARK_BEGIN, "version 2");
	c = test_enter(&t, CALL_RENAME, "rename");
	c->inode = TEST_FILE + 1;
	c->inode2 = TEST_FILE;
	c->path = "/mnt/log.new";
	c->path2 = TEST_PATH;
	c->parent2 = TEST_DIRECTORY;
	test_exit(&t, c, 0);
	test_mark_call(&t, MARK_MARK, "now");
	ask("m4:all", "version 1 is missing");
	assert_int_equal(cause.layer, 3);
	assert_int_equal(cause.accused->call->number, 2);
	assert_string_equal(cause.missing, "no fsync or fdatasync of /mnt/log "
			    "between call 2 and ack 3");
}

/* What the other one writes is promised by its own ack. */
static void threads_are_not_blamed_for_each_other(void **state)
{
	struct call *c;

	(void)state;
	test_mark_call(&t, MARK_BEGIN, "a");
	test_mark_call(&t, MARK_BEGIN, "b")->tid = 8;
	c = test_write_call(&t, 0, "for b");
	c->tid = 8;
	t.events[t.l.n - 1].tid = 8;
	test_write_call(&t, 100, "for a");
	test_mark_call(&t, MARK_ACK, "a");
	ask("m3:all", NULL);
	assert_int_equal(cause.accused->call->number, 4);
}

/* No ack: the name is there, its bytes are not. */
static void order_names_what_was_to_come_first(void **state)
{
	struct call *c;

	(void)state;
	test_write_call(&t, 0, "version 2");
	c = test_enter(&t, CALL_RENAME, "rename");
	c->path2 = "/mnt/settings";
	c->parent2 = TEST_DIRECTORY;
	test_exit(&t, c, 0);
	c = test_enter(&t, CALL_SYNC, "fsync");
	c->inode = TEST_DIRECTORY;
	test_drive_write(&t, 8192, 512, 1);
	test_drive_flush(&t);
	test_exit(&t, c, 0);
	test_mark_call(&t, MARK_MARK, "now");
	ask("m1:all", "settings is empty");
	says(3, STEP_SYNC_FILE,
	     "9 bytes at 0 of /mnt/log, written by call 1 (pwrite64 of writer, "
	     "thread 7), were in the page cache (layer 3) when the power "
	     "failed, though the name /mnt/settings, given by call 2 (rename "
	     "of writer, thread 7) to what was /mnt/log after it, is on the "
	     "media: no fsync or fdatasync of /mnt/log between call 1 and "
	     "call 2");
}

/* XFS: the log has been written since, and nobody tells what stands in it. */
static void a_name_that_may_be_there_does_where_nothing_is_sure(void **state)
{
	struct call *c;

	(void)state;
	test_write_call(&t, 0, "version 2");
	c = test_enter(&t, CALL_RENAME, "rename");
	c->path2 = "/mnt/settings";
	c->parent2 = TEST_DIRECTORY;
	test_exit(&t, c, 0);
	test_drive_write(&t, 8192, 512, 1);
	test_mark_call(&t, MARK_MARK, "now");
	ask("m1:all", "settings is empty");
	says(3, STEP_SYNC_FILE,
	     "9 bytes at 0 of /mnt/log, written by call 1 (pwrite64 of writer, "
	     "thread 7), were in the page cache (layer 3) when the power "
	     "failed, though the name /mnt/settings, given by call 2 (rename "
	     "of writer, thread 7) to what was /mnt/log after it, may be on "
	     "the media: no fsync or fdatasync of /mnt/log between call 1 and "
	     "call 2");
	cause_release(&cause);
	ask("m1:all", NULL);
	assert_int_equal(cause.layer, 0);
}

/* Of two that are lost behind a survivor, the one that the check misses. */
static void a_begin_that_the_check_names_tells_what_is_missing(void **state)
{
	struct call *c;

	(void)state;
	test_mark_call(&t, MARK_BEGIN, "put 1");
	test_write_call(&t, 0, "one");
	test_mark_call(&t, MARK_BEGIN, "put 2");
	test_write_call(&t, 100, "two");
	test_mark_call(&t, MARK_BEGIN, "put 3");
	test_write_call(&t, 200, "three");
	c = test_enter(&t, CALL_RENAME, "rename");
	c->path2 = "/mnt/settings";
	c->parent2 = TEST_DIRECTORY;
	test_exit(&t, c, 0);
	c = test_enter(&t, CALL_SYNC, "fsync");
	c->inode = TEST_DIRECTORY;
	test_drive_write(&t, 8192, 512, 1);
	test_drive_flush(&t);
	test_exit(&t, c, 0);
	test_mark_call(&t, MARK_ACK, "put 3");
	ask("m4:all", "hole: put 2 is missing and put 3 is there");
	assert_non_null(cause.accused);
	assert_int_equal(cause.accused->call->number, 4);
	cause_release(&cause);
	ask("m4:all", "hole: put 1 is missing and put 3 is there");
	assert_int_equal(cause.accused->call->number, 2);
	cause_release(&cause);
	ask("m4:all", "put 3 is missing");
	assert_int_equal(cause.accused->call->number, 6);
}

/* No operation has lost anything, and yet the drive has. */
static void a_lost_write_of_nobody_is_told_by_its_number(void **state)
{
	(void)state;
	t.model.flush_ignored = 1;
	test_mark_call(&t, MARK_MARK, "now");
	test_drive_write(&t, 4096, 1024, 1);
	test_drive_flush(&t);
	test_mark_call(&t, MARK_MARK, "then");
	ask("p4:all-1", "the kernel refuses to mount");
	says(6, STEP_NONE,
	     "the drive lost its write w1 (1024 bytes at 4096) when the power "
	     "failed: flush f1 was submitted at 4 after it completed, but had "
	     "not completed at the cut");
	cause_release(&cause);
	t.journey.in.mount_options = "barrier=0";
	ask("p3:all-1", "the kernel refuses to mount");
	assert_int_equal(cause.step, STEP_MOUNT);
	assert_string_equal(cause.missing, "no flush was sent: the file system "
			    "is mounted with barrier=0");
	cause_release(&cause);
	ask("m2:1.0", "the kernel refuses to mount");
	says(6, STEP_DRIVE,
	     "the drive lost its write w1 in part (1024 bytes at 4096: "
	     "survived in unit 0, lost in unit 1) when the power failed: the "
	     "drive ignored flush f1");
}

static void a_torn_write_is_named(void **state)
{
	struct call *c;

	(void)state;
	c = test_write_call(&t, 0, "page");
	c->length = 1024;
	c->result = 1024;
	test_drive_write(&t, 4096, 1024, 1);
	test_mark_call(&t, MARK_MARK, "now");
	test_extent(&t, 0, 4096, 4096);
	ask("m1:1.0", "page is torn");
	assert_int_equal(cause.layer, 6);
	assert_int_equal(cause.step, STEP_ATOMIC);
	assert_string_equal(cause.missing, "the write was torn: it has to be "
			    "atomic in more than the 512 bytes that are so for "
			    "this drive");
}

/* The first is there, the second is lost. sizes: of the file before each. */
static void two_blocks(const uint64_t sizes[2])
{
	t.filesystem = "none";
	for (uint64_t i = 0; i < 2; i++) {
		struct call *c = test_write_call(&t, 4096 + i * 512, "page");

		c->length = 512;
		c->result = 512;
		c->old_size = sizes[i];
	}
	test_drive_write(&t, 4096, 1024, 1);
	test_mark_call(&t, MARK_MARK, "now");
	ask("m1:1.0", "the pages do not belong together");
}

/* No order would do. */
static void half_of_a_change_in_place_is_named(void **state)
{
	(void)state;
	two_blocks((const uint64_t[]){ 8192, 8192 });
	says(6, STEP_TOGETHER,
	     "512 bytes at 4608 of /mnt/log, written by call 2 (pwrite64 of "
	     "writer, thread 7), were in the drive's cache (layer 6) as its "
	     "write w1 when the power failed, though 512 bytes at 4096 of "
	     "/mnt/log, written by call 1 (pwrite64 of writer, thread 7) over "
	     "older ones, are on the media: nothing makes the writes to "
	     "/mnt/log from call 1 to call 2 atomic, such as a log, or a copy "
	     "that takes its name");
}

/* The file was no longer than that: it has grown by a part. */
static void half_of_what_was_appended_is_not(void **state)
{
	(void)state;
	two_blocks((const uint64_t[]){ 4096, 4608 });
	assert_int_not_equal(cause.step, STEP_TOGETHER);
}

/* Without a file system bytes stand where they were written to, though nothing
 * says so. */
static void a_torn_write_to_the_disk_itself_is_named(void **state)
{
	struct call *c;

	(void)state;
	t.filesystem = "none";
	c = test_write_call(&t, 4096, "page");
	c->length = 1024;
	c->result = 1024;
	test_drive_write(&t, 4096, 1024, 1);
	test_mark_call(&t, MARK_MARK, "now");
	ask("m1:1.0", "page is torn");
	assert_int_equal(cause.layer, 6);
	assert_int_equal(cause.step, STEP_ATOMIC);
}

/* The drive's write had both: neither is torn. */
static void what_is_lost_as_a_whole_is_not_torn(void **state)
{
	struct call *c;

	(void)state;
	for (uint64_t i = 0; i < 2; i++) {
		c = test_write_call(&t, i * 512, "page");
		c->length = 512;
		c->result = 512;
	}
	test_drive_write(&t, 4096, 1024, 1);
	test_sync_call(&t, CALL_SYNC, TEST_FILE, 0);
	test_mark_call(&t, MARK_MARK, "now");
	test_extent(&t, 0, 4096, 4096);
	ask("m1:1.1", "the first page is old");
	assert_int_equal(cause.layer, 6);
	assert_int_equal(cause.step, STEP_SYNC_FILE);
	assert_string_equal(cause.missing, "no fsync or fdatasync of /mnt/log "
			    "between call 1 and call 2");
}

static void bytes_are_found_by_what_they_are(void **state)
{
	static const char text[] = "COMMIT: TXN-00001 abcdef";
	FILE *f = fopen(t.log_path, "r+");
	size_t w;

	(void)state;
	assert_int_equal(fseek(f, 8192 + 100, SEEK_SET), 0);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	fclose(f);
	test_write_call(&t, 4096 + 100, text);
	test_drive_write(&t, 0, 512, 1);
	w = test_drive_write(&t, 16384, 4096, 1);
	t.log.commands[w].data = 8192;
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	ask("m1:1", NULL);
	assert_int_equal(cause.layer, 6);
	assert_true(cause.standing.command == w);
}

static void a_trace_that_ends_early_is_doubted(void **state)
{
	(void)state;
	t.l.drained = 0;
	test_write_call(&t, 0, "COMMIT: TXN-00001");
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	ask("m1:all", NULL);
	assert_int_equal(cause.layer, 3);
	assert_string_equal(cause.doubt, "the kernel's tracepoints end before "
			    "the recording does: what happened right before "
			    "the cut may be missing");
}

/* ---- what is not known ---- */

static void lost_records_of_calls_make_no_journey(void **state)
{
	struct journey_input in = { .history = &t.log.h, .model = &t.model,
				    .calls = &t.c, .filesystem = "f2fs" };
	struct error e = { 0 };

	(void)state;
	t.c.lost = 3;
	assert_int_equal(journey_make(&in, &t.journey, &e), -ENODATA);
	assert_string_equal(e.message, "3 records of the workload's system "
			    "calls were lost");
}

static void where_writeback_went_is_not_guessed(void **state)
{
	(void)state;
	test_mark_call(&t, MARK_BEGIN, "x");
	test_write_call(&t, 0, "short");
	test_layer(&t, LAYER_WRITEBACK)->inode = TEST_FILE;
	test_mark_call(&t, MARK_ACK, "x");
	ask("m2:all", NULL);
	says(0, STEP_NONE, "not known: the kernel had begun to write the file "
	     "back, and nothing says where to");
}

static void what_is_opaque_is_not_guessed(void **state)
{
	(void)state;
	test_mark_call(&t, MARK_BEGIN, "x");
	test_exit(&t, test_enter(&t, CALL_OPAQUE, "io_uring_enter"), 1);
	test_mark_call(&t, MARK_ACK, "x");
	ask("m2:all", "x is missing");
	assert_int_equal(cause.layer, 0);
	says(0, STEP_NONE, "not known: what was submitted through io_uring or "
	     "aio could not be followed");
}

static void a_later_write_may_have_carried_it(void **state)
{
	struct call *c;

	(void)state;
	test_mark_call(&t, MARK_BEGIN, "TXN-00001");
	test_mark_call(&t, MARK_ACK, "TXN-00001");
	c = test_write_call(&t, 0, "COMMIT: TXN-00000");
	c->length = 4096;
	c->result = 4096;
	test_mark_call(&t, MARK_MARK, "now");
	ask("m3:all", "missing: TXN-00001");
	assert_int_equal(cause.layer, 0);
	assert_string_equal(cause.missing, "no flush of the program's buffer "
			    "and no fsync before ack 2");
	assert_non_null(strstr(cause.sentence, "not known in which layer"));
	assert_non_null(strstr(cause.sentence, "call 3 after it wrote more"));
	cause_release(&cause);
	/* Before that call it had not. */
	ask("m2:all", "missing: TXN-00001");
	assert_int_equal(cause.layer, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_promise_without_a_call_is_in_the_programs_buffer),
		TEST(a_write_that_has_not_copied_is_in_the_call),
		TEST(an_unsynced_write_is_in_the_page_cache),
		TEST(a_sync_beside_the_write_need_not_cover_it),
		TEST(a_sync_that_waited_for_the_write_covers_it),
		TEST(a_call_under_way_at_the_ack_is_layer_2),
		TEST(a_request_that_the_drive_has_not_is_in_the_block_layer),
		TEST(a_write_in_flight_is_in_the_block_layer),
		TEST(what_the_drive_acknowledged_is_in_its_cache),
		TEST(a_name_without_a_write_since_is_in_the_file_system),
		TEST(what_is_on_the_media_is_not_accused),
		TEST(an_fsync_of_the_file_is_not_one_of_its_name),
		TEST(sync_file_range_is_no_sync),
		TEST(a_failed_sync_that_was_not_heeded_is_named),
		TEST(a_drive_that_ignores_flushes_is_blamed),
		TEST(a_mount_without_barriers_is_blamed),
		TEST(by_the_option_that_was_given),
		TEST(a_sync_that_sent_no_flush_is_said_to),
		TEST(a_flush_that_came_too_early_is_none),
		TEST(stores_into_mapped_memory_want_msync),
		TEST(a_mapped_page_may_build_on_calls_before_it_was_sent),
		TEST(but_not_on_those_after_it),
		TEST(an_asynchronous_msync_is_no_sync),
		TEST(a_page_that_was_dirty_already_has_later_stores),
		TEST(stores_behind_the_end_are_no_data),
		TEST(a_messenger_speaks_for_its_caller),
		TEST(a_name_that_may_be_there_does_where_nothing_is_sure),
		TEST(a_begin_that_the_check_names_tells_what_is_missing),
		TEST(the_promise_that_the_check_names_is_the_broken_one),
		TEST(the_write_with_the_promises_words_is_accused),
		TEST(the_name_of_what_has_the_promises_words_is_accused),
		TEST(a_logs_write_is_accused_before_others),
		TEST(a_page_is_not_accused_where_the_log_was_not_written),
		TEST(a_rollback_journal_is_accused_after_others),
		TEST(a_lost_write_is_accused_before_one_that_never_left),
		TEST(a_file_that_is_gone_is_not_accused),
		TEST(what_was_replaced_in_vain_is_accused),
		TEST(threads_are_not_blamed_for_each_other),
		TEST(order_names_what_was_to_come_first),
		TEST(a_lost_write_of_nobody_is_told_by_its_number),
		TEST(a_torn_write_is_named),
		TEST(half_of_a_change_in_place_is_named),
		TEST(half_of_what_was_appended_is_not),
		TEST(a_torn_write_to_the_disk_itself_is_named),
		TEST(what_is_lost_as_a_whole_is_not_torn),
		TEST(bytes_are_found_by_what_they_are),
		TEST(a_trace_that_ends_early_is_doubted),
		TEST(lost_records_of_calls_make_no_journey),
		TEST(where_writeback_went_is_not_guessed),
		TEST(what_is_opaque_is_not_guessed),
		TEST(a_later_write_may_have_carried_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

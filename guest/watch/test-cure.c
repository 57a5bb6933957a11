/* What the watcher does before an ack, as it tells PID 1: without a program, the test
 * says what was called. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/files.h"
#include "guest/watch/internal.h"
#include "guest/watch/ring.h"

static char folder[] = "/tmp/pc-cure-XXXXXX";
static struct watcher watcher;
static struct task task;
static char told[1 << 16]; /* records that were taken */
static size_t n_told, at;

static char *in(const char *name)
{
	static char paths[4][128];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static int make(void **state)
{
	(void)state;
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	watcher = (struct watcher){ .records = ring_new() };
	if (!mkdtemp(folder) || !watcher.records)
		return -1;
	n_told = at = 0;
	watcher.target.cures = (struct cure_list){
		.n = 1,
		.rules[0] = { CURE_BEFORE_ACK, CURE_SYNC_FILE, CALL_WRITE,
			      NULL },
	};
	task = (struct task){ .tid = getpid(), .process = getpid() };
	return 0;
}

static int clean(void **state)
{
	(void)state;
	ring_free(watcher.records);
	rm_rf(folder, NULL);
	return 0;
}

static void was_written(const char *name)
{
	int fd = open(in(name), O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	close(fd);
	cures_after(&watcher, &task, CALL_WRITE, in(name), "");
}

static void was_renamed(const char *from, const char *to)
{
	assert_int_equal(rename(in(from), in(to)), 0);
	cures_after(&watcher, &task, CALL_RENAME, in(from), in(to));
}

/* The next record of the kind, or that there is none. */
static int take(enum call_record_kind kind, void *ret, size_t size,
		char path[256])
{
	struct call_record r;

	if (at == n_told) {
		n_told = ring_take(watcher.records, told, sizeof(told));
		at = 0;
	}
	while (at < n_told) {
		const char *data = told + at + sizeof(r);

		memcpy(&r, told + at, sizeof(r));
		at += sizeof(r) + r.length;
		if (r.kind != kind)
			continue;
		memcpy(ret, data, size);
		if (path)
			snprintf(path, 256, "%.200s", data + size);
		return 1;
	}
	return 0;
}

static void is_synced(const char *name, int64_t result)
{
	struct record_enter enter;
	struct record_exit x;
	char path[256];

	assert_true(take(RECORD_ENTER, &enter, sizeof(enter), path));
	assert_string_equal(path, in(name));
	assert_int_equal(enter.by, RECORD_BY_TRACER);
	assert_int_equal(enter.kind, CALL_DATASYNC);
	assert_true(take(RECORD_EXIT, &x, sizeof(x), NULL));
	assert_int_equal(x.sequence, enter.sequence);
	assert_int_equal(x.result, result);
}

static void nothing_more(void)
{
	struct record_enter enter;

	assert_false(take(RECORD_ENTER, &enter, sizeof(enter), NULL));
}

static void each_file_is_synced_once_before_the_ack(void **state)
{
	(void)state;
	was_written("a");
	was_written("b");
	was_written("a");
	nothing_more();
	cures_before_ack(&watcher, &task);
	is_synced("a", 0);
	is_synced("b", 0);
	cures_before_ack(&watcher, &task);
	nothing_more();
}

static void a_renamed_file_is_synced_under_its_new_name(void **state)
{
	(void)state;
	was_written("file.tmp");
	was_written("file.tmp2");
	was_renamed("file.tmp", "file");
	cures_before_ack(&watcher, &task);
	is_synced("file", 0);
	is_synced("file.tmp2", 0);
	nothing_more();
}

static void a_file_is_followed_into_its_renamed_folder(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in("new"), 0700), 0);
	was_written("new/file");
	was_renamed("new", "old");
	cures_before_ack(&watcher, &task);
	is_synced("old/file", 0);
	nothing_more();
}

static void a_file_that_was_replaced_is_synced_once(void **state)
{
	(void)state;
	was_written("file");
	was_written("file.tmp");
	was_renamed("file.tmp", "file");
	cures_before_ack(&watcher, &task);
	is_synced("file", 0);
	nothing_more();
}

static void a_file_that_is_gone_is_not_synced(void **state)
{
	(void)state;
	was_written("a");
	was_written("b");
	assert_int_equal(unlink(in("a")), 0);
	cures_after(&watcher, &task, CALL_UNLINK, in("a"), "");
	cures_before_ack(&watcher, &task);
	is_synced("b", 0);
	nothing_more();
}

static void a_file_that_cannot_be_opened_is_told(void **state)
{
	(void)state;
	was_written("a");
	assert_int_equal(unlink(in("a")), 0);
	cures_before_ack(&watcher, &task);
	is_synced("a", -ENOENT);
	nothing_more();
}

static void a_file_system_is_synced_though_its_file_is_gone(void **state)
{
	struct record_enter enter;
	struct record_exit x;
	char path[256];

	(void)state;
	watcher.target.cures.rules[0] = (struct cure){ CURE_BEFORE_ACK,
						       CURE_SYNC_FS, 0, NULL };
	was_written("a");
	was_written("b");
	assert_int_equal(unlink(in("a")), 0);
	cures_after(&watcher, &task, CALL_UNLINK, in("a"), "");
	cures_before_ack(&watcher, &task);
	assert_true(take(RECORD_ENTER, &enter, sizeof(enter), path));
	assert_string_equal(path, folder);
	assert_int_equal(enter.kind, CALL_SYNC_FS);
	assert_true(take(RECORD_EXIT, &x, sizeof(x), NULL));
	assert_int_equal(x.result, 0);
	nothing_more();
}

static void a_flush_syncs_no_file(void **state)
{
	(void)state;
	watcher.target.cures.rules[0].what = CURE_FLUSH_BUFFERS;
	watcher.target.cures.rules[0].call = 0;
	was_written("a");
	cures_before_ack(&watcher, &task);
	nothing_more();
}

/* Stores need no call: each ack is one to sync them before. */
static void what_is_mapped_is_synced_before_each_ack(void **state)
{
	struct record_enter enter;

	(void)state;
	watcher.target.cures.rules[0] = (struct cure){ CURE_BEFORE_ACK,
						       CURE_SYNC_FS, 0, NULL };
	was_written("log");
	was_written("data");
	cures_after(&watcher, &task, CALL_MAP, in("data"), "");
	for (int i = 0; i < 2; i++) {
		cures_before_ack(&watcher, &task);
		assert_true(take(RECORD_ENTER, &enter, sizeof(enter), NULL));
		nothing_more();
	}
	free(watcher.target.cures.due[0].path);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_file_is_synced_once_before_the_ack),
		TEST(a_renamed_file_is_synced_under_its_new_name),
		TEST(a_file_is_followed_into_its_renamed_folder),
		TEST(a_file_that_was_replaced_is_synced_once),
		TEST(a_file_that_is_gone_is_not_synced),
		TEST(a_file_that_cannot_be_opened_is_told),
		TEST(a_flush_syncs_no_file),
		TEST(a_file_system_is_synced_though_its_file_is_gone),
		TEST(what_is_mapped_is_synced_before_each_ack),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

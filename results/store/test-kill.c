/* kill -9 of the writer at any time: what it had committed is there. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "common/error.h"
#include "common/files.h"
#include "results/store/store.h"

#define NOBODY 65534

static char dir[64];
static char path[128];

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test-kill-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/results.sqlite", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	chmod(dir, 0700);
	return rm_rf(dir, NULL);
}

/* The child: adds states for ever, says after each commit how many. */
static void write_states(int report)
{
	struct store *s = NULL;

	if (store_create(path, &s, NULL) < 0)
		_exit(1);
	for (uint32_t n = 1;; n++) {
		char survivors[32];
		struct store_state st = {
			.source = "replay",
			.cut = "w1",
			.survivors = survivors,
			.hash = "00112233445566778899aabbccddeeff",
			.verdict = VERDICT_VIOLATED,
			.stage = STAGE_CHECK,
			.message = "lost TXN-7",
			.detail = "some output, so that pages fill",
		};

		snprintf(survivors, sizeof(survivors), "%u", n);
		if (store_add_state(s, &st, NULL) < 0)
			_exit(1);
		if (n % 7)
			continue;
		if (store_commit(s, NULL) < 0 ||
		    write(report, &n, sizeof(n)) != sizeof(n))
			_exit(1);
	}
}

/* Kills the writer after it has told of `commits` commits. Returns how many
 * states it had committed for certain. */
static uint32_t kill_writer(int commits)
{
	uint32_t n, last = 0;
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0)
		write_states(fds[1]);
	assert_true(pid > 0);
	close(fds[1]);
	for (int i = 0; i < commits; i++)
		assert_int_equal(read_full(fds[0], &last, sizeof(last)), 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	while (read(fds[0], &n, sizeof(n)) == sizeof(n))
		last = n;
	close(fds[0]);
	return last;
}

/* How many states a reader finds, or -errno. */
static int64_t states_found(void)
{
	struct store_totals t;
	struct store *s = NULL;
	struct error e = { "", "" };
	int err = store_open(path, &s, &e);

	if (err == 0)
		err = store_totals(s, &t, &e);
	if (err < 0)
		print_error("%s\n", e.message);
	store_close(s);
	return err < 0 ? err : (int64_t)t.states_checked;
}

static int is_ok(void *arg, int n, char **values, char **names)
{
	(void)names;
	*(int *)arg = n == 1 && !strcmp(values[0], "ok");
	return 0;
}

static int is_intact(void)
{
	sqlite3 *db = NULL;
	int ok = 0;

	sqlite3_open(path, &db);
	sqlite3_exec(db, "PRAGMA integrity_check", is_ok, &ok, NULL);
	sqlite3_close(db);
	return ok;
}

static void what_was_committed_is_there(void **state)
{
	(void)state;
	for (int commits = 1; commits <= 50; commits += 7) {
		int64_t committed = kill_writer(commits);

		assert_true(states_found() >= committed);
		assert_true(is_intact());
		unlink(path);
	}
}

static void the_next_writer_goes_on(void **state)
{
	struct store *s = NULL;

	(void)state;
	kill_writer(5);
	assert_int_equal(store_reopen(path, &s, NULL), 0);
	assert_int_equal(store_set(s, "verdict", "held", NULL), 0);
	store_close(s);
	assert_int_equal(states_found(), 0);
	assert_true(is_intact());
}

static void nobody_was_killed_while_creating_it(void **state)
{
	char tmp[160];
	struct store *s = NULL;

	(void)state;
	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	assert_int_equal(file_write(tmp, "half", 4, NULL), 0);
	assert_int_equal(store_create(path, &s, NULL), 0);
	store_close(s);
	assert_int_equal(states_found(), 0);
	assert_int_not_equal(access(tmp, F_OK), 0);
}

/* states_found() by one who may write neither the files nor their folder:
 * root has to become nobody for that. */
static int64_t states_found_read_only(void)
{
	int fds[2], status;
	int64_t found = -1;
	pid_t pid;

	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(chmod(dir, 0555), 0);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) < 0)
			_exit(1);
		found = access(dir, W_OK) == 0 ? -EPERM : states_found();
		_exit(write_full(fds[1], &found, sizeof(found)) < 0);
	}
	assert_true(pid > 0);
	close(fds[1]);
	assert_int_equal(read_full(fds[0], &found, sizeof(found)), 0);
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(chmod(dir, 0700), 0);
	return found;
}

static void make_side_files_readable(void)
{
	char name[160];

	snprintf(name, sizeof(name), "%s-wal", path);
	assert_int_equal(chmod(name, 0444), 0);
	snprintf(name, sizeof(name), "%s-shm", path);
	assert_int_equal(chmod(name, 0444), 0);
}

static void it_opens_where_nothing_can_be_written(void **state)
{
	int64_t committed = kill_writer(20);

	(void)state;
	make_side_files_readable();
	assert_true(states_found_read_only() >= committed);
}

/* As when only the store and its log were copied to where they are read. */
static void it_opens_there_without_the_shared_memory_too(void **state)
{
	int64_t committed = kill_writer(20);
	char shm[160];

	(void)state;
	make_side_files_readable();
	snprintf(shm, sizeof(shm), "%s-shm", path);
	assert_int_equal(unlink(shm), 0);
	assert_true(states_found_read_only() >= committed);
}

static void it_opens_there_after_the_log_was_merged(void **state)
{
	int64_t committed = kill_writer(20);
	sqlite3 *db = NULL;
	char name[160];

	(void)state;
	/* The last writer to close merges the log, and removes it. */
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "DELETE FROM mark", NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	snprintf(name, sizeof(name), "%s-wal", path);
	assert_int_not_equal(access(name, F_OK), 0);
	assert_true(states_found_read_only() >= committed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_committed_is_there),
		TEST(the_next_writer_goes_on),
		TEST(nobody_was_killed_while_creating_it),
		TEST(it_opens_where_nothing_can_be_written),
		TEST(it_opens_there_without_the_shared_memory_too),
		TEST(it_opens_there_after_the_log_was_merged),
	};

	signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/files.h"
#include "vm/reap.h"
#include "vm/runtime.h"

/*
 * A process whose command line holds the name, which stands for QEMU's socket
 * path, and that lives until it is killed. Returns when it runs its program:
 * before, /proc shows no command line. (Its own input never ends: it holds
 * both ends of that pipe.)
 */
static pid_t start_sleeper(const char *name)
{
	const char *script = "echo; read line";
	int in[2], out[2];
	char byte;
	pid_t pid;

	if (pipe(in) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl("/bin/sh", "sh", "-c", script, name, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(in[1]);
	close(out[1]);
	if (read_full(out[0], &byte, 1) < 0)
		pid = -1;
	close(out[0]);
	return pid;
}

static int killed(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGKILL;
}

static int exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static int setup(void **state)
{
	char *parent = xstrdup("/tmp/pcrt-XXXXXX");

	*state = parent;
	/* Hangs become failures. */
	alarm(20);
	return mkdtemp(parent) ? 0 : -1;
}

static int teardown(void **state)
{
	rm_rf(*state, NULL);
	free(*state);
	return 0;
}

static void creates_a_private_directory_and_removes_it(void **state)
{
	struct runtime *r = NULL;
	struct stat st;
	char *path;

	assert_int_equal(runtime_create(*state, &r, NULL), 0);
	path = xstrdup(runtime_path(r));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	runtime_free(r);
	assert_false(exists(path));
	free(path);
}

static void free_kills_what_names_the_directory(void **state)
{
	struct runtime *r = NULL;
	pid_t sleeper, other;
	char *name, *longer;

	assert_int_equal(runtime_create(*state, &r, NULL), 0);
	name = xasprintf("%s/nbd.sock", runtime_path(r));
	longer = xasprintf("%sx/nbd.sock", runtime_path(r));
	sleeper = start_sleeper(name);
	other = start_sleeper(longer);
	runtime_free(r);
	assert_true(killed(sleeper));
	assert_int_equal(waitpid(other, NULL, WNOHANG), 0);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	free(longer);
	free(name);
}

/* Makes a runtime directory with something running in it, tells its path, and
 * waits to be killed. */
static void controller(const char *parent, int report)
{
	struct runtime *r;
	char *name;

	if (runtime_create(parent, &r, NULL) < 0)
		_exit(1);
	name = xasprintf("%s/nbd.sock", runtime_path(r));
	if (start_sleeper(name) < 0)
		_exit(1);
	write_full(report, runtime_path(r), strlen(runtime_path(r)) + 1);
	for (;;)
		pause();
}

static pid_t start_controller(const char *parent, char path[64])
{
	int ends[2];
	size_t n = 0;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		controller(parent, ends[1]);
	close(ends[1]);
	do {
		assert_int_equal(read_full(ends[0], path + n, 1), 0);
	} while (path[n++]);
	close(ends[0]);
	return pid;
}

static void reaper_cleans_up_after_kill_9(void **state)
{
	char path[64];
	pid_t pid;

	/* So that we inherit the reaper and the sleeper and see their end. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = start_controller(*state, path);
	assert_true(exists(path));
	kill(pid, SIGKILL);
	while (wait(NULL) > 0)
		;
	assert_int_equal(errno, ECHILD);
	assert_false(exists(path));
}

/* Like libvirt's driver, whose threads live longer than its connection. */
static void late_controller(const char *parent)
{
	struct runtime *r;
	char *late;

	if (runtime_create(parent, &r, NULL) < 0)
		_exit(1);
	late = xasprintf("%s/libvirt/run", runtime_path(r));
	runtime_free(r);
	_exit(mkdir_p(late, NULL) < 0);
}

static void what_is_made_after_the_end_is_removed(void **state)
{
	int status;
	pid_t pid;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		late_controller(*state);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	while (wait(NULL) > 0)
		;
	assert_int_equal(errno, ECHILD);
	/* Only an empty folder can be removed so. */
	assert_int_equal(rmdir(*state), 0);
}

/* The controller's first child. */
static pid_t reaper_of(pid_t controller_pid)
{
	char *path = xasprintf("/proc/%d/task/%d/children", controller_pid,
			       controller_pid);
	struct buf text = BUF_INIT;
	pid_t pid;

	assert_int_equal(file_read(path, &text, NULL), 0);
	pid = atoi(buf_text(&text));
	buf_free(&text);
	free(path);
	return pid;
}

static void reaper_survives_signals(void **state)
{
	char path[64];
	pid_t pid, reaper;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = start_controller(*state, path);
	reaper = reaper_of(pid);
	assert_true(reaper > 1);
	assert_int_equal(kill(reaper, SIGINT), 0);
	assert_int_equal(kill(reaper, SIGTERM), 0);
	assert_int_equal(kill(reaper, SIGHUP), 0);
	kill(pid, SIGKILL);
	while (wait(NULL) > 0)
		;
	assert_false(exists(path));
}

/* As a controller and its reaper leave it when both are killed. */
static char *stale_directory(const char *parent)
{
	char *path = xasprintf("%s/powercut-stale1", parent);
	char *lock = xasprintf("%s/lock", path);

	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(file_write(lock, "", 0, NULL), 0);
	free(lock);
	return path;
}

static void create_sweeps_stale_directories(void **state)
{
	char *path = stale_directory(*state);
	pid_t sleeper = start_sleeper(path);
	struct runtime *r = NULL;

	assert_int_equal(runtime_create(*state, &r, NULL), 0);
	assert_true(killed(sleeper));
	assert_false(exists(path));
	assert_true(exists(runtime_path(r)));
	runtime_free(r);
	free(path);
}

/* Whatever was left without its lock file: by its age, since a maker's own
 * directory has none either for a moment. */
static void create_sweeps_old_rests_only(void **state)
{
	static const struct timespec old[2] = { { .tv_sec = 1 },
						{ .tv_sec = 1 } };
	char *rest = xasprintf("%s/powercut-AAAAAA", (char *)*state);
	char *fresh = xasprintf("%s/powercut-BBBBBB", (char *)*state);
	char *in_rest = xasprintf("%s/libvirt", rest);
	char *in_fresh = xasprintf("%s/libvirt", fresh);
	struct runtime *r = NULL;

	assert_int_equal(mkdir_p(in_rest, NULL), 0);
	assert_int_equal(mkdir_p(in_fresh, NULL), 0);
	assert_int_equal(utimensat(AT_FDCWD, rest, old, 0), 0);
	assert_int_equal(runtime_create(*state, &r, NULL), 0);
	assert_false(exists(rest));
	assert_true(exists(in_fresh));
	runtime_free(r);
	free(rest);
	free(fresh);
	free(in_rest);
	free(in_fresh);
}

static void create_leaves_locked_directories_alone(void **state)
{
	char *path = stale_directory(*state);
	char *lock = xasprintf("%s/lock", path);
	int fd = open(lock, O_RDWR | O_CLOEXEC);
	struct runtime *r = NULL;

	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(runtime_create(*state, &r, NULL), 0);
	assert_true(exists(path));
	runtime_free(r);
	close(fd);
	free(lock);
	free(path);
}

static void create_does_not_follow_links(void **state)
{
	char *kept = xasprintf("%s/kept", (char *)*state);
	char *link = xasprintf("%s/powercut-linked", (char *)*state);
	struct runtime *r = NULL;

	assert_int_equal(mkdir(kept, 0700), 0);
	assert_int_equal(symlink(kept, link), 0);
	assert_int_equal(runtime_create(*state, &r, NULL), 0);
	runtime_free(r);
	assert_true(exists(kept));
	free(link);
	free(kept);
}

static void a_long_parent_is_refused(void **state)
{
	char *parent = xasprintf("%s/a-name-that-is-longer-than-sockets-allow",
				 (char *)*state);
	struct runtime *r = NULL;
	struct error e;

	assert_int_equal(mkdir(parent, 0700), 0);
	assert_int_equal(runtime_create(parent, &r, &e), -ENAMETOOLONG);
	assert_non_null(strstr(e.hint, "/run"));
	assert_null(r);
	free(parent);
}

int main(void)
{
#define RUNTIME_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		RUNTIME_TEST(creates_a_private_directory_and_removes_it),
		RUNTIME_TEST(free_kills_what_names_the_directory),
		RUNTIME_TEST(reaper_cleans_up_after_kill_9),
		RUNTIME_TEST(what_is_made_after_the_end_is_removed),
		RUNTIME_TEST(reaper_survives_signals),
		RUNTIME_TEST(create_sweeps_stale_directories),
		RUNTIME_TEST(create_sweeps_old_rests_only),
		RUNTIME_TEST(create_leaves_locked_directories_alone),
		RUNTIME_TEST(create_does_not_follow_links),
		RUNTIME_TEST(a_long_parent_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

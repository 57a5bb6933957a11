/* What a watcher tells of a program of this test's, on this machine. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <xxhash.h>

#include <linux/fiemap.h>
#include <linux/fs.h>

#include "common/files.h"
#include "guest/watch/returns.h"
#include "guest/watch/test-watched.h"
#include "trace/calls.h"

static int quiet; /* returns are told by the kernel */

static uint64_t inode(const char *name)
{
	char *path = in(name);
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	free(path);
	return st.st_ino;
}

static void is_path(const char *path, const char *name)
{
	char *wanted = in(name);

	assert_string_equal(path, wanted);
	free(wanted);
}

/* ---- writes ---- */

static const char text[] = "the data of a write";
#define LEN (sizeof(text) - 1)

static int file(const char *name, int flags)
{
	int fd = open(name, O_RDWR | O_CREAT | flags, 0644);

	if (fd < 0)
		_exit(98);
	return fd;
}

static void write_in_all_ways(void)
{
	struct iovec v[2] = { { (void *)text, 4 },
			      { (void *)(text + 4), LEN - 4 } };
	int fd = file("w", 0), from = file("from", 0);
	off_t at = 0;
	loff_t to = 900;

	if (write(fd, text, LEN) < 0 || pwrite(fd, text, LEN, 100) < 0 ||
	    writev(fd, v, 2) < 0 || pwritev(fd, v, 2, 300) < 0 ||
	    pwritev2(fd, v, 2, 400, RWF_DSYNC) < 0 ||
	    pwrite(from, text, LEN, 0) < 0 ||
	    sendfile(fd, from, &at, LEN) < 0 ||
	    copy_file_range(from, NULL, fd, &to, LEN, 0) < 0)
		_exit(97);
}

static void is_write(const struct call *k, uint64_t offset)
{
	assert_int_equal(k->kind, CALL_WRITE);
	assert_int_equal(k->offset, offset);
	assert_int_equal(k->length, LEN);
	assert_int_equal(k->result, LEN);
	assert_int_equal(k->inode, inode("w"));
	is_path(k->path, "w");
	assert_true(k->exit_ns >= k->enter_ns);
}

static void is_data(const struct call *k)
{
	assert_int_equal(k->hash, XXH3_64bits(text, LEN));
	assert_int_equal(k->head_length, LEN);
	assert_memory_equal(k->head, text, LEN);
}

static void all_writes_are_told(void **state)
{
	struct calls *c = watched(write_in_all_ways);

	(void)state;
	is_write(call(c, "write", 0), 0);
	is_write(call(c, "pwrite64", 0), 100);
	is_write(call(c, "writev", 0), LEN);
	is_write(call(c, "pwritev", 0), 300);
	is_write(call(c, "pwritev2", 0), 400);
	is_write(call(c, "sendfile", 0), 2 * LEN);
	is_write(call(c, "copy_file_range", 0), 900);
	is_data(call(c, "write", 0));
	is_data(call(c, "writev", 0));
	is_data(call(c, "pwritev2", 0));
	assert_int_equal(call(c, "pwritev2", 0)->flags, RWF_DSYNC);
	assert_int_equal(call(c, "sendfile", 0)->hash, 0);
	assert_int_equal(c->device, 5);
	for (size_t i = 0; i < c->n; i++)
		assert_int_equal(c->calls[i].number, i + 1);
	calls_free(c);
}

static void append_and_sync(void)
{
	int fd = file("a", O_APPEND | O_DSYNC | O_TRUNC);

	if (write(fd, text, LEN) < 0 || write(fd, text, LEN) < 0 ||
	    fsync(fd) < 0 || fdatasync(fd) < 0 || syncfs(fd) < 0 ||
	    sync_file_range(fd, 1, 2, SYNC_FILE_RANGE_WRITE) < 0)
		_exit(97);
}

static void appends_and_syncs_are_told(void **state)
{
	struct calls *c = watched(append_and_sync);
	const struct call *k;

	(void)state;
	assert_int_equal(call(c, "write", 0)->offset, 0);
	assert_int_equal(call(c, "write", 1)->offset, LEN);
	assert_int_equal(call(c, "write", 1)->old_size, LEN);
	assert_int_equal(call(c, "write", 1)->file_flags, O_APPEND | O_DSYNC);
	assert_int_equal(call(c, "fsync", 0)->kind, CALL_SYNC);
	assert_int_equal(call(c, "fdatasync", 0)->kind, CALL_DATASYNC);
	assert_int_equal(call(c, "syncfs", 0)->kind, CALL_SYNC_FS);
	k = call(c, "sync_file_range", 0);
	assert_int_equal(k->kind, CALL_SYNC_RANGE);
	assert_int_equal(k->offset, 1);
	assert_int_equal(k->length, 2);
	calls_free(c);
}

/* ---- names ---- */

static void change_names(void)
{
	if (mkdir("d", 0755) < 0 || close(file("d/x", O_EXCL)) < 0 ||
	    close(file("old", 0)) < 0 || rename("d/x", "old") < 0 ||
	    link("old", "d/hard") < 0 || symlink("old", "soft") < 0 ||
	    truncate("soft", 5) < 0 || unlink("soft") < 0 ||
	    unlinkat(AT_FDCWD, "d/hard", 0) < 0 || rmdir("d") < 0)
		_exit(97);
}

static void names_are_told(void **state)
{
	struct calls *c = watched(change_names);
	const struct call *k = call(c, "rename", 0);
	uint64_t moved = call(c, "openat", 0)->inode;
	uint64_t d = call(c, "mkdir", 0)->inode;

	(void)state;
	assert_true(moved && d);
	assert_int_equal(call(c, "openat", 0)->kind, CALL_OPEN);
	assert_int_equal(call(c, "openat", 0)->parent, d);
	assert_int_equal(moved, inode("old"));
	is_path(k->path, "d/x");
	is_path(k->path2, "old");
	assert_int_equal(k->inode, moved);
	assert_int_equal(k->inode2, call(c, "openat", 1)->inode);
	assert_int_equal(k->parent, d);
	assert_int_equal(k->parent2, call(c, "mkdir", 0)->inode2);
	k = call(c, "link", 0);
	assert_int_equal(k->inode, moved);
	is_path(k->path2, "d/hard");
	k = call(c, "symlink", 0);
	is_path(k->path, "soft");
	assert_string_equal(k->path2, "old");
	assert_true(k->inode != 0);
	/* It follows the link, and what it empties is told by its own name. */
	k = call(c, "truncate", 0);
	assert_int_equal(k->inode, moved);
	assert_int_equal(k->length, 5);
	is_path(k->path, "old");
	assert_int_equal(call(c, "unlinkat", 0)->kind, CALL_UNLINK);
	assert_int_equal(call(c, "rmdir", 0)->kind, CALL_RMDIR);
	calls_free(c);
}

static void do_other_things(void)
{
	int fd = file("o", 0), other = open("/dev/null", O_WRONLY);
	char c;

	/* Not of this file system, or without any effect: not told. */
	if (write(other, text, LEN) < 0 || pread(fd, &c, 1, 0) < 0 ||
	    open("o", O_RDWR | O_CREAT, 0644) < 0 ||
	    write(99, text, LEN) >= 0 || unlink("/nowhere/at/all") == 0)
		_exit(97);
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 10, 20) < 0 &&
	    errno != EOPNOTSUPP)
		_exit(97);
	if (ftruncate(fd, 77) < 0 || fchmod(fd, 0600) < 0)
		_exit(97);
}

static void other_calls_are_told_and_only_those_that_matter(void **state)
{
	struct calls *c = watched(do_other_things);
	const struct call *k = call(c, "fallocate", 0);

	(void)state;
	assert_int_equal(k->flags, FALLOC_FL_KEEP_SIZE);
	assert_int_equal(k->offset, 10);
	assert_int_equal(k->length, 20);
	assert_int_equal(call(c, "ftruncate", 0)->length, 77);
	assert_int_equal(call(c, "fchmod", 0)->kind, CALL_ATTRIBUTE);
	assert_int_equal(count(c, "openat"), 1);
	assert_int_equal(count(c, "write"), 0);
	assert_int_equal(count(c, "unlink"), 0);
	assert_int_equal(c->n, 4);
	calls_free(c);
}

static void fail_to_write(void)
{
	int fd = file("r", 0);

	close(fd);
	fd = open("r", O_RDONLY);
	if (write(fd, text, LEN) >= 0 || mkdir("r", 0755) == 0)
		_exit(97);
}

static void failures_are_told_with_their_errno(void **state)
{
	struct calls *c = watched(fail_to_write);

	(void)state;
	assert_int_equal(call(c, "write", 0)->result, -EBADF);
	assert_int_equal(call(c, "mkdir", 0)->result, -EEXIST);
	calls_free(c);
}

/* ---- maps ---- */

static void map_and_sync(void)
{
	int fd = file("m", 0);
	char *at;

	if (ftruncate(fd, 8192) < 0)
		_exit(97);
	at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		_exit(97);
	at[5000] = 'x';
	if (msync(at + 4096, 4096, MS_SYNC) < 0 ||
	    msync(at, 4096, MS_ASYNC) < 0 ||
	    mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
		_exit(97);
}

static void maps_are_told(void **state)
{
	struct calls *c = watched(map_and_sync);
	const struct call *k = call(c, "mmap", 0);

	(void)state;
	assert_int_equal(count(c, "mmap"), 1);
	assert_int_equal(k->kind, CALL_MAP);
	assert_int_equal(k->length, 8192);
	assert_int_equal(k->offset, 0);
	assert_int_equal(k->inode, inode("m"));
	/* Who is not root may not follow /proc/PID/map_files. */
	if (geteuid() == 0) {
		assert_int_equal(count(c, "msync"), 2);
		k = call(c, "msync", 0);
		assert_int_equal(k->kind, CALL_MSYNC);
		assert_int_equal(k->offset, 4096);
		assert_int_equal(k->length, 4096);
		assert_int_equal(k->inode, inode("m"));
		k = call(c, "msync", 1);
		assert_int_equal(k->kind, CALL_SYNC_RANGE);
		assert_int_equal(k->offset, 0);
		assert_int_equal(k->inode, inode("m"));
	}
	calls_free(c);
}

/* ---- many programs ---- */

static void *write_in_thread(void *fd)
{
	for (int i = 0; i < 50; i++)
		if (write(*(int *)fd, text, LEN) < 0)
			_exit(97);
	return NULL;
}

static void write_in_threads(void)
{
	int fd = file("t", 0);
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, write_in_thread, &fd);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static void threads_are_followed(void **state)
{
	struct calls *c = watched(write_in_threads);
	int pid = c->calls[0].pid;

	(void)state;
	assert_int_equal(count(c, "write"), 200);
	assert_int_equal(call(c, "write", 0)->pid, pid);
	assert_int_not_equal(call(c, "write", 0)->tid, pid);
	for (size_t i = 1; i < c->n; i++)
		assert_true(c->calls[i].enter_ns >= c->calls[i - 1].enter_ns);
	calls_free(c);
}

/* A child of a child that goes on when its parents are gone. */
static void leave_a_daemon(void)
{
	int fd = file("daemon", 0), ready[2];
	char c;

	if (pipe(ready) < 0)
		_exit(97);
	if (fork() == 0) {
		setsid();
		if (fork() == 0) {
			close(ready[1]);
			/* Until the program has ended. */
			if (read(ready[0], &c, 1) != 0 ||
			    write(fd, text, LEN) < 0)
				_exit(97);
			execl("/bin/sh", "sh", "-c", "echo x >daemon.sh",
			      NULL);
		}
		_exit(0);
	}
	close(ready[0]);
	wait(NULL);
}

static void daemons_are_followed(void **state)
{
	struct calls *c = watched(leave_a_daemon);
	const struct call *k = call(c, "write", 0);

	(void)state;
	is_path(k->path, "daemon");
	assert_int_not_equal(k->pid, c->calls[0].pid);
	k = call(c, "write", 1);
	is_path(k->path, "daemon.sh");
	assert_string_equal(k->program, "sh");
	calls_free(c);
}

static void count_signal(int signal)
{
	(void)signal;
}

static void take_signals(void)
{
	struct sigaction a = { .sa_handler = count_signal };
	int fd = file("s", 0), status;
	pid_t pid;

	sigaction(SIGUSR1, &a, NULL);
	raise(SIGUSR1);
	pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		if (write(fd, text, LEN) < 0)
			_exit(97);
		_exit(3);
	}
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		_exit(96);
	kill(pid, SIGCONT);
	if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 3)
		_exit(95);
}

static void signals_and_stops_are_passed_on(void **state)
{
	struct calls *c = watched(take_signals);

	(void)state;
	assert_int_equal(count(c, "write"), 1);
	calls_free(c);
}

static void be_killed(void)
{
	int fd = file("k", 0);

	if (write(fd, text, LEN) < 0)
		_exit(97);
	raise(SIGKILL);
}

static void a_killed_program_ends_the_watcher(void **state)
{
	int status;
	struct calls *c = watched_program(be_killed, &status);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_true(c->ended);
	assert_int_equal(count(c, "write"), 1);
	calls_free(c);
}

/* As no program should: /proc says who watches. */
static void kill_the_watcher(void)
{
	char status[64];
	int fd = file("v", 0), tracer = 0;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(status, sizeof(status), f))
		sscanf(status, "TracerPid: %d", &tracer);
	if (tracer <= 0)
		_exit(96);
	kill(tracer, SIGKILL);
	for (;;)
		if (write(fd, text, LEN) < 0)
			_exit(97);
}

static void without_its_watcher_a_program_dies(void **state)
{
	int status;
	struct calls *c = watched_program(kill_the_watcher, &status);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_false(c->ended);
	calls_free(c);
}

/* ---- stacks ---- */

__attribute__((noinline)) static void deep(int fd)
{
	if (write(fd, text, LEN) < 0)
		_exit(97);
	__asm__ volatile("");
}

__attribute__((noinline)) static void deeper(int fd)
{
	deep(fd);
	__asm__ volatile("");
}

static void write_from_below(void)
{
	deeper(file("deep", 0));
}

/* Where this program was loaded, which is linked at 0 (ld(1)). */
extern const char __executable_start;

static int has_frame_in(const struct call *k, void (*function)(int))
{
	uint64_t bias = (uint64_t)(uintptr_t)&__executable_start;

	for (size_t i = 0; i < k->n_frames; i++) {
		uint64_t at = k->frames[i].address + bias;
		uint64_t start = (uint64_t)(uintptr_t)function;

		if (at > start && at < start + 128)
			return 1;
	}
	return 0;
}

static void stacks_lead_to_the_program(void **state)
{
	struct calls *c;

	(void)state;
	if (geteuid() != 0) /* /proc/PID/map_files */
		skip();
	c = watched(write_from_below);
	assert_true(has_frame_in(call(c, "write", 0), deep));
	assert_true(has_frame_in(call(c, "write", 0), deeper));
	calls_free(c);
}

/* ---- cures ---- */

static void write_and_rename(void)
{
	int fd = file("tmp.aB3dE5", 0);

	if (write(fd, text, LEN) < 0 || rename("tmp.aB3dE5", "cured") < 0)
		_exit(97);
}

static void a_cure_syncs_what_was_written(void **state)
{
	char *pattern = in("tmp.XXXXXX");
	struct calls *c;
	const struct call *k;

	(void)state;
	cures = (struct cure_list){ .n = 2 };
	cures.rules[0] = (struct cure){ CURE_AFTER_CALL, CURE_SYNC_FILE,
					CALL_WRITE, pattern };
	cures.rules[1] = (struct cure){ CURE_AFTER_CALL, CURE_SYNC_PARENT,
					CALL_RENAME, NULL };
	c = watched(write_and_rename);
	cures.n = 0;
	k = call(c, "fdatasync", 0);
	assert_true(k->injected);
	assert_int_equal(k->result, 0);
	assert_int_equal(k->inode, inode("cured"));
	assert_true(k->enter_ns >= call(c, "write", 0)->exit_ns);
	assert_true(k->exit_ns <= call(c, "rename", 0)->enter_ns);
	k = call(c, "fsync", 0);
	assert_true(k->injected);
	assert_string_equal(k->path, folder);
	assert_false(call(c, "write", 0)->injected);
	assert_int_equal(count(c, "fdatasync"), 1);
	free(pattern);
	calls_free(c);
}

static void write_many(void)
{
	char name[24];

	for (int i = 0; i <= CURES_DUE; i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		if (write(file(name, O_CLOEXEC), text, LEN) < 0)
			_exit(97);
	}
}

static void a_cure_that_cannot_be_done_is_told(void **state)
{
	struct calls *c;
	const struct call *k;

	(void)state;
	cures = (struct cure_list){ .n = 1 };
	cures.rules[0] = (struct cure){ CURE_BEFORE_ACK, CURE_SYNC_FILE,
					CALL_WRITE, NULL };
	c = watched(write_many);
	cures.n = 0;
	assert_int_equal(count(c, "fdatasync"), 1);
	k = call(c, "fdatasync", 0);
	assert_true(k->injected);
	assert_int_equal(k->result, -ENOBUFS);
	assert_int_equal(k->inode, 0);
	calls_free(c);
}

/* ---- what is open ---- */

/* The descriptors of a thread that shares none, the same numbers again, and
 * names that change while a file is open. */
static void *own_descriptors(void *arg)
{
	(void)arg;
	if (unshare(CLONE_FILES) < 0 || dup2(file("own", 0), 100) < 0 ||
	    write(100, text, LEN) < 0)
		_exit(97);
	return NULL;
}

static void reopen_and_rename(void)
{
	pthread_t thread;
	int fd = file("first", 0);

	if (write(fd, text, LEN) < 0 || rename("first", "second") < 0 ||
	    write(fd, text, LEN) < 0 || close(fd) < 0 ||
	    file("third", 0) != fd || write(fd, text, LEN) < 0 ||
	    dup2(fd, 100) != 100 ||
	    pthread_create(&thread, NULL, own_descriptors, NULL) ||
	    pthread_join(thread, NULL) || link("third", "fourth") < 0 ||
	    close(fd) < 0 || file("fourth", 0) != fd ||
	    write(fd, text, LEN) < 0)
		_exit(97);
}

static void paths_are_those_of_the_moment(void **state)
{
	struct calls *c = watched(reopen_and_rename);

	(void)state;
	is_path(call(c, "write", 0)->path, "first");
	is_path(call(c, "write", 1)->path, "second");
	assert_int_equal(call(c, "write", 1)->offset, LEN);
	is_path(call(c, "write", 2)->path, "third");
	is_path(call(c, "write", 3)->path, "own");
	assert_int_equal(call(c, "write", 3)->inode, inode("own"));
	is_path(call(c, "write", 4)->path, "fourth");
	calls_free(c);
}

/* ---- returns ---- */

static void write_to_the_limit(void)
{
	struct rlimit limit = { 10, 10 };
	char data[LEN];
	int fd = file("limit", O_TRUNC);

	memcpy(data, text, LEN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0 ||
	    pwrite(fd, data, LEN, 0) != 10 || pwrite(fd, data, LEN, 4) != 6)
		_exit(97);
	memset(data, 'x', LEN);
	__asm__ volatile("" : : "r"(data) : "memory");
	if (fsync(fd) < 0)
		_exit(97);
}

/* Of a thread that was not stopped again, data that have changed since are not
 * taken for those that were written. */
static void a_write_that_took_less_is_told_as_such(void **state)
{
	struct calls *c = watched(write_to_the_limit);
	const struct call *k = call(c, "pwrite64", 0);

	(void)state;
	assert_int_equal(k->result, 10);
	assert_int_equal(k->hash, XXH3_64bits(text, 10));
	k = call(c, "pwrite64", 1);
	assert_int_equal(k->result, 6);
	assert_int_equal(k->hash, quiet ? 0 : XXH3_64bits(text, 6));
	calls_free(c);
}

static void sync_and_close(void)
{
	int fd = file("synced", O_TRUNC);

	if (write(fd, text, LEN) < 0 || fdatasync(fd) < 0 || close(fd) < 0)
		_exit(97);
}

/* Whether its file system says where it stands. */
static int has_map(const char *name)
{
	struct fiemap m = { .fm_length = 1 };
	char *path = in(name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r = ioctl(fd, FS_IOC_FIEMAP, &m);

	close(fd);
	free(path);
	return r == 0 && m.fm_mapped_extents > 0;
}

static void what_was_synced_is_mapped_though_it_is_closed(void **state)
{
	struct calls *c;
	size_t n;

	(void)state;
	mapped = 1;
	c = watched(sync_and_close);
	mapped = 0;
	n = c->n_extents;
	if (n) {
		assert_int_equal(c->extents[0].inode, inode("synced"));
		assert_true(c->extents[0].time_ns >=
			    call(c, "fdatasync", 0)->exit_ns);
	}
	calls_free(c);
	if (!has_map("synced"))
		skip();
	assert_int_not_equal(n, 0);
}

/* What this process and its children see of the kernel's events; "tmpfs" has
 * none, and then every return is stopped at. */
static int show(const char *type)
{
	static const char at[] = "/sys/kernel/tracing";

	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount(type, at, type, 0, NULL) == 0;
}

static void look_for_events(void)
{
	struct returns *r = returns_open();

	quiet = r != NULL;
	returns_close(r);
}

static int make_ready(void **state)
{
	show("tmpfs");
	look_for_events();
	return make_folder(state);
}

/* What follows is all the same where returns are told by the kernel. */
static void from_here_on_the_kernel_tells_returns(void **state)
{
	assert_int_equal(remove_folder(state), 0);
	memcpy(strrchr(folder, '-'), "-XXXXXX", 7);
	assert_non_null(mkdtemp(folder));
	if (!show("tracefs"))
		skip();
	look_for_events();
	if (!quiet)
		skip();
}

#define ALL_TESTS							\
	cmocka_unit_test(all_writes_are_told),				\
	cmocka_unit_test(appends_and_syncs_are_told),			\
	cmocka_unit_test(names_are_told),				\
	cmocka_unit_test(other_calls_are_told_and_only_those_that_matter),\
	cmocka_unit_test(failures_are_told_with_their_errno),		\
	cmocka_unit_test(maps_are_told),				\
	cmocka_unit_test(threads_are_followed),				\
	cmocka_unit_test(daemons_are_followed),				\
	cmocka_unit_test(signals_and_stops_are_passed_on),		\
	cmocka_unit_test(a_killed_program_ends_the_watcher),		\
	cmocka_unit_test(without_its_watcher_a_program_dies),		\
	cmocka_unit_test(stacks_lead_to_the_program),			\
	cmocka_unit_test(a_cure_syncs_what_was_written),		\
	cmocka_unit_test(a_cure_that_cannot_be_done_is_told),		\
	cmocka_unit_test(paths_are_those_of_the_moment),		\
	cmocka_unit_test(a_write_that_took_less_is_told_as_such),		\
	cmocka_unit_test(what_was_synced_is_mapped_though_it_is_closed)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALL_TESTS,
		cmocka_unit_test(from_here_on_the_kernel_tells_returns),
		ALL_TESTS,
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_ready, remove_folder);
}

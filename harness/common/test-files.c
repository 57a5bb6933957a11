#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"

/* Each test works in an empty folder of its own. */
static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/pc-files-XXXXXX");
	return mkdtemp(dir) ? chdir(dir) : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return chdir("/") || rm_rf(dir, NULL);
}

static void parents_are_made(void **state)
{
	CLEANUP_FREE char *path = xasprintf("%s/x/y", dir);

	(void)state;
	assert_int_equal(mkdir_p("a/b/c", NULL), 0);
	assert_int_equal(access("a/b/c", F_OK), 0);
	assert_int_equal(mkdir_p(path, NULL), 0);
	assert_int_equal(access(path, F_OK), 0);
}

static void a_folder_may_exist(void **state)
{
	(void)state;
	assert_int_equal(mkdir_p("a", NULL), 0);
	assert_int_equal(mkdir_p("a", NULL), 0);
	assert_int_equal(mkdir_p("a/", NULL), 0);
}

static void a_folder_under_a_file_is_an_error(void **state)
{
	struct error e;

	(void)state;
	assert_int_equal(file_write("f", "", 0, NULL), 0);
	assert_int_equal(mkdir_p("f/a/b", &e), -ENOTDIR);
	assert_non_null(strstr(e.message, "f/a"));
}

static void removal_takes_all_within(void **state)
{
	(void)state;
	mkdir_p("a/b/c", NULL);
	file_write("a/b/f", "x", 1, NULL);
	assert_int_equal(rm_rf("a", NULL), 0);
	assert_int_not_equal(access("a", F_OK), 0);
}

static void removal_of_nothing_succeeds(void **state)
{
	(void)state;
	assert_int_equal(rm_rf("missing", NULL), 0);
}

static void removal_does_not_follow_links(void **state)
{
	(void)state;
	mkdir_p("keep", NULL);
	file_write("keep/f", "x", 1, NULL);
	mkdir_p("a", NULL);
	assert_int_equal(symlink("../keep", "a/link"), 0);
	assert_int_equal(rm_rf("a", NULL), 0);
	assert_int_equal(access("keep/f", F_OK), 0);
}

static void a_file_is_appended_whole(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	CLEANUP_FREE char *data = xmalloc(200000);

	(void)state;
	memset(data, 'x', 200000);
	assert_int_equal(file_write("f", data, 200000, NULL), 0);
	buf_puts(&b, "abc");
	assert_int_equal(file_read("f", &b, NULL), 0);
	assert_int_equal(b.len, 200003);
	assert_memory_equal(b.data, "abcx", 4);
}

static void reading_a_missing_file_names_it(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct error e;

	(void)state;
	assert_int_equal(file_read("missing", &b, &e), -ENOENT);
	assert_non_null(strstr(e.message, "missing"));
}

static void writing_replaces_the_file(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct stat before, after;

	(void)state;
	file_write("f", "old content", 11, NULL);
	assert_int_equal(stat("f", &before), 0);
	assert_int_equal(file_write("f", "new", 3, NULL), 0);
	assert_int_equal(stat("f", &after), 0);
	assert_true(before.st_ino != after.st_ino);
	file_read("f", &b, NULL);
	assert_string_equal(buf_text(&b), "new");
	assert_int_not_equal(access("f.tmp", F_OK), 0);
}

static void a_failed_write_leaves_the_old_file(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	file_write("f", "old", 3, NULL);
	mkdir_p("f.tmp", NULL);
	assert_int_equal(file_write("f", "new", 3, NULL), -EISDIR);
	file_read("f", &b, NULL);
	assert_string_equal(buf_text(&b), "old");
}

static void a_short_read_is_an_error(void **state)
{
	char data[8];
	CLEANUP_CLOSE int fd = -1;

	(void)state;
	file_write("f", "12345", 5, NULL);
	fd = open("f", O_RDONLY);
	assert_int_equal(read_full(fd, data, 3), 0);
	assert_memory_equal(data, "123", 3);
	assert_int_equal(read_full(fd, data, 3), -EIO);
	assert_int_equal(pread_full(fd, data, 3, 2), 0);
	assert_memory_equal(data, "345", 3);
	assert_int_equal(pread_full(fd, data, 3, 3), -EIO);
}

static void pieces_of_a_pipe_are_put_together(void **state)
{
	char data[6];
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write_full(pipes[1], "abc", 3), 0);
	assert_int_equal(write_full(pipes[1], "def", 3), 0);
	assert_int_equal(read_full(pipes[0], data, 6), 0);
	assert_memory_equal(data, "abcdef", 6);
	close(pipes[0]);
	close(pipes[1]);
}

static void writes_go_to_their_offset(void **state)
{
	CLEANUP_CLOSE int fd = open("f", O_RDWR | O_CREAT, 0600);
	char data[4];

	(void)state;
	assert_int_equal(pwrite_full(fd, "xy", 2, 1ULL << 33), 0);
	assert_int_equal(pread_full(fd, data, 4, (1ULL << 33) - 2), 0);
	assert_memory_equal(data, "\0\0xy", 4);
	assert_int_equal(pwrite_full(-1, "x", 1, 0), -EBADF);
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void a_listening_socket_is_connected(void **state)
{
	CLEANUP_CLOSE int server = listen_at("s");
	CLEANUP_CLOSE int fd = unix_connect("s", 0, NULL);

	(void)state;
	assert_true(server >= 0);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void *listen_late(void *server)
{
	*(int *)server = listen_at("late");
	return NULL;
}

static void a_socket_may_come_up_late(void **state)
{
	int server = -1, fd;
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, listen_late, &server);
	fd = unix_connect("late", now_ns() + 10000000000ULL, NULL);
	pthread_join(thread, NULL);
	assert_true(fd >= 0);
	close(fd);
	close(server);
}

static void a_socket_that_never_comes_is_an_error(void **state)
{
	struct error e;

	(void)state;
	assert_int_equal(unix_connect("s", now_ns() + 5000000, &e), -ENOENT);
	assert_non_null(strstr(e.message, "cannot connect to s"));
}

static void a_socket_path_that_is_too_long_says_so(void **state)
{
	char path[200];
	struct error e;

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(unix_connect(path, 0, &e), -ENAMETOOLONG);
	assert_non_null(strstr(e.hint, "107 bytes"));
}

static void the_clock_does_not_run_backwards(void **state)
{
	uint64_t a = now_ns(), b = now_ns();

	(void)state;
	assert_true(a > 0);
	assert_true(b >= a);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

/* Scripts stay scripts; a folder within is nobody's. */
static void a_folder_is_copied_with_permissions(void **state)
{
	char root[] = "/tmp/test-files-XXXXXX";
	CLEANUP_BUF struct buf content = BUF_INIT;
	struct stat st;
	char from[64], to[64], path[96];

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(from, sizeof(from), "%s/from/sub", root);
	assert_int_equal(mkdir_p(from, NULL), 0);
	snprintf(from, sizeof(from), "%s/from", root);
	snprintf(to, sizeof(to), "%s/a/to", root);
	snprintf(path, sizeof(path), "%s/run", from);
	assert_int_equal(file_write(path, "x", 1, NULL), 0);
	assert_int_equal(chmod(path, 0751), 0);
	assert_int_equal(copy_folder(from, to, NULL), 0);
	snprintf(path, sizeof(path), "%s/run", to);
	assert_int_equal(file_read(path, &content, NULL), 0);
	assert_string_equal(buf_text(&content), "x");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0751);
	snprintf(path, sizeof(path), "%s/sub", to);
	assert_int_equal(stat(path, &st), -1);
	assert_true(copy_folder("/nowhere", to, NULL) < 0);
	assert_int_equal(rm_rf(root, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(parents_are_made),
		TEST(a_folder_may_exist),
		TEST(a_folder_under_a_file_is_an_error),
		TEST(removal_takes_all_within),
		TEST(removal_of_nothing_succeeds),
		TEST(removal_does_not_follow_links),
		TEST(a_file_is_appended_whole),
		TEST(reading_a_missing_file_names_it),
		TEST(writing_replaces_the_file),
		TEST(a_failed_write_leaves_the_old_file),
		TEST(a_short_read_is_an_error),
		TEST(pieces_of_a_pipe_are_put_together),
		TEST(writes_go_to_their_offset),
		TEST(a_listening_socket_is_connected),
		TEST(a_socket_may_come_up_late),
		TEST(a_socket_that_never_comes_is_an_error),
		TEST(a_socket_path_that_is_too_long_says_so),
		TEST(the_clock_does_not_run_backwards),
		TEST(a_folder_is_copied_with_permissions),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

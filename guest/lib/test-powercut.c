#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "mark-block.h"
#include "powercut.h"

static char path[] = "/tmp/test-powercut.XXXXXX";
static int device;

static int make_device(void **state)
{
	(void)state;
	device = mkstemp(path);
	return device < 0 || setenv("PC_MARK_DEVICE", path, 1) < 0;
}

static int remove_device(void **state)
{
	(void)state;
	close(device);
	return unlink(path);
}

static void written(uint32_t kind, const char *text)
{
	static struct mark_block b;

	assert_int_equal(pread(device, &b, sizeof(b), 0), sizeof(b));
	assert_memory_equal(b.magic, MARK_BLOCK_MAGIC, sizeof(b.magic));
	assert_int_equal(b.kind, kind);
	assert_int_equal(b.length, strlen(text));
	assert_string_equal(b.text, text);
}

static void each_kind_is_written(void **state)
{
	(void)state;
	assert_int_equal(pc_begin("TXN-%d", 1), 0);
	written(1, "TXN-1");
	assert_int_equal(pc_ack("TXN-%d", 2), 0);
	written(2, "TXN-2");
	assert_int_equal(pc_mark("%s", "here"), 0);
	written(3, "here");
}

static void a_text_fits_up_to_its_limit(void **state)
{
	char text[PC_TEXT_MAX + 2];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[PC_TEXT_MAX] = '\0';
	assert_int_equal(pc_ack("%s", text), 0);
	written(2, text);
	text[PC_TEXT_MAX] = 'x';
	text[PC_TEXT_MAX + 1] = '\0';
	assert_int_equal(pc_ack("%s", text), -1);
	assert_int_equal(errno, EMSGSIZE);
}

static void a_newline_is_refused(void **state)
{
	(void)state;
	assert_int_equal(pc_ack("a\nb"), -1);
	assert_int_equal(errno, EINVAL);
}

static void a_child_writes_with_its_own_pid(void **state)
{
	struct mark_block b;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(pc_ack("parent"), 0);
	pid = fork();
	if (pid == 0)
		_exit(pc_ack("child") != 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	written(2, "child");
	assert_int_equal(pread(device, &b, sizeof(b), 0), sizeof(b));
	assert_int_equal(b.pid, pid);
}

/* A daemon closes what it does not know; the number then is another file. */
static void a_descriptor_that_was_taken_away_is_not_written(void **state)
{
	char other[] = "/tmp/test-powercut.XXXXXX";
	int fds[64];
	int n = mkstemp(other);

	(void)state;
	assert_int_equal(pc_ack("open"), 0);
	for (int fd = 0; fd < 64; fd++)
		fds[fd] = fd > 2 && fd != device && fd != n ? dup2(n, fd) : -1;
	assert_int_equal(pc_ack("again"), 0);
	written(2, "again");
	assert_int_equal(lseek(n, 0, SEEK_END), 0);
	for (int fd = 0; fd < 64; fd++) {
		if (fds[fd] >= 0)
			close(fd);
	}
	close(n);
	unlink(other);
}

/* In a child: the descriptor is opened once per process. */
static void without_a_device_it_says_so(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		setenv("PC_MARK_DEVICE", "/nonexistent", 1);
		close_range(3, ~0u, 0);
		_exit(pc_ack("x") == -1 && errno == ENODEV ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_written),
		cmocka_unit_test(a_text_fits_up_to_its_limit),
		cmocka_unit_test(a_newline_is_refused),
		cmocka_unit_test(a_child_writes_with_its_own_pid),
		cmocka_unit_test(a_descriptor_that_was_taken_away_is_not_written),
		cmocka_unit_test(without_a_device_it_says_so),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_device, remove_device);
}

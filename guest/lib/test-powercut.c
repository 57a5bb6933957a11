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

#include "log-writes.h"
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

static void message_is(uint32_t kind, const char *text, const char *wanted)
{
	char message[1024];

	assert_int_equal(log_writes_message(kind, text, message,
					    sizeof(message)), strlen(wanted));
	assert_string_equal(message, wanted);
}

static void a_mark_of_log_writes_says_its_kind_in_one_word(void **state)
{
	(void)state;
	message_is(1, "TXN-1", "mark begin:TXN-1");
	message_is(2, "a b\\c", "mark ack:a\\ b\\\\c");
	message_is(3, "here", "mark here");
	message_is(3, "", "mark mark:");
	message_is(3, "ack:x", "mark mark:ack:x");
	message_is(3, "powercut:arm", "mark mark:powercut:arm");
}

static void what_the_kernel_would_cut_off_is_refused(void **state)
{
	char text[480], message[1024];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[475] = '\0';
	assert_int_equal(log_writes_message(2, text, message, sizeof(message)),
			 5 + 479);
	text[475] = 'x';
	text[476] = '\0';
	assert_int_equal(log_writes_message(2, text, message, sizeof(message)),
			 -1);
	assert_int_equal(errno, EMSGSIZE);
}

/* No promise may get lost on its way to the log that was asked for. */
static void a_log_that_is_not_there_is_an_error(void **state)
{
	(void)state;
	setenv("PC_LOG_WRITES", "powercut-test-no-such-device", 1);
	assert_int_equal(pc_ack("x"), -1);
	unsetenv("PC_LOG_WRITES");
	assert_int_equal(pc_ack("x"), 0);
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
		cmocka_unit_test(
			a_mark_of_log_writes_says_its_kind_in_one_word),
		cmocka_unit_test(what_the_kernel_would_cut_off_is_refused),
		cmocka_unit_test(a_log_that_is_not_there_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_device, remove_device);
}

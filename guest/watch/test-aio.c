/* What a watcher tells of a program that uses io_submit, on this machine. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include <linux/aio_abi.h>

#include "guest/watch/test-watched.h"

/* ---- in the program ---- */

static aio_context_t context;
static int file;
static struct iocb blocks[4];

static void open_context(void)
{
	file = open("log", O_CREAT | O_RDWR, 0600);
	if (file < 0 || syscall(SYS_io_setup, 8, &context) < 0)
		_exit(98);
}

static const char text[] = "what is written";
#define LEN (sizeof(text) - 1)

static struct iocb *write_at(int i, int64_t offset)
{
	blocks[i] = (struct iocb){
		.aio_lio_opcode = IOCB_CMD_PWRITE,
		.aio_fildes = (uint32_t)file,
		.aio_buf = (uint64_t)(uintptr_t)text,
		.aio_nbytes = LEN,
		.aio_offset = offset,
	};
	return &blocks[i];
}

static struct iocb *sync_file(int i)
{
	blocks[i] = (struct iocb){ .aio_lio_opcode = IOCB_CMD_FDSYNC,
				   .aio_fildes = (uint32_t)file };
	return &blocks[i];
}

static void submit(struct iocb *a, struct iocb *b, long taken)
{
	struct iocb *list[] = { a, b };

	if (syscall(SYS_io_submit, context, b ? 2 : 1, list) != taken)
		_exit(97);
}

static void wait_for(long n)
{
	struct io_event events[4];

	if (syscall(SYS_io_getevents, context, n, 4, events, NULL) != n)
		_exit(96);
}

/* ---- what is told ---- */

static void write_then_sync(void)
{
	open_context();
	submit(write_at(0, 512), NULL, 1);
	wait_for(1);
	submit(sync_file(0), NULL, 1);
	wait_for(1);
	if (mkdir("done", 0700) < 0)
		_exit(95);
}

static void requests_are_told_as_calls(void **state)
{
	struct calls *c = watched(write_then_sync);
	const struct call *w = call(c, "aio write", 0);
	const struct call *s = call(c, "aio fdatasync", 0);
	char *path = in("log");

	(void)state;
	assert_int_equal(opaque(c), 0);
	assert_string_equal(w->path, path);
	assert_true(w->asked_ns && !w->injected);
	assert_int_equal(w->offset, 512);
	assert_int_equal(w->length, LEN);
	assert_int_equal(w->result, LEN);
	assert_memory_equal(w->head, text, LEN);
	assert_true(w->exit_ns && w->exit_ns <= s->enter_ns);
	assert_int_equal(s->result, 0);
	assert_true(s->exit_ns && s->exit_ns <= call(c, "mkdir", 0)->enter_ns);
	free(path);
	calls_free(c);
}

static void together(void)
{
	open_context();
	submit(write_at(0, 0), sync_file(1), 2);
	wait_for(2);
	if (rmdir("done") < 0)
		_exit(95);
}

static void they_are_under_way_together(void **state)
{
	struct calls *c = watched(together);

	(void)state;
	assert_true(call(c, "aio fdatasync", 0)->enter_ns <
		    call(c, "aio write", 0)->exit_ns);
	assert_int_equal(call(c, "aio fdatasync", 0)->result, 0);
	calls_free(c);
}

static void refused(void)
{
	open_context();
	write_at(1, 512)->aio_reserved2 = 1;
	submit(write_at(0, 0), &blocks[1], 1);
	submit(write_at(1, 1024), NULL, 1);
	wait_for(2);
	if (mkdir("done", 0700) < 0 || rmdir("done") < 0)
		_exit(95);
}

static void what_was_not_taken_has_failed(void **state)
{
	struct calls *c = watched(refused);

	(void)state;
	assert_int_equal(count(c, "aio write"), 3);
	assert_int_equal(call(c, "aio write", 0)->result, LEN);
	assert_int_equal(call(c, "aio write", 1)->offset, 512);
	assert_int_equal(call(c, "aio write", 1)->result, -EAGAIN);
	assert_int_equal(call(c, "aio write", 2)->offset, 1024);
	assert_int_equal(call(c, "aio write", 2)->result, LEN);
	calls_free(c);
}

static void with_flags(void)
{
	open_context();
	write_at(0, 0)->aio_rw_flags = RWF_DSYNC;
	submit(&blocks[0], NULL, 1);
}

static void what_cannot_be_followed_is_told_as_opaque(void **state)
{
	struct calls *c = watched(with_flags);

	(void)state;
	assert_int_equal(opaque(c), 1);
	calls_free(c);
}

int main(void)
{
#define TEST(f) cmocka_unit_test(f)
	const struct CMUnitTest tests[] = {
		TEST(requests_are_told_as_calls),
		TEST(they_are_under_way_together),
		TEST(what_was_not_taken_has_failed),
		TEST(what_cannot_be_followed_is_told_as_opaque),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

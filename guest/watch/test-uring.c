/* What a watcher tells of a program that uses io_uring, on this machine. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <linux/io_uring.h>

#include "guest/watch/test-watched.h"

#define ENTRIES 8

/* ---- in the program ---- */

static struct io_uring_params params;
static int ring, file;
static char *queues;
static struct io_uring_sqe *entries;
static uint64_t marked; /* of entries so far, that are told apart by it */

static _Atomic uint32_t *number(uint32_t offset)
{
	return (_Atomic uint32_t *)(void *)(queues + offset);
}

static void *map(uint64_t offset, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE, ring, (off_t)offset);

	if (at == MAP_FAILED)
		_exit(98);
	return at;
}

static void open_ring(void)
{
	ring = (int)syscall(SYS_io_uring_setup, ENTRIES, &params);
	file = open("log", O_CREAT | O_RDWR, 0600);
	if (ring < 0 || file < 0)
		_exit(97);
	queues = map(IORING_OFF_SQ_RING, params.cq_off.cqes +
		     params.cq_entries * sizeof(struct io_uring_cqe));
	entries = map(IORING_OFF_SQES, ENTRIES * sizeof(*entries));
}

/* The next entry, which is put into the queue. */
static struct io_uring_sqe *entry(unsigned int op, int fd)
{
	_Atomic uint32_t *tail = number(params.sq_off.tail);
	uint32_t at = atomic_load(tail), i = at & (params.sq_entries - 1);

	memset(&entries[i], 0, sizeof(entries[i]));
	entries[i].opcode = (unsigned char)op;
	entries[i].fd = fd;
	entries[i].user_data = ++marked;
	*number(params.sq_off.array + i * 4) = i;
	atomic_store(tail, at + 1);
	return &entries[i];
}

static const char text[] = "what is written";
#define LEN (sizeof(text) - 1)

static struct io_uring_sqe *write_at(uint64_t offset)
{
	struct io_uring_sqe *e = entry(IORING_OP_WRITE, file);

	e->addr = (uint64_t)(uintptr_t)text;
	e->len = LEN;
	e->off = offset;
	return e;
}

static struct io_uring_sqe *sync_file(void)
{
	struct io_uring_sqe *e = entry(IORING_OP_FSYNC, file);

	e->fsync_flags = IORING_FSYNC_DATASYNC;
	return e;
}

static void reap(void)
{
	atomic_store(number(params.cq_off.head),
		     atomic_load(number(params.cq_off.tail)));
}

static void enter(unsigned int n, unsigned int wait)
{
	if (syscall(SYS_io_uring_enter, ring, n, wait,
		    wait ? IORING_ENTER_GETEVENTS : 0, NULL, 0) != (long)n)
		_exit(96);
	if (wait)
		reap();
}

/* ---- what is told ---- */

static void write_then_sync(void)
{
	open_ring();
	write_at(512);
	enter(1, 1);
	sync_file();
	enter(1, 1);
}

static void entries_are_told_as_calls(void **state)
{
	struct calls *c = watched(write_then_sync);
	const struct call *w = call(c, "io_uring write", 0);
	const struct call *s = call(c, "io_uring fdatasync", 0);
	char *path = in("log");

	(void)state;
	assert_int_equal(opaque(c), 0);
	assert_string_equal(w->path, path);
	assert_int_equal(w->kind, CALL_WRITE);
	assert_true(w->asked_ns && !w->injected);
	assert_int_equal(w->offset, 512);
	assert_int_equal(w->length, LEN);
	assert_int_equal(w->result, LEN);
	assert_memory_equal(w->head, text, LEN);
	assert_true(w->hash && w->inode && w->n_frames > 0);
	assert_true(w->exit_ns && w->exit_ns <= s->enter_ns);
	assert_int_equal(s->kind, CALL_DATASYNC);
	assert_int_equal(s->inode, w->inode);
	assert_int_equal(s->result, 0);
	assert_true(s->exit_ns >= s->enter_ns);
	free(path);
	calls_free(c);
}

static void write_linked(void)
{
	open_ring();
	write_at(0)->flags = IOSQE_IO_LINK;
	sync_file();
	enter(2, 2);
}

static void a_linked_entry_begins_when_the_one_before_has_ended(void **state)
{
	struct calls *c = watched(write_linked);

	(void)state;
	assert_true(call_waited_for(call(c, "io_uring fdatasync", 0),
			       call(c, "io_uring write", 0)));
	assert_int_equal(call(c, "io_uring fdatasync", 0)->result, 0);
	assert_int_equal(opaque(c), 0);
	calls_free(c);
}

static void write_drained(void)
{
	open_ring();
	write_at(0);
	write_at(512);
	sync_file()->flags = IOSQE_IO_DRAIN;
	enter(3, 3);
}

static void one_that_drains_begins_when_all_have_ended(void **state)
{
	struct calls *c = watched(write_drained);

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_true(call_waited_for(call(c, "io_uring fdatasync", 0),
				       call(c, "io_uring write", i)));
	assert_false(call_waited_for(call(c, "io_uring write", 1),
				call(c, "io_uring write", 0)));
	calls_free(c);
}

static void write_behind_a_drain(void)
{
	open_ring();
	write_at(0);
	entry(IORING_OP_NOP, -1)->flags = IOSQE_IO_DRAIN;
	sync_file();
	enter(3, 3);
}

static void what_comes_after_a_drain_waits_for_it(void **state)
{
	struct calls *c = watched(write_behind_a_drain);

	(void)state;
	assert_true(call_waited_for(call(c, "io_uring fdatasync", 0),
			       call(c, "io_uring write", 0)));
	calls_free(c);
}

static void write_together(void)
{
	open_ring();
	write_at(0);
	sync_file();
	enter(2, 2);
}

static void entries_without_a_link_are_under_way_together(void **state)
{
	struct calls *c = watched(write_together);

	(void)state;
	assert_true(call(c, "io_uring fdatasync", 0)->enter_ns <
		    call(c, "io_uring write", 0)->exit_ns);
	assert_false(call_waited_for(call(c, "io_uring fdatasync", 0),
				call(c, "io_uring write", 0)));
	assert_int_equal(opaque(c), 0);
	calls_free(c);
}

static void link_what_fails(void)
{
	open_ring();
	write_at(0)->flags = IOSQE_IO_LINK;
	sync_file();
	entries[0].fd = open("log", O_RDONLY);
	enter(2, 2);
}

static void what_was_not_done_is_told_with_its_error(void **state)
{
	struct calls *c = watched(link_what_fails);

	(void)state;
	assert_int_equal(call(c, "io_uring write", 0)->result, -EBADF);
	assert_int_equal(call(c, "io_uring fdatasync", 0)->result, -ECANCELED);
	calls_free(c);
}

/* It looks at the queue by itself, without any call. */
static void wait_in_memory(void)
{
	open_ring();
	write_at(0);
	enter(1, 0);
	while (!atomic_load(number(params.cq_off.tail)))
		;
	if (mkdir("done", 0700) < 0)
		_exit(94);
}

static void it_has_ended_before_the_program_can_say_so(void **state)
{
	struct calls *c = watched(wait_in_memory);
	const struct call *w = call(c, "io_uring write", 0);

	(void)state;
	assert_int_equal(w->result, LEN);
	assert_true(w->exit_ns <= call(c, "mkdir", 0)->enter_ns);
	calls_free(c);
}

static void submit_one_by_one(void)
{
	open_ring();
	write_at(0);
	write_at(512);
	enter(1, 1);
	enter(1, 1);
}

static void each_entry_is_told_once(void **state)
{
	struct calls *c = watched(submit_one_by_one);

	(void)state;
	assert_int_equal(count(c, "io_uring write"), 2);
	assert_int_equal(call(c, "io_uring write", 0)->offset, 0);
	assert_int_equal(call(c, "io_uring write", 1)->offset, 512);
	assert_int_equal(call(c, "io_uring write", 1)->result, LEN);
	calls_free(c);
}

static void rename_by_entry(void)
{
	struct io_uring_sqe *e;

	open_ring();
	e = entry(IORING_OP_RENAMEAT, AT_FDCWD);
	e->addr = (uint64_t)(uintptr_t)"log";
	e->len = (uint32_t)AT_FDCWD;
	e->addr2 = (uint64_t)(uintptr_t)"renamed";
	enter(1, 1);
	write_at(0);
	enter(1, 1);
}

static void names_change_by_entries(void **state)
{
	struct calls *c = watched(rename_by_entry);
	const struct call *r = call(c, "io_uring rename", 0);
	char *from = in("log"), *to = in("renamed");

	(void)state;
	assert_string_equal(r->path, from);
	assert_string_equal(r->path2, to);
	assert_int_equal(r->result, 0);
	assert_string_equal(call(c, "io_uring write", 0)->path, to);
	free(from);
	free(to);
	calls_free(c);
}

static void reuse_the_number(void)
{
	int other;

	open_ring();
	other = ring;
	close(ring);
	if (open("log", O_RDWR) != other || ftruncate(other, 4096) < 0 ||
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0) ==
		    MAP_FAILED)
		_exit(92);
}

static void a_number_may_be_another_files_by_then(void **state)
{
	struct calls *c = watched(reuse_the_number);

	(void)state;
	assert_int_equal(count(c, "mmap"), 1);
	calls_free(c);
}

static void copy_linked(void)
{
	static char buffer[LEN];
	struct io_uring_sqe *e;

	open_ring();
	if (pwrite(file, text, LEN, 0) != (ssize_t)LEN)
		_exit(91);
	e = entry(IORING_OP_READ, file);
	e->addr = (uint64_t)(uintptr_t)buffer;
	e->len = LEN;
	e->flags = IOSQE_IO_LINK;
	e = write_at(512);
	e->addr = (uint64_t)(uintptr_t)buffer;
	enter(2, 2);
}

static void data_that_are_not_there_yet_are_not_told(void **state)
{
	struct calls *c = watched(copy_linked);

	(void)state;
	assert_int_equal(call(c, "io_uring write", 0)->result, LEN);
	assert_int_equal(call(c, "io_uring write", 0)->head_length, 0);
	assert_true(call(c, "io_uring write", 0)->hash == 0);
	calls_free(c);
}

/* The kernel stops at what it cannot take, and says how far it came. */
static void stop_in_between(void)
{
	open_ring();
	entry(IORING_OP_NOP, -1)->ioprio = 1 << 14;
	write_at(512);
	if (syscall(SYS_io_uring_enter, ring, 2, 0, 0, NULL, 0) == 1) {
		reap();
		enter(1, 1);
	}
}

static void what_was_not_taken_is_told_again(void **state)
{
	struct calls *c = watched(stop_in_between);
	int n = count(c, "io_uring write");

	(void)state;
	assert_int_equal(call(c, "io_uring write", n - 1)->result, LEN);
	if (n == 2)
		assert_int_equal(call(c, "io_uring write", 0)->result, -EAGAIN);
	calls_free(c);
}

static uint64_t name(const char *words)
{
	return (uint64_t)(uintptr_t)words;
}

static void do_all(void)
{
	static const struct iovec vector[] = { { (void *)text, LEN },
					       { (void *)text, LEN } };
	struct io_uring_sqe *e;

	open_ring();
	e = entry(IORING_OP_WRITEV, file);
	e->addr = (uint64_t)(uintptr_t)vector;
	e->len = 2;
	e->off = 4096;
	e = entry(IORING_OP_FALLOCATE, file);
	e->off = 8192;
	e->addr = 4096;
	e = entry(IORING_OP_SYNC_FILE_RANGE, file);
	e->off = 4096;
	e->len = 64;
	entry(IORING_OP_FSYNC, file);
	enter(4, 4);
	e = entry(IORING_OP_MKDIRAT, AT_FDCWD);
	e->addr = name("folder");
	e->len = 0700;
	enter(1, 1);
	e = entry(IORING_OP_SYMLINKAT, AT_FDCWD);
	e->addr = name("content");
	e->addr2 = name("symlink");
	enter(1, 1);
	e = entry(IORING_OP_LINKAT, AT_FDCWD);
	e->addr = name("log");
	e->len = (uint32_t)AT_FDCWD;
	e->addr2 = name("link");
	enter(1, 1);
	e = entry(IORING_OP_OPENAT, AT_FDCWD);
	e->addr = name("opened");
	e->open_flags = O_CREAT | O_WRONLY;
	e->len = 0600;
	enter(1, 1);
	e = entry(IORING_OP_UNLINKAT, AT_FDCWD);
	e->addr = name("opened");
	enter(1, 1);
	e = entry(IORING_OP_UNLINKAT, AT_FDCWD);
	e->addr = name("folder");
	e->unlink_flags = AT_REMOVEDIR;
	enter(1, 1);
}

static void was_told(const struct calls *c, const char *operation,
		     const char *path, uint64_t offset, uint64_t length)
{
	const struct call *one = call(c, operation, 0);
	char *wanted = in(path);

	assert_string_equal(one->path, wanted);
	assert_int_equal(one->offset, offset);
	if (length)
		assert_int_equal(one->length, length);
	assert_true(one->exit_ns && one->result >= 0);
	free(wanted);
}

static void each_kind_is_told_as_its_call(void **state)
{
	struct calls *c = watched(do_all);

	(void)state;
	was_told(c, "io_uring write", "log", 4096, 2 * LEN);
	was_told(c, "io_uring fallocate", "log", 8192, 4096);
	was_told(c, "io_uring sync_file_range", "log", 4096, 64);
	was_told(c, "io_uring fsync", "log", CALL_NOWHERE, 0);
	was_told(c, "io_uring mkdir", "folder", CALL_NOWHERE, 0);
	was_told(c, "io_uring symlink", "symlink", CALL_NOWHERE, 0);
	assert_string_equal(call(c, "io_uring symlink", 0)->path2, "content");
	was_told(c, "io_uring link", "log", CALL_NOWHERE, 0);
	was_told(c, "io_uring open", "opened", CALL_NOWHERE, 0);
	assert_true(call(c, "io_uring open", 0)->inode);
	was_told(c, "io_uring unlink", "opened", CALL_NOWHERE, 0);
	was_told(c, "io_uring rmdir", "folder", CALL_NOWHERE, 0);
	assert_int_equal(opaque(c), 0);
	calls_free(c);
}

static void only_read(void)
{
	static char page[64];
	struct io_uring_sqe *e;

	open_ring();
	e = entry(IORING_OP_READ, file);
	e->addr = (uint64_t)(uintptr_t)page;
	e->len = sizeof(page);
	enter(1, 1);
	entry(IORING_OP_NOP, -1);
	enter(1, 1);
}

static void what_changes_nothing_is_not_told(void **state)
{
	struct calls *c = watched(only_read);

	(void)state;
	assert_int_equal(opaque(c), 0);
	assert_int_equal(c->n, count(c, "openat"));
	calls_free(c);
}

/* ---- what cannot be followed ---- */

static void alike(void)
{
	open_ring();
	write_at(0)->user_data = 1;
	write_at(512)->user_data = 1;
	enter(2, 2);
}

static void registered_file(void)
{
	open_ring();
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &file,
		    1) < 0)
		_exit(93);
	write_at(0)->flags = IOSQE_FIXED_FILE;
	entries[0].fd = 0;
	enter(1, 1);
}

static void silent(void)
{
	open_ring();
	write_at(0)->flags = IOSQE_CQE_SKIP_SUCCESS;
	sync_file();
	enter(2, 1);
}

static void with_flags(void)
{
	open_ring();
	write_at(0)->rw_flags = RWF_DSYNC;
	enter(1, 1);
}

static void name_in_a_batch(void)
{
	struct io_uring_sqe *e;

	open_ring();
	e = entry(IORING_OP_MKDIRAT, AT_FDCWD);
	e->addr = name("outer");
	e->len = 0700;
	e->flags = IOSQE_IO_LINK;
	e = entry(IORING_OP_MKDIRAT, AT_FDCWD);
	e->addr = name("outer/inner");
	e->len = 0700;
	enter(2, 2);
	rmdir("outer/inner");
	rmdir("outer");
}

static void polled(void)
{
	params.flags = IORING_SETUP_SQPOLL;
	open_ring();
}

#define REGISTER_RESIZE_RINGS 33 /* Linux 6.13 */
#define NOT_SUPPORTED 90

static void resized(void)
{
	struct io_uring_params p = { .sq_entries = 4 * ENTRIES,
				     .cq_entries = 8 * ENTRIES };

	params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	open_ring();
	if (syscall(SYS_io_uring_register, ring, REGISTER_RESIZE_RINGS, &p,
		    1) < 0)
		_exit(NOT_SUPPORTED);
	params = p;
	queues = map(IORING_OFF_SQ_RING, params.cq_off.cqes +
		     params.cq_entries * sizeof(struct io_uring_cqe));
	entries = map(IORING_OFF_SQES, params.sq_entries * sizeof(*entries));
	write_at(0);
	enter(1, 1);
}

static void nor_is_a_ring_of_another_size(void **state)
{
	int status;
	struct calls *c = watched_program(resized, &status);
	int old = WEXITSTATUS(status) == NOT_SUPPORTED;

	(void)state;
	if (!old) {
		assert_int_equal(WEXITSTATUS(status), 7);
		assert_int_equal(opaque(c), 1);
	}
	calls_free(c);
	if (old)
		skip();
}

static void what_cannot_be_followed_is_told_as_opaque(void **state)
{
	static void (*const programs[])(void) = {
		alike, registered_file, silent, with_flags,
		name_in_a_batch, polled,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		struct calls *c = watched(programs[i]);

		assert_int_equal(opaque(c), 1);
		calls_free(c);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test(f)
	const struct CMUnitTest tests[] = {
		TEST(entries_are_told_as_calls),
		TEST(a_linked_entry_begins_when_the_one_before_has_ended),
		TEST(one_that_drains_begins_when_all_have_ended),
		TEST(what_comes_after_a_drain_waits_for_it),
		TEST(entries_without_a_link_are_under_way_together),
		TEST(what_was_not_done_is_told_with_its_error),
		TEST(it_has_ended_before_the_program_can_say_so),
		TEST(each_entry_is_told_once),
		TEST(names_change_by_entries),
		TEST(a_number_may_be_another_files_by_then),
		TEST(data_that_are_not_there_yet_are_not_told),
		TEST(what_was_not_taken_is_told_again),
		TEST(each_kind_is_told_as_its_call),
		TEST(what_changes_nothing_is_not_told),
		TEST(what_cannot_be_followed_is_told_as_opaque),
		TEST(nor_is_a_ring_of_another_size),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

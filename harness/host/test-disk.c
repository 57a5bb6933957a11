/* The disk, with a loop device of this machine: root only, else skipped. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include <linux/fs.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/files.h"
#include "common/rng.h"
#include "host/disk.h"
#include "host/loop.h"

#define SIZE (1u << 20)
#define UNIT 4096u
#define UNITS (SIZE / UNIT)
#define VERSIONS 16u /* units in the log */

static struct {
	char dir[32];
	char *base, *log;
	unsigned char base_data[SIZE], log_data[VERSIONS * UNIT];
	struct host_disk *disk;
	unsigned char want[SIZE];
	struct rng rng;
} t;

static void fill_random(unsigned char *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (unsigned char)(rng_next(&t.rng) | 1);
}

static int make_files(void **state)
{
	(void)state;
	strcpy(t.dir, "/tmp/pctest.XXXXXX");
	if (!mkdtemp(t.dir))
		return -1;
	t.rng = rng_init(7);
	t.base = xasprintf("%s/base", t.dir);
	t.log = xasprintf("%s/log", t.dir);
	/* half of the units are zeroes */
	for (size_t i = 0; i < UNITS; i += 2)
		fill_random(t.base_data + i * UNIT, UNIT);
	fill_random(t.log_data, sizeof(t.log_data));
	return file_write(t.base, t.base_data, SIZE, NULL) ||
	       file_write(t.log, t.log_data, sizeof(t.log_data), NULL);
}

static int remove_files(void **state)
{
	(void)state;
	free(t.base);
	free(t.log);
	return rm_rf(t.dir, NULL);
}

static void start(enum host_tracing tracing)
{
	struct host_disk_config c = { .size = SIZE, .block = 512,
				      .owner = "powercut-test" };
	struct error e;

	if (geteuid() != 0 || loop_possible(&e))
		skip();
	c.tracing = tracing;
	assert_int_equal(host_disk_create(&c, &t.disk, &e), 0);
	assert_int_equal(host_disk_load(t.disk, t.base, t.log, NULL, UNIT, &e),
			 0);
	memcpy(t.want, t.base_data, SIZE);
}

static int stop(void **state)
{
	(void)state;
	host_disk_free(t.disk);
	t.disk = NULL;
	return 0;
}

static struct patch draw_patch(void)
{
	struct patch p = { .unit = rng_below(&t.rng, UNITS) };
	uint64_t version = rng_below(&t.rng, VERSIONS);
	unsigned char *at = t.want + p.unit * UNIT;

	switch (rng_below(&t.rng, 3)) {
	case 0:
		p.source = SOURCE_BASE;
		memcpy(at, t.base_data + p.unit * UNIT, UNIT);
		break;
	case 1:
		p.source = SOURCE_ZERO;
		memset(at, 0, UNIT);
		break;
	default:
		p.source = SOURCE_LOG | version * UNIT;
		memcpy(at, t.log_data + version * UNIT, UNIT);
	}
	return p;
}

/* Some patches that have their effect on t.want. */
static int show(size_t n)
{
	struct patch patches[8];
	struct error e = { "", "" };
	int err;

	for (size_t i = 0; i < n; i++)
		patches[i] = draw_patch();
	err = host_disk_show(t.disk, patches, n, &e);
	if (err)
		print_message("# %s\n", e.message);
	return err;
}

static int open_device(int flags)
{
	int fd = open(host_disk_path(t.disk), flags | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Through the device's own page cache, as a file system reads it. */
static void shows_what_is_wanted(void)
{
	static unsigned char got[SIZE];
	int fd = open_device(O_RDONLY);

	assert_int_equal(pread_full(fd, got, SIZE, 0), 0);
	close(fd);
	assert_memory_equal(got, t.want, SIZE);
}

/* One of the ways in which a kernel changes a disk. */
static void change_something(int fd)
{
	static unsigned char data[8 * UNIT] __attribute__((aligned(4096)));
	uint64_t range[2] = { 512 * rng_below(&t.rng, SIZE / 512 - 64),
			      512 * (1 + rng_below(&t.rng, 64)) };

	fill_random(data, sizeof(data));
	switch (rng_below(&t.rng, 4)) {
	case 0:
		assert_int_equal(ioctl(fd, BLKDISCARD, range), 0);
		break;
	case 1:
		assert_int_equal(ioctl(fd, BLKZEROOUT, range), 0);
		break;
	default:
		assert_int_equal(pwrite_full(fd, data, range[1], range[0]), 0);
	}
}

/* As after a check and an unmount: all is written, the pages are dropped. */
static void be_the_kernel(int n, int flags)
{
	int fd = open_device(O_RDWR | flags);

	for (int i = 0; i < n; i++)
		change_something(fd);
	assert_int_equal(fsync(fd), 0);
	assert_int_equal(ioctl(fd, BLKFLSBUF, 0), 0);
	close(fd);
}

static void states_are_what_their_patches_say(void **state)
{
	(void)state;
	start(HOST_TRACE);
	shows_what_is_wanted();
	for (size_t i = 0; i < 200; i++) {
		assert_int_equal(show(i % 8), 0);
		shows_what_is_wanted();
	}
}

static void all_is_undone(void)
{
	for (int i = 0; i < 100; i++) {
		be_the_kernel(i % 7, i % 2 ? O_DIRECT : 0);
		assert_int_equal(show((size_t)i % 3), 0);
		shows_what_is_wanted();
	}
}

static void what_the_kernel_wrote_is_undone(void **state)
{
	(void)state;
	start(HOST_TRACE);
	if (*host_disk_untraced_reason(t.disk))
		skip();
	all_is_undone();
	assert_int_equal(host_disk_traced(t.disk), 1);
}

static void it_is_undone_without_tracing_too(void **state)
{
	(void)state;
	start(HOST_COMPARE);
	all_is_undone();
	assert_int_equal(host_disk_traced(t.disk), 0);
}

static void more_writes_than_the_trace_holds_are_undone(void **state)
{
	(void)state;
	start(HOST_TRACE);
	be_the_kernel(3000, O_DIRECT);
	assert_int_equal(show(1), 0);
	assert_int_equal(host_disk_traced(t.disk), 0);
	shows_what_is_wanted();
	/* the word about the loss comes with the next record */
	for (int i = 0; i < 2; i++) {
		be_the_kernel(1, O_DIRECT);
		assert_int_equal(show(1), 0);
		shows_what_is_wanted();
	}
	if (!*host_disk_untraced_reason(t.disk))
		assert_int_equal(host_disk_traced(t.disk), 1);
}

static void another_subject_starts_from_its_base(void **state)
{
	struct error e;

	(void)state;
	start(HOST_TRACE);
	be_the_kernel(5, 0);
	assert_int_equal(show(8), 0);
	assert_int_equal(host_disk_load(t.disk, NULL, t.log, NULL, UNIT, &e),
			 0);
	memset(t.want, 0, SIZE);
	shows_what_is_wanted();
}

/* A page that is in use survives the drop; the next state changes it. */
static void a_stale_page_is_noticed(void **state)
{
	struct patch p = { .unit = 4, .source = SOURCE_LOG };
	const unsigned char *page;
	struct error e;
	int fd;

	(void)state;
	start(HOST_TRACE);
	fd = open_device(O_RDONLY);
	page = mmap(NULL, UNIT, PROT_READ, MAP_SHARED, fd, 4 * UNIT);
	close(fd);
	assert_ptr_not_equal(page, MAP_FAILED);
	assert_int_equal(*page, t.base_data[4 * UNIT]);
	assert_int_equal(host_disk_show(t.disk, &p, 1, &e), -ESTALE);
	assert_non_null(strstr(e.message, "stay cached"));
	/* it is not shy: the page is stale indeed */
	assert_int_equal(*page, t.base_data[4 * UNIT]);
	assert_int_not_equal(*page, t.log_data[0]);
	munmap((void *)page, UNIT);
}

static void a_page_that_does_not_change_may_stay(void **state)
{
	struct patch p = { .unit = 4, .source = SOURCE_LOG };
	const unsigned char *page;
	struct error e;
	int fd;

	(void)state;
	start(HOST_TRACE);
	fd = open_device(O_RDONLY);
	page = mmap(NULL, UNIT, PROT_READ, MAP_SHARED, fd, 8 * UNIT);
	close(fd);
	assert_ptr_not_equal(page, MAP_FAILED);
	assert_int_equal(*page, t.base_data[8 * UNIT]);
	assert_int_equal(host_disk_show(t.disk, &p, 1, &e), 0);
	memcpy(t.want + 4 * UNIT, t.log_data, UNIT);
	shows_what_is_wanted();
	munmap((void *)page, UNIT);
}

/* The youngest file of that kind is the one that the device serves. */
static int served_file(void)
{
	int youngest = -1;

	for (int fd = 0; fd < 256; fd++) {
		char path[32], name[64] = "";

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (readlink(path, name, sizeof(name) - 1) > 0 &&
		    strstr(name, "memfd:powercut-test"))
			youngest = fd;
	}
	return youngest;
}

/* The last test: from then on this process trusts no disk of this kernel. */
static void a_write_that_was_not_traced_is_noticed(void **state)
{
	struct error e = { "", "" };
	int fd;

	(void)state;
	start(HOST_TRACE);
	if (*host_disk_untraced_reason(t.disk))
		skip();
	assert_int_equal(show(0), 0);
	fd = served_file();
	assert_true(fd >= 0);
	assert_int_equal(pwrite_full(fd, "x", 1, 6 * UNIT + 5), 0);
	assert_int_equal(host_disk_show(t.disk, NULL, 0, &e), -EIO);
	assert_non_null(strstr(e.message, "did not tell"));
	assert_int_equal(host_disk_show(t.disk, NULL, 0, &e), -EIO);
	assert_int_equal(host_disk_load(t.disk, t.base, t.log, NULL, UNIT, &e),
			 -EIO);
	assert_non_null(strstr(e.hint, "check.on: guest"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(states_are_what_their_patches_say,
					  stop),
		cmocka_unit_test_teardown(what_the_kernel_wrote_is_undone,
					  stop),
		cmocka_unit_test_teardown(it_is_undone_without_tracing_too,
					  stop),
		cmocka_unit_test_teardown(
			more_writes_than_the_trace_holds_are_undone, stop),
		cmocka_unit_test_teardown(another_subject_starts_from_its_base,
					  stop),
		cmocka_unit_test_teardown(a_stale_page_is_noticed, stop),
		cmocka_unit_test_teardown(a_page_that_does_not_change_may_stay,
					  stop),
		cmocka_unit_test_teardown(
			a_write_that_was_not_traced_is_noticed, stop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_files, remove_files);
}

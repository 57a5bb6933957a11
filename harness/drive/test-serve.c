#include <errno.h>
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
#include "common/error.h"
#include "common/files.h"
#include "common/rng.h"
#include "drive/overlay.h"
#include "drive/serve.h"

#define UNIT 4096u
#define DISK (300u * UNIT + 1536u) /* the last unit is short */
#define FILE_SIZE (64u * UNIT)

static char dir[64], base_path[128], log_path[128], units_path[128];
/* The files' content, and what the disk should hold. */
static char base[DISK], log_data[FILE_SIZE], units[FILE_SIZE];
static char clean[DISK], expect[DISK], got[DISK];

static void make_file(char *path, const char *name, char *data, size_t len,
		      struct rng *rng)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (char)rng_next(rng);
	sprintf(path, "%s/%s", dir, name);
	assert_int_equal(file_write(path, data, len, NULL), 0);
}

static int make_files(void **state)
{
	struct rng rng = rng_init(7);

	(void)state;
	strcpy(dir, "/tmp/pc-serve-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	make_file(base_path, "base", base, DISK, &rng);
	make_file(log_path, "log", log_data, FILE_SIZE, &rng);
	make_file(units_path, "units", units, FILE_SIZE, &rng);
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	return rm_rf(dir, NULL);
}

static struct server *create(uint32_t block)
{
	struct server *s;

	assert_int_equal(server_create(DISK, block, dir, &s, NULL), 0);
	assert_int_equal(server_load(s, base_path, log_path, units_path, UNIT,
				     NULL), 0);
	memcpy(clean, base, DISK);
	memcpy(expect, base, DISK);
	return s;
}

static void expect_all(struct server *s)
{
	assert_int_equal(server_read(s, got, DISK, 0), 0);
	assert_memory_equal(got, expect, DISK);
}

/* A random patch, also applied to `clean`. */
static struct patch draw_patch(struct rng *rng)
{
	uint64_t unit = rng_below(rng, (DISK + UNIT - 1) / UNIT);
	uint64_t at = unit * UNIT, n = at + UNIT > DISK ? DISK - at : UNIT;
	uint64_t offset = rng_below(rng, FILE_SIZE - UNIT + 1);

	switch (rng_below(rng, 4)) {
	case 0:
		memcpy(clean + at, base + at, n);
		return (struct patch){ unit, SOURCE_BASE };
	case 1:
		memset(clean + at, 0, n);
		return (struct patch){ unit, SOURCE_ZERO };
	case 2:
		memcpy(clean + at, log_data + offset, n);
		return (struct patch){ unit, SOURCE_LOG | offset };
	default:
		memcpy(clean + at, units + offset, n);
		return (struct patch){ unit, SOURCE_SCRATCH | offset };
	}
}

static void next_state(struct server *s, struct rng *rng)
{
	struct patch patches[40];
	size_t n = rng_below(rng, 40);

	for (size_t i = 0; i < n; i++)
		patches[i] = draw_patch(rng);
	assert_int_equal(server_set_state(s, patches, n, NULL), 0);
	memcpy(expect, clean, DISK);
}

static void guest_writes(struct server *s, struct rng *rng)
{
	static char data[32 * 512];
	uint64_t at = rng_below(rng, DISK / 512) * 512;
	uint64_t n = (1 + rng_below(rng, 32)) * 512;

	if (n > DISK - at)
		n = DISK - at;
	if (rng_below(rng, 4) == 0) {
		assert_int_equal(server_zero(s, n, at), 0);
		memset(expect + at, 0, n);
		return;
	}
	memset(data, (int)rng_next(rng), sizeof(data));
	assert_int_equal(server_write(s, data, n, at), 0);
	memcpy(expect + at, data, n);
}

static void guest_reads(struct server *s, struct rng *rng)
{
	uint64_t at = rng_below(rng, DISK / 512) * 512;
	uint64_t n = (1 + rng_below(rng, 64)) * 512;

	if (n > DISK - at)
		n = DISK - at;
	assert_int_equal(server_read(s, got, n, at), 0);
	assert_memory_equal(got, expect + at, n);
}

static void states_and_writes_equal_a_reference(void **state)
{
	struct server *s = create(512);
	struct rng rng = rng_init(3);

	(void)state;
	for (int i = 0; i < 60; i++) {
		next_state(s, &rng);
		expect_all(s);
		for (int j = 0; j < 20; j++) {
			guest_writes(s, &rng);
			guest_reads(s, &rng);
		}
		expect_all(s);
	}
	server_free(s);
}

static void loading_forgets_everything(void **state)
{
	struct server *s = create(512);
	struct rng rng = rng_init(4);

	(void)state;
	next_state(s, &rng);
	guest_writes(s, &rng);
	assert_int_equal(server_load(s, NULL, NULL, NULL, 512, NULL), 0);
	memset(expect, 0, DISK);
	expect_all(s);
	server_free(s);
}

static void behind_a_short_base_are_zeroes(void **state)
{
	struct server *s = create(512);
	char path[160];

	(void)state;
	sprintf(path, "%s/short", dir);
	assert_int_equal(file_write(path, base, 1000, NULL), 0);
	assert_int_equal(server_load(s, path, NULL, NULL, UNIT, NULL), 0);
	memset(expect + 1000, 0, DISK - 1000);
	expect_all(s);
	server_free(s);
}

static void refused(struct server *s, struct patch bad, const char *why)
{
	const struct patch patches[] = { { 0, SOURCE_ZERO }, bad };
	struct error e;

	assert_int_equal(server_set_state(s, patches, 2, &e), -EINVAL);
	assert_non_null(strstr(e.message, why));
	expect_all(s);
}

static void bad_patches_change_nothing(void **state)
{
	struct server *s = create(512);

	(void)state;
	refused(s, (struct patch){ 301, SOURCE_ZERO }, "not on the disk");
	refused(s, (struct patch){ UINT64_MAX, SOURCE_ZERO }, "not on the disk");
	refused(s, (struct patch){ 1, SOURCE_LOG | (FILE_SIZE - UNIT + 1) },
		"end of the log");
	refused(s, (struct patch){ 1, SOURCE_SCRATCH | SOURCE_OFFSET(~0ULL) },
		"end of the units file");
	assert_int_equal(server_load(s, NULL, log_path, NULL, UNIT, NULL), 0);
	memset(expect, 0, DISK);
	refused(s, (struct patch){ 1, SOURCE_SCRATCH }, "units file");
	server_free(s);
}

static void the_last_unit_may_be_short(void **state)
{
	const uint64_t last = DISK / UNIT, rest = DISK % UNIT;
	struct patch fits = { last, SOURCE_LOG | (FILE_SIZE - rest) };
	struct server *s = create(512);

	(void)state;
	assert_int_equal(server_set_state(s, &fits, 1, NULL), 0);
	memcpy(expect + last * UNIT, log_data + FILE_SIZE - rest, rest);
	expect_all(s);
	refused(s, (struct patch){ last, SOURCE_LOG | (FILE_SIZE - rest + 1) },
		"end of the log");
	server_free(s);
}

static void a_failed_load_changes_nothing(void **state)
{
	struct server *s = create(512);
	struct error e;

	(void)state;
	assert_int_equal(server_load(s, "/nonexistent", NULL, NULL, UNIT, &e),
			 -ENOENT);
	assert_int_equal(server_load(s, base_path, NULL, NULL, 100, &e),
			 -EINVAL);
	expect_all(s);
	server_free(s);
}

static void requests_are_in_blocks_on_the_disk(void **state)
{
	struct server *s = create(512);

	(void)state;
	assert_int_equal(server_write(s, got, 100, 0), -EINVAL);
	assert_int_equal(server_write(s, got, 512, 100), -EINVAL);
	assert_int_equal(server_write(s, got, 0, 0), -EINVAL);
	assert_int_equal(server_zero(s, 512, DISK), -EINVAL);
	assert_int_equal(server_read(s, got, 1024, DISK - 512), -EINVAL);
	assert_int_equal(server_read(s, got, 512, UINT64_MAX - 511), -EINVAL);
	expect_all(s);
	server_free(s);
}

/* What the guest wrote is gone each time, and the patches add up. */
static void queued_states_come_when_they_are_asked_for(void **state)
{
	struct patch first = { 1, SOURCE_LOG }, second = { 2, SOURCE_ZERO };
	struct server *s = create(512);

	(void)state;
	assert_int_equal(server_queue_state(s, &first, 1, NULL), 0);
	assert_int_equal(server_queue_state(s, &second, 1, NULL), 0);
	expect_all(s);
	assert_int_equal(server_write(s, units, UNIT, 0), 0);
	assert_int_equal(server_next(s), 0);
	memcpy(expect + UNIT, log_data, UNIT);
	expect_all(s);
	assert_int_equal(server_next(s), 0);
	memset(expect + 2 * UNIT, 0, UNIT);
	expect_all(s);
	assert_int_equal(server_next(s), -ENODATA);
	expect_all(s);
	assert_int_equal(server_health(s), 0);
	server_free(s);
}

static void loading_forgets_what_was_queued(void **state)
{
	struct patch p = { 1, SOURCE_LOG };
	struct server *s = create(512);

	(void)state;
	assert_int_equal(server_queue_state(s, &p, 1, NULL), 0);
	assert_int_equal(server_load(s, base_path, log_path, units_path, UNIT,
				     NULL), 0);
	assert_int_equal(server_next(s), 0);
	expect_all(s);
	server_free(s);
}

static void the_overlay_gives_its_space_back(void **state)
{
	const uint64_t mib = 1 << 20, size = 80 * mib;
	struct overlay *o;
	char *data = xcalloc(1, mib);
	int inside;

	(void)state;
	memset(data, 'x', mib);
	assert_int_equal(overlay_create(dir, size, &o, NULL), 0);
	for (uint64_t at = 0; at < size; at += mib)
		assert_int_equal(overlay_write(o, data, mib, at), 0);
	assert_int_equal(overlay_run(o, 0, size, &inside), size);
	assert_int_equal(inside, 1);
	assert_true(overlay_allocated(o) >= size);
	assert_int_equal(overlay_reset(o), 0);
	assert_int_equal(overlay_allocated(o), 0);
	assert_int_equal(overlay_run(o, 0, size, &inside), size);
	assert_int_equal(inside, 0);
	overlay_free(o);
	free(data);
}

/* A dead device says so to the guest, and is healthy all the same. */
static void a_dead_device_refuses(void **state)
{
	struct server *s = create(512);

	(void)state;
	server_set_access(s, DRIVE_READ_ONLY);
	assert_int_equal(server_write(s, log_data, 512, 0), -EIO);
	assert_int_equal(server_zero(s, 512, 0), -EIO);
	assert_int_equal(server_flush(s), 0);
	expect_all(s);
	server_set_access(s, DRIVE_GONE);
	assert_int_equal(server_read(s, got, 512, 0), -EIO);
	assert_int_equal(server_write(s, log_data, 512, 0), -EIO);
	assert_int_equal(server_flush(s), -EIO);
	assert_int_equal(server_health(s), 0);
	server_set_access(s, DRIVE_ALIVE);
	expect_all(s);
	assert_int_equal(server_write(s, log_data, 512, 0), 0);
	server_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_and_writes_equal_a_reference),
		cmocka_unit_test(loading_forgets_everything),
		cmocka_unit_test(behind_a_short_base_are_zeroes),
		cmocka_unit_test(bad_patches_change_nothing),
		cmocka_unit_test(the_last_unit_may_be_short),
		cmocka_unit_test(a_failed_load_changes_nothing),
		cmocka_unit_test(requests_are_in_blocks_on_the_disk),
		cmocka_unit_test(queued_states_come_when_they_are_asked_for),
		cmocka_unit_test(loading_forgets_what_was_queued),
		cmocka_unit_test(the_overlay_gives_its_space_back),
		cmocka_unit_test(a_dead_device_refuses),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_files, remove_files);
}

/* What a guest read of a state, against a reference that looks at each byte. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "common/rng.h"
#include "drive/accesses.h"
#include "drive/serve.h"

#define UNIT 2048u
#define UNITS 700u
#define DISK (UNITS * UNIT - 512u) /* the last unit is short */

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/pc-accesses-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rm_rf(dir, NULL);
}

static struct server *create(void)
{
	struct server *s;

	assert_int_equal(server_create(DISK, 512, dir, &s, NULL), 0);
	assert_int_equal(server_load(s, NULL, NULL, NULL, UNIT, NULL), 0);
	return s;
}

/* ---- sets ---- */

static void a_set_equals_a_plain_one(void **state)
{
	static const uint64_t sizes[] = { 1, 63, 64, 65, 4095, 4096, 9000 };
	struct rng rng = rng_init(5);

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t units = sizes[i], n = 0, at = 0;
		CLEANUP_FREE char *plain = xcalloc(units, 1);
		struct unit_set s;
		struct unit_run run;

		unit_set_init(&s, units);
		for (int k = 0; k < 3; k++) {
			uint64_t first = rng_below(&rng, units);
			uint64_t count = rng_below(&rng, units - first + 1);

			unit_set_add(&s, first, count);
			memset(plain + first, 1, count);
		}
		while (unit_set_next(&s, at, &run)) {
			for (; at < run.first; at++)
				assert_int_equal(plain[at], 0);
			for (; at < run.first + run.count; at++, n++)
				assert_int_equal(plain[at], 1);
		}
		for (; at < units; at++)
			assert_int_equal(plain[at], 0);
		assert_int_equal(unit_set_count(&s, 0, units), n);
		unit_set_clear(&s);
		assert_int_equal(unit_set_next(&s, 0, &run), 0);
		unit_set_free(&s);
	}
}

static void few_runs_hold_at_least_all_units(void **state)
{
	struct unit_run runs[10];
	struct unit_set s;
	size_t n;

	(void)state;
	unit_set_init(&s, 1000);
	for (uint64_t u = 0; u < 1000; u += 1 + u / 10)
		unit_set_add(&s, u, 1);
	for (size_t max = 1; max <= 10; max++) {
		n = accesses_runs(&s, runs, max);
		assert_in_range(n, 1, max);
		for (uint64_t u = 0; u < 1000; u++) {
			int in = 0;

			for (size_t i = 0; i < n; i++)
				in |= u >= runs[i].first &&
				      u - runs[i].first < runs[i].count;
			assert_true(in || !unit_set_has(&s, u));
		}
	}
	unit_set_free(&s);
}

/* ---- the server ---- */

/* Per byte: written by the guest; per unit: read from the state, by phase. */
static char written[DISK], read_of[DRIVE_PHASES][UNITS];
static char written_mounting[UNITS];
static int phase;

static void expect_reads(struct server *s)
{
	static char got[DRIVE_PHASES][UNITS];
	struct unit_run *runs[DRIVE_PHASES];
	size_t n[DRIVE_PHASES];

	memset(got, 0, sizeof(got));
	server_reads(s, runs, n);
	for (int i = 0; i < DRIVE_PHASES; i++) {
		for (size_t k = 0; k < n[i]; k++)
			memset(got[i] + runs[i][k].first, 1, runs[i][k].count);
		free(runs[i]);
	}
	assert_memory_equal(got, read_of, sizeof(got));
}

static void draw_range(struct rng *rng, uint64_t *at, uint64_t *n)
{
	*at = rng_below(rng, DISK / 512) * 512;
	*n = (1 + rng_below(rng, 40)) * 512;
	if (*n > DISK - *at)
		*n = DISK - *at;
}

static void guest_reads(struct server *s, struct rng *rng)
{
	static char data[40 * 512];
	uint64_t at, n;

	draw_range(rng, &at, &n);
	assert_int_equal(server_read(s, data, n, at), 0);
	for (uint64_t i = at; i < at + n; i++)
		if (!written[i])
			read_of[phase][i / UNIT] = 1;
}

static void guest_writes(struct server *s, struct rng *rng)
{
	static char data[40 * 512];
	uint64_t at, n;

	draw_range(rng, &at, &n);
	memset(data, (int)rng_next(rng), sizeof(data));
	assert_int_equal(rng_below(rng, 3) ? server_write(s, data, n, at) :
					     server_zero(s, n, at), 0);
	memset(written + at, 1, n);
	for (uint64_t i = at; i < at + n && phase == DRIVE_MOUNTING; i++)
		written_mounting[i / UNIT] = 1;
}

static void guest_works(struct server *s, struct rng *rng)
{
	for (uint64_t i = rng_below(rng, 12); i; i--) {
		if (rng_below(rng, 2))
			guest_reads(s, rng);
		else
			guest_writes(s, rng);
	}
}

static void mounted(struct server *s, struct rng *rng)
{
	struct unit_run asked = { rng_below(rng, UNITS), 0 };
	struct drive_written w;
	uint64_t all = 0, of_asked = 0;

	asked.count = rng_below(rng, UNITS - asked.first);
	for (uint64_t u = 0; u < UNITS; u++) {
		all += written_mounting[u];
		if (u >= asked.first && u - asked.first < asked.count)
			of_asked += written_mounting[u];
	}
	assert_int_equal(server_mounted(s, &asked, &w, NULL), 0);
	assert_int_equal(w.units, all);
	assert_int_equal(w.of_asked, of_asked);
	phase = DRIVE_AFTER;
}

static void next_state(struct server *s)
{
	assert_int_equal(server_set_state(s, NULL, 0, NULL), 0);
	memset(written, 0, sizeof(written));
	memset(read_of, 0, sizeof(read_of));
	memset(written_mounting, 0, sizeof(written_mounting));
	phase = DRIVE_MOUNTING;
}

static void reads_of_the_state_equal_a_reference(void **state)
{
	struct server *s = create();
	struct rng rng = rng_init(9);

	(void)state;
	for (int i = 0; i < 400; i++) {
		next_state(s);
		expect_reads(s);
		guest_works(s, &rng);
		expect_reads(s);
		mounted(s, &rng);
		guest_works(s, &rng);
		expect_reads(s);
	}
	server_free(s);
}

/* ---- what was written while mounting ---- */

struct mount_write {
	uint64_t at, n;
	int byte; /* -1: zeroes by the command for it */
};

static struct drive_written after(struct server *s,
				  const struct mount_write *w, size_t n)
{
	static char data[4 * UNIT];
	struct unit_run none = { 0, 0 };
	struct drive_written ret;

	assert_int_equal(server_set_state(s, NULL, 0, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		memset(data, w[i].byte, sizeof(data));
		assert_int_equal(w[i].byte < 0 ?
					 server_zero(s, w[i].n, w[i].at) :
					 server_write(s, data, w[i].n,
						      w[i].at), 0);
	}
	assert_int_equal(server_mounted(s, &none, &ret, NULL), 0);
	return ret;
}

static int same(struct drive_written a, struct drive_written b)
{
	return a.hash_low == b.hash_low && a.hash_high == b.hash_high;
}

static void the_hash_is_of_units_and_contents(void **state)
{
	const struct mount_write a = { 0, UNIT, 'a' }, b = { 0, UNIT, 'b' };
	const struct mount_write c = { UNIT, UNIT, 'a' };
	const struct mount_write zero = { 0, UNIT, 0 }, clear = { 0, UNIT, -1 };
	const struct mount_write both[] = { b, a, c }, other[] = { c, a };
	const struct mount_write half[] = { { 0, 512, 'a' },
					    { 512, UNIT - 512, 'a' } };
	struct server *s = create();

	(void)state;
	assert_false(same(after(s, &a, 1), after(s, &b, 1)));
	assert_false(same(after(s, &a, 1), after(s, &c, 1)));
	assert_false(same(after(s, &zero, 1), after(s, NULL, 0)));
	assert_true(same(after(s, &zero, 1), after(s, &clear, 1)));
	assert_true(same(after(s, both, 3), after(s, other, 2)));
	assert_true(same(after(s, half, 2), after(s, &a, 1)));
	assert_false(same(after(s, half, 1), after(s, &a, 1)));
	server_free(s);
}

static void hashing_is_no_read_of_the_guest(void **state)
{
	const struct mount_write part = { 0, 512, 'a' };
	struct server *s = create();

	(void)state;
	next_state(s);
	after(s, &part, 1);
	expect_reads(s);
	server_free(s);
}

static void units_behind_the_disk_are_refused(void **state)
{
	struct server *s = create();
	struct unit_run bad = { UNITS, 1 }, worse = { 1, UINT64_MAX };
	struct drive_written w;

	(void)state;
	assert_int_equal(server_mounted(s, &bad, &w, NULL), -EINVAL);
	assert_int_equal(server_mounted(s, &worse, &w, NULL), -EINVAL);
	server_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_equals_a_plain_one),
		cmocka_unit_test(few_runs_hold_at_least_all_units),
		cmocka_unit_test(reads_of_the_state_equal_a_reference),
		cmocka_unit_test(the_hash_is_of_units_and_contents),
		cmocka_unit_test(hashing_is_no_read_of_the_guest),
		cmocka_unit_test(units_behind_the_disk_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

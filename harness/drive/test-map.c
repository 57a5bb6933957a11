#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/rng.h"
#include "drive/map.h"

#define UNIT 512u
#define UNITS 5000u

static uint64_t reference[UNITS];

static void expect_reference(const struct map *m, uint64_t at, uint64_t length)
{
	struct run *runs;
	size_t n = map_runs(m, at, length, &runs);

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(runs[i].offset, at);
		for (uint64_t done = 0; done < runs[i].length;) {
			uint64_t source = reference[at / UNIT];
			uint64_t kind = SOURCE_KIND(runs[i].source);

			assert_int_equal(SOURCE_KIND(source), kind);
			if (kind == SOURCE_LOG)
				assert_int_equal(runs[i].source + done,
						 source + at % UNIT);
			done += UNIT - at % UNIT;
			at += UNIT - at % UNIT;
			if (done > runs[i].length)
				at -= done - runs[i].length;
		}
		assert_int_equal(at, runs[i].offset + runs[i].length);
		length -= runs[i].length;
	}
	assert_int_equal(length, 0);
	free(runs);
}

static void set_both(struct map *m, struct rng *rng, uint64_t offset)
{
	uint64_t first = rng_below(rng, UNITS);
	uint64_t count = 1 + rng_below(rng, rng_below(rng, 4) ? 20 : UNITS);
	uint64_t kind = rng_below(rng, 2) ? SOURCE_LOG : SOURCE_ZERO;
	int newer = (int)rng_below(rng, 2);

	if (count > UNITS - first)
		count = UNITS - first;
	if (newer)
		map_set_newer(m, first, count, kind | offset);
	else
		map_set(m, first, count, kind | offset);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t source = kind | (offset +
					  (kind == SOURCE_LOG ? i * UNIT : 0));

		if (!newer || SOURCE_OFFSET(source) >=
				      SOURCE_OFFSET(reference[first + i]))
			reference[first + i] = source;
	}
}

static void random_changes_equal_a_flat_table(void **state)
{
	struct rng rng = rng_init(1);
	struct map m;

	(void)state;
	map_init(&m, UNITS * UNIT, UNIT);
	for (int i = 0; i < 1500; i++) {
		uint64_t at = rng_below(&rng, UNITS * UNIT);
		uint64_t length = 1 + rng_below(&rng, 40 * UNIT);

		set_both(&m, &rng, rng_below(&rng, 1u << 30));
		if (length > UNITS * UNIT - at)
			length = UNITS * UNIT - at;
		expect_reference(&m, at, length);
	}
	expect_reference(&m, 0, UNITS * UNIT);
	map_free(&m);
}

static void a_cleared_map_is_all_base(void **state)
{
	struct map m;
	struct run r;

	(void)state;
	map_init(&m, UNITS * UNIT, UNIT);
	map_set(&m, 3, 2000, SOURCE_ZERO);
	map_clear(&m);
	r = map_run(&m, 0, UNITS * UNIT);
	assert_int_equal(r.source, SOURCE_BASE);
	assert_int_equal(r.length, UNITS * UNIT);
	map_free(&m);
}

static void zeroes_of_a_whole_disk_need_no_table(void **state)
{
	struct map m;

	(void)state;
	map_init(&m, 1ULL << 32, 4096);
	map_set(&m, 0, (1ULL << 32) / 4096, SOURCE_ZERO | 99);
	for (size_t i = 0; i < m.n_pages; i++)
		assert_null(m.pages[i].sources);
	assert_int_equal(map_run(&m, 0, 1ULL << 32).length, 1ULL << 32);
	map_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_changes_equal_a_flat_table),
		cmocka_unit_test(a_cleared_map_is_all_base),
		cmocka_unit_test(zeroes_of_a_whole_disk_need_no_table),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

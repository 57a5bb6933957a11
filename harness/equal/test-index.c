/* The index against a list of all entries. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/rng.h"
#include "equal/index.h"

#define UNITS 12
#define ENTRIES 60

struct entry {
	struct fact facts[UNITS];
	size_t n;
};

static uint64_t content_of(void *arg, uint64_t unit)
{
	return ((uint64_t *)arg)[unit];
}

static void draw_contents(struct rng *rng, uint64_t contents[UNITS],
			  uint64_t kinds)
{
	for (size_t i = 0; i < UNITS; i++)
		contents[i] = rng_below(rng, kinds);
}

/* What a state that held this was asked for: some of it. */
static struct entry draw_entry(struct rng *rng, const uint64_t *contents)
{
	uint64_t asked = rng_next(rng);
	struct entry e = { .n = 0 };

	for (size_t i = 0; i < UNITS; i++)
		if (asked >> i & 1)
			e.facts[e.n++] = (struct fact){ i, contents[i] };
	return e;
}

static int agrees(const struct entry *e, const uint64_t *contents)
{
	for (size_t i = 0; i < e->n; i++)
		if (contents[e->facts[i].unit] != e->facts[i].content)
			return 0;
	return 1;
}

static void check_find(const struct index *ix, const struct entry *all,
		       size_t n, uint64_t *contents)
{
	int64_t found = index_find(ix, content_of, contents);
	int any = 0;

	for (size_t i = 0; i < n; i++)
		any |= agrees(&all[i], contents);
	assert_int_equal(found >= 0, any);
	if (found >= 0)
		assert_true(agrees(&all[found], contents));
}

static void it_finds_what_a_list_finds(void **state)
{
	struct rng rng = rng_init(1);
	size_t hits = 0;

	(void)state;
	for (int round = 0; round < 400; round++) {
		uint64_t kinds = 2 + rng_below(&rng, 3);
		struct index *ix = index_new(10000);
		struct entry all[ENTRIES];

		for (size_t n = 0; n < ENTRIES; n++) {
			uint64_t contents[UNITS];

			draw_contents(&rng, contents, kinds);
			check_find(ix, all, n, contents);
			hits += index_find(ix, content_of, contents) >= 0;
			all[n] = draw_entry(&rng, contents);
			assert_int_equal(index_add(ix, all[n].facts, all[n].n,
						   (uint32_t)n), 0);
		}
		index_free(ix);
	}
	assert_in_range(hits, 1000, 400 * ENTRIES - 1000);
}

static void no_facts_fit_everything(void **state)
{
	struct index *ix = index_new(0);
	uint64_t contents[1] = { 0 };

	(void)state;
	assert_int_equal(index_find(ix, content_of, contents), -1);
	assert_int_equal(index_add(ix, NULL, 0, 7), 0);
	assert_int_equal(index_find(ix, content_of, contents), 7);
	index_free(ix);
}

static void a_full_one_adds_nothing(void **state)
{
	const struct fact two[] = { { 0, 1 }, { 1, 1 } };
	uint64_t contents[2] = { 1, 1 };
	struct index *ix = index_new(1);

	(void)state;
	assert_int_equal(index_add(ix, two, 2, 0), -ENOSPC);
	assert_int_equal(index_find(ix, content_of, contents), -1);
	assert_int_equal(index_add(ix, two, 1, 3), 0);
	assert_int_equal(index_find(ix, content_of, contents), 3);
	index_free(ix);
}

struct counted {
	uint64_t salt, asked;
};

static uint64_t counted_content(void *arg, uint64_t unit)
{
	struct counted *c = arg;

	c->asked++;
	return unit % 50 ? 0 : c->salt >> (unit / 50) & 1;
}

/* 600 units read of each state, 4,096 states that differ in 12 of them. */
static void a_lookup_costs_what_one_entry_has(void **state)
{
	struct index *ix = index_new(1 << 22);
	struct fact *facts = xcalloc(600, sizeof(*facts));

	(void)state;
	for (uint64_t salt = 0; salt < 4096; salt++) {
		struct counted c = { salt, 0 };

		assert_int_equal(index_find(ix, counted_content, &c), -1);
		assert_in_range(c.asked, 0, 600);
		for (uint64_t u = 0; u < 600; u++)
			facts[u] = (struct fact){ u, counted_content(&c, u) };
		assert_int_equal(index_add(ix, facts, 600, (uint32_t)salt), 0);
		assert_int_equal(index_find(ix, counted_content, &c), salt);
	}
	free(facts);
	index_free(ix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_finds_what_a_list_finds),
		cmocka_unit_test(no_facts_fit_everything),
		cmocka_unit_test(a_full_one_adds_nothing),
		cmocka_unit_test(a_lookup_costs_what_one_entry_has),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

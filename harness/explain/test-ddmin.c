/*
 * The search against brute force: a predicate on up to 10 items is a table of
 * 1024 bits, so that each of the claims can be held against all subsets.
 */
#include "explain/ddmin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/rng.h"

#define ITEMS 10
#define ALL ((1u << ITEMS) - 1)

struct table {
	unsigned char fails[1u << ITEMS];
	size_t tests, limit; /* limit: then the search is ended */
};

static unsigned int mask_of(const struct ddmin_set *set)
{
	unsigned int mask = 0;

	for (int run = 0; run < 2; run++)
		for (size_t i = 0; i < set->n[run]; i++) {
			size_t item = set->run[run][i];

			assert_true(item < ITEMS);
			assert_false(mask >> item); /* in order, none twice */
			mask |= 1u << item;
		}
	return mask;
}

static int first(const struct ddmin_set *sets, size_t n, size_t *ret,
		 void *arg)
{
	struct table *t = arg;

	for (*ret = 0; *ret < n; (*ret)++) {
		if (t->tests++ == t->limit)
			return -7;
		if (t->fails[mask_of(&sets[*ret])])
			return 0;
	}
	return 0;
}

/* What is left of all the items. */
static unsigned int search(struct table *t, size_t n, int *ret_err)
{
	size_t items[ITEMS], left = n;

	for (size_t i = 0; i < n; i++)
		items[i] = i;
	*ret_err = ddmin(items, &left, first, t);
	return mask_of(&(struct ddmin_set){ { items }, { left } });
}

static void assert_one_minimal(const struct table *t, unsigned int set)
{
	assert_true(t->fails[set]);
	for (int i = 0; i < ITEMS; i++)
		if (set & 1u << i)
			assert_false(t->fails[set & ~(1u << i)]);
}

/* n^2 + 3n, and the empty set. */
static size_t most_tests(size_t n)
{
	return n * n + 3 * n + 1;
}

/* `percent` of all subsets fail, the whole set always. */
static struct table random_table(struct rng *rng, uint64_t percent)
{
	struct table t = { .limit = SIZE_MAX };

	for (unsigned int set = 0; set <= ALL; set++)
		t.fails[set] = rng_below(rng, 100) < percent;
	t.fails[ALL] = 1;
	return t;
}

static void any_predicate_ends_one_minimal_within_the_bound(void **state)
{
	struct rng rng = rng_init(1);

	(void)state;
	for (int i = 0; i < 5000; i++) {
		struct table t = random_table(&rng, rng_below(&rng, 60));
		int err;
		unsigned int left = search(&t, ITEMS, &err);

		assert_int_equal(err, 0);
		assert_one_minimal(&t, left);
		assert_true(t.tests <= most_tests(ITEMS));
	}
}

/* What contains one of some random causes fails. */
static struct table monotone_table(struct rng *rng)
{
	struct table t = { .limit = SIZE_MAX };
	uint64_t causes = 1 + rng_below(rng, 4);

	while (causes--) {
		unsigned int cause = (unsigned int)rng_below(rng, ALL) + 1;

		for (unsigned int set = 0; set <= ALL; set++)
			if ((set & cause) == cause)
				t.fails[set] = 1;
	}
	return t;
}

static void of_a_monotone_predicate_no_smaller_part_fails(void **state)
{
	struct rng rng = rng_init(2);

	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct table t = monotone_table(&rng);
		int err;
		unsigned int left = search(&t, ITEMS, &err);

		assert_int_equal(err, 0);
		assert_one_minimal(&t, left);
		for (unsigned int set = 0; set < left; set++)
			if ((set & left) == set)
				assert_false(t.fails[set]);
	}
}

static void a_single_cause_is_found_exactly(void **state)
{
	(void)state;
	for (unsigned int cause = 1; cause <= ALL; cause++) {
		struct table t = { .limit = SIZE_MAX };
		int err;

		for (unsigned int set = 0; set <= ALL; set++)
			t.fails[set] = (set & cause) == cause;
		assert_int_equal(search(&t, ITEMS, &err), cause);
		assert_int_equal(err, 0);
	}
}

static void where_nothing_matters_one_test_says_so(void **state)
{
	struct table t = { .limit = SIZE_MAX };
	int err;

	(void)state;
	memset(t.fails, 1, sizeof(t.fails));
	assert_int_equal(search(&t, ITEMS, &err), 0);
	assert_int_equal(t.tests, 1);
}

static void an_empty_set_needs_no_test(void **state)
{
	struct table t = { .limit = SIZE_MAX, .fails = { 1 } };
	int err;

	(void)state;
	assert_int_equal(search(&t, 0, &err), 0);
	assert_int_equal(err, 0);
	assert_int_equal(t.tests, 0);
}

static void one_item_is_kept_where_it_matters(void **state)
{
	struct table t = { .limit = SIZE_MAX, .fails = { 0, 1 } };
	int err;

	(void)state;
	assert_int_equal(search(&t, 1, &err), 1);
	assert_int_equal(t.tests, 1);
}

/* Wherever it is ended, what is there by then fails. */
static void a_search_that_is_ended_leaves_a_failing_set(void **state)
{
	struct rng rng = rng_init(3);

	(void)state;
	for (size_t limit = 0; limit < 40; limit++) {
		struct table t = random_table(&rng, 20);
		int err;
		unsigned int left;

		t.limit = limit;
		left = search(&t, ITEMS, &err);
		assert_true(err == -7 || err == 0);
		assert_true(t.fails[left]);
		if (!err)
			assert_one_minimal(&t, left);
	}
}

/* ---- few causes among many items ---- */

struct causes {
	size_t a, b; /* both matter */
	size_t tests;
};

static int has(const struct ddmin_set *set, size_t item)
{
	for (int run = 0; run < 2; run++)
		for (size_t i = 0; i < set->n[run]; i++)
			if (set->run[run][i] == item)
				return 1;
	return 0;
}

static int first_with_both(const struct ddmin_set *sets, size_t n, size_t *ret,
			   void *arg)
{
	struct causes *c = arg;

	for (*ret = 0; *ret < n; (*ret)++) {
		c->tests++;
		if (has(&sets[*ret], c->a) && has(&sets[*ret], c->b))
			return 0;
	}
	return 0;
}

/* Returns how many tests it took to find the two among 1000. */
static size_t tests_to_find(size_t a, size_t b)
{
	struct causes c = { a, b, 0 };
	size_t items[1000], n = 1000;

	for (size_t i = 0; i < n; i++)
		items[i] = i;
	assert_int_equal(ddmin(items, &n, first_with_both, &c), 0);
	assert_int_equal(n, a == b ? 1 : 2);
	assert_int_equal(items[0], a);
	assert_int_equal(items[n - 1], b);
	return c.tests;
}

/* Some 2 log2 n tests, not n. */
static void one_cause_among_many_is_found_fast(void **state)
{
	(void)state;
	assert_true(tests_to_find(617, 617) <= 21);
}

/* In different halves: chunks become smaller step by step. */
static void two_causes_among_many_are_found_fast(void **state)
{
	(void)state;
	assert_true(tests_to_find(100, 901) <= 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			any_predicate_ends_one_minimal_within_the_bound),
		cmocka_unit_test(of_a_monotone_predicate_no_smaller_part_fails),
		cmocka_unit_test(a_single_cause_is_found_exactly),
		cmocka_unit_test(where_nothing_matters_one_test_says_so),
		cmocka_unit_test(an_empty_set_needs_no_test),
		cmocka_unit_test(one_item_is_kept_where_it_matters),
		cmocka_unit_test(a_search_that_is_ended_leaves_a_failing_set),
		cmocka_unit_test(one_cause_among_many_is_found_fast),
		cmocka_unit_test(two_causes_among_many_are_found_fast),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What a state costs does not depend on how long the log is: counted in units
 * that the room looks at, over all cuts of logs of 1,000, 10,000 and 100,000
 * commands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "common/rng.h"
#include "states/states.h"
#include "states/synthetic.h"

static char folder[] = "/tmp/test-scale-XXXXXX";
static char *data, *units;

/* A log of n commands with all its cuts. */
struct scaled {
	struct history *h;
	struct state_space *space;
	struct cut *cuts;
	size_t n_cuts;
};

static struct scaled scaled(uint64_t n)
{
	struct cache_model model = CACHE_MODEL_HONEST;
	struct scaled s = { 0 };

	assert_int_equal(synthetic_history(n, 1, data, &s.h, NULL), 0);
	assert_int_equal(space_create(s.h, NULL, units, &model, &s.space,
				      NULL),
			 0);
	assert_int_equal(cuts_expand(s.h, NULL, 0, 1, &s.cuts, &s.n_cuts,
				     NULL),
			 0);
	return s;
}

static void release(struct scaled *s)
{
	space_free(s->space);
	history_free(s->h);
	free(s->cuts);
}

/* Moves a checker on: what it shows now, in place of what it showed. */
static void show(struct scaled *s, struct cursor *c, const struct cut *cut,
		 const char *survivors, struct state *shown)
{
	CLEANUP_FREE struct patch *patches = NULL;
	struct state state;

	assert_int_equal(cursor_state(c, cut, survivors, &state, NULL), 0);
	state_patches(s->space, shown->survivors ? shown : NULL, &state,
		      &patches);
	state_free(shown);
	*shown = state;
}

/* Units per state, over cuts in either direction. */
static double walk(struct scaled *s, int backward)
{
	struct cursor *c = cursor_new(s->space);
	struct state shown = { 0 };
	uint64_t before;

	show(s, c, &s->cuts[backward ? s->n_cuts - 1 : 0], "all", &shown);
	before = space_work();
	for (size_t i = 0; i < s->n_cuts; i++) {
		const struct cut *cut =
			&s->cuts[backward ? s->n_cuts - 1 - i : i];

		show(s, c, cut, "all", &shown);
		show(s, c, cut, "none", &shown);
	}
	state_free(&shown);
	cursor_free(c);
	return (double)(space_work() - before) / (2.0 * (double)s->n_cuts);
}

static void a_state_costs_the_same_in_a_log_of_any_length(void **state)
{
	static const uint64_t sizes[] = { 1000, 10000, 100000 };
	double forward[3], back[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct scaled s = scaled(sizes[i]);

		forward[i] = walk(&s, 0);
		back[i] = walk(&s, 1);
		release(&s);
		print_message("# %6llu commands: %.2f units per state, "
			      "backward %.2f\n",
			      (unsigned long long)sizes[i], forward[i],
			      back[i]);
	}
	for (int i = 1; i < 3; i++) {
		assert_true(forward[i] < forward[0] * 1.05);
		assert_true(back[i] < back[0] * 1.05);
	}
}

/* The memory of a state: what differs from its cut, not the disk. */
static void a_state_holds_what_differs_from_its_cut(void **state)
{
	struct scaled s = scaled(10000);
	struct cursor *c = cursor_new(s.space);
	struct state st;

	(void)state;
	for (size_t i = 0; i < s.n_cuts; i++) {
		assert_int_equal(cursor_state(c, &s.cuts[i], "none", &st,
					      NULL),
				 0);
		assert_true(st.n_differs <= 16); /* a transaction's units */
		state_free(&st);
	}
	cursor_free(c);
	release(&s);
}

/* Two states of cuts that lie far apart, in either order, unit by unit. */
static void patches_between_far_cuts_are_exact(void **state)
{
	struct scaled s = scaled(3000);
	size_t n_units = space_units(s.space);
	uint64_t *shown = xcalloc(SYNTHETIC_DISK / SYNTHETIC_BLOCK,
				  sizeof(*shown));
	struct cursor *c = cursor_new(s.space);
	struct state last = { 0 };
	struct rng rng = rng_init(5);

	(void)state;
	for (int i = 0; i < 300; i++) {
		CLEANUP_FREE struct patch *patches = NULL;
		const struct cut *cut = &s.cuts[rng_below(&rng, s.n_cuts)];
		struct state st;
		size_t n;

		assert_int_equal(cursor_state(c, cut, rng_below(&rng, 2) ?
								"all" : "none",
					      &st, NULL),
				 0);
		n = state_patches(s.space, last.survivors ? &last : NULL, &st,
				  &patches);
		for (size_t k = 0; k < n; k++) {
			assert_int_not_equal(shown[patches[k].unit],
					     patches[k].source);
			shown[patches[k].unit] = patches[k].source;
		}
		for (size_t u = 0; u < n_units; u++) {
			uint64_t unit = space_unit_index(s.space, u);

			assert_int_equal(shown[unit],
					 state_source(s.space, &st, unit));
		}
		state_free(&last);
		last = st;
	}
	state_free(&last);
	cursor_free(c);
	free(shown);
	release(&s);
}

static void cursors_do_not_disturb_each_other(void **state)
{
	struct scaled s = scaled(1000);
	struct cursor *a = cursor_new(s.space), *b = cursor_new(s.space);
	struct rng rng = rng_init(6);

	(void)state;
	for (int i = 0; i < 500; i++) {
		const struct cut *cut = &s.cuts[rng_below(&rng, s.n_cuts)];
		struct cursor *fresh = cursor_new(s.space);
		struct state x, y;

		assert_int_equal(cursor_state(i % 2 ? a : b, cut, "none", &x,
					      NULL),
				 0);
		assert_int_equal(cursor_state(fresh, cut, "none", &y, NULL),
				 0);
		assert_memory_equal(&x.hash, &y.hash, sizeof(x.hash));
		assert_int_equal(x.n_differs, y.n_differs);
		state_free(&x);
		state_free(&y);
		cursor_free(fresh);
	}
	cursor_free(a);
	cursor_free(b);
	release(&s);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	data = xasprintf("%s/data", folder);
	units = xasprintf("%s/units", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	rm_rf(folder, NULL);
	free(data);
	free(units);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_costs_the_same_in_a_log_of_any_length),
		cmocka_unit_test(a_state_holds_what_differs_from_its_cut),
		cmocka_unit_test(patches_between_far_cuts_are_exact),
		cmocka_unit_test(cursors_do_not_disturb_each_other),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

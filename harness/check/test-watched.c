/*
 * Judging under watch, with guests made up here: they judge right for a while,
 * then they lie, or die.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check/watched.h"
#include "common/buf.h"
#include "common/error.h"
#include "common/files.h"
#include "states/synthetic.h"

#define ITEMS 300
#define NEVER 1000000u

static char folder[] = "/tmp/test-watched-XXXXXX";
static char *data, *units;
static struct history *history;
static struct state_space *space;
static struct item items[ITEMS];

/* A checker whose guests go bad. What is true: every other cut is violated. */
struct fake {
	unsigned guests, judged; /* by the guest of now */
	unsigned lies_after;	 /* a guest that has judged so many */
	enum verdict lie;
	unsigned dies_at; /* the guest's nth state takes it away, and is judged
			   * by the next one */
	int kills;	  /* the item that takes each guest away, or -1 */
	unsigned fails_after; /* all the harness's own failure from here on */
	unsigned total;
	int coin; /* the check's verdict alternates, in every guest */
};

/* What was told. */
struct told {
	unsigned times[ITEMS], wrong, unknown;
};

static enum verdict truth(const struct cut *cut)
{
	for (size_t i = 0; i < ITEMS; i++)
		if (!strcmp(items[i].cut.name, cut->name))
			return i % 2 ? VERDICT_HELD : VERDICT_VIOLATED;
	fail();
	return VERDICT_UNKNOWN;
}

static void renew_guest(struct fake *f)
{
	f->guests++;
	f->judged = 0;
}

static int fake_judge(void *checker, const struct state *state,
		      const struct buf *acks, const struct buf *begun,
		      struct judgement *ret)
{
	struct fake *f = checker;

	(void)acks;
	(void)begun;
	*ret = (struct judgement){ .verdict = truth(&state->cut) };
	f->total++;
	if (f->total > f->fails_after) {
		ret->verdict = VERDICT_UNKNOWN;
		ret->message = xstrdup("our fault");
		return 0;
	}
	if (++f->judged == f->dies_at) {
		renew_guest(f);
		f->judged++;
	}
	if (f->kills >= 0 &&
	    !strcmp(state->cut.name, items[f->kills].cut.name)) {
		renew_guest(f);
		ret->verdict = VERDICT_VIOLATED;
	}
	if (f->judged > f->lies_after)
		ret->verdict = f->lie;
	if (f->coin && (f->total * 2654435761u) >> 31)
		ret->verdict = VERDICT_UNKNOWN;
	ret->stage = ret->verdict == VERDICT_HELD ? STAGE_NONE : STAGE_CHECK;
	if (f->kills >= 0 &&
	    !strcmp(state->cut.name, items[f->kills].cut.name))
		ret->stage = STAGE_KERNEL;
	return 0;
}

static unsigned fake_guests(void *checker)
{
	return ((struct fake *)checker)->guests;
}

static int fake_renew(void *checker, struct error *e)
{
	(void)e;
	renew_guest(checker);
	return 0;
}

static const struct checker_ops ops = { .judge = fake_judge,
					.guests = fake_guests,
					.renew = fake_renew };

static void no_promises(const void *arg, const struct cut *cut,
			struct buf *ret_acks, struct buf *ret_begun)
{
	(void)arg;
	(void)cut;
	(void)ret_acks;
	(void)ret_begun;
}

static void on_report(const struct item *item, const struct state *state,
		      const struct judgement *j, void *arg)
{
	struct told *t = arg;

	assert_string_equal(item->cut.name, state->cut.name);
	t->times[item - items]++;
	t->wrong += j->verdict != VERDICT_UNKNOWN &&
		    j->verdict != truth(&item->cut);
	t->unknown += j->verdict == VERDICT_UNKNOWN;
}

static struct fake good_guests(void)
{
	return (struct fake){ .lies_after = NEVER, .kills = -1,
			      .fails_after = NEVER };
}

/* All that one worker does. */
static int run(struct fake *f, struct canaries *canaries, struct told *t,
	       struct watch_counts *counts)
{
	struct subject subject = { .space = space, .promises = no_promises };
	struct watched_config c = { .ops = &ops, .checker = f,
				    .subject = &subject, .canaries = canaries,
				    .report = on_report, .arg = t };
	struct watched *w;
	struct error e;
	int err;

	memset(t, 0, sizeof(*t));
	memset(counts, 0, sizeof(*counts));
	canaries_init(canaries, &subject, &items[0].cut,
		      &items[ITEMS - 1].cut);
	err = watched_start(&c, &w, &e);
	for (size_t i = 0; i < ITEMS && !err; i++)
		err = watched_judge(w, &items[i], &e);
	if (!err)
		err = watched_settle(w, &e);
	watched_count(w, counts);
	watched_free(w, (void (*)(const struct item *, void *))NULL, NULL);
	return err;
}

static void assert_each_told_once(const struct told *t)
{
	for (size_t i = 0; i < ITEMS; i++)
		assert_int_equal(t->times[i], 1);
}

/* ---- tests ---- */

static void a_good_guest_is_left_alone(void **state)
{
	struct fake f = good_guests();
	struct canaries c;
	struct told t;
	struct watch_counts n;

	(void)state;
	assert_int_equal(run(&f, &c, &t, &n), 0);
	assert_each_told_once(&t);
	assert_int_equal(t.wrong, 0);
	assert_int_equal(n.recycled + n.drifted + n.again, 0);
	assert_true(c.judged >= 4 && c.judged < ITEMS / 10);
	canaries_release(&c);
}

/* Of whatever kind the lie is. */
static void no_lie_is_told(void **state)
{
	static const enum verdict lies[] = { VERDICT_HELD, VERDICT_VIOLATED,
					     VERDICT_UNKNOWN };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (unsigned after = 10; after < 200; after += 7) {
			struct fake f = good_guests();
			struct canaries c;
			struct told t;
			struct watch_counts n;

			f.lies_after = after;
			f.lie = lies[i];
			assert_int_equal(run(&f, &c, &t, &n), 0);
			assert_each_told_once(&t);
			assert_int_equal(t.wrong + t.unknown, 0);
			assert_true(n.drifted > 0 && n.again > 0);
			assert_true(n.recycled >= n.drifted);
			canaries_release(&c);
		}
	}
}

/* Or the test above would prove nothing. */
static void without_canaries_lies_are_told(void **state)
{
	struct fake f = good_guests();
	struct canaries c;
	struct told t;
	struct watch_counts n;

	(void)state;
	f.lies_after = 10;
	f.lie = VERDICT_HELD;
	setenv("POWERCUT_CANARY", "0", 1);
	assert_int_equal(run(&f, &c, &t, &n), 0);
	unsetenv("POWERCUT_CANARY");
	assert_each_told_once(&t);
	assert_true(t.wrong > 0);
	assert_int_equal(c.judged, 0);
	canaries_release(&c);
}

static void what_a_lost_guest_judged_is_judged_again(void **state)
{
	struct fake f = good_guests();
	struct canaries c;
	struct told t;
	struct watch_counts n;

	(void)state;
	f.dies_at = 50;
	assert_int_equal(run(&f, &c, &t, &n), 0);
	assert_each_told_once(&t);
	assert_int_equal(t.wrong + t.unknown, 0);
	assert_true(n.recycled > 0 && n.again > 0);
	canaries_release(&c);
}

static void a_state_that_takes_the_guest_is_told_once(void **state)
{
	struct fake f = good_guests();
	struct canaries c;
	struct told t;
	struct watch_counts n;

	(void)state;
	f.kills = 100;
	assert_int_equal(run(&f, &c, &t, &n), 0);
	assert_each_told_once(&t);
	assert_true(n.recycled > 0);
	assert_null(c.unsure);
	canaries_release(&c);
}

static void guests_that_never_last_leave_it_unknown(void **state)
{
	struct fake f = good_guests();
	struct canaries c;
	struct told t;
	struct watch_counts n;

	(void)state;
	f.lies_after = 3;
	f.lie = VERDICT_HELD;
	assert_int_equal(run(&f, &c, &t, &n), 0);
	assert_each_told_once(&t);
	assert_int_equal(t.wrong, 0);
	assert_true(t.unknown > 0);
	canaries_release(&c);
}

static void a_check_that_is_not_steady_is_said(void **state)
{
	struct fake f = good_guests();
	struct canaries c;
	struct told t;
	struct watch_counts n;

	(void)state;
	f.coin = 1;
	assert_int_equal(run(&f, &c, &t, &n), 0);
	assert_each_told_once(&t);
	assert_non_null(c.unsure);
	assert_false(canaries_in_use(&c));
	canaries_release(&c);
}

static void our_own_failures_end_it(void **state)
{
	struct fake f = good_guests();
	struct subject subject = { .space = space, .promises = no_promises };
	struct canaries c;
	struct told t;
	struct watch_counts n;

	(void)state;
	(void)subject;
	f.fails_after = 0;
	assert_int_equal(run(&f, &c, &t, &n), -EIO);
	assert_int_equal(t.unknown, 3);
	canaries_release(&c);
}

/* ---- what they stand on ---- */

static int make(void **state)
{
	struct cache_model model = CACHE_MODEL_HONEST;
	struct cut *cuts;
	size_t n;

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	data = xasprintf("%s/data", folder);
	units = xasprintf("%s/units", folder);
	if (synthetic_history(1000, 1, data, &history, NULL) ||
	    space_create(history, NULL, units, &model, &space, NULL) ||
	    cuts_expand(history, NULL, 0, 1, &cuts, &n, NULL) || n < ITEMS)
		return -1;
	for (size_t i = 0; i < ITEMS; i++)
		items[i] = (struct item){
			cuts[i], xstrdup("all")
		};
	free(cuts);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	for (size_t i = 0; i < ITEMS; i++)
		free(items[i].survivors);
	space_free(space);
	history_free(history);
	free(data);
	free(units);
	return rm_rf(folder, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_guest_is_left_alone),
		cmocka_unit_test(no_lie_is_told),
		cmocka_unit_test(without_canaries_lies_are_told),
		cmocka_unit_test(what_a_lost_guest_judged_is_judged_again),
		cmocka_unit_test(a_state_that_takes_the_guest_is_told_once),
		cmocka_unit_test(guests_that_never_last_leave_it_unknown),
		cmocka_unit_test(a_check_that_is_not_steady_is_said),
		cmocka_unit_test(our_own_failures_end_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make, clean);
}

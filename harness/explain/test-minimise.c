/*
 * Minimising on logs made by hand and at random, with judges that look at what
 * a state has lost, or at nothing but its content. No guest.
 */
#include "explain/minimise.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/files.h"
#include "common/rng.h"
#include "drive/test-logs.h"

#define SECTORS 64
#define DISK (SECTORS * 512)

struct fixture {
	struct test_log log;
	char folder[40], data[64], units[64];
	struct cache_model model;
	struct state_space *space;
	struct minimised m;
	/* The judge. */
	int (*shows)(struct fixture *f, const struct state *s);
	int cancel_now;
	uint64_t judged, cancel_at, salt, budget, flip_at;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	FILE *file;

	strcpy(f->folder, "/tmp/test-minimise-XXXXXX");
	if (!mkdtemp(f->folder))
		return -1;
	snprintf(f->data, sizeof(f->data), "%s/data", f->folder);
	snprintf(f->units, sizeof(f->units), "%s/units", f->folder);
	file = fopen(f->data, "w");
	for (int i = 0; i < 2 * DISK; i++)
		fputc(i / 512 % 251 + 1, file);
	fclose(file);
	f->model = (struct cache_model)CACHE_MODEL_HONEST;
	f->model.tear = 512;
	f->budget = 10000;
	test_log_init(&f->log, DISK, f->data);
	test_arm(&f->log);
	*state = f;
	return 0;
}

static void drop(struct fixture *f)
{
	minimised_release(&f->m);
	space_free(f->space);
	f->space = NULL;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	drop(f);
	rm_rf(f->folder, NULL);
	free(f);
	return 0;
}

/* Sectors of data that no other write has. */
static size_t put(struct fixture *f, uint64_t sector, uint64_t sectors)
{
	size_t i = test_submit(&f->log, LOG_WRITE, sector * 512, sectors * 512,
			       f->log.h.n_writes * 4 * 512, 0);

	test_complete(&f->log, i);
	return i;
}

static void make_space(struct fixture *f)
{
	test_seal(&f->log);
	assert_int_equal(space_create(&f->log.h, NULL, f->units, &f->model,
				      &f->space, NULL), 0);
}

static int judge(const struct state *states, size_t n, int *shows, void *arg,
		 struct error *e)
{
	struct fixture *f = arg;

	for (size_t i = 0; i < n; i++) {
		if (f->cancel_now || (f->judged++ == f->cancel_at &&
				      f->cancel_at))
			return error_set(e, ECANCELED, "interrupted");
		shows[i] = f->shows(f, &states[i]);
		if (f->flip_at && f->judged >= f->flip_at)
			shows[i] = 0;
	}
	return 0;
}

static int run(struct fixture *f, const char *state)
{
	struct minimise_request r = {
		.space = f->space,
		.history = &f->log.h,
		.state = state,
		.budget = f->budget,
		.batch = 3,
		.judge = judge,
		.arg = f,
	};
	struct error e = { 0 };

	return minimise(&r, &f->m, &e);
}

static char *name_of(const struct state *s)
{
	return xasprintf("%s:%s", s->cut.name, s->survivors);
}

/* Whether the state has lost the write on that unit. */
static int lost(struct fixture *f, const struct state *s, uint64_t number,
		uint32_t unit)
{
	char *name = name_of(s);
	struct write_fate *fates;
	size_t n;
	int found = 0;

	assert_int_equal(space_fates(f->space, name, &fates, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		if (f->log.commands[fates[i].command].number == number)
			found = fates[i].units[unit] == UNIT_LOST;
	write_fates_free(fates, n);
	free(name);
	return found;
}

/* The judges below look at more than the content: at which writes are lost. So
 * they ask for an ack behind these, or a write that is lost would be the same
 * to the search as one that was never made. */

static int write_3_is_lost_and_acked(struct fixture *f, const struct state *s)
{
	return lost(f, s, 3, 0) && s->cut.position >= f->log.marks[1].position;
}

/* Write 3 is acked, but there is no flush before. */
static void unsynced_log(struct fixture *f)
{
	for (uint64_t i = 0; i < 8; i++) {
		if (i == 2)
			test_mark(&f->log, MARK_BEGIN, "three");
		put(f, 2 * i, 1);
		if (i == 4)
			test_mark(&f->log, MARK_ACK, "three");
	}
	make_space(f);
}

static void the_one_write_and_the_earliest_cut_are_found(void **state)
{
	struct fixture *f = *state;

	unsynced_log(f);
	f->shows = write_3_is_lost_and_acked;
	assert_int_equal(run(f, "end:none"), 0);
	assert_string_equal(f->m.state, "m2:all-3");
	assert_int_equal(f->m.lost_before, 8);
	assert_int_equal(f->m.n_losses, 1);
	assert_int_equal(f->m.losses[0].number, 3);
	assert_int_equal(f->m.losses[0].offset, 2048);
	assert_int_equal(f->m.losses[0].length, 512);
	assert_string_equal(f->m.losses[0].survival, "lost");
	assert_true(f->m.reproduced && f->m.one_minimal && f->m.earliest &&
		    f->m.stable);
	assert_int_equal(f->m.judgements, f->judged);
}

static int always(struct fixture *f, const struct state *s)
{
	(void)f;
	(void)s;
	return 1;
}

static void where_nothing_need_be_lost_nothing_is(void **state)
{
	struct fixture *f = *state;

	unsynced_log(f);
	f->shows = always;
	assert_int_equal(run(f, "end:none"), 0);
	assert_string_equal(f->m.state, "w1:all");
	assert_int_equal(f->m.n_losses, 0);
	assert_true(f->m.one_minimal && f->m.earliest && f->m.stable);
}

static int unit_3_of_write_2(struct fixture *f, const struct state *s)
{
	return lost(f, s, 2, 3) && !lost(f, s, 2, 0);
}

/* Lost whole it is not shown: only where it is torn. */
static void of_a_torn_write_the_unit_is_found(void **state)
{
	struct fixture *f = *state;

	put(f, 0, 4);
	put(f, 8, 4);
	put(f, 16, 4);
	make_space(f);
	f->shows = unit_3_of_write_2;
	assert_int_equal(run(f, "end:1,2.0-1"), 0);
	assert_string_equal(f->m.state, "w2:all-2.3");
	assert_int_equal(f->m.n_losses, 1);
	assert_string_equal(f->m.losses[0].survival,
			    "survived in units 0-2, lost in unit 3");
	assert_true(f->m.one_minimal);
}

static int acked(struct fixture *f, const struct state *s)
{
	return s->cut.position >= f->log.marks[f->log.h.n_marks - 1].position;
}

static int unit_3_of_write_2_acked(struct fixture *f, const struct state *s)
{
	return lost(f, s, 2, 3) && acked(f, s);
}

/* "The write is lost" is simpler than "a unit of it is". */
static void a_write_lost_whole_stays_whole(void **state)
{
	struct fixture *f = *state;

	put(f, 0, 4);
	put(f, 8, 4);
	test_mark(&f->log, MARK_ACK, "two");
	put(f, 16, 4);
	make_space(f);
	f->shows = unit_3_of_write_2_acked;
	assert_int_equal(run(f, "end:none"), 0);
	assert_string_equal(f->m.state, "m1:1");
	assert_string_equal(f->m.losses[0].survival, "lost");
}

static int writes_2_and_5(struct fixture *f, const struct state *s)
{
	return lost(f, s, 2, 0) && lost(f, s, 5, 0) && acked(f, s);
}

static void two_writes_that_only_matter_together_are_kept(void **state)
{
	struct fixture *f = *state;

	unsynced_log(f);
	f->shows = writes_2_and_5;
	assert_int_equal(run(f, "end:3"), 0);
	assert_string_equal(f->m.state, "m2:all-2,5");
	assert_true(f->m.one_minimal && f->m.earliest && f->m.stable);
}

static void a_state_that_shows_nothing_any_more_is_told(void **state)
{
	struct fixture *f = *state;

	unsynced_log(f);
	f->shows = write_3_is_lost_and_acked;
	assert_int_equal(run(f, "end:all"), 0);
	assert_false(f->m.reproduced);
	assert_string_equal(f->m.state, "end:all");
	assert_int_equal(f->m.judgements, 1);
}

/* The very last judgement says no. */
static void a_finding_that_comes_and_goes_is_not_stable(void **state)
{
	struct fixture *f = *state;
	uint64_t all;

	unsynced_log(f);
	f->shows = write_3_is_lost_and_acked;
	assert_int_equal(run(f, "end:none"), 0);
	all = f->judged;
	minimised_release(&f->m);
	f->judged = 0;
	f->flip_at = all;
	assert_int_equal(run(f, "end:none"), 0);
	assert_true(f->m.reproduced);
	assert_false(f->m.stable);
}

/* Whatever the budget, it is kept, and nothing is claimed that was not judged. */
static void a_budget_is_kept(void **state)
{
	struct fixture *f = *state;
	uint64_t all;

	unsynced_log(f);
	f->shows = write_3_is_lost_and_acked;
	assert_int_equal(run(f, "end:none"), 0);
	all = f->m.judgements;
	for (f->budget = 2; f->budget < all; f->budget++) {
		struct state s;

		minimised_release(&f->m);
		f->judged = 0;
		assert_int_equal(run(f, "end:none"), 0);
		assert_true(f->judged <= f->budget);
		assert_int_equal(f->m.judgements, f->judged);
		assert_false(f->m.one_minimal && f->m.earliest);
		assert_true(f->m.stable);
		assert_int_equal(space_state(f->space, f->m.state, &s, NULL),
				 0);
		assert_true(f->shows(f, &s));
		state_free(&s);
	}
}

static void an_interrupt_leaves_a_state_that_shows_it(void **state)
{
	struct fixture *f = *state;

	unsynced_log(f);
	f->shows = write_3_is_lost_and_acked;
	for (f->cancel_at = 1; f->cancel_at < 8; f->cancel_at++) {
		struct state s;

		f->judged = 0;
		assert_int_equal(run(f, "end:none"), -ECANCELED);
		assert_false(f->m.stable);
		assert_int_equal(space_state(f->space, f->m.state, &s, NULL),
				 0);
		assert_true(f->shows(f, &s));
		state_free(&s);
		minimised_release(&f->m);
	}
}

static void an_interrupt_at_once_says_nothing_of_the_state(void **state)
{
	struct fixture *f = *state;

	unsynced_log(f);
	f->shows = write_3_is_lost_and_acked;
	f->cancel_now = 1;
	assert_int_equal(run(f, "end:none"), -ECANCELED);
	assert_null(f->m.state);
	assert_int_equal(f->m.judgements, 0);
}

static void a_state_that_is_none_is_refused(void **state)
{
	struct fixture *f = *state;

	unsynced_log(f);
	f->shows = always;
	assert_int_equal(run(f, "end:99"), -EINVAL);
	assert_int_equal(f->judged, 0);
}

/* ---- at random ---- */

/* A function of what a check sees: the content, and the promises. */
static int by_content(struct fixture *f, const struct state *s)
{
	struct buf acks = BUF_INIT, begun = BUF_INIT;
	struct rng rng;

	promises_at(&f->log.h, &s->cut, &acks, &begun);
	rng = rng_init(s->hash.low ^ s->hash.high * 3 ^ acks.len * 77 ^
		       f->salt);
	buf_free(&acks);
	buf_free(&begun);
	return rng_below(&rng, 100) < 30;
}

static void random_log(struct fixture *f, struct rng *rng)
{
	size_t in_flight[4], n = 0;

	test_log_init(&f->log, DISK, f->data);
	test_arm(&f->log);
	for (int i = 0; i < 14; i++) {
		uint64_t what = rng_below(rng, 10), sectors;

		if (what == 0)
			test_flush(&f->log);
		else if (what == 1)
			test_mark(&f->log, MARK_ACK, "a");
		else if (what < 4 && n)
			test_complete(&f->log, in_flight[--n]);
		else {
			sectors = 1 + rng_below(rng, 4);
			in_flight[n] = test_submit(
				&f->log, LOG_WRITE, rng_below(rng, 12) * 512,
				sectors * 512, rng_below(rng, 60) * 512,
				rng_below(rng, 8) == 0);
			if (n < 3)
				n++;
			else
				test_complete(&f->log, in_flight[n]);
		}
	}
}

/* Every pair of a write and a unit that the state has lost. */
struct lost_pairs {
	uint64_t number[256], submit[256];
	uint32_t unit[256];
	int torn[256];
	size_t n;
};

static void list_pairs(struct fixture *f, const char *name,
		       struct lost_pairs *ret)
{
	struct write_fate *fates;
	size_t n;

	ret->n = 0;
	assert_int_equal(space_fates(f->space, name, &fates, &n, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		int torn = fates[i].n_units &&
			   memchr(fates[i].units, UNIT_SURVIVED,
				  fates[i].n_units) != NULL;

		for (uint32_t u = 0; u < fates[i].n_units; u++) {
			const struct command *c =
				&f->log.commands[fates[i].command];

			if (fates[i].units[u] != UNIT_LOST)
				continue;
			ret->number[ret->n] = c->number;
			ret->submit[ret->n] = c->submit;
			ret->torn[ret->n] = torn;
			ret->unit[ret->n++] = u;
		}
	}
	write_fates_free(fates, n);
}

/* At the cut, all those that were submitted by then and are not given back;
 * whether that is a state, and shows it. */
static int shows_without(struct fixture *f, const struct cut *cut,
			 const struct lost_pairs *p, uint64_t number, int unit)
{
	struct buf name = BUF_INIT;
	const char *comma = "-";
	struct state s;
	int shows = 0;

	buf_printf(&name, "%s:all", cut->name);
	for (size_t i = 0; i < p->n; i++) {
		if (p->submit[i] > cut->position ||
		    (p->number[i] == number &&
		     (unit < 0 || p->unit[i] == (uint32_t)unit)))
			continue;
		buf_printf(&name, "%s%d.%d", comma, (int)p->number[i],
			   (int)p->unit[i]);
		comma = ",";
	}
	if (!space_state(f->space, buf_text(&name), &s, NULL)) {
		shows = by_content(f, &s);
		state_free(&s);
	}
	buf_free(&name);
	return shows;
}

static void assert_minimal(struct fixture *f)
{
	struct lost_pairs p;
	struct state s;
	struct cut *cuts;
	size_t n;

	assert_int_equal(space_state(f->space, f->m.state, &s, NULL), 0);
	assert_true(by_content(f, &s));
	list_pairs(f, f->m.state, &p);
	for (size_t i = 0; i < p.n; i++) {
		assert_false(shows_without(f, &s.cut, &p, p.number[i], -1));
		if (p.torn[i])
			assert_false(shows_without(f, &s.cut, &p, p.number[i],
						   (int)p.unit[i]));
	}
	assert_int_equal(cuts_expand(&f->log.h, NULL, 0, 0, &cuts, &n, NULL),
			 0);
	for (size_t i = 0; i < n && cuts[i].position < s.cut.position; i++)
		assert_false(shows_without(f, &cuts[i], &p, 0, -1));
	free(cuts);
	state_free(&s);
}

/* The first state of the last cut that shows it: where a search may begin. */
static int find_start(struct state *s, void *arg)
{
	struct fixture *f = arg;
	int found = by_content(f, s);

	if (found) {
		char *name = name_of(s);

		assert_int_equal(run(f, name), 0);
		free(name);
	}
	state_free(s);
	return found;
}

static void search_at_random(struct fixture *f, enum cache_order order)
{
	struct rng rng = rng_init(4);
	int searched = 0;

	f->shows = by_content;
	f->model.order = order;
	for (int i = 0; i < 300; i++) {
		struct state_space *space;
		struct cut end;

		random_log(f, &rng);
		f->salt = rng_next(&rng);
		make_space(f);
		/* One to enumerate, one to ask meanwhile. */
		space = f->space;
		assert_int_equal(space_create(&f->log.h, NULL, f->units,
					      &f->model, &f->space, NULL), 0);
		assert_int_equal(cut_parse(&f->log.h, "end", &end, NULL), 0);
		if (space_enumerate(space, &end, NULL, find_start, f,
				    NULL) == 1) {
			assert_true(f->m.reproduced && f->m.one_minimal &&
				    f->m.earliest && f->m.stable);
			assert_minimal(f);
			searched++;
		}
		space_free(space);
		drop(f);
	}
	assert_true(searched > 200);
}

static void what_is_claimed_holds_on_random_logs(void **state)
{
	search_at_random(*state, ORDER_ANY);
}

static void what_is_claimed_holds_with_order_fifo(void **state)
{
	search_at_random(*state, ORDER_FIFO);
}

static int has_the_fault(struct fixture *f, const struct state *s)
{
	(void)f;
	return s->fault == FAULT_UNSERIALIZABLE;
}

/* Write 1 is durable from write 2 on. */
static void a_fault_of_the_drive_stays(void **state)
{
	struct fixture *f = *state;

	put(f, 1, 1);
	test_flush(&f->log);
	put(f, 2, 1);
	put(f, 3, 1);
	f->model.faults.count[FAULT_UNSERIALIZABLE] = 1;
	f->model.faults.window = 8;
	make_space(f);
	f->shows = has_the_fault;
	assert_int_equal(run(f, "end:all-2,3+unserial=1"), 0);
	assert_string_equal(f->m.state, "w2:all+unserial=1");
	assert_true(f->m.reproduced && f->m.stable);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_one_write_and_the_earliest_cut_are_found),
		TEST(where_nothing_need_be_lost_nothing_is),
		TEST(of_a_torn_write_the_unit_is_found),
		TEST(a_write_lost_whole_stays_whole),
		TEST(two_writes_that_only_matter_together_are_kept),
		TEST(a_state_that_shows_nothing_any_more_is_told),
		TEST(a_finding_that_comes_and_goes_is_not_stable),
		TEST(a_budget_is_kept),
		TEST(an_interrupt_leaves_a_state_that_shows_it),
		TEST(an_interrupt_at_once_says_nothing_of_the_state),
		TEST(a_state_that_is_none_is_refused),
		TEST(what_is_claimed_holds_on_random_logs),
		TEST(what_is_claimed_holds_with_order_fifo),
		TEST(a_fault_of_the_drive_stays),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Minimising a violated state.
 *
 * A state is its cut and what it lost there: pairs of a volatile write and a
 * unit that does not hold it, nor anything younger. Every set of pairs names a
 * state (all-LIST; states/names.c), which is a legal one wherever the space
 * takes the name: with order: fifo it refuses most.
 *
 * Smaller means: fewer lost writes, then an earlier cut. A fault of the drive
 * beyond its contract is what the finding is about: it stays.
 *
 * 1. ddmin over the lost writes, at the state's cut. Then over the units, but
 *    only of torn writes: that a write is lost is simpler to understand than
 *    that a unit of it is. The two follow each other until neither changes
 *    anything; then no write can be given back, and no unit of a torn one.
 * 2. The earliest cut at which losing the same pairs, as far as their writes
 *    were submitted by then, shows the same. Bisection comes near it with few
 *    judgements; but which promises were made changes with the cut, nothing is
 *    monotone in it, so all cuts before that are judged, too, the first ones
 *    first.
 * 3. At another cut other writes may be given back: from 1 again, until the
 *    cut stays. Each time the state has become smaller, so this ends.
 *
 * No state is judged twice (judgements.c). But the last one is, so that a check
 * that says now this and now that is noticed.
 */
#include "explain/minimise.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "explain/ddmin.h"
#include "explain/judgements.h"
#include "explain/legal.h"

/* A unit where a volatile write is lost. */
struct pair {
	size_t command; /* index into the history's */
	uint32_t unit;  /* of the write */
	int torn;       /* another unit of the write survived */
};

struct search {
	const struct minimise_request *request;
	struct minimised *result;
	struct error *e;
	struct judgements judgements;
	const char *fault; /* "+shorn=118.0", or "": stays as it is */
	struct cut cut;
	struct pair *pairs; /* by write, then by unit */
	size_t n;
	/* For ddmin: pairs[group[i]] .. pairs[group[i + 1] - 1] are item i. */
	size_t *group;
	size_t n_groups;
};

/* ---- names ---- */

static void name_start(const struct cut *cut, struct buf *b)
{
	buf_printf(b, "%s:all", cut->name);
}

/* Adds pairs[from .. to - 1] to the list of what is lost. */
static void name_add(const struct search *s, size_t from, size_t to,
		     struct buf *b)
{
	for (size_t i = from; i < to; i++) {
		const struct pair *p = &s->pairs[i];
		uint32_t last = p->unit;

		while (i + 1 < to && s->pairs[i + 1].command == p->command &&
		       s->pairs[i + 1].unit == last + 1) {
			last++;
			i++;
		}
		buf_printf(b, "%c%llu.%u-%u",
			   memchr(buf_text(b), '-', b->len) ? ',' : '-',
			   (unsigned long long)
				   s->request->history->commands[p->command]
					   .number,
			   p->unit, last);
	}
}

/* ---- what is lost ---- */

static int survived_somewhere(const struct write_fate *f)
{
	for (uint32_t i = 0; i < f->n_units; i++)
		if (f->units[i] == UNIT_SURVIVED)
			return 1;
	return 0;
}

static void add_pairs(struct search *s, const struct write_fate *f)
{
	int torn = survived_somewhere(f);

	for (uint32_t i = 0; i < f->n_units; i++) {
		if (f->units[i] != UNIT_LOST)
			continue;
		s->pairs = xrealloc(s->pairs, (s->n + 1) * sizeof(*s->pairs));
		s->pairs[s->n++] = (struct pair){ f->command, i, torn };
	}
}

/* Makes a state the one that the search stands at. */
static int stand_at(struct search *s, const char *name)
{
	struct write_fate *fates;
	struct state state;
	size_t n;
	int err = space_state(s->request->space, name, &state, s->e);

	if (err)
		return err;
	err = space_fates(s->request->space, name, &fates, &n, s->e);
	if (!err) {
		s->cut = state.cut;
		s->n = 0;
		for (size_t i = 0; i < n; i++)
			add_pairs(s, &fates[i]);
		write_fates_free(fates, n);
		free(s->result->state);
		s->result->state =
			xasprintf("%s:%s", state.cut.name, state.survivors);
	}
	state_free(&state);
	return err;
}

/* ---- 1: fewest lost writes ---- */

/* One item per write, or, with units, per unit of a torn one. */
static void make_groups(struct search *s, int units)
{
	s->group = xrealloc(s->group, (s->n + 1) * sizeof(*s->group));
	s->n_groups = 0;
	for (size_t i = 0; i < s->n; i++)
		if (!i || s->pairs[i].command != s->pairs[i - 1].command ||
		    (units && s->pairs[i].torn))
			s->group[s->n_groups++] = i;
	s->group[s->n_groups] = s->n;
}

struct sets {
	const struct search *s;
	const struct ddmin_set *sets;
};

static void name_of_set(size_t i, const void *arg, struct buf *ret)
{
	const struct search *s = ((const struct sets *)arg)->s;
	const struct ddmin_set *set = &((const struct sets *)arg)->sets[i];

	name_start(&s->cut, ret);
	for (int run = 0; run < 2; run++)
		for (size_t k = 0; k < set->n[run]; k++) {
			size_t g = set->run[run][k];

			name_add(s, s->group[g], s->group[g + 1], ret);
		}
	buf_puts(ret, s->fault);
}

static int first_set(const struct ddmin_set *sets, size_t n, size_t *ret,
		     void *arg)
{
	struct search *s = arg;
	struct sets all = { s, sets };
	struct candidates c = { n, name_of_set, &all };

	return judgements_first(&s->judgements, &c, ret, s->e);
}

static int reduce(struct search *s, int units)
{
	CLEANUP_FREE size_t *items = xcalloc(s->n + 1, sizeof(*items));
	CLEANUP_BUF struct buf name = BUF_INIT;
	struct ddmin_set left;
	size_t n;
	int err, later;

	make_groups(s, units);
	n = s->n_groups;
	for (size_t i = 0; i < n; i++)
		items[i] = i;
	err = ddmin(items, &n, first_set, s);
	left = (struct ddmin_set){ { items, items }, { n, 0 } };
	name_of_set(0, &(struct sets){ s, &left }, &name);
	later = stand_at(s, buf_text(&name));
	return err ? err : later;
}

/* Writes and units, until giving back units leaves all as it is. */
static int fewest_writes(struct search *s)
{
	size_t before;
	int err;

	do {
		err = reduce(s, 0);
		before = s->n;
		if (!err)
			err = reduce(s, 1);
	} while (!err && s->n < before);
	return err;
}

/* ---- 2: earliest cut ---- */

struct earlier {
	const struct search *s;
	const struct cut *cuts; /* before the one that the search stands at */
};

static void name_at_cut(size_t i, const void *arg, struct buf *ret)
{
	const struct search *s = ((const struct earlier *)arg)->s;
	const struct cut *cut = &((const struct earlier *)arg)->cuts[i];

	name_start(cut, ret);
	for (size_t from = 0, to; from < s->n; from = to) {
		size_t command = s->pairs[from].command;

		for (to = from; to < s->n && s->pairs[to].command == command;)
			to++;
		if (s->request->history->commands[command].submit <=
		    cut->position)
			name_add(s, from, to, ret);
	}
	buf_puts(ret, s->fault);
}

/* The first of the cuts from .. to - 1 that shows it; `to`: none does. */
static int first_cut(struct search *s, const struct cut *cuts, size_t from,
		     size_t to, size_t *ret)
{
	struct earlier earlier = { s, cuts + from };
	struct candidates c = { to - from, name_at_cut, &earlier };
	int err = judgements_first(&s->judgements, &c, ret, s->e);

	*ret += from;
	return err;
}

/* As if earlier cuts never showed it, and later ones did. */
static int bisect(struct search *s, const struct cut *cuts, size_t n,
		  size_t *ret)
{
	size_t low = 0, found;
	int err = 0;

	for (*ret = n; low < *ret && !err;) {
		size_t middle = low + (*ret - low) / 2;

		err = first_cut(s, cuts, middle, middle + 1, &found);
		if (err)
			break;
		if (found == middle)
			*ret = middle;
		else
			low = middle + 1;
	}
	return err;
}

static int earliest_of(struct search *s, const struct cut *cuts, size_t n,
		       int *ret_moved)
{
	CLEANUP_BUF struct buf name = BUF_INIT;
	size_t near, first;
	int err = bisect(s, cuts, n, &near), later;

	first = near;
	if (!err)
		err = first_cut(s, cuts, 0, near, &first);
	if (err)
		first = near;
	*ret_moved = first < n;
	if (first == n)
		return err;
	name_at_cut(first, &(struct earlier){ s, cuts }, &name);
	later = stand_at(s, buf_text(&name));
	return err ? err : later;
}

static int earliest_cut(struct search *s, int *ret_moved)
{
	CLEANUP_FREE struct cut *cuts = NULL;
	size_t n = 0, before = 0;
	int err;

	*ret_moved = 0;
	err = cuts_expand(s->request->history, NULL, 0, 0, &cuts, &n, s->e);
	if (err)
		return err;
	while (before < n && cuts[before].position < s->cut.position)
		before++;
	return earliest_of(s, cuts, before, ret_moved);
}

/* ---- the search ---- */

static int search(struct search *s)
{
	struct minimised *m = s->result;
	int moved, err;

	do {
		moved = 0;
		m->one_minimal = 0;
		err = fewest_writes(s);
		m->one_minimal = !err;
		if (!err)
			err = earliest_cut(s, &moved);
		/* Nothing was given back at the new cut yet. */
		if (moved)
			m->one_minimal = 0;
	} while (!err && moved);
	m->earliest = !err;
	return err == JUDGEMENTS_ENOUGH ? 0 : err;
}

static int list_losses(const struct search *s, struct minimised *m)
{
	struct write_fate *fates;
	size_t n;
	int err = space_fates(s->request->space, m->state, &fates, &n, NULL);

	for (size_t i = 0; !err && i < n; i++) {
		const struct command *c =
			&s->request->history->commands[fates[i].command];
		CLEANUP_BUF struct buf survival = BUF_INIT;

		if (!memchr(fates[i].units, UNIT_LOST, fates[i].n_units))
			continue;
		legal_survival(&fates[i], &survival);
		m->losses = xrealloc(m->losses, (m->n_losses + 1) *
							sizeof(*m->losses));
		m->losses[m->n_losses++] = (struct minimised_loss){
			c->number, c->type, c->offset, c->length,
			buf_take(&survival)
		};
	}
	if (!err)
		write_fates_free(fates, n);
	return err;
}

static uint64_t count_writes(const struct search *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += !i || s->pairs[i].command != s->pairs[i - 1].command;
	return n;
}

static struct judgements judgements_of(const struct minimise_request *r)
{
	return (struct judgements){
		.space = r->space,
		.history = r->history,
		.window_ns = r->window_ns,
		.budget = r->budget,
		.batch = r->batch,
		.judge = r->judge,
		.arg = r->arg,
	};
}

int minimise(const struct minimise_request *r, struct minimised *ret,
	     struct error *e)
{
	struct minimised m = { .reproduced = 0 };
	struct search s = { .request = r, .result = &m, .e = e };
	struct judgements *j = &s.judgements;
	const char *fault = strchr(r->state, '+');
	int err = stand_at(&s, r->state), listed;

	s.judgements = judgements_of(r);
	s.fault = fault ? fault : "";
	if (err)
		return err;
	m.lost_before = count_writes(&s);
	err = judgements_again(j, m.state, &m.reproduced, e);
	if (!err && m.reproduced)
		err = search(&s);
	if (!err && m.reproduced)
		err = judgements_again(j, m.state, &m.stable, e);
	m.judgements = j->made;
	listed = m.judgements ? list_losses(&s, &m) : 0;
	if (!m.judgements)
		free(TAKE(m.state));
	judgements_release(j);
	free(s.pairs);
	free(s.group);
	*ret = m;
	return err ? err : listed;
}

void minimised_release(struct minimised *m)
{
	for (size_t i = 0; i < m->n_losses; i++)
		free(m->losses[i].survival);
	free(m->losses);
	free(m->state);
	*m = (struct minimised){ .reproduced = 0 };
}

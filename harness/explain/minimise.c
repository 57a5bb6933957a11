/*
 * Minimising a violated state.
 *
 * A state is its cut and what it lost there: pairs of a volatile write and a
 * unit that does not hold it, nor anything younger. Every set of pairs names a
 * state (all-LIST; states/names.c), which is a legal one wherever the space
 * takes the name: with order: fifo it refuses most. One that it refuses does
 * not show the finding, and costs nothing.
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
 * Mount and check are functions of the disk's content and of the promises (and,
 * where a loss is documented, of which acks are old): a state equal in both to one that was judged is not judged again. But the last
 * state is, so that a check that says now this and now that is noticed.
 */
#include "explain/minimise.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "explain/ddmin.h"
#include "explain/legal.h"

/* The budget is used up; stays in this file. */
#define ENOUGH (-EDQUOT)

/* A unit where a volatile write is lost. */
struct pair {
	size_t command; /* index into the history's */
	uint32_t unit;  /* of the write */
	int torn;       /* another unit of the write survived */
};

/* What a judgement depends on. */
struct key {
	struct state_hash content;
	uint64_t promises; /* hash of the texts */
	uint64_t old; /* acks that are older than the window, or 0 */
};

struct known {
	struct key key;
	int shows;
};

struct search {
	const struct minimise_request *request;
	struct minimised *result;
	struct error *e;
	void *known; /* tsearch tree of struct known */
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

/* ---- judging ---- */

static struct key key_of(const struct search *s, const struct state *state)
{
	CLEANUP_BUF struct buf acks = BUF_INIT, begun = BUF_INIT;
	uint64_t window_ns = s->request->window_ns;
	struct promises *p = promises_new(s->request->history);
	struct key key;

	promises_list(p, &state->cut, &acks, &begun);
	buf_add(&acks, "\n", 2); /* what no mark's text can hold */
	buf_add(&acks, buf_text(&begun), begun.len);
	memset(&key, 0, sizeof(key));
	key.content = state->hash;
	key.promises = XXH3_64bits(buf_text(&acks), acks.len);
	key.old = window_ns ? promises_old(p, &state->cut, window_ns) : 0;
	promises_free(p);
	return key;
}

static int compare_known(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

/* -1: not judged yet. */
static int lookup(const struct search *s, const struct key *key)
{
	struct known want = { .key = *key };
	struct known **node = tfind(&want, &s->known, compare_known);

	return node ? (*node)->shows : -1;
}

static void remember(struct search *s, const struct key *key, int shows)
{
	struct known *new = xcalloc(1, sizeof(*new)), **node;

	*new = (struct known){ *key, shows };
	node = tsearch(new, &s->known, compare_known);
	if (!node)
		abort();
	if (*node != new) {
		(*node)->shows = shows;
		free(new);
	}
}

/* The states that are to be judged together, each with its place in line. */
struct batch {
	struct state *states;
	struct key *keys;
	size_t *places;
	int *shows;
	size_t n;
};

static void batch_init(struct batch *b, size_t size)
{
	b->states = xcalloc(size, sizeof(*b->states));
	b->keys = xcalloc(size, sizeof(*b->keys));
	b->places = xcalloc(size, sizeof(*b->places));
	b->shows = xcalloc(size, sizeof(*b->shows));
	b->n = 0;
}

static void batch_clear(struct batch *b)
{
	while (b->n)
		state_free(&b->states[--b->n]);
}

static void batch_release(struct batch *b)
{
	batch_clear(b);
	free(b->states);
	free(b->keys);
	free(b->places);
	free(b->shows);
}

static int batch_has(const struct batch *b, const struct key *key)
{
	for (size_t i = 0; i < b->n; i++)
		if (!memcmp(&b->keys[i], key, sizeof(*key)))
			return 1;
	return 0;
}

static int batch_judge(struct search *s, struct batch *b)
{
	const struct minimise_request *r = s->request;
	int err;

	memset(b->shows, 0, b->n * sizeof(*b->shows));
	err = b->n ? r->judge(b->states, b->n, b->shows, r->arg, s->e) : 0;
	if (err)
		return err;
	s->result->judgements += b->n;
	for (size_t i = 0; i < b->n; i++)
		remember(s, &b->keys[i], b->shows[i]);
	return 0;
}

/* Candidates in line: the name of each. */
typedef void (*name_fn)(const struct search *s, size_t i, const void *arg,
			struct buf *ret);

struct line {
	size_t n;
	name_fn name;
	const void *arg;
};

/* The last judgement is kept for the end. */
static int over_budget(const struct search *s, const struct batch *b)
{
	return s->result->judgements + b->n + 1 >= s->request->budget;
}

/*
 * Takes candidates from *at on into the batch, until it is full or one is known
 * to show the finding: *ret_known, else n.
 */
static int fill(struct search *s, const struct line *line, struct batch *b,
		size_t *at, size_t *ret_known)
{
	for (; *at < line->n && b->n < s->request->batch; ++*at) {
		CLEANUP_BUF struct buf name = BUF_INIT;
		struct state *state = &b->states[b->n];
		struct key key;
		int err, shows;

		line->name(s, *at, line->arg, &name);
		err = space_state(s->request->space, buf_text(&name), state,
				  NULL);
		if (err == -EINVAL)
			continue;
		if (err)
			return err;
		key = key_of(s, state);
		shows = lookup(s, &key);
		if (shows >= 0 || batch_has(b, &key) || over_budget(s, b)) {
			state_free(state);
			if (shows > 0) {
				*ret_known = *at;
				return 0;
			}
			if (shows < 0 && !batch_has(b, &key))
				return ENOUGH;
			continue;
		}
		b->keys[b->n] = key;
		b->places[b->n++] = *at;
	}
	return 0;
}

/* The first one in line that shows the finding; n: none does. */
static int first_of(struct search *s, const struct line *line, size_t *ret)
{
	struct batch b;
	size_t at = 0, known = line->n;
	int err = 0, enough = 0;

	*ret = line->n;
	batch_init(&b, s->request->batch);
	while (!err && at < line->n && known == line->n && *ret == line->n &&
	       !enough) {
		err = fill(s, line, &b, &at, &known);
		enough = err == ENOUGH;
		if (!err || enough)
			err = batch_judge(s, &b);
		for (size_t i = b.n; i-- > 0;)
			if (!err && b.shows[i])
				*ret = b.places[i];
		batch_clear(&b);
	}
	batch_release(&b);
	if (err)
		return err;
	if (*ret == line->n)
		*ret = known;
	return enough && *ret == line->n ? ENOUGH : 0;
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

static void name_of_set(const struct search *s, size_t i, const void *arg,
			struct buf *ret)
{
	const struct ddmin_set *set = (const struct ddmin_set *)arg + i;

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
	struct line line = { n, name_of_set, sets };

	return first_of(arg, &line, ret);
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
	name_of_set(s, 0, &left, &name);
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
	struct cut *cuts; /* before the one that the search stands at */
	size_t n;
};

static void name_at_cut(const struct search *s, size_t i, const void *arg,
			struct buf *ret)
{
	const struct cut *cut = (const struct cut *)arg + i;

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
	struct line line = { to - from, name_at_cut, cuts + from };
	int err = first_of(s, &line, ret);

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
	name_at_cut(s, first, cuts, &name);
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
	return err == ENOUGH ? 0 : err;
}

/* The state that the search stands at, whatever is known of it. */
static int judge_here(struct search *s, int *ret_shows)
{
	struct batch b;
	int err;

	batch_init(&b, 1);
	err = space_state(s->request->space, s->result->state, b.states, s->e);
	if (!err) {
		b.keys[0] = key_of(s, b.states);
		b.n = 1;
		err = batch_judge(s, &b);
		*ret_shows = b.shows[0];
	}
	batch_release(&b);
	return err;
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

int minimise(const struct minimise_request *r, struct minimised *ret,
	     struct error *e)
{
	struct minimised m = { .reproduced = 0 };
	struct search s = { .request = r, .result = &m, .e = e };
	const char *fault = strchr(r->state, '+');
	int err = stand_at(&s, r->state), listed;

	s.fault = fault ? fault : "";
	if (err)
		return err;
	m.lost_before = count_writes(&s);
	err = judge_here(&s, &m.reproduced);
	if (!err && m.reproduced)
		err = search(&s);
	if (!err && m.reproduced)
		err = judge_here(&s, &m.stable);
	listed = m.judgements ? list_losses(&s, &m) : 0;
	if (!m.judgements)
		free(TAKE(m.state));
	tdestroy(s.known, free);
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

/*
 * Cuts: positions of the log, and their names.
 *
 * A position has one name. Where several fit, the first of these: wN, fN, mN
 * (the record there is that submit or mark, counted after ARM), end (the CUT
 * record, or STOP, or else the last record of the log), pN.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascending.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/quantity.h"
#include "common/rng.h"
#include "states/space.h"

uint64_t cut_end_position(const struct history *h)
{
	if (h->cut != POSITION_NEVER)
		return h->cut;
	return h->stop != POSITION_NEVER ? h->stop : h->end - 1;
}

static const struct command *command_at(const struct history *h,
					uint64_t position)
{
	size_t i = keys_below(KEYS_OF(h->commands, h->n_commands, submit),
			      position);

	if (i == h->n_commands || h->commands[i].submit != position)
		return NULL;
	return &h->commands[i];
}

static const struct mark *mark_at(const struct history *h, uint64_t position)
{
	size_t i = keys_below(KEYS_OF(h->marks, h->n_marks, position),
			      position);

	if (i == h->n_marks || h->marks[i].position != position)
		return NULL;
	return &h->marks[i];
}

static struct cut cut_at(const struct history *h, uint64_t position)
{
	const struct command *c = command_at(h, position);
	const struct mark *m = mark_at(h, position);
	struct cut cut = { .position = position };
	char kind = 'p';
	uint64_t number = position;

	if (c && c->number) {
		kind = c->type == LOG_FLUSH ? 'f' : 'w';
		number = c->number;
	} else if (m && m->number) {
		kind = 'm';
		number = m->number;
	} else if (position == cut_end_position(h)) {
		strcpy(cut.name, "end");
		return cut;
	}
	snprintf(cut.name, sizeof(cut.name), "%c%" PRIu64, kind, number);
	return cut;
}

int cut_check(const struct history *h, uint64_t position, struct error *e)
{
	uint64_t first = h->base < h->arm ? h->base : h->arm;

	if (h->arm == POSITION_NEVER || h->arm >= h->end)
		return error_set(e, EINVAL, "no cut can be made: the recording "
				 "ended before its setup was done");
	if (position < first)
		return error_set(e, EINVAL, "position %" PRIu64 " lies in the "
				 "setup, which ended at %" PRIu64, position,
				 first);
	if (position > cut_end_position(h))
		return error_set(e, EINVAL, "there is no position %" PRIu64
				 ": the recording ends at %" PRIu64, position,
				 cut_end_position(h));
	return 0;
}

/* ---- looking up by number ---- */

static int find_command(const struct history *h, int flush, uint64_t number,
			uint64_t *ret, struct error *e)
{
	for (size_t i = 0; number && i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];

		if (c->number == number && (c->type == LOG_FLUSH) == flush) {
			*ret = c->submit;
			return 0;
		}
	}
	return error_set(e, EINVAL, "there is no %s %" PRIu64
			 ": the run had %" PRIu64,
			 flush ? "flush" : "write", number,
			 flush ? h->n_flushes : h->n_writes);
}

static int find_mark(const struct history *h, uint64_t number, uint64_t *ret,
		     struct error *e)
{
	uint64_t last = 0;

	for (size_t i = 0; number && i < h->n_marks; i++) {
		last = h->marks[i].number;
		if (last == number) {
			*ret = h->marks[i].position;
			return 0;
		}
	}
	return error_set(e, EINVAL, "there is no mark %" PRIu64
			 ": the run had %" PRIu64, number, last);
}

int cut_parse(const struct history *h, const char *name, struct cut *ret,
	      struct error *e)
{
	uint64_t number, position = 0;
	int err;

	err = cut_check(h, h->arm, e);
	if (err)
		return err;
	if (!strcmp(name, "end")) {
		*ret = cut_at(h, cut_end_position(h));
		return 0;
	}
	if (!*name || !strchr("wfmp", *name) ||
	    parse_count(name + 1, &number, NULL))
		return error_set(e, EINVAL, "'%s' is not a cut: expected w120, "
				 "f8, m3, p4711 or end", name);
	if (*name == 'p')
		position = number;
	else if (*name == 'm')
		err = find_mark(h, number, &position, e);
	else
		err = find_command(h, *name == 'f', number, &position, e);
	if (!err)
		err = cut_check(h, position, e);
	if (!err)
		*ret = cut_at(h, position);
	return err;
}

/* ---- expanding rules ---- */

struct positions {
	uint64_t *at;
	size_t n, size;
};

static void add(struct positions *p, uint64_t position)
{
	if (p->n == p->size) {
		p->size = p->size ? p->size * 2 : 64;
		p->at = xrealloc(p->at, p->size * sizeof(*p->at));
	}
	p->at[p->n++] = position;
}

static void every_command(const struct history *h, int flush,
			  struct positions *p)
{
	for (size_t i = 0; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];

		if (c->number && (c->type == LOG_FLUSH) == flush)
			add(p, c->submit);
	}
}

static int at_mark(const struct history *h, const struct cut_rule *r,
		   struct positions *p, struct error *e)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < h->n_marks; i++) {
		const struct mark *m = &h->marks[i];

		if (!m->number || (r->mark && strcmp(m->text, r->mark)))
			continue;
		seen++;
		if (!r->nth || seen == r->nth)
			add(p, m->position);
	}
	if (seen && seen >= r->nth)
		return 0;
	return error_set(e, EINVAL, "there is no mark '%s' number %" PRIu64
			 ": the run had %" PRIu64, r->mark ? r->mark : "",
			 r->nth ? r->nth : 1, seen);
}

static int at_command(const struct history *h, int flush, uint64_t nth,
		      struct positions *p, struct error *e)
{
	uint64_t position;
	int err = find_command(h, flush, nth, &position, e);

	if (!err)
		add(p, position);
	return err;
}

/* The last record until then. */
static void at_time(const struct history *h, uint64_t time_ns,
		    struct positions *p)
{
	uint64_t low = h->arm, high = cut_end_position(h);

	while (low < high) {
		uint64_t middle = high - (high - low) / 2;

		if (h->times[middle] - h->times[h->arm] <= time_ns)
			low = middle;
		else
			high = middle - 1;
	}
	add(p, low);
}

/* Distinct positions behind ARM: the first `count` of a shuffle (Fisher and
 * Yates). */
static void at_random(const struct history *h, uint64_t count, struct rng *rng,
		      struct positions *p)
{
	uint64_t first = h->arm + 1, n = cut_end_position(h) - h->arm;
	CLEANUP_FREE uint64_t *all = xcalloc(n, sizeof(*all));

	for (uint64_t i = 0; i < n; i++)
		all[i] = first + i;
	for (uint64_t i = 0; i < n && i < count; i++) {
		uint64_t k = i + rng_below(rng, n - i), drawn = all[k];

		all[k] = all[i];
		add(p, drawn);
	}
}

static int expand(const struct history *h, const struct cut_rule *r,
		  struct rng *rng, struct positions *p, struct error *e)
{
	switch (r->kind) {
	case CUTS_EVERY_WRITE:
	case CUTS_EVERY_FLUSH:
		every_command(h, r->kind == CUTS_EVERY_FLUSH, p);
		return 0;
	case CUTS_EVERY_MARK:
		for (size_t i = 0; i < h->n_marks; i++)
			if (h->marks[i].number)
				add(p, h->marks[i].position);
		return 0;
	case CUTS_AT_WRITE:
	case CUTS_AT_FLUSH:
		return at_command(h, r->kind == CUTS_AT_FLUSH, r->nth, p, e);
	case CUTS_AT_MARK:
		return at_mark(h, r, p, e);
	case CUTS_AT_TIME:
		at_time(h, r->time_ns, p);
		return 0;
	case CUTS_RANDOM:
		at_random(h, r->count, rng, p);
		return 0;
	case CUTS_END:
		add(p, cut_end_position(h));
		return 0;
	}
	return error_set(e, EINVAL, "unknown kind of cut %d", (int)r->kind);
}

static int by_position(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void name_all(const struct history *h, struct positions *p,
		     struct cut **ret, size_t *ret_n)
{
	struct cut *cuts = xcalloc(p->n, sizeof(*cuts));
	size_t n = 0;

	if (p->n)
		qsort(p->at, p->n, sizeof(*p->at), by_position);
	for (size_t i = 0; i < p->n; i++)
		if (!i || p->at[i] != p->at[i - 1])
			cuts[n++] = cut_at(h, p->at[i]);
	*ret = cuts;
	*ret_n = n;
}

int cuts_expand(const struct history *h, const struct cut_rule *rules,
		size_t n_rules, uint64_t seed, struct cut **ret, size_t *ret_n,
		struct error *e)
{
	static const struct cut_rule everything[] = {
		{ .kind = CUTS_EVERY_WRITE },
		{ .kind = CUTS_EVERY_FLUSH },
		{ .kind = CUTS_EVERY_MARK },
		{ .kind = CUTS_END },
	};
	static const struct cut_rule only_end[] = { { .kind = CUTS_END } };
	struct rng rng = rng_init(seed);
	struct positions p = { NULL, 0, 0 };
	int err = cut_check(h, h->arm, e);

	if (h->cut != POSITION_NEVER) {
		rules = only_end;
		n_rules = 1;
	} else if (!n_rules) {
		rules = everything;
		n_rules = sizeof(everything) / sizeof(*everything);
	}
	for (size_t i = 0; !err && i < n_rules; i++)
		err = expand(h, &rules[i], &rng, &p, e);
	if (!err)
		name_all(h, &p, ret, ret_n);
	free(p.at);
	return err;
}

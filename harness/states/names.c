/*
 * Names of states.
 *
 * A state is a pick: for each open unit (one with a choice at the cut) the
 * version that it holds. Many sets of survivors lead to one pick, since what a
 * later survivor overwrites leaves no trace. The name is a function of the pick
 * alone. On each open unit a volatile write is
 *
 *   shown        its version is the one picked;
 *   overwritten  its version is older than the one picked;
 *   lost         its version is younger than the one picked.
 *
 * A unit that holds its last durable version has lost all volatile writes to
 * it. The name is the first of these that fits:
 *
 *   all       nothing is lost anywhere;
 *   none      every open unit holds its last durable version;
 *   LIST      the writes that are shown somewhere, each with the units where it
 *             is not lost, or without units where it is lost nowhere;
 *   all-LIST  the writes that are lost somewhere, each with the units where it
 *             is lost, or without units where it is shown nowhere (then it
 *             makes no difference that it is lost where it was overwritten).
 *
 * Of LIST and all-LIST the one with fewer items is taken, LIST where they have
 * the same. Writes come in ascending order; a run of units that follow each
 * other is one item: 120.0-3.
 *
 * Reading goes the other way. LIST: each unit holds the youngest version that
 * is named, or its last durable one. all-LIST: each holds the youngest one that
 * is not named. Units of a write that are not open may be named and change
 * nothing. A name that was written by the rule above gives its pick back: in a
 * LIST every picked version is named, and whatever else is named is older; in
 * an all-LIST every younger version is named and no picked one is.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "states/space.h"

struct fates {
	size_t shown, lost, all;
};

static struct fates fates_of(const struct view *v, const uint32_t *pick,
			     size_t write)
{
	size_t from = v->first_pair[write], to = v->first_pair[write + 1];
	struct fates f = { 0, 0, to - from };

	for (size_t i = from; i < to; i++) {
		const struct pair *p = &v->pairs[i];

		f.shown += p->version == pick[p->slot];
		f.lost += p->version > pick[p->slot];
	}
	return f;
}

/* ---- writing ---- */

/* Items of one LIST: counted, and written where there is a buffer. */
struct items {
	struct buf *out;
	size_t n;
};

static void item_start(struct items *items, const struct view *v, size_t write)
{
	const struct command *c = &v->s->h->commands[v->writes[write]];

	if (items->out)
		buf_printf(items->out, "%s%" PRIu64, items->n ? "," : "",
			   c->number);
	items->n++;
}

static void item_units(struct items *items, const struct view *v, size_t write,
		       uint32_t from, uint32_t to)
{
	item_start(items, v, write);
	if (!items->out)
		return;
	buf_printf(items->out, ".%" PRIu32, from);
	if (to > from)
		buf_printf(items->out, "-%" PRIu32, to);
}

/* The units of the write that are lost, or those that are not, in runs. */
static void item_runs(struct items *items, const struct view *v,
		      const uint32_t *pick, size_t write, int lost)
{
	uint32_t from = 0, to = 0;
	int open = 0;

	for (size_t i = v->first_pair[write]; i < v->first_pair[write + 1];
	     i++) {
		const struct pair *p = &v->pairs[i];
		uint32_t unit = pair_unit(v, write, p);

		if ((p->version > pick[p->slot]) != lost)
			continue;
		if (open && unit == to + 1) {
			to = unit;
			continue;
		}
		if (open)
			item_units(items, v, write, from, to);
		from = to = unit;
		open = 1;
	}
	if (open)
		item_units(items, v, write, from, to);
}

static size_t list_survivors(const struct view *v, const uint32_t *pick,
			     struct buf *out)
{
	struct items items = { out, 0 };

	for (size_t w = 0; w < v->n_writes; w++) {
		struct fates f = fates_of(v, pick, w);

		if (f.shown && !f.lost)
			item_start(&items, v, w);
		else if (f.shown)
			item_runs(&items, v, pick, w, 0);
	}
	return items.n;
}

static size_t list_lost(const struct view *v, const uint32_t *pick,
			struct buf *out)
{
	struct items items = { out, 0 };

	for (size_t w = 0; w < v->n_writes; w++) {
		struct fates f = fates_of(v, pick, w);

		if (f.lost && !f.shown)
			item_start(&items, v, w);
		else if (f.lost)
			item_runs(&items, v, pick, w, 1);
	}
	return items.n;
}

uint64_t pick_lost(const struct view *v, const uint32_t *pick)
{
	uint64_t lost = 0;

	for (size_t w = 0; w < v->n_writes; w++)
		lost += fates_of(v, pick, w).lost != 0;
	return lost;
}

char *pick_name(const struct view *v, const uint32_t *pick)
{
	struct buf out = BUF_INIT;

	if (!v->n || !memcmp(pick, v->high, v->n * sizeof(*pick)))
		return xstrdup("all");
	if (!memcmp(pick, v->low, v->n * sizeof(*pick)))
		return xstrdup("none");
	if (list_survivors(v, pick, NULL) <= list_lost(v, pick, NULL)) {
		list_survivors(v, pick, &out);
	} else {
		buf_puts(&out, "all-");
		list_lost(v, pick, &out);
	}
	return buf_take(&out);
}

/* ---- reading ---- */

struct item {
	size_t write; /* index into the view's writes */
	uint32_t from, to;
};

struct list {
	struct item *items;
	size_t n;
};

static int not_survivors(const char *text, struct error *e)
{
	return error_set(e, EINVAL, "'%s' names no survivors: expected all, "
			 "none, or writes such as 118,120.0-3 or "
			 "all-118,120.0-3", text);
}

/* Digits at *p, which moves behind them. False: none, or too large. */
static int number(const char **p, uint64_t *ret)
{
	if (!isdigit((unsigned char)**p))
		return 0;
	for (*ret = 0; isdigit((unsigned char)**p); (*p)++)
		if (__builtin_mul_overflow(*ret, 10, ret) ||
		    __builtin_add_overflow(*ret, (uint64_t)(**p - '0'), ret))
			return 0;
	return 1;
}

/* The command of write n; -EINVAL where it is not volatile at the cut. */
static int volatile_write(const struct view *v, uint64_t n, uint32_t *ret,
			  struct error *e)
{
	const struct history *h = v->s->h;
	uint32_t command = NO_COMMAND;
	enum fate fate;

	if (n && n <= h->n_writes)
		command = v->s->by_number[n];
	if (command == NO_COMMAND)
		return error_set(e, EINVAL, "there is no write %" PRIu64
				 ": the run had %" PRIu64, n, h->n_writes);
	fate = model_fate(&h->commands[command], v->s->durable[command],
			  v->position);
	if (fate == FATE_ABSENT)
		return error_set(e, EINVAL, "write %" PRIu64 " was submitted "
				 "after this cut", n);
	if (fate == FATE_DURABLE)
		return error_set(e, EINVAL, "write %" PRIu64 " is durable at "
				 "this cut, not volatile", n);
	*ret = command;
	return 0;
}

/* The write's place in the view; n_writes where it can be lost nowhere. */
static size_t place(const struct view *v, uint32_t command)
{
	size_t low = 0, high = v->n_writes;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (v->writes[middle] < command)
			low = middle + 1;
		else
			high = middle;
	}
	return low < v->n_writes && v->writes[low] == command ? low :
								v->n_writes;
}

static int parse_units(const char **p, const char *whole, uint64_t units,
		       uint64_t n, struct item *item, struct error *e)
{
	uint64_t from = 0, to = units - 1;

	if (**p == '.') {
		(*p)++;
		if (!number(p, &from))
			return not_survivors(whole, e);
		to = from;
		if (**p == '-') {
			(*p)++;
			if (!number(p, &to) || to < from)
				return not_survivors(whole, e);
		}
		if (to >= units)
			return error_set(e, EINVAL, "write %" PRIu64
					 " has no unit %" PRIu64 ": it has "
					 "%" PRIu64, n, to, units);
	}
	item->from = (uint32_t)from;
	item->to = (uint32_t)to;
	return 0;
}

static int parse_item(const struct view *v, const char **p, const char *whole,
		      struct item *item, struct error *e)
{
	const struct command *c;
	uint32_t command = NO_COMMAND;
	uint64_t n;
	int err;

	if (!number(p, &n))
		return not_survivors(whole, e);
	err = volatile_write(v, n, &command, e);
	if (err)
		return err;
	c = &v->s->h->commands[command];
	item->write = place(v, command);
	err = parse_units(p, whole, c->length ? command_units(v->s, c) : 1, n,
			  item, e);
	if (!err && **p && (**p != ',' || !(*p)[1]))
		err = not_survivors(whole, e);
	return err;
}

static int parse_list(const struct view *v, const char *text,
		      const char *whole, struct list *ret, struct error *e)
{
	size_t size = 1;
	int err;

	for (const char *p = text; *p; p++)
		size += *p == ',';
	ret->items = xcalloc(size, sizeof(*ret->items));
	for (const char *p = text;; p++) {
		err = parse_item(v, &p, whole, &ret->items[ret->n], e);
		if (err)
			return err;
		if (ret->items[ret->n].write < v->n_writes)
			ret->n++;
		if (!*p)
			return 0;
	}
}

static int youngest_first(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return x->write > y->write ? -1 : x->write < y->write;
}

int pick_parse(const struct view *v, const char *survivors, uint32_t **ret,
	       struct error *e)
{
	struct list list = { NULL, 0 };
	int all = !strncmp(survivors, "all-", 4), err = 0;
	uint32_t *pick;

	if (!strcmp(survivors, "all") || !strcmp(survivors, "none")) {
		*ret = *survivors == 'a' ? pick_all(v) : pick_none(v);
		return 0;
	}
	err = parse_list(v, survivors + (all ? 4 : 0), survivors, &list, e);
	if (err) {
		free(list.items);
		return err;
	}
	if (list.n)
		qsort(list.items, list.n, sizeof(*list.items), youngest_first);
	pick = all ? pick_all(v) : pick_none(v);
	for (size_t i = 0; i < list.n; i++) {
		const struct item *k = &list.items[i];

		if (all)
			pick_drop(v, pick, k->write, k->from, k->to);
		else
			pick_add(v, pick, k->write, k->from, k->to);
	}
	free(list.items);
	*ret = pick;
	return 0;
}

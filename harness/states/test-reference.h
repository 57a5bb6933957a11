/*
 * The crash model a second time, by brute force, to compare with.
 *
 * Written from the rules alone (those of drive/model.c, with the decisions at the
 * head of drive/model.c); shares no code with drive/model.c or this room. It
 * plays the log record by record into a cache that remembers per command
 * whether it is in, acknowledged and durable, and lists per unit every content
 * that may be found. Contents are one symbol per sector of 512 bytes.
 */
#ifndef STATES_TEST_REFERENCE_H
#define STATES_TEST_REFERENCE_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "drive/model.h"
#include "drive/test-logs.h"

#define REF_SECTORS 16 /* of the largest disk */
#define REF_VERSIONS (TEST_COMMANDS + 1)
#define REF_STATES 1024 /* of a drive with order: fifo */

/* Planted faults: the reference with one of these must disagree. */
enum ref_fault {
	REF_HONEST,
	REF_NO_FUA,
	REF_FLUSH_AT_COMPLETE,
	REF_ARM_FORGETS,
	REF_FLUSH_NEVER_IGNORED,
	REF_FUA_NEVER_IGNORED,
	REF_YOUNGEST_DESTAGED,   /* by capacity */
	REF_IN_FLIGHT_COUNTS,    /* into the capacity */
	REF_AGE_FROM_SUBMIT,
	REF_FIFO_BY_SUBMIT,
	REF_FIFO_NEVER_TORN,
	REF_PLP_SAVES_IN_FLIGHT,
};

struct ref_unit {
	uint64_t first, end; /* sectors */
	size_t n;            /* contents that may be found, oldest first */
	unsigned char content[REF_VERSIONS][REF_SECTORS];
	size_t command[REF_VERSIONS]; /* that made each; [0] is settled */
};

/* A state: per unit which of its contents it holds. */
struct ref_state {
	unsigned char choice[REF_SECTORS];
};

struct reference {
	const struct cache_model *model;
	size_t n_units;
	struct ref_unit units[REF_SECTORS];
	int in[TEST_COMMANDS], acked[TEST_COMMANDS], durable[TEST_COMMANDS];
	/* writes that were acknowledged, in that order, and since when */
	size_t line[TEST_COMMANDS], n_line;
	uint64_t since[TEST_COMMANDS];
	/* order: fifo: all legal states, each once */
	size_t n_states;
	struct ref_state states[REF_STATES];
};

/* Bytes of data in the cache. */
static inline uint64_t ref_cached(const struct reference *r,
				  const struct test_log *t,
				  enum ref_fault fault)
{
	uint64_t sum = 0;

	for (size_t k = 0; k < t->h.n_commands; k++)
		if (t->commands[k].type == LOG_WRITE && !r->durable[k] &&
		    (r->acked[k] ||
		     (fault == REF_IN_FLIGHT_COUNTS && r->in[k])))
			sum += t->commands[k].length;
	return sum;
}

/* What a writeback cache cannot keep any longer. */
static inline void ref_destage(struct reference *r, const struct test_log *t,
			       uint64_t now, int completed,
			       enum ref_fault fault)
{
	for (size_t i = 0; i < r->n_line; i++) {
		uint64_t since = fault == REF_AGE_FROM_SUBMIT ?
					 t->commands[r->line[i]].submit_ns :
					 r->since[r->line[i]];

		if (r->model->destage_ns != UINT64_MAX &&
		    now - since >= r->model->destage_ns)
			r->durable[r->line[i]] = 1;
	}
	for (size_t i = 0; completed && i < r->n_line; i++) {
		size_t k = r->line[fault == REF_YOUNGEST_DESTAGED ?
					   r->n_line - 1 - i :
					   i];

		if (ref_cached(r, t, fault) > r->model->capacity)
			r->durable[k] = 1;
	}
}

/* A write is acknowledged. */
static inline void ref_ack(struct reference *r, const struct test_log *t,
			   size_t k, uint64_t now, enum ref_fault fault)
{
	r->acked[k] = 1;
	r->since[k] = now;
	r->line[r->n_line++] = k;
	if (t->commands[k].fua && fault != REF_NO_FUA &&
	    (!r->model->fua_ignored || fault == REF_FUA_NEVER_IGNORED))
		r->durable[k] = 1;
	if (r->model->mode != CACHE_WRITEBACK || r->model->plp)
		r->durable[k] = 1;
}

/* Rules 1 to 3, 6 and 7: plays records 0 .. position. */
static inline void ref_play(struct reference *r, const struct test_log *t,
			    uint64_t position, enum ref_fault fault)
{
	static int covered[TEST_COMMANDS][TEST_COMMANDS]; /* by flush */
	int flushes = !r->model->flush_ignored ||
		      fault == REF_FLUSH_NEVER_IGNORED;

	for (uint64_t p = 0; p <= position; p++) {
		size_t k = t->events[p].command;
		int completed = 0;

		switch (t->events[p].type) {
		case LOG_FLUSH:
			memcpy(covered[k], r->acked, sizeof(r->acked));
			break;
		case LOG_WRITE:
		case LOG_ZEROES:
		case LOG_DISCARD:
			r->in[k] = 1;
			if (r->model->plp && fault == REF_PLP_SAVES_IN_FLIGHT)
				r->durable[k] = 1;
			break;
		case LOG_ARM:
			if (fault != REF_ARM_FORGETS)
				memcpy(r->durable, r->in, sizeof(r->in));
			break;
		case LOG_COMPLETE:
			if (t->commands[k].type != LOG_FLUSH) {
				ref_ack(r, t, k, t->times[p], fault);
				completed = 1;
				break;
			}
			for (size_t i = 0; flushes && i < TEST_COMMANDS; i++)
				r->durable[i] |=
					fault == REF_FLUSH_AT_COMPLETE ?
						r->acked[i] :
						covered[k][i];
			break;
		default:
			break;
		}
		if (r->model->mode == CACHE_WRITEBACK)
			ref_destage(r, t, t->times[p], completed, fault);
	}
}

/* Rules 4 and 5 for one unit. symbols: of the data file, one per sector. */
static inline void ref_unit(struct reference *r, struct ref_unit *u,
			    const struct test_log *t,
			    const unsigned char *base,
			    const unsigned char *symbols)
{
	unsigned char now[REF_SECTORS];

	memcpy(now, base, sizeof(now));
	memcpy(u->content[0], now, sizeof(now));
	u->n = 1;
	for (size_t k = 0; k < t->h.n_commands; k++) {
		const struct command *c = &t->commands[k];
		int touched = 0;

		if (!r->in[k])
			continue;
		for (uint64_t i = 0; i < c->length / 512; i++) {
			uint64_t sector = c->offset / 512 + i;

			if (sector < u->first || sector >= u->end)
				continue;
			now[sector] = c->type == LOG_WRITE ?
					      symbols[c->data / 512 + i] :
					      0;
			touched = 1;
		}
		if (!touched)
			continue;
		if (r->durable[k])
			u->n = 0;
		memcpy(u->content[u->n], now, sizeof(now));
		u->command[u->n++] = k;
	}
}

/* Which content of the unit shows when only these writes survive. */
static inline unsigned char ref_shown(const struct ref_unit *u,
				      const int *survives)
{
	unsigned char shown = 0;

	for (unsigned char i = 1; i < u->n; i++)
		if (survives[u->command[i]])
			shown = i;
	return shown;
}

static inline void ref_add_state(struct reference *r,
				 const struct ref_state *s)
{
	for (size_t i = 0; i < r->n_states; i++)
		if (!memcmp(&r->states[i], s, sizeof(*s)))
			return;
	if (r->n_states == REF_STATES)
		abort();
	r->states[r->n_states++] = *s;
}

/* The prefix as it is, and with every set of units of write k behind it. */
static inline void ref_add_torn(struct reference *r, const int *prefix,
				size_t k)
{
	int more[TEST_COMMANDS];
	size_t touched[REF_SECTORS], n = 0;
	struct ref_state whole = { 0 }, before = { 0 };

	memcpy(more, prefix, sizeof(more));
	more[k] = 1;
	for (size_t i = 0; i < r->n_units; i++) {
		before.choice[i] = ref_shown(&r->units[i], prefix);
		whole.choice[i] = ref_shown(&r->units[i], more);
		if (before.choice[i] != whole.choice[i])
			touched[n++] = i;
	}
	for (unsigned int set = 0; set < 1u << n; set++) {
		struct ref_state torn = before;

		for (size_t i = 0; i < n; i++)
			if (set & 1u << i)
				torn.choice[touched[i]] =
					whole.choice[touched[i]];
		ref_add_state(r, &torn);
	}
}

/* Rule 4, order: fifo: each prefix, with what may be torn behind it. */
static inline void ref_fifo(struct reference *r, const struct test_log *t,
			    enum ref_fault fault)
{
	int survives[TEST_COMMANDS] = { 0 };
	size_t order[TEST_COMMANDS], n = 0;
	struct ref_state s = { 0 };

	for (size_t i = 0; fault != REF_FIFO_BY_SUBMIT && i < r->n_line; i++)
		order[n++] = r->line[i];
	for (size_t k = 0; k < t->h.n_commands; k++)
		if (r->in[k] &&
		    (!r->acked[k] || fault == REF_FIFO_BY_SUBMIT))
			order[n++] = k;
	r->n_states = 0;
	for (size_t i = 0; i < n; i++) {
		if (r->durable[order[i]])
			continue;
		if (fault != REF_FIFO_NEVER_TORN)
			ref_add_torn(r, survives, order[i]);
		for (size_t u = 0; u < r->n_units; u++)
			s.choice[u] = ref_shown(&r->units[u], survives);
		ref_add_state(r, &s);
		survives[order[i]] = 1;
	}
	for (size_t u = 0; u < r->n_units; u++)
		s.choice[u] = ref_shown(&r->units[u], survives);
	ref_add_state(r, &s);
}

static inline void ref_make(struct reference *r, const struct test_log *t,
			    uint64_t position, const struct cache_model *model,
			    const unsigned char *base,
			    const unsigned char *symbols, enum ref_fault fault)
{
	uint64_t sectors = t->h.disk_size / 512, tear = model->tear / 512;

	memset(r, 0, offsetof(struct reference, states));
	r->model = model;
	ref_play(r, t, position, fault);
	for (uint64_t s = 0; s < sectors; s += tear) {
		struct ref_unit *u = &r->units[r->n_units++];

		u->first = s;
		u->end = s + tear < sectors ? s + tear : sectors;
		ref_unit(r, u, t, base, symbols);
	}
	if (model->order == ORDER_FIFO)
		ref_fifo(r, t, fault);
}

static inline int ref_same(const struct ref_unit *u, const unsigned char *a,
			   const unsigned char *b)
{
	return !memcmp(a + u->first, b + u->first, u->end - u->first);
}

/* The content of a state, on an empty disk. */
static inline void ref_disk(const struct reference *r,
			    const struct ref_state *s, unsigned char *disk)
{
	memset(disk, 0, REF_SECTORS);
	for (size_t i = 0; i < r->n_units; i++) {
		const struct ref_unit *u = &r->units[i];

		memcpy(disk + u->first, u->content[s->choice[i]] + u->first,
		       u->end - u->first);
	}
}

static inline int ref_legal_fifo(const struct reference *r,
				 const unsigned char *disk)
{
	unsigned char legal[REF_SECTORS];

	for (size_t i = 0; i < r->n_states; i++) {
		ref_disk(r, &r->states[i], legal);
		if (!memcmp(legal, disk, REF_SECTORS))
			return 1;
	}
	return 0;
}

/* Whether a disk's content is one that may be found. */
static inline int ref_legal(const struct reference *r,
			    const unsigned char *disk)
{
	if (r->model->order == ORDER_FIFO)
		return ref_legal_fifo(r, disk);
	for (size_t i = 0; i < r->n_units; i++) {
		const struct ref_unit *u = &r->units[i];
		size_t k = 0;

		while (k < u->n && !ref_same(u, disk, u->content[k]))
			k++;
		if (k == u->n)
			return 0;
	}
	return 1;
}

/* Whether a choice is a legal one; any is, but for order: fifo. */
static inline int ref_may_choose(const struct reference *r,
				 const struct ref_state *s)
{
	if (r->model->order != ORDER_FIFO)
		return 1;
	for (size_t i = 0; i < r->n_states; i++)
		if (!memcmp(&r->states[i], s, sizeof(*s)))
			return 1;
	return 0;
}

/* How many choices there are, and how many different contents they make. */
static inline double ref_choices(const struct reference *r)
{
	double product = 1;

	if (r->model->order == ORDER_FIFO)
		return (double)r->n_states;
	for (size_t i = 0; i < r->n_units; i++)
		product *= (double)r->units[i].n;
	return product;
}

static inline double ref_contents_fifo(const struct reference *r)
{
	unsigned char seen[REF_STATES][REF_SECTORS];
	size_t n = 0;

	for (size_t i = 0; i < r->n_states; i++) {
		size_t k = 0;

		ref_disk(r, &r->states[i], seen[n]);
		while (memcmp(seen[k], seen[n], REF_SECTORS))
			k++;
		n += k == n;
	}
	return (double)n;
}

static inline double ref_contents(const struct reference *r)
{
	double product = 1;

	if (r->model->order == ORDER_FIFO)
		return ref_contents_fifo(r);
	for (size_t i = 0; i < r->n_units; i++) {
		const struct ref_unit *u = &r->units[i];
		size_t distinct = 0;

		for (size_t k = 0; k < u->n; k++) {
			size_t j = 0;

			while (!ref_same(u, u->content[j], u->content[k]))
				j++;
			distinct += j == k;
		}
		product *= (double)distinct;
	}
	return product;
}

/* Whether command k made a version of the unit that may be found or lost. */
static inline size_t ref_version(const struct ref_unit *u, size_t k)
{
	for (size_t i = 1; i < u->n; i++)
		if (u->command[i] == k)
			return i;
	return 0;
}

/* On how many units the command can be lost. */
static inline size_t ref_at_stake(const struct reference *r, size_t k)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_units; i++)
		n += ref_version(&r->units[i], k) != 0;
	return n;
}

#endif

/*
 * The crash model a second time, by brute force, to compare with.
 *
 * Written from the rules of DESIGN.md section 6 alone; shares no code with
 * drive/model.c or this room. It plays the log record by record into a cache
 * that remembers per command whether it is in, acknowledged and durable, and
 * lists per unit every content that may be found. Contents are one symbol per
 * sector of 512 bytes.
 */
#ifndef STATES_TEST_REFERENCE_H
#define STATES_TEST_REFERENCE_H

#include <string.h>

#include "drive/test-logs.h"

#define REF_SECTORS 16 /* of the largest disk */
#define REF_VERSIONS (TEST_COMMANDS + 1)

/* Planted faults: the reference with one of these must disagree. */
enum ref_fault {
	REF_HONEST,
	REF_NO_FUA,
	REF_FLUSH_AT_COMPLETE,
	REF_ARM_FORGETS,
};

struct ref_unit {
	uint64_t first, end; /* sectors */
	size_t n;            /* contents that may be found, oldest first */
	unsigned char content[REF_VERSIONS][REF_SECTORS];
	size_t command[REF_VERSIONS]; /* that made each; [0] is settled */
};

struct reference {
	size_t n_units;
	struct ref_unit units[REF_SECTORS];
	int in[TEST_COMMANDS], acked[TEST_COMMANDS], durable[TEST_COMMANDS];
};

/* Rules 1 to 3: plays records 0 .. position. */
static inline void ref_play(struct reference *r, const struct test_log *t,
			    uint64_t position, enum ref_fault fault)
{
	static int covered[TEST_COMMANDS][TEST_COMMANDS]; /* by flush */

	memset(r, 0, sizeof(*r));
	for (uint64_t p = 0; p <= position; p++) {
		size_t k = t->events[p].command;

		switch (t->events[p].type) {
		case LOG_FLUSH:
			memcpy(covered[k], r->acked, sizeof(r->acked));
			break;
		case LOG_WRITE:
		case LOG_ZEROES:
		case LOG_DISCARD:
			r->in[k] = 1;
			break;
		case LOG_ARM:
			if (fault != REF_ARM_FORGETS)
				memcpy(r->durable, r->in, sizeof(r->in));
			break;
		case LOG_COMPLETE:
			if (t->commands[k].type == LOG_FLUSH) {
				for (size_t i = 0; i < TEST_COMMANDS; i++)
					r->durable[i] |=
						fault == REF_FLUSH_AT_COMPLETE ?
							r->acked[i] :
							covered[k][i];
			} else {
				r->acked[k] = 1;
				if (t->commands[k].fua && fault != REF_NO_FUA)
					r->durable[k] = 1;
			}
			break;
		default:
			break;
		}
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

static inline void ref_make(struct reference *r, const struct test_log *t,
			    uint64_t position, uint64_t tear_sectors,
			    const unsigned char *base,
			    const unsigned char *symbols, enum ref_fault fault)
{
	uint64_t sectors = t->h.disk_size / 512;

	ref_play(r, t, position, fault);
	for (uint64_t s = 0; s < sectors; s += tear_sectors) {
		struct ref_unit *u = &r->units[r->n_units++];

		u->first = s;
		u->end = s + tear_sectors < sectors ? s + tear_sectors :
						      sectors;
		ref_unit(r, u, t, base, symbols);
	}
}

static inline int ref_same(const struct ref_unit *u, const unsigned char *a,
			   const unsigned char *b)
{
	return !memcmp(a + u->first, b + u->first, u->end - u->first);
}

/* Whether a disk's content is one that may be found. */
static inline int ref_legal(const struct reference *r,
			    const unsigned char *disk)
{
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

/* How many choices there are, and how many different contents they make. */
static inline double ref_choices(const struct reference *r)
{
	double product = 1;

	for (size_t i = 0; i < r->n_units; i++)
		product *= (double)r->units[i].n;
	return product;
}

static inline double ref_contents(const struct reference *r)
{
	double product = 1;

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

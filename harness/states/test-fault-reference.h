/*
 * Rule 8 of the crash model a second time, by brute force, to compare with.
 *
 * Written from the prose at the head of drive/faults.c alone; shares no code with
 * drive/faults.c or this room. It works on whole disks of bytes: what a unit
 * holds is found by applying commands to the base image one after another, and
 * what a fault makes of it is found from the fault's name.
 */
#ifndef STATES_TEST_FAULT_REFERENCE_H
#define STATES_TEST_FAULT_REFERENCE_H

#include <stdint.h>
#include <stdio.h>

#include "states/test-reference.h"

#define FREF_BYTES (REF_SECTORS * 512)

/* Planted in the reference: each must make it disagree. */
enum fref_mistake {
	FREF_RIGHT,
	FREF_BITS_NEXT,         /* one bit further */
	FREF_SHORN_KEEPS_MORE,  /* one sector */
	FREF_FLYING_STAYS,      /* also where it belonged */
	FREF_WINDOW_OPEN,       /* any durable write can be lost */
	FREF_WINDOW_BY_SUBMIT,  /* durable writes in the order of submits */
	FREF_ROLLBACK_LATE,     /* one write too many */
	FREF_DURABLE_IS_SAFE,   /* only volatile writes are hit */
	FREF_SHOWN_OR_NOT,      /* also what was overwritten is hit */
};

struct fref {
	const struct test_log *t;
	const struct cache_model *m;
	const unsigned char *base; /* FREF_BYTES */
	const unsigned char *data; /* of the log */
	enum fref_mistake mistake;
	uint64_t position;
	struct reference now; /* played up to the cut */
	uint64_t since[TEST_COMMANDS]; /* position where it became durable */
	/* of the base state: per unit how many commands are applied */
	size_t limit[REF_SECTORS];
	unsigned char image[FREF_BYTES]; /* the base state */
};

static inline uint64_t fref_tear(const struct fref *x)
{
	return x->m->tear;
}

static inline uint64_t fref_units(const struct fref *x)
{
	return (x->t->h.disk_size + fref_tear(x) - 1) / fref_tear(x);
}

static inline uint64_t fref_length(const struct fref *x, uint64_t unit)
{
	uint64_t left = x->t->h.disk_size - unit * fref_tear(x);

	return left < fref_tear(x) ? left : fref_tear(x);
}

static inline int fref_touches(const struct fref *x, size_t k, uint64_t unit)
{
	const struct command *c = &x->t->commands[k];

	return c->type != LOG_FLUSH && x->now.in[k] &&
	       c->offset < (unit + 1) * fref_tear(x) &&
	       c->offset + c->length > unit * fref_tear(x);
}

/* The unit with the first n commands applied, into its place on a disk. */
static inline void fref_apply(const struct fref *x, uint64_t unit, size_t n,
			      unsigned char *disk)
{
	uint64_t start = unit * fref_tear(x);
	uint64_t end = start + fref_length(x, unit);

	memcpy(disk + start, x->base + start, end - start);
	for (size_t k = 0; k < n; k++) {
		const struct command *c = &x->t->commands[k];

		if (!fref_touches(x, k, unit))
			continue;
		for (uint64_t i = 0; i < c->length; i++)
			if (c->offset + i >= start && c->offset + i < end)
				disk[c->offset + i] =
					c->type == LOG_WRITE ?
						x->data[c->data + i] :
						0;
	}
}

static inline void fref_make(struct fref *x, uint64_t position)
{
	x->position = position;
	memset(x->since, 0xff, sizeof(x->since));
	for (uint64_t p = 0; p <= position; p++) {
		memset(&x->now, 0, offsetof(struct reference, states));
		x->now.model = x->m;
		ref_play(&x->now, x->t, p, REF_HONEST);
		for (size_t k = 0; k < x->t->h.n_commands; k++)
			if (x->now.durable[k] && x->since[k] == UINT64_MAX)
				x->since[k] = p;
	}
}

/* The base state in which everything survived, or nothing volatile did. */
static inline void fref_base(struct fref *x, int none)
{
	for (uint64_t u = 0; u < fref_units(x); u++) {
		x->limit[u] = 0;
		for (size_t k = 0; k < x->t->h.n_commands; k++)
			if (fref_touches(x, k, u) &&
			    (!none || x->now.durable[k]))
				x->limit[u] = k + 1;
		fref_apply(x, u, x->limit[u], x->image);
	}
}

static inline int fref_shows(const struct fref *x, uint64_t unit, size_t k)
{
	if (!fref_touches(x, k, unit))
		return 0;
	if (x->mistake == FREF_DURABLE_IS_SAFE && x->now.durable[k])
		return 0;
	if (x->mistake == FREF_SHOWN_OR_NOT)
		return 1;
	for (size_t i = k + 1; i < x->limit[unit]; i++)
		if (fref_touches(x, i, unit))
			return 0;
	return k < x->limit[unit];
}

/* The command of write n, or SIZE_MAX. */
static inline size_t fref_command(const struct fref *x, uint64_t n)
{
	for (size_t k = 0; n && k < x->t->h.n_commands; k++)
		if (x->t->commands[k].number == n && x->now.in[k] &&
		    x->t->commands[k].type != LOG_FLUSH)
			return k;
	return SIZE_MAX;
}

static inline uint64_t fref_last(const struct fref *x)
{
	uint64_t last = 0;

	while (fref_command(x, last + 1) != SIZE_MAX)
		last++;
	return last;
}

/* ---- the faults, on a copy of the base state; 0: cannot be ---- */

static inline size_t fref_data_write(const struct fref *x, uint64_t n)
{
	size_t k = fref_command(x, n);

	return k != SIZE_MAX && x->t->commands[k].type == LOG_WRITE ? k :
								      SIZE_MAX;
}

static inline int fref_unit_hit(const struct fref *x, uint64_t n,
				uint64_t in_write, uint64_t *ret_unit,
				size_t *ret_k)
{
	size_t k = fref_data_write(x, n);

	if (k == SIZE_MAX)
		return 0;
	*ret_k = k;
	*ret_unit = x->t->commands[k].offset / fref_tear(x) + in_write;
	return *ret_unit < fref_units(x) && fref_shows(x, *ret_unit, k);
}

static inline int fref_bits(const struct fref *x, uint64_t n, uint64_t unit,
			    uint64_t bit, unsigned char *disk)
{
	uint64_t u;
	size_t k;

	if (!fref_unit_hit(x, n, unit, &u, &k) ||
	    bit + x->m->faults.bits > 8 * fref_length(x, u))
		return 0;
	if (x->mistake == FREF_BITS_NEXT)
		bit = bit ? bit - 1 : bit + 1;
	for (uint64_t i = bit; i < bit + x->m->faults.bits; i++)
		disk[u * fref_tear(x) + i / 8] ^= (unsigned char)(1 << i % 8);
	return 1;
}

static inline int fref_shorn(const struct fref *x, uint64_t n, uint64_t unit,
			     unsigned char *disk)
{
	uint64_t u, keep = x->m->faults.keep;
	unsigned char old[FREF_BYTES];
	size_t k;

	if (!fref_unit_hit(x, n, unit, &u, &k))
		return 0;
	if (x->mistake == FREF_SHORN_KEEPS_MORE)
		keep += 512;
	fref_apply(x, u, k, old);
	for (uint64_t i = keep; i < fref_length(x, u); i++)
		disk[u * fref_tear(x) + i] = old[u * fref_tear(x) + i];
	return 1;
}

static inline void fref_lose(const struct fref *x, size_t k,
			     unsigned char *disk)
{
	for (uint64_t u = 0; u < fref_units(x); u++)
		if (fref_shows(x, u, k))
			fref_apply(x, u, k, disk);
}

static inline int fref_flying(const struct fref *x, uint64_t n,
			      long long distance, unsigned char *disk)
{
	long long way = (long long)(x->m->faults.distance / fref_tear(x));
	long long shift = distance * (long long)fref_tear(x);
	size_t k = fref_data_write(x, n);
	const struct command *c;

	if (k == SIZE_MAX || (distance != way && distance != -way))
		return 0;
	c = &x->t->commands[k];
	if ((long long)c->offset + shift < 0 ||
	    (long long)(c->offset + c->length) + shift >
		    (long long)x->t->h.disk_size)
		return 0;
	if (x->mistake != FREF_FLYING_STAYS)
		fref_lose(x, k, disk);
	for (uint64_t i = 0; i < c->length; i++)
		if (fref_shows(x, (c->offset + i) / fref_tear(x), k))
			disk[(long long)(c->offset + i) + shift] =
				x->data[c->data + i];
	return 1;
}

/* How many commands behind ARM became durable later than k. */
static inline uint64_t fref_durable_behind(const struct fref *x, size_t k)
{
	uint64_t n = 0;

	for (size_t i = 0; i < x->t->h.n_commands; i++) {
		if (!x->t->commands[i].number ||
		    x->t->commands[i].type == LOG_FLUSH ||
		    x->since[i] == UINT64_MAX)
			continue;
		if (x->mistake == FREF_WINDOW_BY_SUBMIT)
			n += i > k;
		else
			n += x->since[i] > x->since[k] ||
			     (x->since[i] == x->since[k] && i > k);
	}
	return n;
}

static inline int fref_unserial(const struct fref *x, uint64_t n,
				unsigned char *disk)
{
	size_t k = fref_command(x, n);

	if (k == SIZE_MAX || x->since[k] == UINT64_MAX)
		return 0;
	if (x->mistake != FREF_WINDOW_OPEN &&
	    fref_durable_behind(x, k) >= x->m->faults.window)
		return 0;
	fref_lose(x, k, disk);
	return 1;
}

static inline int fref_rollback(const struct fref *x, uint64_t n,
				uint64_t region, unsigned char *disk)
{
	uint64_t size = x->m->faults.region;
	size_t applied = 0;

	if (n % x->m->faults.checkpoint || n > fref_last(x) ||
	    (size && region * size >= x->t->h.disk_size))
		return 0;
	while (applied < x->t->h.n_commands &&
	       (x->t->commands[applied].submit < x->t->h.arm ||
		(n && applied <= fref_command(x, n))))
		applied++;
	if (x->mistake == FREF_ROLLBACK_LATE)
		applied++;
	for (uint64_t u = 0; u < fref_units(x); u++)
		if (!size || u * fref_tear(x) / size == region)
			fref_apply(x, u, applied, disk);
	return 1;
}

/* What the name behind "+" makes of the base state, on ret; 0: nothing that can
 * be. A dead device leaves the content as it is. */
static inline int fref_fault(const struct fref *x, const char *name,
			     unsigned char *ret)
{
	unsigned long long n, a, b;
	long long d;
	int can = 0, len = -1;

	memcpy(ret, x->image, FREF_BYTES);
	if (!strcmp(name, "read-only") || !strcmp(name, "gone"))
		return 1;
	if (sscanf(name, "bits=%llu.%llu/%llu%n", &n, &a, &b, &len) == 3)
		can = fref_bits(x, n, a, b, ret);
	else if (sscanf(name, "shorn=%llu.%llu%n", &n, &a, &len) == 2)
		can = fref_shorn(x, n, a, ret);
	else if (sscanf(name, "flying=%llu/%lld%n", &n, &d, &len) == 2)
		can = fref_flying(x, n, d, ret);
	else if (sscanf(name, "unserial=%llu%n", &n, &len) == 1)
		can = fref_unserial(x, n, ret);
	else if (x->m->faults.region &&
		 sscanf(name, "rollback=w%llu/%llu%n", &n, &a, &len) == 2)
		can = fref_rollback(x, n, a, ret);
	else if (!x->m->faults.region &&
		 sscanf(name, "rollback=w%llu%n", &n, &len) == 1)
		can = fref_rollback(x, n, 0, ret);
	return can && len == (int)strlen(name) &&
	       memcmp(ret, x->image, x->t->h.disk_size) != 0;
}

#endif

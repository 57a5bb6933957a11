/*
 * Faults beyond the contract (rule 8, drive/faults.c), inside the room. Not for
 * others.
 */
#ifndef STATES_FAULTS_H
#define STATES_FAULTS_H

#include <stdint.h>

#include "states/space.h"

/* One instance of a fault. */
struct fault_at {
	enum fault kind;
	uint64_t write;   /* its number; FAULT_METADATA: the checkpoint's, 0: ARM */
	uint64_t unit;    /* bit corruption, shorn: counted within the write */
	uint64_t bit;     /* the first inverted one, in the unit; 0: the lowest
			   * of the first byte */
	int64_t distance; /* flying: in units */
	uint64_t region;  /* metadata with regions: counted from 0 */
};

/* ---- fault-names.c ---- */

/* The text behind the "+". -EINVAL: it is none, or the drive has no such
 * fault. */
int fault_parse(const struct state_space *s, const char *text,
		struct fault_at *ret, struct error *e);
/* The name of the instance, without "+". Caller frees. */
char *fault_name(const struct state_space *s, const struct fault_at *f);
/* Cuts a state's survivors in two at the fault: returns what stands before the
 * "+" (caller frees), *ret_fault what is behind it, or NULL. */
char *fault_split(const char *survivors, const char **ret_fault);

/* ---- faults.c ---- */

/* Makes the state, which is that of the pick, the one with this fault.
 * -EINVAL with the reason where the fault cannot have happened or changes
 * nothing; the state is then half changed. */
int fault_apply(const struct view *v, const uint32_t *pick,
		const struct fault_at *f, struct state *st, struct error *e);

/* The number of the last write that was; 0: none. */
uint64_t fault_last_write(const struct view *v);
/* How many commands were durable at the cut, in s->by_durable. */
size_t fault_durable(const struct view *v);
/* Whether unit u shows the command, which touches it. */
int fault_shows(const struct view *v, const uint32_t *pick, uint32_t u,
		uint32_t command);

/* ---- scratch.c: contents that no write holds ---- */

struct scratch;
/* end: bytes that the units file has so far. */
struct scratch *scratch_new(uint64_t end);
void scratch_free(struct scratch *x);
/* Sees to it that the content of unit u stands somewhere: where, and what it
 * adds to the hash of the disk. Any thread. */
int scratch_put(const struct state_space *s, uint32_t u, const void *data,
		uint64_t *ret_source, struct state_hash *ret_hash,
		struct error *e);

/* ---- strategy-faults.c ---- */

struct emitter;

/* Emits faulty states of a cut, drawn by the seed. */
int strategy_faults(const struct view *v, struct emitter *out);
/* Emits the faulty state unless the contract allows its content or the same
 * fault has made it already; *ret_new: whether it did. Other than 0 ends the
 * enumeration. */
int emit_fault(struct emitter *out, const uint32_t *pick,
	       const struct fault_at *f, int *ret_new);

#endif

/* The native floor: what the fastest loop on this machine makes of crash states,
 * for comparison with judging on the host (host.c). */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stddef.h>
#include <stdint.h>

struct bench_subject;
struct error;
struct floor;
struct state;

/* Makes everything in `dir`; the states are those of the subject that are added
 * one after the other, with files for their promises. */
int floor_create(const struct bench_subject *s, const char *dir,
		 struct floor **ret, struct error *e);
int floor_add(struct floor *f, const struct state *state, struct error *e);
/* Learns which blocks change from state to state: two rounds, not timed. */
int floor_prepare(struct floor *f, struct error *e);
/* All states once; -EPROTO if one does not hold. */
int floor_round(struct floor *f, uint64_t *ret_ns, struct error *e);
void floor_free(struct floor *f); /* NULL is allowed */

#endif

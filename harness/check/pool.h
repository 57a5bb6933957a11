/*
 * Warm checkers, one thread each, that judge lists of states together: shared
 * out as shares.h says, watched as watched.h says.
 */
#ifndef CHECK_POOL_H
#define CHECK_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "check/ops.h"

struct error;
struct pool;

struct pool_config {
	const struct checker_ops *ops; /* where it judges */
	struct lab *lab;
	const struct guest_image *image;
	uint64_t memory, disk_size;
	uint32_t disk_block;
	enum bus bus;
	const char *dir; /* console logs go to dir/chkN.console */
	const char *scratch; /* folder for what guests write to their states */
	unsigned checkers;
	const char *name; /* of its checkers, NAME0, NAME1, ...; NULL: chk.
			   * Short, and unique among the running pools */
};

/* Returns at once; the guests boot meanwhile. */
int pool_start(const struct pool_config *c, struct pool **ret,
	       struct error *e);
/* Powers all off; blocks until they are. NULL is allowed. */
void pool_stop(struct pool *p);

/* Whether all checkers still work. One that gave up does not come back. */
int pool_healthy(struct pool *p);

/* Of a checker's guests. */
struct watch_counts {
	uint64_t recycled; /* guests replaced, for whatever reason */
	uint64_t drifted;  /* of these because of a canary */
	uint64_t again;	   /* verdicts thrown away and judged again */
};

/* A state to judge, by name. */
struct item {
	struct cut cut;
	char *survivors;
};

/* Called once for each item that was judged, from the checkers' threads but
 * never twice at the same time. One that was told as equal to another one comes
 * again, judged, if an audit refutes that. */
typedef void (*judged_fn)(const struct item *item, const struct state *state,
			  const struct judgement *j, void *arg);

/* From judged_fn alone: no further item is begun, and pool_judge returns as if
 * those that were had been all. */
void pool_enough(struct pool *p);

/*
 * Judges the items. Each checker goes through a run of neighbours, in their
 * order. Blocks until all are judged, the user asked to stop (-ECANCELED; states
 * under way were finished on the first request), or no checker works any more
 * (-EIO, with the reason).
 */
int pool_judge(struct pool *p, const struct subject *subject,
	       const struct item *items, size_t n,
	       judged_fn fn, void *arg, struct error *e);

/* How the guests behaved in the last pool_judge(). */
struct pool_watch {
	uint64_t canaries; /* states with a known verdict that were judged */
	struct watch_counts counts;
	char unsure[256]; /* why the canaries were of no use, "": they were */
};
void pool_watch(struct pool *p, struct pool_watch *ret);

#endif

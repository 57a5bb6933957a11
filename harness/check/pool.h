/*
 * Warm checkers, one thread each, that judge lists of states together.
 */
#ifndef CHECK_POOL_H
#define CHECK_POOL_H

#include <stddef.h>

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
};

/* Returns at once; the guests boot meanwhile. */
int pool_start(const struct pool_config *c, struct pool **ret,
	       struct error *e);
/* Powers all off; blocks until they are. NULL is allowed. */
void pool_stop(struct pool *p);

/* Whether all checkers still work. One that gave up does not come back. */
int pool_healthy(struct pool *p);

/* A state to judge, by name. */
struct item {
	struct cut cut;
	char *survivors;
};

/* Called once for each item that was judged, from the checkers' threads but
 * never twice at the same time. */
typedef void (*judged_fn)(const struct item *item, const struct state *state,
			  const struct judgement *j, void *arg);

/* From judged_fn alone: no further item is begun, and pool_judge returns as if
 * those that were had been all. */
void pool_enough(struct pool *p);

/*
 * Judges the items, roughly in their order. Blocks until all are judged, the
 * user asked to stop (-ECANCELED; states under way were finished on the first
 * request), or no checker works any more (-EIO, with the reason).
 */
int pool_judge(struct pool *p, const struct subject *subject,
	       const struct item *items, size_t n,
	       judged_fn fn, void *arg, struct error *e);

#endif

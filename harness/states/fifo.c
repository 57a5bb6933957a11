/*
 * order: fifo, where the survivors are a prefix of a line (drive/model.c).
 *
 * The line at a cut are the view's writes in the order in which they reach the
 * media. Behind a prefix of it each open unit holds the youngest version that a
 * write of the prefix made of it, or its last durable one: with each further
 * write versions only rise. A write is fresh on those of its units where it
 * raises the version; where it is older than what stands there it leaves no
 * trace. A legal pick is that of a prefix, with any of the fresh units of the
 * write behind it.
 *
 * So there are 2^fresh picks from the one prefix to the next, and no pick comes
 * from two places: all those between two prefixes lie above the first and not
 * above the second. Their number is 1 + sum over the line of (2^fresh - 1).
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "states/space.h"

struct place {
	const struct command *command;
	uint32_t write;
	uint64_t position; /* of the cut */
};

static int by_line(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return model_fifo(x->command, y->command, x->position);
}

uint32_t *line_order(const struct view *v)
{
	uint32_t *line = xcalloc(v->n_writes, sizeof(*line));
	CLEANUP_FREE struct place *places =
		xcalloc(v->n_writes, sizeof(*places));

	for (uint32_t i = 0; i < v->n_writes; i++)
		places[i] = (struct place){ &v->s->h->commands[v->writes[i]],
					    i, v->position };
	if (v->n_writes)
		qsort(places, v->n_writes, sizeof(*places), by_line);
	for (size_t i = 0; i < v->n_writes; i++)
		line[i] = places[i].write;
	return line;
}

void line_fill(struct view *v)
{
	v->line = line_order(v);
}

uint32_t line_fresh(const struct view *v, const uint32_t *pick, size_t write)
{
	uint32_t n = 0;

	for (size_t i = v->first_pair[write]; i < v->first_pair[write + 1];
	     i++)
		n += v->pairs[i].version > pick[v->pairs[i].slot];
	return n;
}

/* log2 of 2^x + 2^y, without leaving the range of a double. */
static double log2_sum(double x, double y)
{
	double high = x > y ? x : y, low = x > y ? y : x;

	return high + log2(1 + exp2(low - high));
}

double line_legal_log2(const struct view *v)
{
	CLEANUP_FREE uint32_t *pick = pick_none(v);
	double sum = 0;

	for (size_t i = 0; i < v->n_writes; i++) {
		uint32_t fresh = line_fresh(v, pick, v->line[i]);

		/* 2^fresh - 1; the rounding of the large ones is no matter */
		if (fresh && fresh < 50)
			sum = log2_sum(sum, log2(exp2(fresh) - 1));
		else if (fresh)
			sum = log2_sum(sum, fresh);
		pick_add(v, pick, v->line[i], 0, UINT32_MAX);
	}
	return sum;
}

/* Whether the pick has the write whole, or a later version. */
static int has_whole(const struct view *v, const uint32_t *pick, size_t write)
{
	return !line_fresh(v, pick, write);
}

/* Whether the pick differs from the prefix in units of the write alone. */
static int is_torn(const struct view *v, const uint32_t *pick, size_t write,
		   uint32_t *prefix)
{
	for (size_t i = v->first_pair[write]; i < v->first_pair[write + 1];
	     i++) {
		const struct pair *p = &v->pairs[i];

		if (pick[p->slot] == p->version)
			prefix[p->slot] = p->version;
	}
	return !v->n || !memcmp(pick, prefix, v->n * sizeof(*pick));
}

static uint64_t number_of(const struct view *v, size_t write)
{
	return v->s->h->commands[v->writes[write]].number;
}

int line_check(const struct view *v, const uint32_t *pick, struct error *e)
{
	CLEANUP_FREE uint32_t *prefix = pick_none(v);
	size_t i = 0;

	while (i < v->n_writes && has_whole(v, pick, v->line[i]))
		pick_add(v, prefix, v->line[i++], 0, UINT32_MAX);
	if (i == v->n_writes || is_torn(v, pick, v->line[i], prefix))
		return 0;
	return error_set(e, EINVAL, "not a state of a drive with order: fifo: "
			 "write %" PRIu64 " is lost, and one that reaches the "
			 "media after it is not",
			 number_of(v, v->line[i]));
}

#include "equal/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/buf.h"
#include "common/cleanup.h"

#define NONE UINT32_MAX

struct node {
	uint32_t value; /* NONE: no entry ends here */
	uint32_t asks;  /* the first unit to go on with, or NONE */
};

struct ask {
	uint64_t unit;
	uint32_t next; /* of the same node, or NONE */
};

/* From a node, by what a unit holds, to the node `to`; to 0: a free slot, since
 * nothing leads to the root. */
struct edge {
	uint64_t unit, content;
	uint32_t from, to;
};

struct index {
	struct node *nodes;
	struct ask *asks;
	struct edge *edges; /* open addressing */
	size_t n_nodes, n_asks, size, n_edges; /* n_edges: a power of two */
	size_t max_facts;
};

struct index *index_new(size_t max_facts)
{
	struct index *ix = xcalloc(1, sizeof(*ix));

	ix->max_facts = max_facts < NONE / 2 ? max_facts : NONE / 2;
	ix->size = 64;
	ix->nodes = xcalloc(ix->size, sizeof(*ix->nodes));
	ix->asks = xcalloc(ix->size, sizeof(*ix->asks));
	ix->n_edges = 2 * ix->size;
	ix->edges = xcalloc(ix->n_edges, sizeof(*ix->edges));
	ix->nodes[ix->n_nodes++] = (struct node){ NONE, NONE };
	return ix;
}

void index_free(struct index *ix)
{
	if (!ix)
		return;
	free(ix->nodes);
	free(ix->asks);
	free(ix->edges);
	free(ix);
}

/* The edge, or the free slot where it belongs. */
static struct edge *find_edge(const struct index *ix, uint32_t from,
			      uint64_t unit, uint64_t content)
{
	const uint64_t key[3] = { from, unit, content };
	size_t mask = ix->n_edges - 1;
	size_t i = (size_t)XXH3_64bits(key, sizeof(key)) & mask;

	while (ix->edges[i].to &&
	       (ix->edges[i].from != from || ix->edges[i].unit != unit ||
		ix->edges[i].content != content))
		i = (i + 1) & mask;
	return &ix->edges[i];
}

/* Room for so many nodes, each with one edge and at most one ask; at most half
 * of the edges' slots are ever taken. */
static void grow(struct index *ix, size_t nodes)
{
	CLEANUP_FREE struct edge *old = NULL;
	size_t n_old = ix->n_edges;

	if (nodes <= ix->size)
		return;
	while (ix->size < nodes)
		ix->size *= 2;
	ix->nodes = xrealloc(ix->nodes, ix->size * sizeof(*ix->nodes));
	ix->asks = xrealloc(ix->asks, ix->size * sizeof(*ix->asks));
	old = TAKE(ix->edges);
	ix->n_edges = 2 * ix->size;
	ix->edges = xcalloc(ix->n_edges, sizeof(*ix->edges));
	for (size_t i = 0; i < n_old; i++)
		if (old[i].to)
			*find_edge(ix, old[i].from, old[i].unit,
				   old[i].content) = old[i];
}

static void add_ask(struct index *ix, uint32_t node, uint64_t unit)
{
	uint32_t a = ix->nodes[node].asks;

	while (a != NONE && ix->asks[a].unit != unit)
		a = ix->asks[a].next;
	if (a != NONE)
		return;
	ix->asks[ix->n_asks] = (struct ask){ unit, ix->nodes[node].asks };
	ix->nodes[node].asks = (uint32_t)ix->n_asks++;
}

static uint32_t step(struct index *ix, uint32_t node, const struct fact *f)
{
	struct edge *edge = find_edge(ix, node, f->unit, f->content);

	if (!edge->to) {
		ix->nodes[ix->n_nodes] = (struct node){ NONE, NONE };
		*edge = (struct edge){ f->unit, f->content, node,
				       (uint32_t)ix->n_nodes++ };
		add_ask(ix, node, f->unit);
	}
	return edge->to;
}

int index_add(struct index *ix, const struct fact *facts, size_t n,
	      uint32_t value)
{
	uint32_t node = 0;

	if (n > ix->max_facts || ix->n_nodes - 1 > ix->max_facts - n)
		return -ENOSPC;
	grow(ix, ix->n_nodes + n);
	for (size_t i = 0; i < n; i++)
		node = step(ix, node, &facts[i]);
	ix->nodes[node].value = value;
	return 0;
}

/* Nodes that were reached and not looked at yet. */
struct reached {
	uint32_t *nodes; /* owned */
	size_t n, size;
};

static void reach(struct reached *r, uint32_t node)
{
	if (r->n == r->size) {
		r->size = r->size ? 2 * r->size : 64;
		r->nodes = xrealloc(r->nodes, r->size * sizeof(*r->nodes));
	}
	r->nodes[r->n++] = node;
}

static void go_on(const struct index *ix, uint32_t node, content_fn *content,
		  void *arg, struct reached *r)
{
	for (uint32_t a = ix->nodes[node].asks; a != NONE;
	     a = ix->asks[a].next) {
		uint64_t unit = ix->asks[a].unit;
		uint32_t to = find_edge(ix, node, unit,
					content(arg, unit))->to;

		if (to)
			reach(r, to);
	}
}

int64_t index_find(const struct index *ix, content_fn *content, void *arg)
{
	struct reached r = { 0 };
	int64_t value = -1;

	reach(&r, 0);
	while (r.n && value < 0) {
		uint32_t node = r.nodes[--r.n];

		if (ix->nodes[node].value != NONE)
			value = ix->nodes[node].value;
		else
			go_on(ix, node, content, arg, &r);
	}
	free(r.nodes);
	return value;
}

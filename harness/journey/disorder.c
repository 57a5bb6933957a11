/*
 * Order: what is lost though something that builds on it is there
 *
 * What a program did later may build on what it did before. The trace has the time
 * of each call, but of a mapped page only when it was first stored into; it may
 * have been stored into again until it was written back. So a page is looked at as
 * the media have it: a version that was sent to the drive after a call had returned
 * may build on that call.
 */
#include "journey/trial.h"

#include <stdlib.h>

#include "common/buf.h"

#define NEVER_LOOKED UINT64_MAX

struct order {
	struct trial *t;
	int perhaps;	/* a name that is not known to be lost will do */
	uint64_t *sent; /* per operation, see sent_ns(); or NEVER_LOOKED */
};

/* A part of these bytes, as the command wrote them, is on the media. */
static int has_part(const struct media *m, size_t command, uint64_t offset,
		    uint64_t length)
{
	uint64_t tear = m->journey->in.model->tear;

	for (uint64_t at = offset; at < offset + length;
	     at += tear - at % tear)
		if (media_has(m, command, at, 1) == MEDIA_HAS)
			return 1;
	return 0;
}

/* When the last version of the operation's bytes was sent of which the media have
 * a part; 0: they have none, or nobody knows where the bytes stand. */
static uint64_t find_sent(const struct media *m, const struct operation *o)
{
	const struct history *h = m->journey->in.history;
	struct placed p = operation_place(m, o, o->offset, o->length);
	uint64_t sent = 0;

	for (size_t i = 0; i < h->n_commands && p.known; i++) {
		const struct command *c = &h->commands[i];

		if (c->submit > m->position)
			break;
		if (c->type == LOG_WRITE && c->guest_ns > sent &&
		    c->offset < p.physical + p.length &&
		    p.physical < c->offset + c->length &&
		    has_part(m, i, p.physical, p.length))
			sent = c->guest_ns;
	}
	return sent;
}

static uint64_t sent_ns(struct order *order, size_t i)
{
	if (order->sent[i] == NEVER_LOOKED)
		order->sent[i] = find_sent(&order->t->media,
					   &order->t->j->operations[i]);
	return order->sent[i];
}

static int is_same(const struct operation *a, const struct operation *b)
{
	return a->inode && a->inode == b->inode;
}

#define NEW_NAME 4 /* the weight of a new name for the same file */

/* How much b, that began after a had returned, builds on a. */
static unsigned builds_on(const struct operation *a, const struct operation *b)
{
	int same = is_same(a, b);

	if (b->kind == OPERATION_NAME && same &&
	    (b->call->kind == CALL_RENAME || b->call->kind == CALL_LINK))
		return NEW_NAME;
	if (same && b->kind == OPERATION_WRITE)
		return 3;
	if (a->call->pid == b->call->pid)
		return b->kind == OPERATION_WRITE ? 2 : 1;
	return 0;
}

/* How much the k-th operation, of which something is on the media, builds on a. */
static unsigned depends(struct order *order, const struct operation *a,
			size_t k)
{
	const struct operation *b = &order->t->j->operations[k];
	enum standing_at at = order->t->standings[k].at;
	/* The call of what was stored into a mapping is its mmap. */
	int after = b->enter_ns >= a->exit_ns || journey_is_after(b->call, a);
	unsigned weight = after ? builds_on(a, b) : 0;

	if (order->perhaps)
		return at == NOT_KNOWN && weight == NEW_NAME ? weight : 0;
	if (after)
		return at == ON_MEDIA ? weight : 0;
	/* Two mapped pages have no order among them. */
	return b->kind == OPERATION_STORE && a->kind != OPERATION_STORE &&
	       is_same(a, b) && sent_ns(order, k) >= a->exit_ns;
}

/* The check says that what was begun is missing. */
static int is_named(const struct trial *t, const struct operation *o)
{
	return o->owner && trial_find_word(t->q->message, o->owner->mark->text);
}

#define NAMED_WEIGHT 8

static const struct operation *find(struct order *order)
{
	struct trial *t = order->t;
	const struct operation *accused = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < t->j->n_operations; i++) {
		const struct operation *a = &t->j->operations[i];
		unsigned named;

		if (!trial_lost(t, i))
			continue;
		named = is_named(t, a) ? NAMED_WEIGHT : 0;
		for (size_t k = 0; k < t->j->n_operations; k++) {
			unsigned d = depends(order, a, k);

			if (!d || d + named <= most)
				continue;
			most = d + named;
			accused = a;
			t->witness = &t->j->operations[k];
		}
	}
	return accused;
}

static const struct operation *find_disorder(struct trial *t, int perhaps)
{
	size_t n = t->j->n_operations;
	struct order order = { .t = t, .perhaps = perhaps,
			       .sent = xcalloc(n, sizeof(uint64_t)) };
	const struct operation *accused;

	for (size_t i = 0; i < n; i++)
		order.sent[i] = NEVER_LOOKED;
	accused = find(&order);
	free(order.sent);
	return accused;
}

const struct operation *disorder_find(struct trial *t)
{
	return find_disorder(t, 0);
}

const struct operation *disorder_perhaps(struct trial *t)
{
	return find_disorder(t, 1);
}

/*
 * Mount and check are functions of the disk's content and of the promises (and,
 * where a loss is documented, of which acks are old): a state equal in both to one
 * that was judged is not judged again.
 */
#include "explain/judgements.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"

/* What a judgement depends on. */
struct key {
	struct state_hash content;
	uint64_t promises; /* hash of the texts */
	uint64_t old; /* acks that are older than the window, or 0 */
};

struct known {
	struct key key;
	int shows;
};

static struct key key_of(const struct judgements *j, const struct state *state)
{
	CLEANUP_BUF struct buf acks = BUF_INIT, begun = BUF_INIT;
	uint64_t window_ns = j->window_ns;
	struct promises *p = promises_new(j->history);
	struct key key;

	promises_list(p, &state->cut, &acks, &begun);
	buf_add(&acks, "\n", 2); /* what no mark's text can hold */
	buf_add(&acks, buf_text(&begun), begun.len);
	memset(&key, 0, sizeof(key));
	key.content = state->hash;
	key.promises = XXH3_64bits(buf_text(&acks), acks.len);
	key.old = window_ns ? promises_old(p, &state->cut, window_ns) : 0;
	promises_free(p);
	return key;
}

static int compare_known(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

/* -1: not judged yet. */
static int lookup(const struct judgements *j, const struct key *key)
{
	struct known want = { .key = *key };
	struct known **node = tfind(&want, &j->known, compare_known);

	return node ? (*node)->shows : -1;
}

static void remember(struct judgements *j, const struct key *key, int shows)
{
	struct known *new = xcalloc(1, sizeof(*new)), **node;

	*new = (struct known){ *key, shows };
	node = tsearch(new, &j->known, compare_known);
	if (!node)
		abort();
	if (*node != new) {
		(*node)->shows = shows;
		free(new);
	}
}

/* The states that are to be judged together, each with its place in line. */
struct batch {
	struct state *states;
	struct key *keys;
	size_t *places;
	int *shows;
	size_t n;
};

static void batch_init(struct batch *b, size_t size)
{
	b->states = xcalloc(size, sizeof(*b->states));
	b->keys = xcalloc(size, sizeof(*b->keys));
	b->places = xcalloc(size, sizeof(*b->places));
	b->shows = xcalloc(size, sizeof(*b->shows));
	b->n = 0;
}

static void batch_clear(struct batch *b)
{
	while (b->n)
		state_free(&b->states[--b->n]);
}

static void batch_release(struct batch *b)
{
	batch_clear(b);
	free(b->states);
	free(b->keys);
	free(b->places);
	free(b->shows);
}

static int batch_has(const struct batch *b, const struct key *key)
{
	for (size_t i = 0; i < b->n; i++)
		if (!memcmp(&b->keys[i], key, sizeof(*key)))
			return 1;
	return 0;
}

static int batch_judge(struct judgements *j, struct batch *b,
		       struct error *e)
{
	int err;

	memset(b->shows, 0, b->n * sizeof(*b->shows));
	err = b->n ? j->judge(b->states, b->n, b->shows, j->arg, e) : 0;
	if (err)
		return err;
	j->made += b->n;
	for (size_t i = 0; i < b->n; i++)
		remember(j, &b->keys[i], b->shows[i]);
	return 0;
}

/* The last judgement is kept for the end. */
static int over_budget(const struct judgements *j, const struct batch *b)
{
	return j->made + b->n + 1 >= j->budget;
}

/*
 * Takes candidates from *at on into the batch, until it is full or one is known
 * to show the finding: *ret_known, else n.
 */
static int fill(struct judgements *j, const struct candidates *line,
		struct batch *b, size_t *at, size_t *ret_known)
{
	for (; *at < line->n && b->n < j->batch; ++*at) {
		CLEANUP_BUF struct buf name = BUF_INIT;
		struct state *state = &b->states[b->n];
		struct key key;
		int err, shows;

		line->name(*at, line->arg, &name);
		err = space_state(j->space, buf_text(&name), state, NULL);
		if (err == -EINVAL)
			continue;
		if (err)
			return err;
		key = key_of(j, state);
		shows = lookup(j, &key);
		if (shows >= 0 || batch_has(b, &key) || over_budget(j, b)) {
			state_free(state);
			if (shows > 0) {
				*ret_known = *at;
				return 0;
			}
			if (shows < 0 && !batch_has(b, &key))
				return JUDGEMENTS_ENOUGH;
			continue;
		}
		b->keys[b->n] = key;
		b->places[b->n++] = *at;
	}
	return 0;
}

int judgements_first(struct judgements *j, const struct candidates *line,
		     size_t *ret, struct error *e)
{
	struct batch b;
	size_t at = 0, known = line->n;
	int err = 0, enough = 0;

	*ret = line->n;
	batch_init(&b, j->batch);
	while (!err && at < line->n && known == line->n && *ret == line->n &&
	       !enough) {
		err = fill(j, line, &b, &at, &known);
		enough = err == JUDGEMENTS_ENOUGH;
		if (!err || enough)
			err = batch_judge(j, &b, e);
		for (size_t i = b.n; i-- > 0;)
			if (!err && b.shows[i])
				*ret = b.places[i];
		batch_clear(&b);
	}
	batch_release(&b);
	if (err)
		return err;
	if (*ret == line->n)
		*ret = known;
	return enough && *ret == line->n ? JUDGEMENTS_ENOUGH : 0;
}

int judgements_again(struct judgements *j, const char *name, int *ret_shows,
		     struct error *e)
{
	struct batch b;
	int err;

	batch_init(&b, 1);
	err = space_state(j->space, name, b.states, e);
	if (!err) {
		b.keys[0] = key_of(j, b.states);
		b.n = 1;
		err = batch_judge(j, &b, e);
		*ret_shows = b.shows[0];
	}
	batch_release(&b);
	return err;
}

void judgements_release(struct judgements *j)
{
	tdestroy(j->known, free);
	j->known = NULL;
}

#include "states/work.h"

#include <stdlib.h>
#include <string.h>

#include "common/ascending.h"
#include "common/buf.h"
#include "common/error.h"

uint32_t work_held(const struct view *v, const uint32_t *pick, uint32_t u)
{
	size_t low = 0, high = v->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (v->units[middle] < u)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < v->n && v->units[low] == u)
		return pick[low];
	return version_at(v->s, u, submitted_at(v->s, v->position));
}

/* Where the unit stands in the list, or would. */
static size_t place(const struct state *st, uint64_t unit)
{
	return keys_below(KEYS_OF(st->differs, st->n_differs, unit), unit);
}

static void set_source(struct state *st, uint64_t unit, uint64_t source)
{
	size_t i = place(st, unit), n = st->n_differs;

	if (i == n || st->differs[i].unit != unit) {
		st->differs = xrealloc(st->differs,
				       (n + 1) * sizeof(*st->differs));
		memmove(st->differs + i + 1, st->differs + i,
			(n - i) * sizeof(*st->differs));
		st->n_differs++;
	}
	st->differs[i] = (struct patch){ unit, source };
}

static void set_unit(struct work *w, uint32_t u, uint64_t source,
		     struct state_hash hash)
{
	struct state_hash old = version_hash(w->s, u, work_held(w->v, w->pick, u));

	if (old.low == hash.low && old.high == hash.high)
		return;
	hash_sub(&w->st->hash, old);
	hash_add(&w->st->hash, hash);
	set_source(w->st, w->s->unit_index[u], source);
	w->changed++;
}

void work_set_version(struct work *w, uint32_t u, uint32_t version)
{
	set_unit(w, u, version_source(w->s, u, version),
		 version_hash(w->s, u, version));
}

int work_set_data(struct work *w, uint32_t u, const void *data)
{
	struct state_hash hash;
	uint64_t source;
	int err = scratch_put(w->s, u, data, &source, &hash, w->e);

	if (!err)
		set_unit(w, u, source, hash);
	return err;
}

int work_read_version(struct work *w, uint32_t u, uint32_t version, void *data)
{
	uint64_t unit = w->s->unit_index[u];
	uint64_t source = version_source(w->s, u, version);

	if (SOURCE_KIND(source) == SOURCE_BASE)
		return base_read(w->s, unit * w->s->tear, data,
				 unit_length(w->s, unit), w->e);
	return source_read(w->s, unit, source, data, w->e);
}

/*
 * Faulty states: of each fault that the drive has, at most `count` instances on
 * the state in which everything survived, and as many on the one in which
 * nothing volatile did. All instances that can have happened there are listed
 * and drawn from by the seed; an instance that makes no new state (it changes
 * nothing, or the contract allows its content) does not count, and after some of
 * these the drawing ends.
 */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/rng.h"
#include "states/faults.h"

#define LISTED 65536 /* instances, at most: a write may have many units */
#define IDLE 64      /* instances without a new state */
#define CHECKPOINTS 64 /* older ones are not looked for */

struct list {
	const struct view *v;
	const uint32_t *pick;
	struct fault_at *at;
	size_t n, size;
};

static void add(struct list *l, struct fault_at f)
{
	if (l->n == LISTED)
		return;
	if (l->n == l->size) {
		l->size = l->size ? 2 * l->size : 64;
		l->at = xrealloc(l->at, l->size * sizeof(*l->at));
	}
	l->at[l->n++] = f;
}

/* Calls fn for each recent write of data, the youngest first. */
static void each_recent(struct list *l, enum fault kind,
			void (*fn)(struct list *, struct fault_at, uint32_t))
{
	const struct state_space *s = l->v->s;
	uint64_t last = fault_last_write(l->v);

	for (uint64_t n = last; n && n + FAULT_RECENT > last; n--) {
		uint32_t command = s->by_number[n];
		struct fault_at f = { .kind = kind, .write = n };

		if (command != NO_COMMAND &&
		    s->h->commands[command].type == LOG_WRITE &&
		    s->h->commands[command].length)
			fn(l, f, command);
	}
}

static void units_shown(struct list *l, struct fault_at f, uint32_t command)
{
	const struct state_space *s = l->v->s;
	uint32_t n = command_units(s, &s->h->commands[command]);

	for (; f.unit < n && l->n < LISTED; f.unit++)
		if (fault_shows(l->v, l->pick,
				s->first_unit[command] + (uint32_t)f.unit,
				command))
			add(l, f);
}

static void both_ways(struct list *l, struct fault_at f, uint32_t command)
{
	const struct state_space *s = l->v->s;

	(void)command;
	f.distance = (int64_t)(s->model.faults.distance / s->tear);
	add(l, f);
	f.distance = -f.distance;
	add(l, f);
}

static void add_region(struct list *l, struct fault_at f)
{
	for (size_t i = l->n; i-- > 0 && l->at[i].write == f.write;)
		if (l->at[i].region == f.region)
			return;
	add(l, f);
}

/* The regions in which recent writes begin; the checkpoint is f.write. */
static void regions(struct list *l, struct fault_at f)
{
	const struct state_space *s = l->v->s;
	uint64_t last = fault_last_write(l->v);

	for (uint64_t n = last; n && n + FAULT_RECENT > last; n--) {
		uint32_t command = s->by_number[n];

		if (command == NO_COMMAND ||
		    !changes_media(&s->h->commands[command]))
			continue;
		f.region = s->h->commands[command].offset /
			   s->model.faults.region;
		add_region(l, f);
	}
}

static void checkpoints(struct list *l)
{
	const struct fault_model *m = &l->v->s->model.faults;
	uint64_t newest = fault_last_write(l->v) / m->checkpoint;

	for (uint64_t i = 0; i <= newest && i < CHECKPOINTS; i++) {
		struct fault_at f = { .kind = FAULT_METADATA,
				      .write = (newest - i) * m->checkpoint };

		if (m->region)
			regions(l, f);
		else
			add(l, f);
	}
}

static void durable_ones(struct list *l)
{
	const struct state_space *s = l->v->s;
	size_t n = fault_durable(l->v);

	for (size_t i = 0; i < n && i < s->model.faults.window; i++) {
		uint32_t command = s->by_durable[n - 1 - i];

		add(l, (struct fault_at){
			       .kind = FAULT_UNSERIALIZABLE,
			       .write = s->h->commands[command].number });
	}
}

static void list_all(struct list *l, enum fault kind)
{
	switch (kind) {
	case FAULT_BIT_CORRUPTION:
	case FAULT_SHORN:
		each_recent(l, kind, units_shown);
		return;
	case FAULT_FLYING:
		each_recent(l, kind, both_ways);
		return;
	case FAULT_UNSERIALIZABLE:
		durable_ones(l);
		return;
	case FAULT_METADATA:
		checkpoints(l);
		return;
	default:
		add(l, (struct fault_at){ .kind = kind });
	}
}

/* Which bits, where all of the unit are at risk alike. */
static void draw_bit(const struct state_space *s, struct fault_at *f,
		     struct rng *rng)
{
	uint32_t command = s->by_number[f->write];
	uint64_t unit = s->unit_index[s->first_unit[command] + f->unit];
	uint64_t all = 8ULL * unit_length(s, unit);

	if (s->model.faults.bits <= all)
		f->bit = rng_below(rng, all - s->model.faults.bits + 1);
}

static int draw(struct list *l, enum fault kind, struct rng *rng,
		struct emitter *out)
{
	const struct state_space *s = l->v->s;
	uint64_t left = s->model.faults.count[kind], idle = 0;

	for (size_t i = 0; i < l->n && left && idle < IDLE; i++) {
		size_t k = i + (size_t)rng_below(rng, l->n - i);
		struct fault_at f = l->at[k];
		int new = 0, err;

		l->at[k] = l->at[i];
		if (kind == FAULT_BIT_CORRUPTION)
			draw_bit(s, &f, rng);
		err = emit_fault(out, l->pick, &f, &new);
		if (err)
			return err;
		left -= new != 0;
		idle += !new;
	}
	return 0;
}

/* base: 0 all survived, 1 nothing did. */
static int on_base(const struct view *v, enum fault kind, int base,
		   struct emitter *out)
{
	CLEANUP_FREE uint32_t *pick = base ? pick_none(v) : pick_all(v);
	struct list l = { .v = v, .pick = pick };
	/* Each kind, cut and base draws for itself: what one takes does not
	 * change what another one finds. */
	struct rng mix = rng_init(v->s->model.faults.seed ^
				  ((uint64_t)kind << 56) ^
				  ((uint64_t)base << 55) ^ v->position);
	struct rng rng = rng_init(rng_next(&mix));
	int err;

	list_all(&l, kind);
	err = draw(&l, kind, &rng, out);
	free(l.at);
	return err;
}

int strategy_faults(const struct view *v, struct emitter *out)
{
	int err = 0;

	for (int k = FAULT_NONE + 1; !err && k < FAULT_COUNT; k++) {
		if (!v->s->model.faults.count[k])
			continue;
		err = on_base(v, (enum fault)k, 0, out);
		if (!err && v->n)
			err = on_base(v, (enum fault)k, 1, out);
	}
	return err;
}

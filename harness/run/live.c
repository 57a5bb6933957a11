#include "run/live.h"

#include <stdlib.h>

#include "common/buf.h"
#include "states/states.h"

/* Of a position that is not exactly a write, flush or mark: the last write
 * submitted up to there. */
static struct cut_trigger nearest_write(const struct history *h,
					uint64_t position)
{
	struct cut_trigger t = { .kind = CUT_WRITE, .nth = 1 };

	for (size_t i = 0; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];

		if (c->type != LOG_FLUSH && c->number &&
		    c->submit <= position)
			t.nth = c->number;
	}
	return t;
}

static struct cut_trigger trigger_of(const struct history *h,
				     const struct cut *c)
{
	uint64_t nth = strtoull(c->name + 1, NULL, 10);

	switch (c->name[0]) {
	case 'w':
		return (struct cut_trigger){ .kind = CUT_WRITE, .nth = nth };
	case 'f':
		return (struct cut_trigger){ .kind = CUT_FLUSH, .nth = nth };
	case 'm':
		return (struct cut_trigger){ .kind = CUT_MARK, .nth = nth };
	case 'e':
		return (struct cut_trigger){ .kind = CUT_TIME,
					     .time_ns = UINT64_MAX };
	default:
		return nearest_write(h, c->position);
	}
}

struct triggers {
	struct cut_trigger *list;
	size_t n;
};

static void add(struct triggers *t, struct cut_trigger one)
{
	t->list = xrealloc(t->list, (t->n + 1) * sizeof(*t->list));
	t->list[t->n++] = one;
}

static int add_rule(struct triggers *t, const struct history *h,
		    const struct cut_rule *rule, uint64_t seed,
		    struct error *e)
{
	struct cut *cuts;
	size_t n;
	int err;

	if (rule->kind == CUTS_AT_TIME) {
		add(t, (struct cut_trigger){ .kind = CUT_TIME,
					     .time_ns = rule->time_ns });
		return 0;
	}
	err = cuts_expand(h, rule, 1, seed, &cuts, &n, e);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		add(t, trigger_of(h, &cuts[i]));
	free(cuts);
	return 0;
}

int live_triggers(const struct scenario *s, const struct history *reference,
		  struct cut_trigger **ret, size_t *ret_n, struct error *e)
{
	static const struct cut_rule defaults[] = {
		{ .kind = CUTS_EVERY_FLUSH },
		{ .kind = CUTS_END },
	};
	const struct cut_rule *rules = s->n_cuts ? s->cuts : defaults;
	size_t n = s->n_cuts ? s->n_cuts : 2;
	struct triggers t = { 0 };

	for (size_t i = 0; i < n; i++) {
		int err = add_rule(&t, reference, &rules[i],
				   scenario_cut_seed(s, i), e);

		if (err) {
			free(t.list);
			return err;
		}
	}
	*ret = t.list;
	*ret_n = t.n;
	return 0;
}

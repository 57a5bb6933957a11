/* Which command touches which unit, or might. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/buf.h"
#include "common/error.h"
#include "states/space.h"

static int by_unit(const void *a, const void *b)
{
	const struct touch *x = a, *y = b;

	if (x->unit != y->unit)
		return x->unit < y->unit ? -1 : 1;
	return x->command < y->command ? -1 : x->command > y->command;
}

/* Only a write of data behind ARM can fly. */
static int is_flyer(const struct state_space *s, size_t command)
{
	return command >= s->first_command &&
	       s->h->commands[command].type == LOG_WRITE;
}

/* A flying write lands at the distance, on either side. */
static void add_landings(const struct state_space *s, const struct command *c,
			 struct touch *touches, uint64_t *n)
{
	uint64_t way = s->model.faults.distance / s->tear, unit;
	uint64_t end = s->h->disk_size / s->tear +
		       !!(s->h->disk_size % s->tear);

	for (uint32_t k = command_units(s, c); k--;) {
		unit = command_first(s, c) + k;
		if (unit >= way)
			touches[(*n)++] =
				(struct touch){ unit - way, NO_COMMAND };
		if (way < end && unit < end - way)
			touches[(*n)++] =
				(struct touch){ unit + way, NO_COMMAND };
	}
}

int space_touches(const struct state_space *s, struct touch **ret,
		  size_t *ret_n, struct error *e)
{
	const struct history *h = s->h;
	int fly = s->model.faults.count[FAULT_FLYING] != 0;
	struct touch *touches;
	uint64_t n = 0;

	for (size_t i = 0; i < h->n_commands; i++)
		if (changes_media(&h->commands[i]))
			n += command_units(s, &h->commands[i]) *
			     (fly && is_flyer(s, i) ? 3ULL : 1ULL);
	if (n >= UINT32_MAX / 2)
		return error_set(e, EFBIG, "%" PRIu64 " written units of "
				 "%" PRIu32 " bytes are too many", n, s->tear);
	touches = xcalloc(n, sizeof(*touches));
	n = 0;
	for (uint32_t i = 0; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];
		uint64_t unit = command_first(s, c);

		if (!changes_media(c))
			continue;
		for (uint32_t k = command_units(s, c); k--; unit++)
			touches[n++] = (struct touch){ unit, i };
		if (fly && is_flyer(s, i))
			add_landings(s, c, touches, &n);
	}
	if (n)
		qsort(touches, n, sizeof(*touches), by_unit);
	*ret = touches;
	*ret_n = n;
	return 0;
}

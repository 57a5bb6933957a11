/* What a crash state has of the drive's writes. */
#include "journey/standing.h"

#include <stdlib.h>

#include "common/error.h"

struct media media_worst(const struct journey *j, uint64_t position)
{
	return (struct media){ .journey = j,
			       .position = position,
			       .guest_ns = journey_time(j, position) };
}

int media_of_state(const struct journey *j, const char *state,
		   struct media *ret, struct error *e)
{
	struct write_fate *fates = NULL;
	struct state s;
	size_t n = 0;
	int err = space_state(j->in.space, state, &s, e);

	if (err)
		return err;
	*ret = media_worst(j, s.cut.position);
	state_free(&s);
	err = space_fates(j->in.space, state, &fates, &n, e);
	if (err)
		return err;
	ret->fates = fates ? fates : calloc(1, sizeof(*fates));
	ret->n_fates = n;
	return 0;
}

void media_release(struct media *m)
{
	if (m->fates)
		write_fates_free((struct write_fate *)m->fates, m->n_fates);
	m->fates = NULL;
	m->n_fates = 0;
}

static const struct write_fate *find_fate(const struct media *m,
					  size_t command)
{
	size_t low = 0, high = m->n_fates;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->fates[middle].command < command)
			low = middle + 1;
		else
			high = middle;
	}
	return low < m->n_fates && m->fates[low].command == command ?
		       &m->fates[low] : NULL;
}

/* Units are those of `tear` bytes of the disk. One that holds a younger version
 * has this write's bytes too, but for those that the younger write replaced. */
static int survives(const struct media *m, size_t command, uint64_t offset,
		    uint64_t length)
{
	const struct command *c = &m->journey->in.history->commands[command];
	const struct write_fate *f = find_fate(m, command);
	uint64_t tear = m->journey->in.model->tear, first = c->offset / tear;

	if (!f || !length)
		return 0;
	for (uint64_t u = offset / tear; u <= (offset + length - 1) / tear; u++)
		if (u - first >= f->n_units ||
		    f->units[u - first] == UNIT_LOST)
			return 0;
	return 1;
}

enum media_has media_has(const struct media *m, size_t command,
			 uint64_t offset, uint64_t length)
{
	const struct journey *j = m->journey;
	const struct command *c = &j->in.history->commands[command];

	if (c->submit > m->position)
		return MEDIA_ABSENT;
	if (j->durable[command] <= m->position ||
	    survives(m, command, offset, length))
		return MEDIA_HAS;
	return c->complete > m->position ? MEDIA_FLIGHT : MEDIA_LOST;
}

int media_torn(const struct media *m, size_t command)
{
	const struct write_fate *f = find_fate(m, command);
	int lost = 0, survived = 0;

	for (uint32_t i = 0; f && i < f->n_units; i++) {
		lost |= f->units[i] == UNIT_LOST;
		survived |= f->units[i] == UNIT_SURVIVED;
	}
	return lost && survived;
}

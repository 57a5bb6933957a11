/*
 * What a fault beyond the contract makes of a state: rule 8, whose prose stands
 * at the head of drive/faults.c, on the versions of this room.
 *
 * "What the unit held before that write" is the version in front of the write's:
 * versions are cumulative and in submit order. So losing a write costs no new
 * content, while bit corruption, shorn and flying writes make contents that no
 * write holds (scratch.c).
 */
#include "states/work.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"

/* ---- where the cut stands ---- */

uint64_t fault_last_write(const struct view *v)
{
	for (size_t i = submitted_at(v->s, v->position); i-- > v->s->first_command;)
		if (v->s->h->commands[i].type != LOG_FLUSH)
			return v->s->h->commands[i].number;
	return 0;
}

size_t fault_durable(const struct view *v)
{
	const struct state_space *s = v->s;
	size_t low = 0, high = s->n_by_durable;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->durable[s->by_durable[middle]] <= v->position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int fault_shows(const struct view *v, const uint32_t *pick, uint32_t u,
		uint32_t command)
{
	return work_held(v, pick, u) == version_of(v->s, u, command);
}

/* ---- which write it hits ---- */

static int refuse(const struct work *w, const char *why)
{
	CLEANUP_FREE char *name = fault_name(w->s, w->f);

	return error_set(w->e, EINVAL, "'+%s' cannot have happened here: %s",
			 name, why);
}

/* The write's command. Submitted, and not empty. */
static int find_write(const struct work *w, uint32_t *ret)
{
	const struct history *h = w->s->h;
	uint64_t n = w->f->write;
	uint32_t command =
		n && n <= h->n_writes ? w->s->by_number[n] : NO_COMMAND;

	if (command == NO_COMMAND ||
	    h->commands[command].submit > w->v->position)
		return refuse(w, "there is no such write before the cut");
	if (!changes_media(&h->commands[command]))
		return refuse(w, "the write is empty");
	*ret = command;
	return 0;
}

static int find_recent(const struct work *w, uint32_t *ret)
{
	int err = find_write(w, ret);

	if (err)
		return err;
	if (w->s->h->commands[*ret].type != LOG_WRITE)
		return refuse(w, "the command holds no data");
	if (w->f->write + FAULT_RECENT <= fault_last_write(w->v))
		return refuse(w, "the write is none of the last ones before the "
				 "cut");
	return 0;
}

/* The recent write, and that unit of it, which shows it. */
static int find_unit_hit(const struct work *w, uint32_t *ret_u)
{
	uint32_t command;
	int err = find_recent(w, &command);

	if (err)
		return err;
	if (w->f->unit >= command_units(w->s, &w->s->h->commands[command]))
		return refuse(w, "the write has no such unit");
	*ret_u = w->s->first_unit[command] + (uint32_t)w->f->unit;
	if (!fault_shows(w->v, w->pick, *ret_u, command))
		return refuse(w, "in the base state the unit holds something "
				 "else");
	return 0;
}

/* ---- the faults ---- */

static int corrupt(struct work *w)
{
	uint64_t bit = w->f->bit, bits = w->s->model.faults.bits, all;
	uint32_t u;
	int err = find_unit_hit(w, &u);

	if (err)
		return err;
	all = 8ULL * unit_length(w->s, w->s->unit_index[u]);
	if (bits > all || bit > all - bits)
		return refuse(w, "the unit has not so many bits");
	err = work_read_version(w, u, work_held(w->v, w->pick, u), w->data);
	if (err)
		return err;
	for (; bits--; bit++)
		w->data[bit / 8] ^= (unsigned char)(1u << bit % 8);
	return work_set_data(w, u, w->data);
}

static int shear(struct work *w)
{
	uint32_t keep = w->s->model.faults.keep, u, version, len;
	int err = find_unit_hit(w, &u);

	if (err)
		return err;
	version = work_held(w->v, w->pick, u);
	len = unit_length(w->s, w->s->unit_index[u]);
	err = work_read_version(w, u, version, w->data);
	if (!err)
		err = work_read_version(w, u, version - 1, w->more);
	if (err)
		return err;
	if (keep < len)
		memcpy(w->data + keep, w->more + keep, len - keep);
	return work_set_data(w, u, w->data);
}

/* Where it is shown, the write is as if it had never been. */
static void lose(struct work *w, uint32_t command)
{
	uint32_t n = command_units(w->s, &w->s->h->commands[command]);
	uint32_t u = w->s->first_unit[command];

	for (; n--; u++)
		if (fault_shows(w->v, w->pick, u, command))
			work_set_version(w, u, version_of(w->s, u, command) - 1);
}

static int unserialize(struct work *w)
{
	size_t n = fault_durable(w->v), window = w->s->model.faults.window;
	uint32_t command;
	int err = find_write(w, &command);

	if (err)
		return err;
	for (size_t i = 0; i < n && i < window; i++)
		if (w->s->by_durable[n - 1 - i] == command) {
			lose(w, command);
			return 0;
		}
	return refuse(w, "the write is none of the last durable ones");
}

/* A flying write: one of its units, in flight. */
struct flight {
	uint32_t command, first, n; /* tracked units of the write's own place */
	uint32_t from, to;	    /* of the unit, in tracked units */
};

/* The write's part in unit `from` over what stands in data, which is that of
 * unit `to`. */
static int land(struct work *w, const struct flight *x)
{
	const struct command *c = &w->s->h->commands[x->command];
	uint64_t start = w->s->unit_index[x->from] * w->s->tear;
	uint64_t end = start + unit_length(w->s, w->s->unit_index[x->from]);
	uint64_t from = c->offset > start ? c->offset : start;
	uint64_t to = c->offset + c->length < end ? c->offset + c->length : end;
	int err = pread_full(w->s->log_fd, w->data + (from - start), to - from,
			     c->data + (from - c->offset));

	if (err)
		error_errno(w->e, -err, "cannot read the data of write %" PRIu64
			    " from %s", c->number, w->s->h->log_path);
	return err;
}

/* What unit u holds once the write has left its own place. */
static uint32_t without(const struct work *w, const struct flight *x,
			uint32_t u)
{
	uint32_t version = work_held(w->v, w->pick, u);

	if (u >= x->first && u - x->first < x->n &&
	    version == version_of(w->s, u, x->command))
		version--;
	return version;
}

static int lands_on_disk(const struct work *w, const struct command *c)
{
	int64_t d = w->f->distance;
	uint64_t way = (uint64_t)(d < 0 ? -d : d) * w->s->tear;

	return d < 0 ? way <= c->offset :
		       c->length <= w->s->h->disk_size - c->offset &&
			       way <= w->s->h->disk_size - c->offset -
					      c->length;
}

/* The unit that the distance leads to. */
static uint32_t target(const struct work *w, uint32_t u)
{
	return find_unit(w->s, w->s->unit_index[u] + (uint64_t)w->f->distance);
}

/* Whether one of the write's own units, which shows it, flies to this one. */
static int is_target(const struct work *w, const struct flight *x, uint32_t u)
{
	uint64_t from = w->s->unit_index[u] - (uint64_t)w->f->distance;
	uint64_t first = w->s->unit_index[x->first];

	return from >= first && from - first < x->n &&
	       fault_shows(w->v, w->pick, x->first + (uint32_t)(from - first),
			   x->command);
}

static int fly(struct work *w)
{
	int64_t way = (int64_t)(w->s->model.faults.distance / w->s->tear);
	const struct command *c;
	struct flight x;
	int err = find_recent(w, &x.command);

	if (err)
		return err;
	c = &w->s->h->commands[x.command];
	if (w->f->distance != way && w->f->distance != -way)
		return refuse(w, "the drive's writes do not fly that far");
	if (!lands_on_disk(w, c))
		return refuse(w, "the write would not land on the disk");
	x.first = w->s->first_unit[x.command];
	x.n = command_units(w->s, c);
	for (x.from = x.first; !err && x.from - x.first < x.n; x.from++) {
		if (!fault_shows(w->v, w->pick, x.from, x.command))
			continue;
		if (!is_target(w, &x, x.from))
			work_set_version(w, x.from, without(w, &x, x.from));
		x.to = target(w, x.from);
		err = work_read_version(w, x.to, without(w, &x, x.to), w->data);
		if (!err)
			err = land(w, &x);
		if (!err)
			err = work_set_data(w, x.to, w->data);
	}
	return err;
}

/* Units from the first of the region to the first behind it. */
static int region_units(const struct work *w, uint32_t *ret_from,
			uint32_t *ret_to)
{
	uint64_t units = w->s->model.faults.region / w->s->tear, first;

	*ret_from = 0;
	*ret_to = w->s->n_units;
	if (!units)
		return 0;
	if (__builtin_mul_overflow(w->f->region, units, &first) ||
	    first > (w->s->h->disk_size - 1) / w->s->tear)
		return refuse(w, "the disk has no such region");
	*ret_from = find_unit(w->s, first);
	*ret_to = find_unit(w->s, first + units);
	return 0;
}

static int roll_back(struct work *w)
{
	uint64_t n = w->f->write;
	size_t submitted = w->s->first_command;
	uint32_t from, to;
	int err = region_units(w, &from, &to);

	if (err)
		return err;
	if (n % w->s->model.faults.checkpoint || n > fault_last_write(w->v))
		return refuse(w, "the mapping table was not saved at that "
				 "write before the cut");
	if (n)
		submitted = (size_t)w->s->by_number[n] + 1;
	for (uint32_t u = from; u < to; u++)
		work_set_version(w, u, version_at(w->s, u, submitted));
	return 0;
}

/* The content stays, but nobody may take the state for a living one. */
static int kill_device(struct work *w)
{
	w->st->hash.low ^= 0x9e3779b97f4a7c15ULL * (uint64_t)w->f->kind;
	w->changed++;
	return 0;
}

int fault_apply(const struct view *v, const uint32_t *pick,
		const struct fault_at *f, struct state *st, struct error *e)
{
	static int (*const apply[FAULT_COUNT])(struct work *) = {
		[FAULT_BIT_CORRUPTION] = corrupt,
		[FAULT_SHORN] = shear,
		[FAULT_FLYING] = fly,
		[FAULT_UNSERIALIZABLE] = unserialize,
		[FAULT_METADATA] = roll_back,
		[FAULT_READ_ONLY] = kill_device,
		[FAULT_GONE] = kill_device,
	};
	CLEANUP_FREE unsigned char *data = xmalloc(v->s->tear);
	CLEANUP_FREE unsigned char *more = xmalloc(v->s->tear);
	struct work w = { .v = v, .s = v->s, .pick = pick, .f = f, .st = st,
			  .data = data, .more = more, .e = e };
	CLEANUP_FREE char *name = fault_name(v->s, f), *base = NULL;
	int err = apply[f->kind](&w);

	if (!err && !w.changed)
		err = refuse(&w, "it would change nothing");
	if (err)
		return err;
	base = st->survivors;
	st->survivors = xasprintf("%s+%s", base, name);
	st->fault = f->kind;
	return 0;
}

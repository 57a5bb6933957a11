/*
 * The space of states of one recording: its units and their versions.
 *
 * The hash of a disk's content is the sum over all units of
 * XXH3_128bits(content hash, unit index), where a unit that equals base counts
 * as nothing. So it depends on the content alone: not on which writes made it,
 * not on which units happen to be tracked, and it changes with one unit by one
 * subtraction and one addition.
 */
#include "states/faults.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "common/ascending.h"
#include "common/cleanup.h"
#include "common/error.h"

uint32_t unit_length(const struct state_space *s, uint64_t unit_index)
{
	uint64_t left = s->h->disk_size - unit_index * s->tear;

	return left < s->tear ? (uint32_t)left : s->tear;
}

uint64_t version_source(const struct state_space *s, uint32_t u,
			uint32_t version)
{
	uint32_t content = s->versions[version].content;

	return content == s->base_content[u] ? SOURCE_BASE :
					       s->contents.at[content].source;
}

struct state_hash unit_hash(const struct state_space *s, uint32_t u,
			    struct state_hash content)
{
	struct state_hash base = s->contents.at[s->base_content[u]].hash;
	uint64_t key[3] = { content.low, content.high, s->unit_index[u] };
	XXH128_hash_t x;

	if (content.low == base.low && content.high == base.high)
		return (struct state_hash){ 0, 0 };
	x = XXH3_128bits(key, sizeof(key));
	return (struct state_hash){ x.low64, x.high64 };
}

struct state_hash version_hash(const struct state_space *s, uint32_t u,
			       uint32_t version)
{
	uint32_t content = s->versions[version].content;

	return unit_hash(s, u, s->contents.at[content].hash);
}

uint32_t version_of(const struct state_space *s, uint32_t u, uint32_t command)
{
	return version_at(s, u, command) + 1;
}

uint32_t version_at(const struct state_space *s, uint32_t u, size_t submitted)
{
	uint32_t low = s->first[u] + 1, high = s->first[u + 1];

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (s->versions[middle].command < submitted)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

size_t submitted_at(const struct state_space *s, uint64_t position)
{
	return keys_until(KEYS_OF(s->h->commands, s->h->n_commands, submit),
			  position);
}

/* ---- making it ---- */

static int check_commands(const struct history *h, struct error *e)
{
	uint64_t last = 0;

	if (h->n_commands >= NO_COMMAND)
		return error_set(e, EFBIG, "%zu commands are too many",
				 h->n_commands);
	for (size_t i = 0; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];
		uint64_t end;

		if (__builtin_add_overflow(c->offset, c->length, &end) ||
		    (c->type != LOG_FLUSH && end > h->disk_size) ||
		    (i && c->submit <= last) || c->submit >= h->end ||
		    (c->type != LOG_FLUSH && c->number > h->n_writes))
			return error_set(e, EBADMSG, "the command at position "
					 "%" PRIu64 " makes no sense",
					 c->submit);
		last = c->submit;
	}
	return 0;
}

static int check_arguments(const struct history *h, uint32_t tear,
			   struct error *e)
{
	if (tear < 512 || tear > 65536 || (tear & (tear - 1)))
		return error_set(e, EINVAL, "tear %" PRIu32 " is not a power "
				 "of two from 512 to 65536", tear);
	if (!h->disk_size || h->disk_size > INT64_MAX)
		return error_set(e, EINVAL, "a disk of %" PRIu64 " bytes",
				 h->disk_size);
	return cut_check(h, h->arm, e);
}

static int open_files(struct state_space *s, const char *base,
		      const char *units_path, struct error *e)
{
	const char *log = s->h->log_path;

	if (base) {
		s->base = xstrdup(base);
		s->base_fd = open(base, O_RDONLY | O_CLOEXEC);
		if (s->base_fd < 0)
			return error_errno(e, errno, "cannot open %s", base);
	}
	s->log_fd = open(log, O_RDONLY | O_CLOEXEC);
	if (s->log_fd < 0)
		return error_errno(e, errno, "cannot open %s", log);
	s->units_fd = open(units_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
			   0666);
	if (s->units_fd < 0)
		return error_errno(e, errno, "cannot create %s", units_path);
	return 0;
}

/* Room for as many as there can be; trimmed when it is known how many are. */
static void allocate_units(struct state_space *s, const struct touch *touches,
			   size_t n)
{
	size_t n_units = 0;

	for (size_t i = 0; i < n; i++)
		n_units += !i || touches[i].unit != touches[i - 1].unit;
	s->unit_index = xcalloc(n_units, sizeof(*s->unit_index));
	s->base_content = xcalloc(n_units, sizeof(*s->base_content));
	s->first = xcalloc(n_units + 1, sizeof(*s->first));
	s->versions = xcalloc(n + n_units, sizeof(*s->versions));
}

static void trim_units(struct state_space *s)
{
	size_t n = s->n_units;

	s->unit_index = xrealloc(s->unit_index, n * sizeof(*s->unit_index));
	s->base_content =
		xrealloc(s->base_content, n * sizeof(*s->base_content));
	s->first = xrealloc(s->first, (n + 1) * sizeof(*s->first));
	s->versions =
		xrealloc(s->versions, s->first[n] * sizeof(*s->versions));
}

uint32_t find_unit(const struct state_space *s, uint64_t unit_index)
{
	return (uint32_t)keys_below(s->unit_index, sizeof(*s->unit_index),
				    s->n_units, unit_index);
}

struct ranked {
	uint64_t durable;
	uint32_t command;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->durable != y->durable)
		return x->durable < y->durable ? -1 : 1;
	return x->command < y->command ? -1 : x->command > y->command;
}

/* Everything that is looked up by command. */
static void index_commands(struct state_space *s)
{
	const struct history *h = s->h;
	CLEANUP_FREE struct ranked *ranked =
		xcalloc(h->n_commands, sizeof(*ranked));
	size_t n = 0;

	s->first_unit = xcalloc(h->n_commands, sizeof(*s->first_unit));
	s->by_number = xmalloc((h->n_writes + 1) * sizeof(*s->by_number));
	memset(s->by_number, 0xff, (h->n_writes + 1) * sizeof(*s->by_number));
	for (size_t i = s->first_command; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];

		if (c->type != LOG_FLUSH)
			s->by_number[c->number] = (uint32_t)i;
		if (!changes_media(c))
			continue;
		s->first_unit[i] = find_unit(s, command_first(s, c));
		if (s->durable[i] != POSITION_NEVER)
			ranked[n++] = (struct ranked){ s->durable[i],
						       (uint32_t)i };
	}
	if (n)
		qsort(ranked, n, sizeof(*ranked), by_rank);
	s->by_durable = xcalloc(n, sizeof(*s->by_durable));
	s->n_by_durable = n;
	for (size_t i = 0; i < n; i++)
		s->by_durable[i] = ranked[i].command;
}

static int fill(struct state_space *s, struct error *e)
{
	CLEANUP_FREE struct touch *touches = NULL;
	size_t n = 0;
	int err;

	s->durable = model_durable(s->h, &s->model);
	while (s->first_command < s->h->n_commands &&
	       s->h->commands[s->first_command].submit < s->h->arm)
		s->first_command++;
	err = space_touches(s, &touches, &n, e);
	if (err)
		return err;
	allocate_units(s, touches, n);
	err = space_compose(s, touches, n, e);
	if (err)
		return err;
	trim_units(s);
	index_commands(s);
	for (uint32_t u = 0; u < s->n_units; u++)
		hash_add(&s->arm_hash, version_hash(s, u, s->first[u]));
	s->own = cursor_new(s);
	if (fault_model_any(&s->model.faults))
		s->scratch = scratch_new(s->units_end);
	return 0;
}

int space_create(const struct history *h, const char *base,
		 const char *units_path, const struct cache_model *model,
		 struct state_space **ret, struct error *e)
{
	struct state_space *s;
	int err = check_arguments(h, model->tear, e);

	if (!err)
		err = check_commands(h, e);
	if (err)
		return err;
	s = xcalloc(1, sizeof(*s));
	*s = (struct state_space){ .h = h,
				   .model = *model,
				   .tear = model->tear,
				   .base_fd = -1,
				   .log_fd = -1,
				   .units_fd = -1 };
	err = open_files(s, base, units_path, e);
	if (!err)
		err = fill(s, e);
	if (err)
		space_free(s);
	else
		*ret = s;
	return err;
}

void space_free(struct state_space *s)
{
	if (!s)
		return;
	cleanup_close(&s->base_fd);
	cleanup_close(&s->log_fd);
	cleanup_close(&s->units_fd);
	cursor_free(s->own);
	contents_free(&s->contents);
	scratch_free(s->scratch);
	free(s->versions);
	free(s->base_content);
	free(s->first);
	free(s->unit_index);
	free(s->by_number);
	free(s->first_unit);
	free(s->by_durable);
	free(s->durable);
	free(s->base);
	free(s);
}

size_t space_units(const struct state_space *s)
{
	return s->n_units;
}

uint64_t space_unit_index(const struct state_space *s, size_t i)
{
	return s->unit_index[i];
}

/* ---- asking it ---- */

double space_legal_log2(struct state_space *s, const struct cut *c)
{
	struct view *v;

	return view_at(s->own, c->position, &v, NULL) ? 0 : view_legal_log2(v);
}

uint64_t space_volatile(struct state_space *s, const struct cut *c)
{
	struct view *v;

	return view_at(s->own, c->position, &v, NULL) ? 0 : v->n_writes;
}

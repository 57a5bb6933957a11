/*
 * A state on the media: as patches for the drive, as an image in a file.
 *
 * A state says its cut and where it differs from what was submitted until then.
 * What it holds elsewhere follows from the space alone: the last version that
 * was submitted, found in the unit's own versions. So two states, of whatever
 * cuts, can differ only on the units that commands between their cuts touched,
 * and on those where one of them differs from its cut. These are looked at, and
 * no others; the patches are those whose content is another one.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "states/space.h"

/* ---- from one state to the next ---- */

static int by_unit(const void *a, const void *b)
{
	const struct patch *x = a, *y = b;

	return x->unit < y->unit ? -1 : x->unit > y->unit;
}

static const struct patch *differing(const struct state *st, uint64_t unit)
{
	struct patch key = { .unit = unit };

	return st->n_differs ? bsearch(&key, st->differs, st->n_differs,
				       sizeof(key), by_unit) :
			       NULL;
}

/* The unit need not be tracked: what nobody wrote is as in base. submitted: at
 * the state's cut. */
static uint64_t source_of(const struct state_space *s, const struct state *st,
			  size_t submitted, uint64_t unit)
{
	const struct patch *own = differing(st, unit);
	uint32_t u;

	units_touched++;
	if (own)
		return own->source;
	u = find_unit(s, unit);
	if (u == s->n_units || s->unit_index[u] != unit)
		return SOURCE_BASE;
	return version_source(s, u, version_at(s, u, submitted));
}

uint64_t state_source(const struct state_space *s, const struct state *st,
		      uint64_t unit)
{
	return source_of(s, st, submitted_at(s, st->cut.position), unit);
}

/* Units that may differ between two states; each once when sorted. */
struct changed {
	struct patch *at; /* .unit counts */
	size_t n, size;
};

static void add_unit(struct changed *c, uint64_t unit)
{
	if (c->n == c->size) {
		c->size = c->size ? c->size * 2 : 64;
		c->at = xrealloc(c->at, c->size * sizeof(*c->at));
	}
	c->at[c->n++] = (struct patch){ .unit = unit };
}

static void add_differing(struct changed *c, const struct state *st)
{
	for (size_t i = 0; st && i < st->n_differs; i++)
		add_unit(c, st->differs[i].unit);
}

/* Units that were submitted between the cuts; all where these are no more. */
static void add_between(struct changed *c, const struct state_space *s,
			size_t from, size_t to)
{
	const struct command *commands = s->h->commands;
	size_t low = from < to ? from : to, high = from < to ? to : from;
	uint64_t n = 0;

	if (low < s->first_command)
		low = s->first_command;
	for (size_t i = low; i < high && n < s->n_units; i++)
		if (changes_media(&commands[i]))
			n += command_units(s, &commands[i]);
	if (n >= s->n_units) {
		for (uint32_t u = 0; low < high && u < s->n_units; u++)
			add_unit(c, s->unit_index[u]);
		return;
	}
	for (size_t i = low; i < high; i++) {
		uint64_t unit = command_first(s, &commands[i]);

		if (!changes_media(&commands[i]))
			continue;
		for (uint32_t k = command_units(s, &commands[i]); k--;)
			add_unit(c, unit++);
	}
}

size_t state_patches(const struct state_space *s, const struct state *from,
		     const struct state *to, struct patch **ret)
{
	size_t new = submitted_at(s, to->cut.position), n = 0;
	size_t old = from ? submitted_at(s, from->cut.position) : 0;
	struct changed c = { NULL, 0, 0 };

	if (from)
		add_between(&c, s, old, new);
	for (uint32_t u = 0; !from && u < s->n_units; u++)
		add_unit(&c, s->unit_index[u]);
	add_differing(&c, from);
	add_differing(&c, to);
	if (c.n)
		qsort(c.at, c.n, sizeof(*c.at), by_unit);
	for (size_t i = 0; i < c.n; i++) {
		uint64_t unit = c.at[i].unit, source;

		if (i + 1 < c.n && c.at[i + 1].unit == unit)
			continue;
		source = source_of(s, to, new, unit);
		if (source != (from ? source_of(s, from, old, unit) :
				      SOURCE_BASE))
			c.at[n++] = (struct patch){ unit, source };
	}
	*ret = c.at;
	return n;
}

/* ---- contents ---- */

int source_read(const struct state_space *s, uint64_t unit_index,
		uint64_t source, void *data, struct error *e)
{
	uint32_t len = unit_length(s, unit_index);
	int log = SOURCE_KIND(source) == SOURCE_LOG;
	int err;

	if (SOURCE_KIND(source) == SOURCE_ZERO) {
		memset(data, 0, len);
		return 0;
	}
	err = pread_full(log ? s->log_fd : s->units_fd, data, len,
			 SOURCE_OFFSET(source));
	if (err)
		error_errno(e, -err, "cannot read unit %" PRIu64 " from the "
			    "%s file", unit_index, log ? "log" : "units");
	return err;
}

/* Writes the parts of base that are not holes. */
static int copy_base(const struct state_space *s, int fd, struct error *e)
{
	CLEANUP_FREE char *chunk = xmalloc(1 << 20);
	off_t at = 0, size = (off_t)s->h->disk_size;

	while (at < size) {
		off_t data = lseek(s->base_fd, at, SEEK_DATA), hole;

		if (data < 0 && errno == ENXIO)
			return 0;
		hole = data < 0 ? -1 : lseek(s->base_fd, data, SEEK_HOLE);
		if (hole < 0)
			return error_errno(e, errno, "cannot read %s", s->base);
		if (hole > size)
			hole = size;
		for (at = data; at < hole;) {
			size_t n = hole - at < 1 << 20 ? (size_t)(hole - at) :
							 1 << 20;
			int err = pread_full(s->base_fd, chunk, n,
					     (uint64_t)at);

			if (!err)
				err = pwrite_full(fd, chunk, n, (uint64_t)at);
			if (err)
				return error_errno(e, -err, "cannot copy %s",
						   s->base);
			at += (off_t)n;
		}
		at = hole > at ? hole : at;
	}
	return 0;
}

static int write_units(const struct state_space *s, const struct state *st,
		       int fd, const char *path, struct error *e)
{
	CLEANUP_FREE char *data = xmalloc(s->tear);
	CLEANUP_FREE struct patch *patches = NULL;
	size_t n = state_patches(s, NULL, st, &patches);

	for (size_t i = 0; i < n; i++) {
		uint64_t unit = patches[i].unit, source = patches[i].source;
		int err;

		if (SOURCE_KIND(source) == SOURCE_ZERO && !s->base)
			continue;
		err = source_read(s, unit, source, data, e);
		if (err)
			return err;
		err = pwrite_full(fd, data, unit_length(s, unit),
				  unit * s->tear);
		if (err)
			return error_errno(e, -err, "cannot write %s", path);
	}
	return 0;
}

int state_export(const struct state_space *s, const struct state *st,
		 const char *path, struct error *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int err = 0;

	if (fd < 0)
		return error_errno(e, errno, "cannot create %s", path);
	if (ftruncate(fd, (off_t)s->h->disk_size) < 0)
		err = error_errno(e, errno, "cannot size %s", path);
	if (!err && s->base)
		err = copy_base(s, fd, e);
	if (!err)
		err = write_units(s, st, fd, path, e);
	if (close(fd) < 0 && !err)
		err = error_errno(e, errno, "cannot write %s", path);
	if (err)
		unlink(path);
	return err;
}

/*
 * Versions: what each unit held, one content after another.
 *
 * Unit by unit, all commands that touch it are applied in submit order to its
 * content in base. What it held before ARM is one version, since a cut never
 * sees more of it. A content gets a source of its own when some version needs
 * one: the log where one write holds the unit whole, zeroes, or else it is
 * written to the units file. A version that equals base needs none.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "states/space.h"

/* One unit while its versions are made. */
struct work {
	struct state_space *s;
	uint64_t unit;
	uint64_t start; /* bytes on the disk */
	uint32_t len;
	unsigned char *data;
};

/* base may be shorter than the disk: zeroes follow. */
int base_read(const struct state_space *s, uint64_t start, void *data,
	      uint32_t len, struct error *e)
{
	char *p = data;
	size_t done = 0;

	memset(p, 0, len);
	while (s->base && done < len) {
		ssize_t n = pread(s->base_fd, p + done, len - done,
				  (off_t)(start + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(e, errno, "cannot read %s", s->base);
		if (!n)
			break;
		done += (size_t)n;
	}
	return 0;
}

static int covers(const struct work *w, const struct command *c)
{
	return c->offset <= w->start &&
	       c->offset + c->length >= w->start + w->len;
}

static int apply(const struct work *w, const struct command *c,
		 struct error *e)
{
	uint64_t from = c->offset > w->start ? c->offset : w->start;
	uint64_t to = c->offset + c->length, end = w->start + w->len;
	unsigned char *data = w->data + (from - w->start);
	int err;

	if (to > end)
		to = end;
	if (c->type != LOG_WRITE) {
		memset(data, 0, to - from);
		return 0;
	}
	err = pread_full(w->s->log_fd, data, to - from,
			 c->data + (from - c->offset));
	if (err)
		error_errno(e, -err, "cannot read the data of the write at "
			    "position %llu from %s",
			    (unsigned long long)c->submit, w->s->h->log_path);
	return err;
}

static int store(const struct work *w, uint64_t *ret, struct error *e)
{
	struct state_space *s = w->s;
	int err = pwrite_full(s->units_fd, w->data, w->len, s->units_end);

	if (err)
		return error_errno(e, -err, "cannot write the units file");
	*ret = SOURCE_SCRATCH | s->units_end;
	s->units_end += s->tear;
	return 0;
}

static int is_zero(const struct work *w)
{
	return !w->data[0] && !memcmp(w->data, w->data + 1, w->len - 1);
}

/* Sees to it that the content stands somewhere. */
static int give_source(const struct work *w, struct content *content,
		       const struct command *c, struct error *e)
{
	if (content->source != SOURCE_BASE)
		return 0;
	if (is_zero(w)) {
		content->source = SOURCE_ZERO;
		return 0;
	}
	if (c->type == LOG_WRITE && covers(w, c)) {
		content->source = SOURCE_LOG | (c->data + w->start - c->offset);
		return 0;
	}
	return store(w, &content->source, e);
}

/* The content as it is now, after command c. */
static int take_version(const struct work *w, const struct command *c,
			uint32_t base_content, uint32_t *ret, struct error *e)
{
	struct contents *all = &w->s->contents;
	uint32_t content;
	int err = contents_intern(all, w->data, w->len, &content);

	if (err)
		return error_errno(e, -err, "too many unit contents");
	if (content != base_content)
		err = give_source(w, &all->at[content], c, e);
	if (!err)
		*ret = content;
	return err;
}

/* What the unit holds at ARM: `n` touches lie before it. Those in front of the
 * last one that covers it whole need not be read. */
static int compose_setup(const struct work *w, const struct touch *touches,
			 size_t n, uint32_t base_content, uint32_t *ret,
			 struct error *e)
{
	const struct command *commands = w->s->h->commands;
	size_t from = n;
	int err = 0;

	*ret = base_content;
	if (!n)
		return 0;
	while (--from && !covers(w, &commands[touches[from].command]))
		;
	for (size_t i = from; !err && i < n; i++)
		err = apply(w, &commands[touches[i].command], e);
	if (err)
		return err;
	return take_version(w, &commands[touches[n - 1].command], base_content,
			    ret, e);
}

static void add_version(struct state_space *s, uint32_t *n, uint32_t command,
			uint32_t content)
{
	s->versions[(*n)++] = (struct version){ command, content };
}

/* All touches of one unit. Appends its versions, unless it can never differ
 * from base: then it is not tracked at all. */
static int compose_unit(struct work *w, const struct touch *touches, size_t n,
			uint32_t *n_versions, struct error *e)
{
	struct state_space *s = w->s;
	uint32_t base_content, content;
	size_t setup = 0;
	int err = base_read(s, w->start, w->data, w->len, e);

	if (err)
		return err;
	if (contents_intern(&s->contents, w->data, w->len, &base_content))
		return error_set(e, ENOMEM, "too many unit contents");
	while (setup < n && touches[setup].command < s->first_command)
		setup++;
	err = compose_setup(w, touches, setup, base_content, &content, e);
	if (err || (setup == n && content == base_content))
		return err;
	s->unit_index[s->n_units] = w->unit;
	s->base_content[s->n_units] = base_content;
	s->first[s->n_units++] = *n_versions;
	add_version(s, n_versions, NO_COMMAND, content);
	for (size_t i = setup; !err && i < n; i++) {
		const struct command *c = &s->h->commands[touches[i].command];

		if (touches[i].command == NO_COMMAND)
			break;
		err = apply(w, c, e);
		if (!err)
			err = take_version(w, c, base_content, &content, e);
		if (!err)
			add_version(s, n_versions, touches[i].command, content);
	}
	return err;
}

int space_compose(struct state_space *s, const struct touch *touches, size_t n,
		  struct error *e)
{
	CLEANUP_FREE unsigned char *data = xmalloc(s->tear);
	struct work w = { .s = s, .data = data };
	uint32_t n_versions = 0;

	for (size_t i = 0, end; i < n; i = end) {
		int err;

		w.unit = touches[i].unit;
		w.start = w.unit * s->tear;
		w.len = unit_length(s, w.unit);
		for (end = i; end < n && touches[end].unit == w.unit;)
			end++;
		err = compose_unit(&w, touches + i, end - i, &n_versions, e);
		if (err)
			return err;
	}
	s->first[s->n_units] = n_versions;
	return 0;
}

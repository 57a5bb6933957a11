/* The list `cuts`: each item is one of every, at and random. */
#include "scenario/convert.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/quantity.h"

#define PATH_LEN 64
#define RANDOM_MAX 1000000
#define MARK_MAX 4000 /* PC_TEXT_MAX: longer marks cannot be made */

struct cut_reader {
	struct document *d;
	struct error *e;
	char path[PATH_LEN]; /* cuts[3] */
};

static int number(struct cut_reader *r, const char *key, const char *text,
		  quantity_fn parse, uint64_t max, const char *range,
		  uint64_t *ret)
{
	char path[PATH_LEN + 16];

	snprintf(path, sizeof(path), "%s.%s", r->path, key);
	return quantity_at(r->d, path, text, parse, 1, max, range, ret, r->e);
}

static int mark_text(struct cut_reader *r, const char *text,
		     struct cut_rule *ret)
{
	char path[PATH_LEN + 16];

	snprintf(path, sizeof(path), "%s.at.mark", r->path);
	if (!*text || strlen(text) > MARK_MAX || strchr(text, '\n'))
		return document_error(r->d, path, r->e,
				      "%s is no mark's text; expected one line "
				      "of 1 to %d bytes", path, MARK_MAX);
	ret->mark = xstrdup(text);
	return 0;
}

static int convert_at(struct cut_reader *r, const struct raw_at *at,
		      struct cut_rule *ret)
{
	int given = !!at->mark + !!at->write + !!at->flush + !!at->after;
	char path[PATH_LEN + 16];

	snprintf(path, sizeof(path), "%s.at", r->path);
	if (given != 1)
		return document_error(r->d, path, r->e,
				      "%s has %d positions; expected exactly "
				      "one of mark, write, flush and after",
				      path, given);
	if (at->nth && !at->mark) {
		snprintf(path, sizeof(path), "%s.at.nth", r->path);
		return document_error(r->d, path, r->e,
				      "%s without mark; expected "
				      "{ mark: TEXT, nth: NUMBER }", path);
	}
	if (at->mark) {
		int err = mark_text(r, at->mark, ret);

		ret->kind = CUTS_AT_MARK; /* nth stays 0 where not given */
		return err ? err :
			     number(r, "at.nth", at->nth, parse_count,
				    UINT64_MAX, "at least 1", &ret->nth);
	}
	if (at->after) {
		ret->kind = CUTS_AT_TIME;
		return number(r, "at.after", at->after, parse_duration,
			      UINT64_MAX, "more than 0s", &ret->time_ns);
	}
	ret->kind = at->write ? CUTS_AT_WRITE : CUTS_AT_FLUSH;
	return number(r, at->write ? "at.write" : "at.flush",
		      at->write ? at->write : at->flush, parse_count,
		      UINT64_MAX, "at least 1", &ret->nth);
}

static int convert_every(enum raw_every every, struct cut_rule *ret)
{
	ret->kind = every == RAW_EVERY_WRITE ? CUTS_EVERY_WRITE :
		    every == RAW_EVERY_FLUSH ? CUTS_EVERY_FLUSH :
					       CUTS_EVERY_MARK;
	return 0;
}

/* A crash in the recovery from a crash; no deeper. */
static int convert_nested(struct cut_reader *r, const char *text,
			  struct cut_rule *ret)
{
	return number(r, "nested", text, parse_count, 2, "1 or 2",
		      &ret->nested);
}

static int convert_rule(struct cut_reader *r, const struct raw_cut *raw,
			struct cut_rule *ret)
{
	int given = !!raw->every + !!raw->at + !!raw->random;

	if (given != 1)
		return document_error(r->d, r->path, r->e,
				      "%s has %d rules; expected exactly one "
				      "of every, at and random", r->path,
				      given);
	if (raw->every)
		return convert_every(raw->every, ret);
	if (raw->at)
		return convert_at(r, raw->at, ret);
	ret->kind = CUTS_RANDOM;
	return number(r, "random.count", raw->random->count, parse_count,
		      RANDOM_MAX, "1 to 1000000", &ret->count);
}

static int convert_cut(struct cut_reader *r, const struct raw_cut *raw,
		       struct cut_rule *ret)
{
	int err = convert_rule(r, raw, ret);

	return err ? err : convert_nested(r, raw->nested, ret);
}

int cuts_convert(struct document *d, const struct raw_scenario *raw,
		 struct scenario *s, struct error *e)
{
	struct cut_reader r = { .d = d, .e = e };

	if (!raw->cuts_count)
		return 0;
	s->cuts = xcalloc(raw->cuts_count, sizeof(*s->cuts));
	s->n_cuts = raw->cuts_count;
	for (unsigned int i = 0; i < raw->cuts_count; i++) {
		int err;

		snprintf(r.path, sizeof(r.path), "cuts[%u]", i);
		err = convert_cut(&r, &raw->cuts[i], &s->cuts[i]);
		if (err)
			return err;
	}
	return 0;
}

/*
 * The key `expect`: a word, or what the program is documented to lose. That may
 * be written as YAML's mapping or as one text:
 *
 *	expect: { loses: last 2000 ms }
 *	expect: "loses: last 2000 ms"
 */
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/nearest.h"
#include "common/quantity.h"
#include "scenario/convert.h"

#define SECOND 1000000000ULL

static const char *const words[] = {
	[EXPECT_HELD] = "held",
	[EXPECT_VIOLATED] = "violated",
	[EXPECT_LOSES] = "loses",
	NULL,
};

const char *expect_name(enum expect e)
{
	return words[e];
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " ");
}

/* "2000 ms" as "2000ms", for the parser that takes no blanks. Caller frees. */
static char *closed_up(const char *text)
{
	size_t number = strcspn(text, " ");

	return xasprintf("%.*s%s", (int)number, text,
			 skip_blanks(text + number));
}

/* "last 2000 ms" */
static int convert_window(struct document *d, const char *path,
			  const char *text, struct scenario *s,
			  struct error *e)
{
	static const char last[] = "last ";
	CLEANUP_FREE char *window = NULL;

	if (strncmp(text, last, strlen(last)))
		return document_error(d, path, e,
				      "%s is '%.60s'; expected last and a "
				      "duration, such as last 2000 ms", path,
				      text);
	window = closed_up(skip_blanks(text + strlen(last)));
	s->expect = EXPECT_LOSES;
	return quantity_at(d, path, window, parse_duration, 1, 86400 * SECOND,
			   "more than 0s, at most 24h", &s->window_ns, e);
}

static int unknown_word(struct document *d, const char *path,
			const char *text, struct error *e)
{
	const char *nearest = nearest_word(text, words);

	return document_error(d, path, e,
			      "%s is '%.60s'; expected held, violated or "
			      "loses: last DURATION%s%s%s", path, text,
			      nearest ? "; did you mean " : "",
			      nearest ? nearest : "", nearest ? "?" : "");
}

int expect_text(struct document *d, const char *path, const char *text,
		struct scenario *s, struct error *e)
{
	static const char loses[] = "loses:";

	s->window_ns = 0;
	if (!text || !strcmp(text, words[EXPECT_HELD]))
		s->expect = EXPECT_HELD;
	else if (!strcmp(text, words[EXPECT_VIOLATED]))
		s->expect = EXPECT_VIOLATED;
	else if (!strncmp(text, loses, strlen(loses)))
		return convert_window(d, path,
				      skip_blanks(text + strlen(loses)), s, e);
	else
		return unknown_word(d, path, text, e);
	return 0;
}

/* A recovery has no clock of the promises that it inherits. */
static int check_window(struct document *d, const struct scenario *s,
			struct error *e)
{
	if (s->expect != EXPECT_LOSES)
		return 0;
	for (size_t i = 0; i < s->n_cuts; i++)
		if (s->cuts[i].nested > 1)
			return document_error(d, "expect", e,
					      "expect: loses together with cuts "
					      "of a recovery (nested: 2) is not "
					      "supported yet; expected cuts "
					      "without");
	return 0;
}

int expect_convert(struct document *d, const struct raw_scenario *raw,
		   struct scenario *s, struct error *e)
{
	int err = raw->expect_loss ?
			  convert_window(d, "expect.loses",
					 raw->expect_loss->loses, s, e) :
			  expect_text(d, "expect", raw->expect, s, e);

	return err ? err : check_window(d, s, e);
}

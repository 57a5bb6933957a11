/* The keys `states` and `require`: which states are explored, and which cuts
 * must have been among them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/nearest.h"
#include "common/quantity.h"
#include "scenario/convert.h"

#define DAY_NS (86400 * 1000000000ULL)

static int unknown_strategy(struct document *d, const char *name,
			    struct error *e)
{
	struct buf list CLEANUP_BUF = BUF_INIT;
	static const char *const near[] = { "default", "prefix", "drop-1",
					    "drop-2", "keep-1", "keep-2",
					    "torn", "reorder", "random",
					    "exhaustive", NULL };
	const char *nearest = nearest_word(name, near), *each, *help;
	int numbered;

	for (size_t i = 0; strategy_info(i, &each, &numbered, &help); i++)
		buf_printf(&list, "%s%s%s", i ? ", " : "", each,
			   numbered ? "-1 to -9" : "");
	return document_error(d, "states.strategy", e,
			      "states.strategy is '%.60s'; expected one of "
			      "%s%s%s%s", name, buf_text(&list),
			      nearest ? "; did you mean " : "",
			      nearest ? nearest : "", nearest ? "?" : "");
}

int states_convert(struct document *d, const struct raw_states *raw,
		   struct scenario *s, struct error *e)
{
	int err;

	s->states.strategy = xstrdup(raw->strategy ? raw->strategy : "default");
	s->states.budget = 20000;
	s->states.exhaustive = EXHAUSTIVE_USUAL;
	if (!strategy_exists(s->states.strategy))
		return unknown_strategy(d, s->states.strategy, e);
	err = quantity_at(d, "states.budget", raw->budget, parse_count, 1,
			  UINT64_MAX, "at least 1", &s->states.budget, e);
	if (!err)
		err = quantity_at(d, "states.time", raw->time, parse_duration,
				  1, DAY_NS, "more than 0s, at most 24h",
				  &s->states.time_ns, e);
	if (!err)
		err = quantity_at(d, "states.exhaustive", raw->exhaustive,
				  parse_count, 0, EXHAUSTIVE_MOST, "0 to 24",
				  &s->states.exhaustive, e);
	s->states.equality = raw->equality;
	s->states.audit_ppm = 50000;
	return err ? err :
		     quantity_at(d, "states.audit", raw->audit, parse_percent,
				 0, 1000000, "0% to 100%",
				 &s->states.audit_ppm, e);
}

/* ---- require ---- */

static const char *const reach_words[REACH_KINDS + 1] = {
	[REACH_BEGIN_ACK] = "between-begin-and-ack",
	[REACH_WRITE_FLUSH] = "between-write-and-flush",
	[REACH_JOURNAL] = "inside-journal-commit",
	[REACH_RECOVERY] = "inside-recovery",
	NULL,
};

const char *reach_name(int kind)
{
	return reach_words[kind];
}

static int require_one(struct document *d, size_t i, const char *word,
		       struct scenario *s, struct error *e)
{
	const char *nearest;
	char path[32];

	for (int kind = 0; kind < REACH_KINDS; kind++) {
		if (strcmp(word, reach_words[kind]))
			continue;
		s->require |= 1u << kind;
		return 0;
	}
	nearest = nearest_word(word, reach_words);
	snprintf(path, sizeof(path), "require[%zu]", i);
	return document_error(d, path, e,
			      "%s is '%.60s'; expected %s, %s, %s or %s%s%s%s",
			      path, word, reach_words[0], reach_words[1],
			      reach_words[2], reach_words[3],
			      nearest ? "; did you mean " : "",
			      nearest ? nearest : "", nearest ? "?" : "");
}

/* A recovery is entered by nested cuts alone. */
static int check_recovery(struct document *d, const struct scenario *s,
			  struct error *e)
{
	if (!(s->require & 1u << REACH_RECOVERY))
		return 0;
	for (size_t i = 0; i < s->n_cuts; i++)
		if (s->cuts[i].nested > 1)
			return 0;
	return document_error(d, "require", e,
			      "require: inside-recovery can never be; expected "
			      "a cut with nested: 2");
}

int require_convert(struct document *d, const struct raw_list *raw,
		    struct scenario *s, struct error *e)
{
	int err = 0;

	for (unsigned int i = 0; i < raw->count && !err; i++)
		err = require_one(d, i, raw->items[i], s, e);
	return err ? err : check_recovery(d, s, e);
}

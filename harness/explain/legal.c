#include "explain/legal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/error.h"
#include "drive/model.h"

const char *legal_why_name(enum legal_why why)
{
	static const char *const names[] = {
		[LEGAL_SETUP] = "setup",
		[LEGAL_FLUSHED] = "flushed",
		[LEGAL_FUA] = "fua",
		[LEGAL_NO_CACHE] = "no-cache",
		[LEGAL_DESTAGED] = "destaged",
		[LEGAL_IN_FLIGHT] = "in-flight",
		[LEGAL_NO_FLUSH] = "no-flush",
		[LEGAL_FLUSH_IN_FLIGHT] = "flush-in-flight",
		[LEGAL_IGNORED] = "ignored",
	};

	return names[why];
}

/* ---- the reason ---- */

/* The flushes behind a command, up to the cut, that matter to it. */
struct nearby {
	const struct command *during; /* last one submitted in its flight */
	const struct command *after;  /* first one submitted behind it that
				       * completes first */
};

static struct nearby find_flushes(const struct history *h, size_t index,
				  uint64_t position)
{
	const struct command *c = &h->commands[index];
	struct nearby found = { NULL, NULL };

	for (size_t i = index + 1; i < h->n_commands; i++) {
		const struct command *f = &h->commands[i];

		if (f->submit > position)
			break;
		if (f->type != LOG_FLUSH)
			continue;
		if (f->submit < c->complete)
			found.during = f;
		else if (!found.after || f->complete < found.after->complete)
			found.after = f;
		/* those that come now complete even later */
		if (found.after && found.after->complete < f->submit)
			break;
	}
	return found;
}

static struct legal_reason durable_reason(const struct history *h,
					  const struct cache_model *m,
					  size_t index, uint64_t durable,
					  uint64_t position)
{
	const struct command *c = &h->commands[index];
	const struct command *flush;

	if (h->arm != POSITION_NEVER && c->submit < h->arm)
		return (struct legal_reason){ .why = LEGAL_SETUP };
	if (!model_is_volatile(m))
		return (struct legal_reason){ .why = LEGAL_NO_CACHE,
					      .rule = m->plp ? 7 : 1 };
	if (c->fua && !m->fua_ignored && durable == c->complete)
		return (struct legal_reason){ .why = LEGAL_FUA, .rule = 2 };
	flush = m->flush_ignored ? NULL :
				   find_flushes(h, index, position).after;
	if (!flush || flush->complete != durable)
		return (struct legal_reason){ .why = LEGAL_DESTAGED, .rule = 1 };
	return (struct legal_reason){ .why = LEGAL_FLUSHED, .rule = 1,
				      .flush = flush };
}

/* A promise that an honest drive would have kept by now. */
static int was_ignored(const struct cache_model *m, const struct command *c,
		       const struct command *flush, uint64_t position)
{
	if (c->complete > position)
		return 0;
	return (m->fua_ignored && c->fua) ||
	       (m->flush_ignored && flush && flush->complete <= position);
}

struct legal_reason legal_reason(const struct history *h,
				 const struct cache_model *m, size_t index,
				 uint64_t durable, uint64_t position)
{
	const struct command *c = &h->commands[index];
	struct legal_reason r = { .rule = 3 };
	struct nearby flushes;

	if (model_fate(c, durable, position) == FATE_DURABLE)
		return durable_reason(h, m, index, durable, position);
	flushes = find_flushes(h, index, position);
	r.missed = flushes.during;
	if (was_ignored(m, c, flushes.after, position)) {
		r.why = LEGAL_IGNORED;
		r.rule = 6;
		if (!(m->fua_ignored && c->fua))
			r.flush = flushes.after;
	} else if (c->complete > position) {
		r.why = LEGAL_IN_FLIGHT;
	} else if (flushes.after) {
		r.why = LEGAL_FLUSH_IN_FLIGHT;
		r.flush = flushes.after;
	} else {
		r.why = LEGAL_NO_FLUSH;
	}
	return r;
}

/* ---- in words ---- */

static void flush_name(const struct command *f, struct buf *ret)
{
	if (f->number)
		buf_printf(ret, "flush f%" PRIu64, f->number);
	else
		buf_puts(ret, "a flush");
}

static void missed_sentence(const struct command *c,
			    const struct legal_reason *r, struct buf *ret)
{
	if (!r->missed)
		return;
	buf_puts(ret, "; ");
	flush_name(r->missed, ret);
	buf_printf(ret, " was submitted at %" PRIu64 ", before this write "
		   "completed", r->missed->submit);
	if (r->why != LEGAL_IN_FLIGHT)
		buf_printf(ret, " at %" PRIu64, c->complete);
}

void legal_sentence(const struct command *c, const struct legal_reason *r,
		    struct buf *ret)
{
	switch (r->why) {
	case LEGAL_SETUP:
		buf_puts(ret, "it belongs to the setup, which is durable");
		return;
	case LEGAL_FUA:
		buf_printf(ret, "it carried FUA and completed at %" PRIu64,
			   c->complete);
		return;
	case LEGAL_FLUSHED:
		flush_name(r->flush, ret);
		buf_printf(ret, " was submitted at %" PRIu64 ", after this "
			   "write completed at %" PRIu64 ", and completed at "
			   "%" PRIu64, r->flush->submit, c->complete,
			   r->flush->complete);
		return;
	case LEGAL_NO_CACHE:
		buf_printf(ret, "it completed at %" PRIu64 ", and this drive "
			   "%s", c->complete, r->rule == 7 ?
			   "has power-loss protection" :
			   "has no volatile cache");
		return;
	case LEGAL_DESTAGED:
		buf_puts(ret, "the cache had destaged it: it was among the "
			 "oldest when the cache was full, or older than the "
			 "drive keeps a write");
		return;
	case LEGAL_IGNORED:
		if (!r->flush) {
			buf_puts(ret, "it carried FUA, which this drive "
				 "ignores");
			break;
		}
		flush_name(r->flush, ret);
		buf_printf(ret, " was submitted at %" PRIu64 ", after it "
			   "completed, but this drive ignores flushes",
			   r->flush->submit);
		break;
	case LEGAL_IN_FLIGHT:
		buf_puts(ret, "it was still in flight at the cut");
		break;
	case LEGAL_NO_FLUSH:
		buf_puts(ret, "no flush was submitted after it completed");
		break;
	case LEGAL_FLUSH_IN_FLIGHT:
		flush_name(r->flush, ret);
		buf_printf(ret, " was submitted at %" PRIu64 " after it "
			   "completed, but had not completed at the cut",
			   r->flush->submit);
		break;
	}
	missed_sentence(c, r, ret);
}

/* ---- the whole state ---- */

static struct legal_write explain_one(const struct state_space *s,
				      const struct history *h,
				      const struct cache_model *m,
				      size_t index, uint64_t position)
{
	return (struct legal_write){
		.command = index,
		.reason = legal_reason(h, m, index, space_durable(s, index),
				       position),
	};
}

static void explain_all(const struct state_space *s, const struct history *h,
			const struct cache_model *m, int all, struct legal *l)
{
	uint64_t position = l->state.cut.position;
	size_t next = 0;

	l->writes = xcalloc(h->n_commands, sizeof(*l->writes));
	for (size_t i = 0; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];
		int lives = next < l->n_fates && l->fates[next].command == i;

		if (c->type == LOG_FLUSH || !c->number || c->submit > position)
			continue;
		l->n_durable += !lives;
		if (!lives && !all)
			continue;
		l->writes[l->n] = explain_one(s, h, m, i, position);
		if (lives)
			l->writes[l->n].fate = &l->fates[next++];
		l->n++;
	}
	l->n_volatile = l->n_fates;
}

int legal_explain(struct state_space *s, const struct history *h,
		  const struct cache_model *m, const char *state, int all, struct legal *ret,
		  struct error *e)
{
	struct legal l = { .n = 0 };
	struct buf fault = BUF_INIT;
	int err = space_state(s, state, &l.state, e);

	if (!err && l.state.fault) {
		buf_printf(&fault, "%s: ", fault_title(l.state.fault));
		err = space_fault_sentence(s, l.state.survivors, &fault, e);
		l.fault = buf_take(&fault);
	}
	if (!err)
		err = space_fates(s, state, &l.fates, &l.n_fates, e);
	if (err) {
		legal_release(&l);
		return err;
	}
	explain_all(s, h, m, all, &l);
	*ret = l;
	return 0;
}

void legal_release(struct legal *l)
{
	write_fates_free(l->fates, l->n_fates);
	free(l->writes);
	free(l->fault);
	state_free(&l->state);
	*l = (struct legal){ .n = 0 };
}

/* ---- survival ---- */

static const char *const fate_words[] = {
	[UNIT_SURVIVED] = "survived",
	[UNIT_LOST] = "lost",
	[UNIT_OVERWRITTEN] = "overwritten by a younger volatile write",
	[UNIT_SETTLED] = "overwritten by a durable write",
};

static uint32_t count_units(const struct write_fate *f, enum unit_fate fate)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n_units; i++)
		n += f->units[i] == fate;
	return n;
}

static void unit_runs(const struct write_fate *f, enum unit_fate fate,
		      struct buf *ret)
{
	const char *comma = "";

	for (uint32_t i = 0; i < f->n_units; i++) {
		uint32_t from = i;

		if (f->units[i] != fate)
			continue;
		while (i + 1 < f->n_units && f->units[i + 1] == fate)
			i++;
		buf_printf(ret, "%s%" PRIu32, comma, from);
		if (i > from)
			buf_printf(ret, "-%" PRIu32, i);
		comma = ",";
	}
}

void legal_survival(const struct write_fate *f, struct buf *ret)
{
	const char *comma = "";

	if (!f->n_units) {
		buf_puts(ret, "changed nothing");
		return;
	}
	for (int fate = UNIT_SURVIVED; fate <= UNIT_SETTLED; fate++) {
		uint32_t n = count_units(f, (enum unit_fate)fate);

		if (!n)
			continue;
		buf_printf(ret, "%s%s", comma, fate_words[fate]);
		if (n == f->n_units)
			return;
		buf_puts(ret, n > 1 ? " in units " : " in unit ");
		unit_runs(f, (enum unit_fate)fate, ret);
		comma = ", ";
	}
}

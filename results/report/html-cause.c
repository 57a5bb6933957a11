/* Why a finding's state lost what it lost, and the way that the data went. */
#include "html.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "clean.h"
#include "common/buf.h"
#include "events.h"
#include "summary.h"

#define STEPS_MAX 40
/* A replayed recording goes on behind the cut: how it would have gone on. */
#define AFTER_MAX 5

/* ---- facts ---- */

static void begin(struct buf *b, const char *name, const char *class)
{
	buf_printf(b, "<div%s><dt>%s</dt><dd>", class, name);
}

static void end(struct buf *b)
{
	buf_puts(b, "</dd></div>\n");
}

static void code(struct buf *b, const char *text)
{
	buf_puts(b, "<code>");
	clean_html(b, text, ONE_LINE);
	buf_puts(b, "</code>");
}

static void promise(struct buf *b, const struct store_cause *c)
{
	if (!*c->promise)
		return;
	begin(b, "Broken promise", "");
	code(b, c->promise);
	if (c->promise_mark)
		buf_printf(b, " (mark %" PRIu64 ")", c->promise_mark);
	end(b);
}

static void place(struct buf *b, const struct store_cause *c)
{
	if (!*c->file)
		return;
	begin(b, "File", "");
	code(b, c->file);
	if (c->length)
		buf_printf(b, ", %" PRIu64 " %s at offset %" PRIu64, c->length,
			   c->length == 1 ? "byte" : "bytes", c->offset);
	end(b);
}

static void operation(struct buf *b, const struct store_cause *c)
{
	if (!*c->operation && !c->call)
		return;
	begin(b, "Call", "");
	if (*c->operation)
		code(b, c->operation);
	if (c->call)
		buf_printf(b, "%scall %" PRIu64 "%s", *c->operation ? " (" : "",
			   c->call, *c->operation ? ")" : "");
	end(b);
}

static void program(struct buf *b, const struct store_cause *c)
{
	if (!*c->program)
		return;
	begin(b, "Program", "");
	code(b, c->program);
	if (c->thread)
		buf_printf(b, ", thread %" PRId64, c->thread);
	end(b);
}

static void stack(struct buf *b, const struct store_cause *c)
{
	if (!*c->stack)
		return;
	begin(b, "Stack", " class=\"whole\"");
	buf_puts(b, "<pre class=\"stack\">");
	clean_html(b, c->stack, MANY_LINES);
	buf_puts(b, "</pre>");
	end(b);
}

static void word(struct buf *b, const char *name, const char *class,
		 const char *text)
{
	if (!*text)
		return;
	begin(b, name, class);
	clean_html(b, text, ONE_LINE);
	end(b);
}

void html_cause(struct buf *b, const struct finding *f)
{
	const struct store_cause *c = &f->cause;

	if (!f->explained)
		return;
	if (*c->sentence) {
		buf_puts(b, "<p class=\"sentence\">");
		clean_html(b, c->sentence, ONE_LINE);
		buf_puts(b, "</p>\n");
	}
	buf_puts(b, "<dl class=\"facts\">\n");
	word(b, "Missing step", " class=\"missing\"", c->missing);
	promise(b, c);
	place(b, c);
	operation(b, c);
	program(b, c);
	word(b, "Not certain", " class=\"whole\"", c->doubt);
	stack(b, c);
	buf_puts(b, "</dl>\n");
}

/* ---- the way of the data ---- */

void html_duration(struct buf *b, uint64_t ns)
{
	if (ns < 1000)
		buf_printf(b, "%" PRIu64 " ns", ns);
	else if (ns < 1000000)
		buf_printf(b, "%.1f \xc2\xb5s", (double)ns / 1e3);
	else if (ns < 1000000000)
		buf_printf(b, "%.3f ms", (double)ns / 1e6);
	else
		buf_printf(b, "%.3f s", (double)ns / 1e9);
}

const char *html_lane(unsigned lane)
{
	const char *name = store_layer_name(lane);

	return name ? name : "durable media";
}

static void when(struct buf *b, const struct event *ev, uint64_t cut_ns)
{
	bool after = ev->start_ns > cut_ns;

	buf_puts(b, " <span class=\"when\">");
	html_duration(b, after ? ev->start_ns - cut_ns : cut_ns - ev->start_ns);
	buf_puts(b, after ? " after the cut" : " before the cut");
	if (!ev->end_ns)
		buf_puts(b, ", no end seen");
	else if (!after && ev->end_ns > cut_ns)
		buf_puts(b, ", not over at the cut");
	buf_puts(b, "</span>");
}

static void step(struct buf *b, const struct events *all,
		 const struct event *ev, uint64_t cut_ns)
{
	buf_printf(b, "<li%s><i class=\"lane l%d\">%s</i> ",
		   ev->start_ns > cut_ns ? " class=\"after\"" : "",
		   (int)ev->lane, html_lane(ev->lane));
	if (!strstr(ev->label, all->kinds[ev->kind])) {
		clean_html(b, all->kinds[ev->kind], ONE_LINE);
		buf_puts(b, " ");
	}
	code(b, ev->label);
	when(b, ev, cut_ns);
	buf_puts(b, "</li>\n");
}

/*
 * Says only what was seen: a layer may have been passed where nobody looked. What
 * the cause says of the layer comes first: of metadata the events know less.
 */
static void unseen(struct buf *b, const struct store_cause *c,
		   const bool seen[STORE_LANES + 1])
{
	unsigned lowest = c->layer > STORE_LANE_CALL ? c->layer :
						       STORE_LANE_CALL;
	const char *comma = "";

	for (unsigned lane = STORE_LANES; lane > lowest; lane--) {
		if (seen[lane])
			break;
		if (!*comma)
			buf_puts(b, "<p class=\"dim\">Before the cut nothing of "
				    "it was seen in: ");
		buf_printf(b, "%s%s", comma, html_lane(lane));
		comma = ", ";
	}
	if (*comma)
		buf_puts(b, ".</p>\n");
}

struct way {
	struct buf steps;
	size_t before, after; /* the cut */
	bool seen[STORE_LANES + 1]; /* before it */
};

static void walk(struct way *w, const struct events *all,
		 const struct recording *r, const struct store_cause *c)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct event *ev = &r->events[i];
		bool after = ev->start_ns > c->cut_ns;

		if (!event_carries(ev, c->call))
			continue;
		if (!after)
			w->seen[ev->lane] = true;
		if (after ? w->after++ < AFTER_MAX : w->before++ < STEPS_MAX)
			step(&w->steps, all, ev, c->cut_ns);
	}
}

static void left_out(struct buf *b, size_t n, size_t most, const char *where)
{
	if (n > most)
		buf_printf(b, "<p class=\"dim\">and %zu more %s the cut.</p>\n",
			   n - most, where);
}

void html_way(struct buf *b, const struct events *all, const struct finding *f)
{
	const struct store_cause *c = &f->cause;
	const struct recording *r =
		f->explained ? events_of(all, c->source) : NULL;
	struct way w = { .steps = BUF_INIT };

	if (!r || !events_has_cut(r, f))
		return;
	walk(&w, all, r, c);
	if (w.before + w.after) {
		buf_printf(b, "<details open><summary>The way of this data "
			   "(call %" PRIu64 ")</summary>\n<ol class=\"way\">\n",
			   c->call);
		buf_puts(b, buf_text(&w.steps));
		buf_puts(b, "</ol>\n");
		left_out(b, w.before, STEPS_MAX, "before");
		left_out(b, w.after, AFTER_MAX, "after");
		unseen(b, c, w.seen);
		buf_puts(b, "</details>\n");
	}
	buf_free(&w.steps);
}

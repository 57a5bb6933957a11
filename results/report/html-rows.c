/* The timeline of cuts, and the tables of states and marks. */
#include "html.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "clean.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "summary.h"

#define ROWS_MAX 200

/*
 * The timeline: one tick per cut, PER_ROW to a row of the strip, drawn in the
 * order of the log. Sizes in units of the SVG's own, which fill the page.
 */
#define PER_ROW 160
#define STRIP_WIDTH 960
#define ROW_HEIGHT 50
#define BASELINE 32

struct timeline {
	struct buf ticks;
	double pitch; /* from tick to tick */
	uint64_t n;
	struct { uint64_t held, violated, unknown, loses, none; } cuts;
};

struct look {
	const char *class;
	int height;
};

static struct look look_of(const struct store_cut_row *c, struct timeline *t)
{
	if (c->violated) {
		t->cuts.violated++;
		return (struct look){ "violated", 30 };
	}
	if (c->unknown) {
		t->cuts.unknown++;
		return (struct look){ "unknown", 21 };
	}
	if (c->loses) {
		t->cuts.loses++;
		return (struct look){ "loses", 16 };
	}
	if (c->held) {
		t->cuts.held++;
		return (struct look){ "held", 12 };
	}
	t->cuts.none++;
	return (struct look){ "none", 5 };
}

static void cut_name(struct buf *b, const struct store_cut *c)
{
	if (strcmp(c->source, "replay")) {
		clean_html(b, c->source, ONE_LINE);
		buf_puts(b, "/");
	}
	clean_html(b, c->name, ONE_LINE);
}

/* The first tick of a row says where it is. */
static void row_label(struct buf *b, const struct store_cut *c, double y)
{
	buf_printf(b, "<text x=\"0\" y=\"%.0f\">", y + BASELINE + 13);
	cut_name(b, c);
	buf_puts(b, "</text>\n");
}

static int add_tick(const struct store_cut_row *c, void *arg)
{
	struct timeline *t = arg;
	struct look look = look_of(c, t);
	double x = (double)(t->n % PER_ROW) * t->pitch;
	double y = (double)(t->n / PER_ROW) * ROW_HEIGHT;
	struct buf *b = &t->ticks;

	if (t->n % PER_ROW == 0)
		row_label(b, &c->cut, y);
	buf_printf(b, "<rect class=\"%s\" x=\"%.1f\" y=\"%.0f\" "
		   "width=\"%.1f\" height=\"%d\"><title>", look.class, x,
		   y + BASELINE - look.height, t->pitch * 0.8, look.height);
	cut_name(b, &c->cut);
	buf_printf(b, " at position %" PRIu64 ": %" PRIu64 " volatile, %" PRIu64
		   " checked, %" PRIu64 " held, %" PRIu64 " violated, %" PRIu64
		   " unknown", c->cut.position,
		   c->cut.volatile_writes, c->checked, c->held, c->violated,
		   c->unknown);
	if (c->loses)
		buf_printf(b, ", %" PRIu64 " within the documented loss",
			   c->loses);
	buf_puts(b, "</title></rect>\n");
	t->n++;
	return 0;
}

static void key_entry(struct buf *b, const char *class, uint64_t n,
		      const char *meaning)
{
	buf_printf(b, "<li><i class=\"%s\"></i>", class);
	clean_count(b, n);
	buf_printf(b, " %s</li>\n", meaning);
}

static void key(struct buf *b, const struct timeline *t)
{
	buf_puts(b, "<ul class=\"key\">\n");
	key_entry(b, "violated", t->cuts.violated, "with a violated state");
	key_entry(b, "unknown", t->cuts.unknown, "with an unknown state");
	if (t->cuts.loses)
		key_entry(b, "loses", t->cuts.loses,
			  "with a loss that is documented");
	key_entry(b, "held", t->cuts.held, "where all that was checked held");
	key_entry(b, "none", t->cuts.none, "without a checked state");
	buf_puts(b, "</ul>\n");
}

int html_timeline(struct buf *b, const struct summary *s, struct error *e)
{
	uint64_t cuts = s->totals.cuts;
	struct timeline t = {
		.ticks = BUF_INIT,
		.pitch = cuts >= PER_ROW ? (double)STRIP_WIDTH / PER_ROW :
			 cuts > 40	 ? (double)STRIP_WIDTH / (double)cuts :
					   STRIP_WIDTH / 40.0,
	};
	int err = store_cuts(s->store, add_tick, &t, e);

	if (err == 0 && t.n) {
		uint64_t rows = (t.n + PER_ROW - 1) / PER_ROW;

		buf_puts(b, "<section>\n<h2>Cuts, in the order of the log</h2>"
			    "\n<div class=\"card\"><div class=\"strip\">\n");
		buf_printf(b, "<svg role=\"img\" aria-label=\"One tick per "
			   "cut: %" PRIu64 " violated, %" PRIu64 " unknown, %"
			   PRIu64 " held\" viewBox=\"0 0 %d %" PRIu64 "\">\n",
			   t.cuts.violated, t.cuts.unknown, t.cuts.held,
			   STRIP_WIDTH, rows * ROW_HEIGHT);
		buf_puts(b, buf_text(&t.ticks));
		buf_puts(b, "</svg></div>\n");
		key(b, &t);
		buf_puts(b, "</div>\n</section>\n");
	}
	buf_free(&t.ticks);
	return err;
}

/* ---- tables ---- */

static void more(struct buf *b, uint64_t all)
{
	if (all <= ROWS_MAX)
		return;
	buf_puts(b, "<p class=\"dim\">and ");
	clean_count(b, all - ROWS_MAX);
	buf_puts(b, " more, in the run's results.sqlite.</p>\n");
}

/* The script of the page filters by what stands in data-... */
static void state_keys(struct buf *b, const struct store_state *st)
{
	buf_printf(b, "<tr data-verdict=\"%s\" data-cut=\"",
		   verdict_name(st->verdict));
	if (strcmp(st->source, "replay")) {
		clean_html(b, st->source, ONE_LINE);
		buf_puts(b, "/");
	}
	clean_html(b, st->cut, ONE_LINE);
	buf_puts(b, "\">");
}

static int state_row(const struct store_state *st, void *arg)
{
	const char *verdict = verdict_name(st->verdict);
	struct buf *b = arg;

	state_keys(b, st);
	buf_puts(b, "<td class=\"mono\">");
	if (strcmp(st->source, "replay")) {
		clean_html(b, st->source, ONE_LINE);
		buf_puts(b, "/");
	}
	clean_html(b, st->cut, ONE_LINE);
	buf_puts(b, ":");
	clean_html(b, st->survivors, ONE_LINE);
	buf_printf(b, "</td><td class=\"v %s\">%s</td><td>%s</td>"
		   "<td class=\"n\">%" PRIu64 "</td><td class=\"wide\">",
		   verdict, verdict, stage_name(st->stage), st->lost);
	clean_html(b, st->message, ONE_LINE);
	if (st->equal_to) {
		buf_puts(b, " <span class=\"dim\">(equal to ");
		clean_html(b, st->equal_to, ONE_LINE);
		buf_puts(b, ")</span>");
	}
	buf_puts(b, "</td><td class=\"n\">");
	clean_seconds(b, (double)st->elapsed_ns / 1e9);
	buf_puts(b, "</td></tr>\n");
	return 0;
}

static void filter(struct buf *b)
{
	buf_puts(b, "<form id=\"filter\" class=\"tools\" hidden>\n"
		    "<label>Verdict <select name=\"verdict\"><option value=\"\">"
		    "any</option></select></label>\n"
		    "<label>Cut <select name=\"cut\"><option value=\"\">any"
		    "</option></select></label>\n"
		    "<label>Text <input name=\"text\" type=\"search\"></label>\n"
		    "<button type=\"reset\">Clear</button>\n"
		    "<output aria-live=\"polite\"></output>\n</form>\n");
}

int html_states(struct buf *b, const struct summary *s, struct error *e)
{
	uint64_t all = s->totals.violated + s->totals.unknown +
		       s->totals.loses;
	int err;

	if (!all)
		return 0;
	buf_puts(b, "<section>\n<h2>States that did not hold</h2>\n");
	filter(b);
	buf_puts(b, "<div class=\"card table\"><table id=\"states\"><thead><tr>"
		    "<th scope=\"col\">State</th><th scope=\"col\">Verdict</th>"
		    "<th scope=\"col\">Said by</th>"
		    "<th scope=\"col\" class=\"n\">Lost writes</th>"
		    "<th scope=\"col\">What it said</th>"
		    "<th scope=\"col\" class=\"n\">Time</th>"
		    "</tr></thead><tbody>\n");
	err = store_bad_states(s->store, ROWS_MAX, state_row, b, e);
	buf_puts(b, "</tbody></table></div>\n");
	more(b, all);
	buf_puts(b, "</section>\n");
	return err;
}

struct marks {
	struct buf rows;
	uint64_t n;
};

static int mark_row(const struct store_mark *m, void *arg)
{
	struct marks *marks = arg;
	struct buf *b = &marks->rows;

	if (marks->n++ >= ROWS_MAX)
		return 0;
	buf_puts(b, "<tr><td>");
	clean_html(b, m->source, ONE_LINE);
	buf_printf(b, "</td><td class=\"n\">%" PRIu64 "</td><td class=\"n\">%"
		   PRIu64 "</td><td>", m->position, m->number);
	clean_html(b, m->kind, ONE_LINE);
	buf_puts(b, "</td><td class=\"mono wide\">");
	clean_html(b, m->text, ONE_LINE);
	buf_puts(b, "</td></tr>\n");
	return 0;
}

int html_marks(struct buf *b, const struct summary *s, struct error *e)
{
	struct marks marks = { .rows = BUF_INIT };
	/* One more than is shown: it tells that there are more. */
	int err = store_marks(s->store, ROWS_MAX + 1, mark_row, &marks, e);

	if (err == 0 && marks.n) {
		buf_puts(b, "<section>\n<h2>Marks and promises</h2>\n<details");
		buf_puts(b, marks.n <= 20 ? " open>" : ">");
		buf_puts(b, "<summary>All marks; ");
		clean_count(b, s->totals.acks);
		buf_printf(b, " of them %s (ack)</summary>\n"
			   "<div class=\"card table\"><table><thead><tr>"
			   "<th scope=\"col\">Recording</th>"
			   "<th scope=\"col\" class=\"n\">Position</th>"
			   "<th scope=\"col\" class=\"n\">Number</th>"
			   "<th scope=\"col\">Kind</th>"
			   "<th scope=\"col\">Text</th>"
			   "</tr></thead><tbody>\n",
			   s->totals.acks == 1 ? "is a promise" :
						 "are promises");
		buf_puts(b, buf_text(&marks.rows));
		buf_puts(b, "</tbody></table></div>\n");
		if (marks.n > ROWS_MAX)
			buf_puts(b, "<p class=\"dim\">and more, in the run's "
				    "results.sqlite.</p>\n");
		buf_puts(b, "</details>\n</section>\n");
	}
	buf_free(&marks.rows);
	return err;
}

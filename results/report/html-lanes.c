/*
 * The timeline: what happened in each layer, recording by recording.
 *
 * A drawing of the whole recording stands in the page: each lane is one path
 * whose height is how much happened (logarithmic), in BUCKETS steps of equal time.
 * Whoever has no script, or prints, sees that. lanes.js draws the rest on a
 * canvas, out of the data behind it: the steps again, and the events that are
 * chosen (events.h) one by one, as columns.
 */
#include "html.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "clean.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "events.h"
#include "summary.h"

#define BUCKETS 400
#define RECORDINGS_MAX 8

/* Of the drawing, in its own units. */
#define WIDTH 960
#define LEFT 165 /* names of the lanes */
#define RIGHT 8
#define TOP 30 /* numbers of findings */
#define LANE 24
#define GAP 5
#define AXIS 20
#define HEIGHT (TOP + STORE_LANES * (LANE + GAP) + AXIS)
#define PLOT (WIDTH - LEFT - RIGHT)
#define TICKS 5
#define LABEL 40 /* room for "cut 12" */

struct buckets {
	uint32_t n[STORE_LANES + 1][BUCKETS];
	uint32_t acks[BUCKETS];
	uint32_t max; /* of all n */
};

static uint64_t span(const struct recording *r)
{
	return r->end_ns > r->start_ns ? r->end_ns - r->start_ns : 1;
}

static double share(const struct recording *r, uint64_t ns)
{
	return (double)(ns - r->start_ns) / (double)span(r);
}

static void count(const struct events *all, const struct recording *r,
		  struct buckets *ret)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct event *ev = &r->events[i];
		int at = (int)(share(r, ev->start_ns) * BUCKETS);
		uint32_t *n;

		if (at >= BUCKETS)
			at = BUCKETS - 1;
		n = &ret->n[ev->lane][at];
		if (++*n > ret->max)
			ret->max = *n;
		if (ev->lane == STORE_LANE_APPLICATION &&
		    !strcmp(all->kinds[ev->kind], "ack"))
			ret->acks[at]++;
	}
}

/* ---- the drawing ---- */

static double lane_y(unsigned lane)
{
	return TOP + (lane - 1) * (LANE + GAP);
}

static void lane_path(struct buf *b, const struct buckets *k, unsigned lane)
{
	double step = (double)PLOT / BUCKETS, base = lane_y(lane) + LANE;

	buf_printf(b, "<rect class=\"band\" x=\"%d\" y=\"%.0f\" width=\"%d\" "
		   "height=\"%d\"/><text x=\"0\" y=\"%.0f\">%s</text>\n"
		   "<path class=\"l%u\" d=\"", LEFT, lane_y(lane), PLOT, LANE,
		   base - 8, html_lane(lane), lane);
	for (int i = 0; i < BUCKETS; i++) {
		double part = log1p(k->n[lane][i]) / log1p(k->max);
		double h = k->n[lane][i] ? fmax(3, part * LANE) : 0;

		if (h > 0)
			buf_printf(b, "M%.1f %.0fv-%.1fh%.1fv%.1fz",
				   LEFT + i * step, base, h, fmax(step, 1.2), h);
	}
	buf_puts(b, "\"/>\n");
}

static void acks(struct buf *b, const struct buckets *k)
{
	buf_puts(b, "<path class=\"ack\" d=\"");
	for (int i = 0; i < BUCKETS; i++)
		if (k->acks[i])
			buf_printf(b, "M%.1f %dh-3l3 -6l3 6z",
				   LEFT + (i + 0.5) * PLOT / BUCKETS, TOP);
	buf_puts(b, "\"/>\n");
}

static void axis(struct buf *b, const struct recording *r)
{
	for (int i = 0; i <= TICKS; i++) {
		buf_printf(b, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">",
			   LEFT + PLOT * i / TICKS, HEIGHT - 5,
			   i == TICKS ? "end" : i ? "middle" : "start");
		if (i)
			html_duration(b, span(r) / TICKS * (uint64_t)i);
		else
			buf_puts(b, "0");
		buf_puts(b, "</text>\n");
	}
}

static double cut_x(const struct recording *r, const struct finding *f)
{
	return LEFT + PLOT * share(r, f->cause.cut_ns);
}

/* Whether an earlier finding's label stands there. */
static bool is_taken(const struct recording *r, const struct summary *s,
		     size_t i, double x)
{
	for (size_t j = 0; j < i; j++)
		if (events_has_cut(r, &s->findings[j]) &&
		    fabs(cut_x(r, &s->findings[j]) - x) < LABEL)
			return true;
	return false;
}

static void cuts(struct buf *b, const struct recording *r,
		 const struct summary *s)
{
	for (size_t i = 0; i < s->n_findings; i++) {
		const struct finding *f = &s->findings[i];
		double x;

		if (!events_has_cut(r, f))
			continue;
		x = cut_x(r, f);
		buf_printf(b, "<g class=\"cut\" data-finding=\"%" PRIu64 "\">"
			   "<title>The cut of finding %" PRIu64 "</title>"
			   "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"14\" y2=\"%d\"/>",
			   f->number, f->number, x, x, HEIGHT - AXIS);
		if (!is_taken(r, s, i, x))
			buf_printf(b, "<text x=\"%.1f\" y=\"11\" text-anchor="
				   "\"%s\">cut %" PRIu64 "</text>", x,
				   x > WIDTH - LABEL ? "end" : "middle",
				   f->number);
		buf_puts(b, "</g>\n");
	}
}

static void drawing(struct buf *b, const struct recording *r,
		    const struct summary *s, const struct buckets *k,
		    size_t index)
{
	buf_printf(b, "<figure class=\"overview\" data-recording=\"%zu\">\n"
		   "<figcaption>Recording <strong>", index);
	clean_html(b, r->source, ONE_LINE);
	buf_puts(b, "</strong>: ");
	clean_count(b, r->n);
	buf_puts(b, " events in ");
	html_duration(b, span(r));
	buf_puts(b, "</figcaption>\n<div class=\"strip\">");
	buf_printf(b, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\""
		   "How much happened in each layer, from the start of the "
		   "recording to its end\">\n", WIDTH, HEIGHT);
	for (unsigned lane = 1; lane <= STORE_LANES; lane++)
		lane_path(b, k, lane);
	acks(b, k);
	cuts(b, r, s);
	axis(b, r);
	buf_puts(b, "</svg></div>\n</figure>\n");
}

/* ---- the data ---- */

/* In quotes; harmless inside of a script element, too. */
static void json_text(struct buf *b, const char *text)
{
	CLEANUP_FREE char *safe = clean(text, ONE_LINE);

	buf_puts(b, "\"");
	for (const char *p = safe; *p; p++) {
		if (strchr("<>&\"\\", *p))
			buf_printf(b, "\\u%04x", (unsigned char)*p);
		else
			buf_add(b, p, 1);
	}
	buf_puts(b, "\"");
}

enum column {
	NUMBERS,
	LANES,
	STARTS, /* after the event before it, ns */
	LENGTHS, /* ns; -1: no end seen */
	POSITIONS, /* -1: none */
	KINDS,
	LABELS,
	PIECES,
	COLUMNS
};

static void cell(struct buf *b, const struct event *ev, enum column which,
		 uint64_t before_ns)
{
	switch (which) {
	case NUMBERS:
		buf_printf(b, "%" PRIu64, ev->number);
		return;
	case LANES:
		buf_printf(b, "%d", (int)ev->lane);
		return;
	case STARTS:
		buf_printf(b, "%" PRIu64, ev->start_ns - before_ns);
		return;
	case LENGTHS:
		buf_printf(b, "%" PRId64,
			   !ev->end_ns ? (int64_t)-1 :
			   ev->end_ns < ev->start_ns ? (int64_t)0 :
			   (int64_t)(ev->end_ns - ev->start_ns));
		return;
	case POSITIONS:
		buf_printf(b, "%" PRId64, ev->position > INT64_MAX ?
			   (int64_t)-1 : (int64_t)ev->position);
		return;
	case KINDS:
		buf_printf(b, "%" PRIu32, ev->kind);
		return;
	case LABELS:
		json_text(b, ev->label);
		return;
	default:
		json_text(b, ev->pieces);
	}
}

static void columns(struct buf *b, const struct recording *r)
{
	static const char *const names[COLUMNS] = {
		"number", "lane", "start", "length",
		"position", "kind", "label", "pieces",
	};

	for (int i = 0; i < COLUMNS; i++) {
		uint64_t before_ns = r->start_ns;
		const char *comma = "";

		buf_printf(b, ",\"%s\":[", names[i]);
		for (size_t j = 0; j < r->n; j++) {
			if (!r->events[j].chosen)
				continue;
			buf_puts(b, comma);
			cell(b, &r->events[j], (enum column)i, before_ns);
			before_ns = r->events[j].start_ns;
			comma = ",";
		}
		buf_puts(b, "]\n");
	}
}

static void cut_data(struct buf *b, const struct recording *r,
		     const struct summary *s)
{
	const char *comma = "";

	buf_puts(b, ",\"cuts\":[");
	for (size_t i = 0; i < s->n_findings; i++) {
		const struct finding *f = &s->findings[i];

		if (!events_has_cut(r, f))
			continue;
		buf_printf(b, "%s{\"finding\":%" PRIu64 ",\"at\":%" PRIu64
			   ",\"call\":%" PRIu64 ",\"layer\":%u,\"promise\":",
			   comma, f->number, f->cause.cut_ns - r->start_ns,
			   f->cause.call, f->cause.layer);
		json_text(b, f->cause.promise);
		buf_puts(b, "}\n");
		comma = ",";
	}
	buf_puts(b, "]");
}

static void bucket_data(struct buf *b, const struct buckets *k)
{
	buf_puts(b, ",\"buckets\":[");
	for (unsigned lane = 1; lane <= STORE_LANES; lane++)
		for (int i = 0; i < BUCKETS; i++)
			buf_printf(b, "%s%" PRIu32, lane > 1 || i ? "," : "",
				   k->n[lane][i]);
	buf_puts(b, "]\n");
}

static void recording_data(struct buf *b, const struct recording *r,
			   const struct summary *s, const struct buckets *k)
{
	buf_puts(b, "{\"name\":");
	json_text(b, r->source);
	buf_printf(b, ",\"span\":%" PRIu64 ",\"total\":%zu", span(r), r->n);
	if (r->chosen < r->n)
		bucket_data(b, k);
	cut_data(b, r, s);
	columns(b, r);
	buf_puts(b, "}");
}

static void names(struct buf *b, const struct events *all)
{
	buf_printf(b, "\"drawing\":{\"width\":%d,\"left\":%d,\"plot\":%d,"
		   "\"top\":%d,\"bottom\":%d},\"lanes\":[", WIDTH, LEFT, PLOT,
		   TOP, HEIGHT - AXIS);
	for (unsigned lane = 1; lane <= STORE_LANES; lane++)
		buf_printf(b, "%s\"%s\"", lane > 1 ? "," : "", html_lane(lane));
	buf_puts(b, "],\"kinds\":[");
	for (uint32_t i = 0; i < all->n_kinds; i++) {
		buf_puts(b, i ? "," : "");
		json_text(b, all->kinds[i]);
	}
	buf_puts(b, "]");
}

/* ---- the section ---- */

static int is_shown(const struct recording *r, const struct summary *s,
		    size_t shown)
{
	if (shown == RECORDINGS_MAX)
		return 0;
	for (size_t i = 0; i < s->n_findings; i++)
		if (events_has_cut(r, &s->findings[i]))
			return 1;
	return 0;
}

static void one_recording(struct buf *b, struct buf *data,
			  const struct events *all, const struct recording *r,
			  const struct summary *s, size_t index)
{
	CLEANUP_FREE struct buckets *k = xcalloc(1, sizeof(*k));

	count(all, r, k);
	drawing(b, r, s, k, index);
	buf_puts(data, index ? ",\n" : "");
	recording_data(data, r, s, k);
}

static void recordings(struct buf *b, struct buf *data,
		       const struct events *all, const struct summary *s)
{
	size_t shown = 0;

	for (size_t i = 0; i < all->n; i++)
		if (is_shown(&all->recordings[i], s, shown))
			one_recording(b, data, all, &all->recordings[i], s,
				      shown++);
	/* Nothing to explain: the first one says how the workload works. */
	if (!shown)
		one_recording(b, data, all, &all->recordings[0], s, 0);
}

static void key(struct buf *b)
{
	buf_puts(b, "<p class=\"dim\">Each layer that data passes on its way to "
		    "the media is a lane; the higher, the more happened there. "
		    "Triangles are promises (acks), red lines are the cuts of "
		    "findings.</p>\n"
		    "<noscript><p class=\"dim\">With scripts allowed for this "
		    "file, events can be looked at one by one.</p>"
		    "</noscript>\n");
}

int html_lanes(struct buf *b, const struct summary *s,
	       const struct events *all)
{
	CLEANUP_BUF struct buf data = BUF_INIT;

	if (!all->n)
		return 0;
	buf_puts(b, "<section id=\"timeline\">\n<h2>Timeline</h2>\n"
		    "<div class=\"card\">\n");
	key(b);
	recordings(b, &data, all, s);
	buf_puts(b, "<div id=\"live\" hidden></div>\n</div>\n"
		    "<script type=\"application/json\" id=\"lanes-data\">{");
	names(b, all);
	buf_puts(b, ",\n\"recordings\":[");
	buf_puts(b, buf_text(&data));
	buf_puts(b, "]}</script>\n</section>\n");
	return 1;
}

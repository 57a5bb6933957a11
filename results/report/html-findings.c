/* Findings: what was lost, in which layer it was, how to see it again. */
#include "html.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "clean.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "summary.h"

#define DETAIL_MAX 16384

/* The layers in the order in which a write passes them. */
static const char *const layers[] = {
	"application buffer",	   "system call", "page cache",
	"file system and journal", "block layer", "drive cache",
	"durable media",
};

#define DRIVE_CACHE 6
#define MEDIA 7

/* Whether the layer is where the data were lost: for sure, or perhaps. */
static const char *blame(const struct finding *f, int layer)
{
	if (*f->fault)
		return layer == MEDIA ? "hit" : NULL;
	if (f->explained && f->cause.layer)
		return layer == (int)f->cause.layer ? "hit" : NULL;
	if (f->lost)
		return layer == DRIVE_CACHE ? "hit" : NULL;
	return layer < DRIVE_CACHE ? "maybe" : NULL;
}

static void layer_box(struct buf *b, int layer, const struct finding *f)
{
	const char *class = blame(f, layer);
	const char *note = "";

	if (class)
		note = *class == 'h' ? "<em>lost here</em>" :
				       "<em>perhaps here</em>";
	else
		class = layer == MEDIA ? "media" : "";
	buf_printf(b, "<li class=\"%s\">", class);
	if (layer == MEDIA && *class == 'm')
		buf_puts(b, "<b aria-hidden=\"true\">&#x2714;</b>");
	else if (layer != MEDIA)
		buf_printf(b, "<b>%d</b>", layer);
	buf_printf(b, "<span>%s</span>%s</li>\n", layers[layer - 1], note);
}

/* What is known of every finding; of an explained one its sentence says more. */
static const char *meaning(const struct finding *f)
{
	if (*f->fault)
		return "Drives are not allowed to do this; some do when power "
		       "fails. The scenario asked for it.";
	if (f->explained && f->cause.layer)
		return "";
	return f->lost ? "The drive had accepted the data, no flush or FUA had "
			 "made them durable." :
			 "Every write that the drive had accepted survived: "
			 "what is missing never reached the drive.";
}

static void layer_diagram(struct buf *b, const struct finding *f)
{
	buf_puts(b, "<ol class=\"layers\" aria-label=\"The layers a write "
		    "passes, and where the data was\">\n");
	for (int layer = 1; layer <= MEDIA; layer++)
		layer_box(b, layer, f);
	buf_puts(b, "</ol>\n<p class=\"dim\">Lost in: <strong>");
	clean_html(b, f->layer, ONE_LINE);
	buf_puts(b, "</strong>. ");
	buf_puts(b, meaning(f));
	buf_puts(b, "</p>\n");
}

static void smallest(struct buf *b, const struct finding *f)
{
	buf_puts(b, "<p>Shown by <strong>");
	clean_count(b, f->states);
	buf_printf(b, "</strong> %s. The smallest is <code>",
		   f->states == 1 ? "state" : "states");
	clean_html(b, f->state, ONE_LINE);
	buf_puts(b, "</code>, ");
	if (f->lost)
		buf_printf(b, "with %" PRIu64 " lost %s.</p>\n", f->lost,
			   f->lost == 1 ? "write" : "writes");
	else
		buf_puts(b, "without any lost write.</p>\n");
}

static void commands(struct buf *b, const struct finding *f)
{
	buf_puts(b, "<pre aria-label=\"Commands that show this state "
		    "again\">");
	clean_html(b, f->replay, ONE_LINE);
	buf_puts(b, "\n");
	clean_html(b, f->shell, ONE_LINE);
	buf_puts(b, "\n");
	clean_html(b, f->image, ONE_LINE);
	buf_puts(b, "</pre>\n");
}

/* The end of a log says more than its start. */
static void detail(struct buf *b, const struct finding *f)
{
	size_t len = strlen(f->detail);
	size_t skip = len > DETAIL_MAX ? len - DETAIL_MAX : 0;

	if (!len)
		return;
	buf_puts(b, "<details><summary>What was said in full</summary>"
		    "<pre class=\"log\">");
	if (skip)
		buf_printf(b, "[the first %zu bytes are left out]\n", skip);
	clean_html(b, f->detail + skip, MANY_LINES);
	buf_puts(b, "</pre></details>\n");
}

static void one_finding(struct buf *b, const struct summary *s,
			const struct events *all, const struct finding *f)
{
	CLEANUP_FREE char *excuse = summary_excuse(s, f);

	buf_printf(b, "<article class=\"card finding\" id=\"finding-%" PRIu64
		   "\" tabindex=\"0\">\n", f->number);
	buf_printf(b, "<p class=\"stage\">Finding %" PRIu64 ", said by: "
		   "%s</p>\n<h3>", f->number, stage_name(f->stage));
	clean_html(b, *f->message ? f->message : "(no message)", ONE_LINE);
	buf_puts(b, "</h3>\n");
	if (excuse) {
		buf_puts(b, "<p>Lost ");
		clean_html(b, excuse, ONE_LINE);
		buf_puts(b, ".</p>\n");
	}
	html_cause(b, f);
	layer_diagram(b, f);
	html_way(b, all, f);
	buf_puts(b, "<p class=\"actions\"></p>\n");
	smallest(b, f);
	commands(b, f);
	detail(b, f);
	buf_puts(b, "</article>\n");
}

void html_findings(struct buf *b, const struct summary *s,
		   const struct events *all)
{
	if (!s->n_findings)
		return;
	buf_puts(b, "<section>\n<h2>Findings</h2>\n");
	for (size_t i = 0; i < s->n_findings; i++)
		one_finding(b, s, all, &s->findings[i]);
	buf_puts(b, "</section>\n");
}

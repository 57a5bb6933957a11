/*
 * One self-contained page: nothing from outside, and one script, without which
 * it shows the same in less comfort. The content security policy in its head
 * says so to the browser as well, should a way around the escaping ever be
 * found: it names the script by its hash.
 */
#include "html.h"

#include <inttypes.h>

#include "clean.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "events.h"
#include "report.h"
#include "summary.h"

static void head(struct buf *b, const struct summary *s)
{
	buf_puts(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		    "<meta charset=\"utf-8\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" "
		    "content=\"default-src 'none'; base-uri 'none'; form-action "
		    "'none'; style-src 'unsafe-inline'; script-src 'sha256-");
	buf_puts(b, html_script_hash);
	buf_puts(b, "'\">\n<meta name=\"viewport\" content=\"width=device-width, "
		    "initial-scale=1\">\n<title>");
	clean_html(b, s->scenario, ONE_LINE);
	buf_printf(b, ": %s</title>\n<style>\n", verdict_name(s->verdict));
	buf_puts(b, html_style);
	buf_puts(b, "</style>\n</head>\n<body>\n<main>\n");
}

static void header(struct buf *b, const struct summary *s)
{
	const char *verdict = verdict_name(s->verdict);

	buf_puts(b, "<header>\n<p class=\"brand\">powercut</p>\n<h1>");
	clean_html(b, s->scenario, ONE_LINE);
	buf_puts(b, "</h1>\n");
	if (*s->about) {
		buf_puts(b, "<p class=\"dim\">");
		clean_html(b, s->about, ONE_LINE);
		buf_puts(b, "</p>\n");
	}
	buf_printf(b, "<p class=\"verdict\"><span class=\"badge %s\">%s</span>"
		   "<span>", verdict, verdict);
	if (s->as_expected) {
		buf_puts(b, "as expected");
	} else {
		buf_puts(b, "<strong>not as expected</strong>: expected ");
		clean_html(b, s->expect, ONE_LINE);
	}
	buf_puts(b, "</span></p>\n");
	if (*s->reason) {
		buf_puts(b, "<p class=\"reason\">");
		clean_html(b, s->reason, ONE_LINE);
		buf_puts(b, "</p>\n");
	}
	buf_puts(b, "</header>\n");
}

static void figure(struct buf *b, const char *name, uint64_t n)
{
	buf_printf(b, "<div><dt>%s</dt><dd>", name);
	clean_count(b, n);
	buf_puts(b, "</dd></div>\n");
}

static void figures(struct buf *b, const struct summary *s)
{
	const struct store_totals *t = &s->totals;

	buf_puts(b, "<dl class=\"figures\">\n");
	figure(b, "cuts", t->cuts);
	figure(b, "with data or promises at stake", t->interesting_cuts);
	buf_puts(b, "<div><dt>legal states</dt><dd>");
	clean_legal(b, t->states_legal_log2);
	buf_puts(b, "</dd></div>\n");
	figure(b, "states checked", t->states_checked);
	if (s->distinct)
		figure(b, "different contents found", s->distinct);
	figure(b, "equal content: not checked again", t->states_equal);
	if (summary_equal_reads(s) || s->audited) {
		figure(b, "equal in all that is read, known unmounted",
		       t->states_equal_unread);
		figure(b, "the same, known once mounted",
		       t->states_equal_recovered);
		figure(b, "of these audited", s->audited);
		figure(b, "audited and not equal", s->mismatches);
	}
	if (summary_left_out(s))
		figure(b, "left out", summary_left_out(s));
	figure(b, "states held", t->held);
	figure(b, "states violated", t->violated);
	figure(b, "states unknown", t->unknown);
	if (t->loses)
		figure(b, "states that lose what is documented", t->loses);
	figure(b, "promises", t->acks);
	buf_puts(b, "<div><dt>time</dt><dd>");
	clean_seconds(b, s->seconds);
	buf_puts(b, "</dd></div>\n</dl>\n");
}

static void fact(struct buf *b, const char *name, const char *value)
{
	if (!*value)
		return;
	buf_printf(b, "<tr><th scope=\"row\">%s</th>"
		   "<td class=\"mono wide\">", name);
	clean_html(b, value, ONE_LINE);
	buf_puts(b, "</td></tr>\n");
}

static void facts(struct buf *b, const struct summary *s)
{
	buf_puts(b, "<section>\n<h2>This run</h2>\n"
		    "<div class=\"card table\"><table><tbody>\n");
	fact(b, "Run", s->name);
	fact(b, "Scenario file", s->path);
	fact(b, "Started", s->started);
	fact(b, "Phase", s->phase);
	fact(b, "Seed", s->seed);
	fact(b, "File system", s->filesystem);
	fact(b, "Acceleration", s->accel);
	fact(b, "Why not KVM", s->accel_reason);
	fact(b, "Equality of states", s->equality);
	fact(b, "Guest kernel", s->kernel);
	fact(b, "Checked on", s->checked_on);
	fact(b, "QEMU", s->qemu);
	fact(b, "libvirt", s->libvirt);
	fact(b, "Host", s->host);
	fact(b, "Guests", s->guests);
	buf_puts(b, "</tbody></table></div>\n</section>\n");
}

static int sections(struct buf *b, const struct summary *s, struct error *e)
{
	struct events all;
	int err = events_load(&all, s, e);

	if (err < 0)
		return err;
	html_findings(b, s, &all);
	if (!html_lanes(b, s, &all))
		err = html_timeline(b, s, e);
	events_release(&all);
	if (err == 0)
		err = html_coverage(b, s, e);
	if (err == 0)
		err = html_states(b, s, e);
	return err < 0 ? err : html_marks(b, s, e);
}

int report_html(const char *run_dir, struct buf *ret, struct error *e)
{
	CLEANUP_SUMMARY struct summary s = SUMMARY_INIT;
	CLEANUP_BUF struct buf b = BUF_INIT;
	int err = summary_load(run_dir, &s, e);

	if (err < 0)
		return err;
	head(&b, &s);
	header(&b, &s);
	figures(&b, &s);
	err = sections(&b, &s, e);
	if (err < 0)
		return err;
	facts(&b, &s);
	buf_puts(&b, "<footer>All of it stands in results.sqlite, beside the "
		     "drive's log.</footer>\n</main>\n<script>");
	buf_puts(&b, html_script);
	buf_puts(&b, "</script>\n</body>\n</html>\n");
	buf_add(ret, b.data, b.len);
	return 0;
}

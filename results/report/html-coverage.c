/* What was covered: in total, where cuts fell, and cut by cut. */
#include "html.h"

#include <inttypes.h>
#include <string.h>

#include "clean.h"
#include "common/buf.h"
#include "summary.h"

#define ROWS_MAX 200
#define DIGITS_MAX 12 /* of a number that is shown whole in the table */

struct rows {
	struct buf text;
	uint64_t n;
};

static void number(struct buf *b, uint64_t n)
{
	buf_puts(b, "<td class=\"n\">");
	clean_count(b, n);
	buf_puts(b, "</td>");
}

static void covered(struct buf *b, const struct store_cut *c)
{
	buf_puts(b, "<td>");
	if (c->complete)
		buf_puts(b, "every legal state");
	else if (c->losses > 0)
		buf_printf(b, "losses of at most %d whole write%s", c->losses,
			   c->losses == 1 ? "" : "s");
	else
		buf_puts(b, c->losses ? "nothing whole" : "no loss");
	if (c->more)
		buf_puts(b, "; the strategy had more");
	buf_puts(b, "</td>");
}

static void fell(struct buf *b, unsigned reach)
{
	static const char *const where[STORE_REACH_KINDS] = {
		"begin-ack", "write-flush", "journal commit", "recovery",
	};
	const char *comma = "";

	buf_puts(b, "<td>");
	for (int i = 0; i < STORE_REACH_KINDS; i++) {
		if (!(reach & 1u << i))
			continue;
		buf_printf(b, "%s%s", comma, where[i]);
		comma = ", ";
	}
	buf_puts(b, "</td>");
}

static void legal(struct buf *b, const struct store_cut *c)
{
	buf_puts(b, "<td class=\"n\">");
	if (c->legal && strlen(c->legal) <= DIGITS_MAX)
		clean_html(b, c->legal, ONE_LINE);
	else
		clean_legal(b, c->legal_log2);
	buf_puts(b, "</td>");
}

static int cut_row(const struct store_cut_row *c, void *arg)
{
	struct rows *rows = arg;
	struct buf *b = &rows->text;

	if (rows->n++ >= ROWS_MAX)
		return 0;
	buf_puts(b, "<tr><td class=\"mono\">");
	if (strcmp(c->cut.source, "replay")) {
		clean_html(b, c->cut.source, ONE_LINE);
		buf_puts(b, "/");
	}
	clean_html(b, c->cut.name, ONE_LINE);
	buf_puts(b, "</td>");
	number(b, c->cut.volatile_writes);
	legal(b, &c->cut);
	number(b, c->cut.states);
	number(b, c->checked);
	number(b, c->cut.equal + c->equal_reads);
	number(b, c->cut.left_out);
	covered(b, &c->cut);
	fell(b, c->cut.reach);
	buf_puts(b, "</tr>\n");
	return 0;
}

static void item(struct buf *b, uint64_t cuts, const char *where)
{
	buf_puts(b, "<li>");
	clean_count(b, cuts);
	buf_printf(b, " cuts fell %s</li>\n", where);
}

static void totals(struct buf *b, const struct summary *s)
{
	const struct store_totals *t = &s->totals;

	buf_puts(b, "<p>Covered: ");
	summary_coverage(s, b);
	buf_puts(b, ".</p>\n");
	if (s->legal) {
		buf_puts(b, "<p>Legal states, exactly: <span class=\"mono "
			    "wide\">");
		clean_html(b, s->legal, ONE_LINE);
		buf_puts(b, "</span></p>\n");
	}
	buf_puts(b, "<ul>\n");
	item(b, t->reach[STORE_REACH_BEGIN_ACK], "between a begin and its ack");
	item(b, t->reach[STORE_REACH_WRITE_FLUSH],
	     "between a write and what makes it durable");
	item(b, t->reach[STORE_REACH_JOURNAL], "inside a journal commit");
	item(b, t->reach[STORE_REACH_RECOVERY], "inside a recovery");
	buf_puts(b, "</ul>\n");
}

int html_coverage(struct buf *b, const struct summary *s, struct error *e)
{
	struct rows rows = { .text = BUF_INIT };
	int err = store_cuts(s->store, cut_row, &rows, e);

	if (err == 0 && rows.n) {
		buf_puts(b, "<section>\n<h2>Coverage</h2>\n");
		totals(b, s);
		buf_puts(b, "<details><summary>Cut by cut</summary>\n"
			    "<div class=\"card table\"><table><thead><tr>"
			    "<th scope=\"col\">Cut</th>"
			    "<th scope=\"col\" class=\"n\">Volatile</th>"
			    "<th scope=\"col\" class=\"n\">Legal</th>"
			    "<th scope=\"col\" class=\"n\">Found</th>"
			    "<th scope=\"col\" class=\"n\">Checked</th>"
			    "<th scope=\"col\" class=\"n\">Equal</th>"
			    "<th scope=\"col\" class=\"n\">Left out</th>"
			    "<th scope=\"col\">Covered</th>"
			    "<th scope=\"col\">Fell in</th>"
			    "</tr></thead><tbody>\n");
		buf_puts(b, buf_text(&rows.text));
		buf_puts(b, "</tbody></table></div>\n");
		if (rows.n > ROWS_MAX)
			buf_puts(b, "<p class=\"dim\">and more, in the run's "
				    "results.sqlite.</p>\n");
		buf_puts(b, "</details>\n</section>\n");
	}
	buf_free(&rows.text);
	return err;
}

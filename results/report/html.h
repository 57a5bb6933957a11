/* The parts of the HTML report. Private to this room. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

struct buf;
struct error;
struct summary;

/* The style sheet, nothing in it comes from the run. */
extern const char html_style[];

/* html-findings.c */
void html_findings(struct buf *b, const struct summary *s);

/* html-rows.c: what is read row by row. */
int html_timeline(struct buf *b, const struct summary *s, struct error *e);
/* html-coverage.c */
int html_coverage(struct buf *b, const struct summary *s, struct error *e);
int html_states(struct buf *b, const struct summary *s, struct error *e);
int html_marks(struct buf *b, const struct summary *s, struct error *e);

#endif

/* The parts of the HTML report. Private to this room. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include <stdint.h>

struct buf;
struct error;
struct events;
struct finding;
struct summary;

/* The style sheet, nothing in it comes from the run. */
extern const char html_style[];
/* lanes.js, and its SHA-256 in base64: the page runs this script and no other. */
extern const char html_script[];
extern const char html_script_hash[];

/* html-findings.c */
void html_findings(struct buf *b, const struct summary *s,
		   const struct events *all);
/* html-cause.c: why it was lost; the way of the data through the layers. */
void html_cause(struct buf *b, const struct finding *f);
void html_way(struct buf *b, const struct events *all, const struct finding *f);
/* 340 ns, 12.5 us, 1.204 ms, 3.000 s */
void html_duration(struct buf *b, uint64_t ns);
/* "page cache": a layer, or the media behind them. */
const char *html_lane(unsigned lane);

/* html-lanes.c: the timeline; 0 where there are no events. */
int html_lanes(struct buf *b, const struct summary *s,
	       const struct events *all);

/* html-rows.c: what is read row by row. The cuts in order stand for the timeline
 * of a run without events. */
int html_timeline(struct buf *b, const struct summary *s, struct error *e);
/* html-coverage.c */
int html_coverage(struct buf *b, const struct summary *s, struct error *e);
int html_states(struct buf *b, const struct summary *s, struct error *e);
int html_marks(struct buf *b, const struct summary *s, struct error *e);

#endif

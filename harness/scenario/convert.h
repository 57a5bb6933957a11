/* From what the file says to what it means. */
#ifndef SCENARIO_CONVERT_H
#define SCENARIO_CONVERT_H

#include "scenario/document.h"
#include "scenario/schema.h"

/*
 * Fills s, whose path and folder are set, with the file's values and the
 * defaults. -EINVAL: a value is impossible, or asks for what is not built yet;
 * the error has its position. What is filled is then s's to release.
 */
int scenario_convert(struct document *d, const struct raw_scenario *raw,
		     struct scenario *s, struct error *e);

/* The items of `cuts`: s->cuts and s->n_cuts. */
int cuts_convert(struct document *d, const struct raw_scenario *raw,
		 struct scenario *s, struct error *e);

/* The key `guest`. */
int guest_convert(struct document *d, const struct raw_guest *raw,
		  struct scenario *s, struct error *e);

/* The key `drive`. */
int drive_convert(struct document *d, const struct raw_drive *raw,
		  struct scenario *s, struct error *e);
/* drive.faults; the rest of the drive stands already. */
int faults_convert(struct document *d, const struct raw_faults *raw,
		   struct scenario *s, struct error *e);
/* The key `states`. */
int states_convert(struct document *d, const struct raw_states *raw,
		   struct scenario *s, struct error *e);
/* The words of `require`, once the cuts are known. */
int require_convert(struct document *d, const struct raw_list *raw,
		    struct scenario *s, struct error *e);

/* One text for `expect`, at a path of the document. */
int expect_text(struct document *d, const char *path, const char *text,
		struct scenario *s, struct error *e);
/* The key `expect`, once the cuts are known. */
int expect_convert(struct document *d, const struct raw_scenario *raw,
		   struct scenario *s, struct error *e);

/* The key `fixed`: the file that it names, beside the scenario's. What stands in
 * that is not looked at (scenario_load does). */
int fixed_convert(struct document *d, const char *text, struct scenario *s,
		  struct error *e);

/* Text at a path of the document to a number of at least min and at most max
 * ("... expected 1 to 5"); ret is untouched where text is NULL. */
typedef int (*quantity_fn)(const char *text, uint64_t *ret, struct error *e);
int quantity_at(struct document *d, const char *path, const char *text,
		quantity_fn parse, uint64_t min, uint64_t max,
		const char *range, uint64_t *ret, struct error *e);

#endif

/*
 * Reports of a run, made from its store alone. Each writer is one file.
 *
 * run_dir is the folder of the store; any path to it will do. What the guest
 * said is made harmless in all of them. The verdict is never more than what the rows
 * of the store show: "held" needs phase "done". ret is appended to, on success
 * only.
 */
#ifndef RESULTS_REPORT_H
#define RESULTS_REPORT_H

#include <stddef.h>

struct buf;
struct error;

/* "powercut check RUN@STATE", to be pasted into a shell; verb: check, shell or
 * export (with an image's name). Caller frees. */
char *report_command(const char *run_dir, const char *verb, const char *state);
/* NAME/UTC-SEED, or the path where that does not name it. Caller frees. */
char *report_name(const char *run_dir);
/* What a guest said, as one line that is harmless on a terminal and valid UTF-8.
 * Caller frees. */
char *report_clean(const char *text);

/* A run's summary for a terminal: verdict, cuts, states, findings with the
 * command that shows each again. */
int report_text(const char *run_dir, struct buf *ret, struct error *e);
/* The `run --json` object (run.schema.json: scenario, verdict, expect, cuts,
 * states_legal, states_checked, seconds, run, findings and more). One line. */
int report_json(const char *run_dir, struct buf *ret, struct error *e);
/* JUnit XML: a suite per run; a test case for its verdict and one per finding,
 * failed only where the verdict is not the expected one. */
int report_junit(const char *const *run_dirs, size_t n, struct buf *ret,
		 struct error *e);
/* One self-contained page. */
int report_html(const char *run_dir, struct buf *ret, struct error *e);

#endif

/* What every report shows, read once. Private to this room. */
#ifndef REPORT_SUMMARY_H
#define REPORT_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>

#include "results/store/store.h"

struct buf;
struct error;

struct finding {
	uint64_t number;
	enum verdict verdict;
	enum stage stage;
	char *message, *pattern, *state, *layer, *detail;
	char *fault; /* "" if none */
	uint64_t states, lost;
	uint64_t lost_ns; /* loses: as in store_finding */
	bool explained; /* cause says something */
	struct store_cause cause; /* its texts are owned; of one that was not
				   * explained NULL */
	/* Commands, to be pasted into a shell. */
	char *replay, *shell, *image;
};

struct summary {
	struct store *store; /* at one moment of the run, for the rows */
	char *dir;           /* absolute */
	char *name;          /* NAME/UTC-SEED, as commands take it */
	/* Facts of the store; "" where it has none. */
	char *scenario, *about, *expect, *accel, *accel_reason, *seed;
	char *checked_on; /* "guest", or "host, kernel ..." */
	char *started, *phase, *kernel, *qemu, *libvirt, *host, *path;
	enum verdict verdict;
	bool as_expected;
	uint64_t window_ns; /* what the scenario documents to lose; 0: none */
	char *reason;   /* why unknown or vacuous, else "" */
	double seconds; /* negative: not known */
	double first_failure_seconds; /* negative: no state failed */
	char *filesystem;
	uint64_t canaries, guests_recycled, guests_drifted, states_again;
	char *guests; /* what is to be said of them, "": all went well */
	struct store_totals totals;
	char *equality; /* reads, content, or why it has stopped */
	uint64_t audited, mismatches; /* of equality by reads */
	char *legal;       /* states of all cuts, exact; NULL: too many digits */
	uint64_t distinct; /* contents among those found; 0: not known */
	struct finding *findings;
	size_t n_findings;
};

#define SUMMARY_INIT { .store = NULL }
#define CLEANUP_SUMMARY __attribute__((cleanup(summary_release)))

int summary_load(const char *run_dir, struct summary *ret, struct error *e);
void summary_release(struct summary *s);

/* What powercut tells to look at a state again: `check`, `shell`, `export`
 * (with an image's name from `number`). Caller frees. */
char *summary_command(const struct summary *s, const char *verb,
		      const char *state, uint64_t number);

/* Of a finding that the scenario documents, what excuses it, to stand behind
 * "lost"; without a full stop. Caller frees; NULL: it is a violation. */
char *summary_excuse(const struct summary *s, const struct finding *f);

/* The text report. */
void summary_text(const struct summary *s, struct buf *b);

/* What was covered without a gap, in a sentence without a full stop: every legal
 * state at so many cuts, every loss of so many writes at all. */
void summary_coverage(const struct summary *s, struct buf *b);

/* States that were enumerated and neither checked nor equal to one that was:
 * over the budget, or not reached. */
/* Of the covered states: equal to one that was checked, in all that was read of
 * it. */
uint64_t summary_equal_reads(const struct summary *s);
uint64_t summary_left_out(const struct summary *s);

#endif

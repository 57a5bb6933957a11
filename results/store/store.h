/*
 * The store of a run: results.sqlite in its directory.
 *
 * A kill -9 of the writer at any time leaves a store that opens and shows
 * everything committed so far (SQLite, WAL journal). One writer; any number of
 * readers. Calls from one thread at a time. Times in ns unless said.
 */
#ifndef RESULTS_STORE_H
#define RESULTS_STORE_H

#include <stddef.h>
#include <stdint.h>

struct error;
struct store;

enum verdict {
	VERDICT_HELD,
	VERDICT_VIOLATED,
	VERDICT_UNKNOWN,
	VERDICT_VACUOUS,
	VERDICT_LOSES, /* something was lost, and all of it within what the
			* scenario documents to lose (check/window.c) */
};
/* held, violated, unknown, vacuous, loses */
const char *verdict_name(enum verdict v);

/* What was wrong with a state: which step of the check said so. */
enum stage {
	STAGE_NONE,   /* held */
	STAGE_MOUNT,  /* the kernel refused to mount */
	STAGE_KERNEL, /* panic or oops */
	STAGE_HANG,   /* the guest stopped answering, twice */
	STAGE_FSCK,   /* fsck found errors after recovery */
	STAGE_CHECK,  /* the check program */
};
const char *stage_name(enum stage s); /* none mount kernel hang fsck check */

/* Refuses to replace a store that is there (-EEXIST). */
int store_create(const char *path, struct store **ret, struct error *e);
/* Read only; works while a writer is alive, and after it was killed. Also on
 * media that cannot be written to. -EPROTONOSUPPORT: another schema version,
 * -EBADMSG: not a store or damaged. */
int store_open(const char *path, struct store **ret, struct error *e);
/* For `check RUN`: open for writing; existing cuts, states, findings,
 * causes and with them the keys verdict, reason, seconds and first_failure_ns dropped, phase set to
 * checking. Marks and events stay: they are of the recording. */
int store_reopen(const char *path, struct store **ret, struct error *e);
/* Commits. NULL is allowed. */
void store_close(struct store *s);

/* A reader sees one moment of the run from here to store_close. */
int store_snapshot(struct store *s, struct error *e);

/* Key-value facts of the run. Keys used: scenario, path, seed, expect, accel,
 * filesystem, first_failure_ns (from the start of the run to its first violated or
 * losing state; none: there was none), accel_reason, kernel, qemu, libvirt, started (RFC 3339 UTC), phase
 * (recording, checking, done, interrupted, failed), verdict, seconds,
 * boot_ns, record_ns, writes, flushes, fua_writes, marks, reason (why
 * unknown/vacuous), about (what the scenario says of itself), host, doubt (why
 * the recordings prove nothing), live ("3 of 14": live cuts made),
 * nested (likewise, recoveries), distinct (different contents among the states
 * that were found, added up over the recordings),
 * canaries (states with a known verdict that were
 * judged again to see whether guests are good), guests_recycled (guests
 * replaced), guests_drifted (of these, because of a canary), states_again
 * (verdicts thrown away and judged again), window_ns (what the scenario
 * documents to lose; none: nothing), equality (reads, content, or
 * why it has stopped), equality_audited, equality_mismatches.
 * Commits at once, with all rows added before. */
int store_set(struct store *s, const char *key, const char *value,
	      struct error *e);
int store_setf(struct store *s, struct error *e, const char *key,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Caller frees; NULL when there is none. */
char *store_get(struct store *s, const char *key);
/* The same of the run in that folder; NULL also where its store cannot be read. */
char *store_get_of(const char *run_dir, const char *key);

struct store_cut {
	const char *source; /* "replay", or "live-N": which recording */
	const char *name;   /* w120 */
	uint64_t position;
	uint64_t volatile_writes;
	double legal_log2; /* of the number of legal states */
	uint64_t acks;     /* promises before it */
	uint64_t begun;    /* begun, not acked */
	uint64_t states;   /* enumerated */
	uint64_t equal;    /* of these not checked: equal content to another one,
			    * which was */
	uint64_t left_out; /* of these: neither checked nor equal */
	int more;          /* the strategy had more, the budget did not */
	const char *legal; /* the number of legal states in decimal digits; NULL:
			    * more than 306 of them */
	int complete;      /* every legal content was checked or is equal */
	int losses;        /* every state that loses at most so many whole writes
			    * was checked or is equal; -1: none */
	unsigned reach;    /* bits 1 << STORE_REACH_... */
};
/* The bits of store_cut.reach. */
enum store_reach {
	STORE_REACH_BEGIN_ACK,
	STORE_REACH_WRITE_FLUSH,
	STORE_REACH_JOURNAL,
	STORE_REACH_RECOVERY,
	STORE_REACH_KINDS
};
/* Adding a cut, a state or a mark again replaces it. Numbers over INT64_MAX:
 * -ERANGE. */
int store_add_cut(struct store *s, const struct store_cut *c, struct error *e);

/* How a state was found equal to another one (equal/equal.h). */
enum store_equal {
	STORE_EQUAL_NOT,       /* it was judged */
	STORE_EQUAL_UNREAD,    /* before it was mounted */
	STORE_EQUAL_RECOVERED, /* once it was mounted */
};

struct store_state {
	const char *source;
	const char *cut;
	const char *survivors;
	const char *hash; /* content, 32 hex digits */
	uint64_t lost;    /* volatile writes that did not survive whole */
	const char *fault; /* of the drive, beyond its contract, such as "shorn
			    * write"; NULL or "": none */
	enum verdict verdict;
	enum stage stage;
	const char *message; /* what the check said, one line */
	const char *detail;  /* output, kernel log; may be NULL */
	uint64_t elapsed_ns;
	uint64_t lost_ns; /* loses: no ack that was lost was older at the cut */
	enum store_equal equal;
	const char *equal_to; /* CUT:SURVIVORS of the same recording; NULL */
};
int store_add_state(struct store *s, const struct store_state *st,
		    struct error *e);

/* Drops the states of the recording that were equal to others and not judged
 * themselves: what was said of them does not stand any more. */
int store_forget_equal(struct store *s, const char *source, struct error *e);

struct store_mark {
	const char *source;
	uint64_t position, number;
	const char *kind; /* begin ack mark */
	const char *text;
};
int store_add_mark(struct store *s, const struct store_mark *m,
		   struct error *e);

/* Why a finding's state lost what it lost (journey/cause.h). Texts may be
 * NULL, which is "": none, or not known. */
struct store_cause {
	const char *source;   /* "replay", "live-1" */
	const char *state;    /* CUT:SURVIVORS without the recording before it; one
			       * row per (source, state) */
	unsigned layer;       /* 1..6; 0: not known */
	const char *sentence; /* one sentence, for a person */
	const char *missing;  /* the missing step: "fdatasync of /mnt/log"; "" if
			       * none or not known */
	const char *file;     /* path in the guest, "" */
	uint64_t offset, length; /* byte range of the file; length 0: not of
				  * bytes */
	const char *operation;/* "pwrite64 of 512 bytes at 4096" */
	uint64_t call;        /* number of the accused call, 0: none */
	const char *program;  /* comm, "" */
	int64_t thread;       /* tid, 0 */
	const char *promise;  /* text of the broken promise's ack, "" */
	uint64_t promise_mark;/* number of its mark, 0 */
	const char *stack;    /* lines "function at file:line", innermost first,
			       * "" */
	const char *doubt;    /* why it is not certain, "" */
	uint64_t cut_ns;      /* guest time of the cut */
};
/* Adding one of the same state again replaces it. A layer over 6: -EINVAL. */
int store_add_cause(struct store *s, const struct store_cause *c,
		    struct error *e);
/* "page cache" for 3; NULL for what is no layer. */
const char *store_layer_name(unsigned layer);

/* Where in the machine something happened: the six layers, and the media. */
enum store_lane {
	STORE_LANE_APPLICATION = 1,
	STORE_LANE_CALL,
	STORE_LANE_PAGES,
	STORE_LANE_JOURNAL,
	STORE_LANE_BLOCK,
	STORE_LANE_DRIVE,
	STORE_LANE_MEDIA,
};
#define STORE_LANES STORE_LANE_MEDIA
/* application call pages journal block drive media; NULL: no lane. */
const char *store_lane_name(enum store_lane lane);

struct store_event {
	const char *source;
	uint64_t number;       /* 1.. per source */
	enum store_lane lane;
	uint64_t start_ns, end_ns; /* guest clock; end 0: never ended; equal: a
				    * moment */
	uint64_t position;     /* in the log, UINT64_MAX: it has none */
	const char *kind;      /* word: write, fsync, begin, ack, dirty, commit,
				* queue, ... */
	const char *label;     /* short: "pwrite64 /mnt/log 4096+512" */
	const char *pieces;    /* "12,13": numbers of the calls whose data it
				* carries, "" */
};
/* Adding one of the same number again replaces it. */
int store_add_event(struct store *s, const struct store_event *ev,
		    struct error *e);

/* Commits what was added since the last commit. Adders commit by themselves
 * at least every 200 rows or 500 ms. */
int store_commit(struct store *s, struct error *e);

/*
 * Findings: violations, and losses within what the scenario documents, grouped
 * by (verdict, fault, stage, message with its numbers replaced), violations
 * first, of these those without a fault of the drive, each with the number of
 * states and its smallest one of those that were judged themselves: fewest lost
 * writes, then earliest cut. Computed from the states table; replaces what was
 * there.
 *
 * Layer: one with a fault of the drive was lost there, whatever survived.
 * Otherwise it is the layer of the smallest state's cause, if that is known.
 * Without: a violation of a state in which every volatile write survived ("all")
 * was lost above the drive (layers 1 to 5); one that needs lost writes was lost
 * in the drive cache (layer 6).
 */
int store_find(struct store *s, struct error *e);
/* The message with what differs between like violations replaced; two of one
 * stage with the same pattern are one finding (find.c). Caller frees. */
char *store_pattern(const char *message);

/* Strings are borrowed for the time of the call. */
struct store_finding {
	uint64_t number; /* from 1 */
	enum verdict verdict; /* violated or loses */
	enum stage stage;
	char *message; /* of the smallest state */
	char *pattern; /* the message with its numbers replaced: the same from
			* run to run */
	char *state;   /* CUT:SURVIVORS, with "live-N/" before it if live */
	char *fault;   /* as of its states; "" if none */
	char *layer;   /* "page cache (layer 3)": of the cause; without one:
			* "above the drive (layers 1-5)" | "drive cache
			* (layer 6)"; of a fault, always: "drive, beyond its
			* contract: FAULT" */
	const struct store_cause *cause; /* NULL: none was found */
	char *detail;  /* may be "" */
	uint64_t states; /* how many show it */
	uint64_t lost;   /* in the smallest state */
	uint64_t lost_ns;  /* loses: no ack that any of the states lost was
			    * older at its cut */
};
/* For each finding, in order; stops when fn returns other than 0. */
int store_findings(struct store *s,
		   int (*fn)(const struct store_finding *f, void *arg),
		   void *arg, struct error *e);

struct store_totals {
	uint64_t cuts;
	double states_legal_log2; /* log2 of the sum over the cuts; of none:
				   * -INFINITY */
	uint64_t states_enumerated;
	uint64_t states_checked; /* judged themselves */
	uint64_t states_equal; /* content equal to one that is covered */
	/* Covered since they are equal to one that was checked in all that it
	 * read: found before or after they were mounted. */
	uint64_t states_equal_unread, states_equal_recovered;
	/* Of those that were checked or equal by what was read. */
	uint64_t held, violated, unknown, loses;
	uint64_t findings, acks;
	uint64_t interesting_cuts; /* a volatile write or a promise at stake */
	uint64_t cuts_complete; /* where every legal state is covered */
	uint64_t cuts_more;     /* where the strategy had more than the budget */
	int64_t losses; /* the least of all cuts that could lose more; where
			 * there is none, what any can lose */
	uint64_t reach[STORE_REACH_KINDS]; /* cuts that fell there */
};
int store_totals(struct store *s, struct store_totals *ret, struct error *e);

/* The number of legal states of all cuts in decimal digits; NULL where it, or that
 * of a cut, has more than 306. Caller frees. */
int store_legal(struct store *s, char **ret, struct error *e);

/*
 * Rows, for reports. Strings are borrowed for the time of the call. Each stops
 * when fn returns other than 0, and returns that.
 */

struct store_cut_row {
	struct store_cut cut;
	/* States: held, violated and unknown are of the checked and of those
	 * that are equal by what was read. */
	uint64_t checked, equal_reads, held, violated, unknown, loses;
};
/* By position; those of the replayed recording first. */
int store_cuts(struct store *s,
	       int (*fn)(const struct store_cut_row *c, void *arg), void *arg,
	       struct error *e);
/* The first `limit` states that did not hold: violated, unknown, loses, each
 * with the fewest lost writes first. */
int store_bad_states(struct store *s, uint64_t limit,
		     int (*fn)(const struct store_state *state, void *arg),
		     void *arg, struct error *e);
/* The first `limit` marks, by position. */
int store_marks(struct store *s, uint64_t limit,
		int (*fn)(const struct store_mark *m, void *arg), void *arg,
		struct error *e);
/* By source and state. */
int store_causes(struct store *s,
		 int (*fn)(const struct store_cause *c, void *arg), void *arg,
		 struct error *e);
/* By source, the replayed recording first, and number. */
int store_events(struct store *s,
		 int (*fn)(const struct store_event *ev, void *arg), void *arg,
		 struct error *e);

#endif

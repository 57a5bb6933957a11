/*
 * A scenario: one YAML file as data.
 *
 * Everything here is validated: keys known, values in range, behaviour built.
 * What is not built yet is refused with "not supported yet", never ignored.
 */
#ifndef SCENARIO_SCENARIO_H
#define SCENARIO_SCENARIO_H

#include <stddef.h>
#include <stdint.h>

#include "drive/model.h"
#include "states/states.h"
#include "vm/bus.h"

struct error;

/* In the file; the model has its own flags. */
enum flush_mode { FLUSH_HONEST, FLUSH_IGNORED };
enum fua_mode { FUA_HONORED, FUA_IGNORED };
enum run_mode { MODE_REPLAY, MODE_LIVE, MODE_BOTH };
enum scheduler { SCHEDULER_DEFAULT, SCHEDULER_NONE, SCHEDULER_DEADLINE,
		 SCHEDULER_BFQ };
enum guest_trace { GUEST_TRACE_FULL, GUEST_TRACE_COMMANDS };
enum check_place { CHECK_IN_GUEST, CHECK_ON_HOST };
enum equal_by { EQUAL_BY_CONTENT, EQUAL_BY_READS };
enum expect { EXPECT_HELD, EXPECT_VIOLATED, EXPECT_LOSES };
/* held, violated, loses: the verdict that is expected. */
const char *expect_name(enum expect e);

/* Where a cut may fall (harness/run/reach.h). */
enum reach {
	REACH_BEGIN_ACK,   /* something was begun and not acknowledged */
	REACH_WRITE_FLUSH, /* a write was volatile */
	REACH_JOURNAL,     /* a journal commit was under way */
	REACH_RECOVERY,    /* a recovery was */
	REACH_KINDS
};
/* As in the file: between-begin-and-ack. */
const char *reach_name(int kind);

struct scenario {
	char *path;   /* of the file, absolute */
	char *folder; /* the workload's folder, absolute */
	int embed; /* the folder was made for this run alone: the run keeps a
		    * copy, and is judged again by that */
	char *name;
	char *about; /* may be "" */

	struct {
		char *kernel; /* a name of scenario/kernels.h, or a path */
		char *image;  /* micro, debian, oci:PATH (absolute) */
		char **packages; /* of debian, NULL-terminated, or NULL */
		char *where; /* FILE:LINE:COLUMN of the image, for what goes
			      * wrong once it is built */
		uint64_t memory; /* bytes */
		enum guest_trace trace; /* what a recording is told of the
					 * way of the data */
	} guest;

	struct {
		enum bus bus;
		enum scheduler scheduler; /* of the guest, for this drive */
		uint64_t size;  /* bytes */
		uint32_t block; /* bytes */
		uint64_t latency_ns; /* of each write and flush; 0: none */
		struct cache_model cache;
		/* What the file says itself, rather than leaving the default:
		 * not for others to vary. */
		struct {
			int capacity, destage, order, tear, size;
		} pinned;
	} drive;

	struct {
		char *type;  /* filesystem.h, or none: the raw device */
		char *mkfs;  /* options, blank separated, may be "" */
		char *mount; /* options, may be "" */
	} filesystem;

	struct {
		char **setup; /* NULL-terminated argv, or NULL */
		char **run;   /* NULL-terminated argv */
		uint64_t timeout_ns;
	} workload;

	struct cut_rule *cuts; /* n_cuts 0: every write, flush and mark */
	size_t n_cuts;
	enum run_mode mode;

	struct {
		char *strategy;  /* default; strategy_exists() */
		uint64_t budget; /* states, per recording */
		enum equal_by equality; /* what makes states equal */
		uint64_t audit_ppm; /* of the states that are equal by what was
				     * read so many are judged all the same,
				     * in millionths */
		uint64_t time_ns; /* of judging, per recording; 0: no end */
		uint64_t exhaustive; /* struct exploration */
	} states;
	unsigned require; /* bits 1 << enum reach: cuts that there must be */

	struct {
		enum check_place on;
		int fsck;
		char **run; /* NULL-terminated argv, or NULL */
		uint64_t timeout_ns; /* check.timeout, default 30s */
	} check;

	enum expect expect;
	uint64_t window_ns; /* EXPECT_LOSES: so old an ack may be and be lost
			     * (check/window.c); else 0 */
	char *fixed; /* the scenario that keeps the same promise: its file,
		      * absolute; or NULL */
	uint64_t seed;
};

/* Reads and validates, with the scenario of its key `fixed`. On failure the message
 * starts with FILE:LINE:COLUMN. */
int scenario_load(const char *path, struct scenario **ret, struct error *e);
void scenario_free(struct scenario *s);
/* Whether a scenario may have this name. */
int scenario_name_valid(const char *name);

/* What cuts[rule] draws from: each rule for itself, and wherever the rule is
 * expanded the same cuts. */
static inline uint64_t scenario_cut_seed(const struct scenario *s, size_t rule)
{
	return s->seed + rule;
}

/* Whether there is one: filesystem.type is not none. */
int scenario_has_filesystem(const struct scenario *s);
/* none, mq-deadline or bfq, or NULL: the kernel's default. */
const char *scenario_scheduler(const struct scenario *s);

/* The scenario with every default spelled out, as YAML that scenario_load
 * reads back to the same thing, but for `fixed`: a file beside this one need not be
 * beside that one. Caller frees. */
char *scenario_resolved(const struct scenario *s);


#endif

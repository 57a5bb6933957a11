/*
 * A whole log in memory, without the data: what the crash model works on.
 *
 * Positions are those of the log (drive/log.h). Commands are numbered from 1
 * in submit order among those after ARM: `number` counts the commands that
 * change the media (write, write-zeroes, discard), `flush number` and mark
 * number likewise. Commands before ARM have number 0.
 */
#ifndef DRIVE_HISTORY_H
#define DRIVE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "drive/log.h"

struct error;

#define POSITION_NEVER UINT64_MAX

struct command {
	enum log_type type; /* WRITE, ZEROES, DISCARD or FLUSH */
	int fua;            /* durable on its own (log flag or trace join) */
	uint64_t submit;    /* position */
	uint64_t complete;  /* position, or POSITION_NEVER: in flight at the end */
	uint64_t submit_ns;   /* times of both, as in history.times */
	uint64_t complete_ns; /* 0: in flight at the end */
	uint64_t guest_ns;    /* of the guest's clock, when it sent the command;
			       * 0: not known (trace_join) */
	uint64_t offset;    /* bytes */
	uint64_t length;    /* bytes */
	uint64_t data;      /* WRITE: offset of its data in the log file */
	uint64_t number;    /* 1.. among the media-changing commands (or among
			     * flushes, for FLUSH) after ARM; 0 before ARM */
};

struct mark {
	uint64_t position;
	uint64_t number;     /* 1.. after ARM, 0 before */
	uint64_t time_ns;
	enum mark_kind kind;
	char *text; /* owned by the history */
};

struct history {
	char *log_path;
	uint64_t disk_size;  /* bytes */
	uint32_t block_size; /* bytes */
	uint64_t started_ns; /* CLOCK_REALTIME when the log was created; 0: a
			      * log that does not say */
	struct command *commands; /* in submit order */
	size_t n_commands;
	struct mark *marks; /* in order */
	size_t n_marks;
	uint64_t base; /* position of BASE, POSITION_NEVER without one */
	uint64_t arm;  /* position of ARM, POSITION_NEVER without one */
	uint64_t cut;  /* position of CUT, POSITION_NEVER without one */
	uint64_t stop; /* position of STOP, POSITION_NEVER without one; cuts
			* and numbers end here */
	uint64_t end;  /* positions in the log: 0 .. end-1 */
	uint64_t *times; /* ns since the log was created, per position: its
			  * record's, or a later one that stands before it;
			  * so they never go back */
	uint64_t n_writes;  /* media-changing commands after ARM */
	uint64_t n_flushes; /* after ARM */
	int sealed;         /* the log was closed in order */
};

/* Reads the log. Fails with -EBADMSG on a damaged one. */
int history_load(const char *log_path, struct history **ret, struct error *e);
void history_free(struct history *h);

#endif

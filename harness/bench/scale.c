/*
 * What the length of a log costs: the same transactions, 1,000, 10,000 and
 * 100,000 commands of them (states/synthetic.h), states of cuts that follow
 * each other. Measured is what lies between a state's name and the drive that
 * serves it: found in the space, compared with the one before, patches sent to
 * the drive's process and taken there. What the guest then does with it (mount,
 * check) depends on the disk and the check, not on the log.
 *
 * The sizes take turns within a round.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/parts.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "drive/drive.h"
#include "states/synthetic.h"

#define CUTS 700 /* a round's, all in one place of the log */

enum { SHORT, MEDIUM, LONG, ROWS };

static const struct bench_row rows[ROWS] = {
	[SHORT] = { "state_1k", "state to drive, log of 1,000", "us", NULL },
	[MEDIUM] = { "state_10k", "state to drive, log of 10,000", "us",
		     "state_1k" },
	[LONG] = { "state_100k", "state to drive, log of 100,000", "us",
		   "state_1k" },
};

struct size {
	uint64_t commands;
	const char *name;
	struct history *history;
	struct state_space *space;
	struct cursor *cursor;
	struct cut *cuts;
	size_t n_cuts;
	struct drive *drive;
	struct state shown;
};

static const struct size sizes[ROWS] = {
	[SHORT] = { .commands = 1000, .name = "scale1" },
	[MEDIUM] = { .commands = 10000, .name = "scale2" },
	[LONG] = { .commands = 100000, .name = "scale3" },
};

static int start_drive(struct size *s, struct bench *b, const char *data,
		       const char *units, struct error *e)
{
	struct drive_config c = {
		.mode = DRIVE_STATE,
		.plugin = b->lab->home.plugin,
		.runtime_dir = runtime_path(b->lab->runtime),
		.name = s->name,
		.size = SYNTHETIC_DISK,
		.block = SYNTHETIC_BLOCK,
		.scratch_dir = b->scratch,
	};
	int err = drive_start(&c, &s->drive, e);

	return err ? err : drive_load(s->drive, NULL, data, units,
				      SYNTHETIC_BLOCK, e);
}

static int prepare(struct size *s, struct bench *b, struct error *e)
{
	CLEANUP_FREE char *data = xasprintf("%s/%s.data", b->scratch, s->name);
	CLEANUP_FREE char *units =
		xasprintf("%s/%s.units", b->scratch, s->name);
	struct cache_model model = CACHE_MODEL_HONEST;
	int err = synthetic_history(s->commands, 1, data, &s->history, e);

	if (!err)
		err = space_create(s->history, NULL, units, &model, &s->space,
				   e);
	if (!err)
		err = cuts_expand(s->history, NULL, 0, 1, &s->cuts, &s->n_cuts,
				  e);
	if (err)
		return err;
	s->cursor = cursor_new(s->space);
	return start_drive(s, b, data, units, e);
}

static void release(struct size *s)
{
	drive_stop(s->drive);
	state_free(&s->shown);
	cursor_free(s->cursor);
	space_free(s->space);
	history_free(s->history);
	free(s->cuts);
}

static int show(struct size *s, const struct cut *cut, const char *survivors,
		struct error *e)
{
	CLEANUP_FREE struct patch *patches = NULL;
	struct state state;
	size_t n;
	int err = cursor_state(s->cursor, cut, survivors, &state, e);

	if (err)
		return err;
	n = state_patches(s->space, s->shown.survivors ? &s->shown : NULL,
			  &state, &patches);
	err = drive_set_state(s->drive, patches, n, e);
	state_free(&s->shown);
	s->shown = state;
	return err;
}

/* The first state brings the cursor and the drive to the place: not timed. */
static int measure_size(struct size *s, struct bench *b, size_t row,
			unsigned round, struct error *e)
{
	size_t n = s->n_cuts < CUTS ? s->n_cuts : CUTS;
	size_t first = (s->n_cuts - n) * (round + 1) / (b->rounds + 1);
	int err = show(s, &s->cuts[first], "all", e);
	uint64_t start = now_ns();

	for (size_t i = 0; i < n && !err; i++) {
		err = show(s, &s->cuts[first + i], "all", e);
		if (!err)
			err = show(s, &s->cuts[first + i], "none", e);
	}
	if (!err)
		bench_add(b, &rows[row], (double)(now_ns() - start) / 1e3 /
						 (2.0 * (double)n));
	return err;
}

static int measure_in_turns(struct size *s, struct bench *b, struct error *e)
{
	int err = 0;

	for (unsigned round = 0; round < b->rounds && !err; round++) {
		for (size_t i = 0; i < ROWS && !err; i++) {
			size_t row = (i + round) % ROWS;

			err = measure_size(&s[row], b, row, round, e);
		}
		if (!err)
			err = bench_go_on(e);
		progress_step(b->progress, 0);
	}
	return err;
}

static int measure(struct bench *b, struct error *e)
{
	struct size s[ROWS];
	int err = 0;

	memcpy(s, sizes, sizeof(s));
	progress_begin(b->progress, b->rounds, "bench: long logs");
	for (size_t i = 0; i < ROWS && !err; i++)
		err = prepare(&s[i], b, e);
	if (!err)
		err = measure_in_turns(s, b, e);
	for (size_t i = 0; i < ROWS; i++)
		release(&s[i]);
	progress_end(b->progress);
	return err;
}

const struct bench_group bench_scale = { "scale", rows, ROWS, measure };

/*
 * Inside the room: what the files of harness/states share. Not for others.
 *
 * The words: a tracked unit is an aligned piece of `tear` bytes that some
 * command touched. Its versions are the contents it had one after another:
 * version 0 what it holds at ARM, then one for each command behind ARM that
 * touches it, in submit order, cumulative (drive/model.c). Versions of all
 * units stand in one array, unit after unit; `version` below always means an
 * index into that array. A version's content is an index into `contents`, so
 * equal content is an equal number.
 */
#ifndef STATES_SPACE_H
#define STATES_SPACE_H

#include <stdint.h>

#include "common/buf.h"
#include "drive/history.h"
#include "drive/model.h"
#include "states/states.h"

struct error;

#define NO_COMMAND UINT32_MAX

/* ---- cuts.c ---- */

/* The last position that a cut can be made at. */
uint64_t cut_end_position(const struct history *h);
/* Whether a state can be asked for at this position: BASE (the end of the
 * setup; ARM where there is none) or behind. */
int cut_check(const struct history *h, uint64_t position, struct error *e);

/* ---- contents.c: contents of units, each once ---- */

struct content {
	struct state_hash hash; /* XXH3_128bits */
	uint64_t source; /* SOURCE_BASE: stands in no file of its own yet */
};

struct contents {
	struct content *at;
	uint32_t n, size;
	uint32_t *slots; /* open addressing; index + 1, 0 is free */
	uint32_t n_slots; /* a power of two */
};

void contents_free(struct contents *c);
/* The index of the content, new or known. -ENOMEM: more than fit. */
int contents_intern(struct contents *c, const void *data, size_t len,
		    uint32_t *ret);

/* ---- space.c ---- */

struct version {
	uint32_t command; /* index into the history's, NO_COMMAND at ARM */
	uint32_t content;
};

/*
 * Where a cut stands: low and high are, per tracked unit, its last durable and
 * its last submitted version at the position. It moves forward and backward at
 * the cost of the commands between (cursor.c).
 */
struct cursor {
	const struct state_space *space;
	uint64_t position;
	size_t next_submit;  /* index into the history's commands */
	size_t next_durable; /* index into by_durable */
	uint32_t *low, *high;
	struct state_hash hash; /* of the disk with all high versions */
	uint32_t *open;      /* units with low < high, in no order */
	uint32_t *open_slot; /* per unit: its place in open, or UINT32_MAX */
	size_t n_open;
	struct view *view;   /* of the last cut asked for, or NULL */
	uint32_t *counts;    /* per command, zeroes between uses */
};

/* Immutable once it is made, but for `own`. */
struct state_space {
	const struct history *h;
	struct cache_model model;
	uint32_t tear; /* of the model */
	char *base; /* path or NULL */
	int base_fd, log_fd, units_fd;
	uint64_t units_end; /* bytes in the units file */

	uint64_t *durable;   /* per command, from the model */
	uint32_t *by_durable; /* commands behind ARM in order of durability */
	size_t n_by_durable;
	size_t first_command; /* the first one behind ARM */
	uint32_t *first_unit; /* per command behind ARM: its tracked unit */
	uint32_t *by_number;  /* command of write 1.., at [number] */

	uint64_t *unit_index; /* per tracked unit: byte offset / tear */
	uint32_t n_units;
	uint32_t *first;        /* per unit: its version 0; n_units + 1 */
	uint32_t *base_content; /* per unit */
	struct version *versions;
	struct contents contents;
	struct scratch *scratch; /* scratch.c; NULL: the drive has no faults */

	struct state_hash arm_hash; /* of the disk at ARM */
	struct cursor *own; /* of the space_... calls */
};

/* Of this thread: see space_work(). */
extern _Thread_local uint64_t units_touched;

static inline int changes_media(const struct command *c)
{
	return c->type != LOG_FLUSH && c->length;
}

static inline uint64_t command_first(const struct state_space *s,
				     const struct command *c)
{
	return c->offset / s->tear;
}

/* How many units the command touches. */
static inline uint32_t command_units(const struct state_space *s,
				     const struct command *c)
{
	return (uint32_t)((c->offset + c->length - 1) / s->tear -
			  c->offset / s->tear + 1);
}

/* Bytes of the tracked unit: tear, but for the last one of some disks. */
uint32_t unit_length(const struct state_space *s, uint64_t unit_index);

/* Where unit u's content stands if it holds that version. */
uint64_t version_source(const struct state_space *s, uint32_t u,
			uint32_t version);
/* What a content adds to the hash of the disk if unit u holds it; 0 if it is as
 * in base. */
struct state_hash unit_hash(const struct state_space *s, uint32_t u,
			    struct state_hash content);
/* What that version adds. */
struct state_hash version_hash(const struct state_space *s, uint32_t u,
			       uint32_t version);
/* The version that a command behind ARM made of unit u. */
uint32_t version_of(const struct state_space *s, uint32_t u, uint32_t command);
/* The last version of unit u that one of the first `submitted` commands of the
 * history made; its version 0 where none did. */
uint32_t version_at(const struct state_space *s, uint32_t u, size_t submitted);
/* The place of the tracked unit with that index, or of the next one. */
uint32_t find_unit(const struct state_space *s, uint64_t unit_index);
/* How many commands were submitted at the position. */
size_t submitted_at(const struct state_space *s, uint64_t position);

static inline void hash_add(struct state_hash *h, struct state_hash more)
{
	h->low += more.low;
	h->high += more.high;
}

static inline void hash_sub(struct state_hash *h, struct state_hash less)
{
	h->low -= less.low;
	h->high -= less.high;
}

/* ---- touches.c ---- */

/* A command that touches a unit, in the order of units, then of submits. A unit
 * with NO_COMMAND is tracked in any case: a fault may reach it. */
struct touch {
	uint64_t unit; /* byte offset / tear */
	uint32_t command;
};

/* All of them, in order; needs first_command, and nothing else that is made.
 * Caller frees. -EFBIG: too many. */
int space_touches(const struct state_space *s, struct touch **ret,
		  size_t *ret_n, struct error *e);

/* ---- compose.c: fills versions, base_content and the units file ---- */

int space_compose(struct state_space *s, const struct touch *touches, size_t n,
		  struct error *e);
/* What base holds there; zeroes behind its end. */
int base_read(const struct state_space *s, uint64_t start, void *data,
	      uint32_t len, struct error *e);

/* ---- cursor.c, view.c: what a cut leaves open ---- */

void cursor_to(struct cursor *c, uint64_t position);

/* A volatile write on one unit that it may or may not have reached. */
struct pair {
	uint32_t slot;    /* index of the open unit in the view */
	uint32_t version; /* that the write made of the unit */
};

/* The choices at one cut. */
struct view {
	const struct state_space *s;
	uint64_t position;
	size_t n; /* open units: those with a choice */
	uint32_t *units; /* tracked units, ascending */
	uint32_t *low, *high; /* versions that each may hold: low .. high */
	struct state_hash *low_hash, *high_hash;
	struct state_hash closed_hash; /* of all other units */
	size_t n_writes; /* volatile writes that can be lost somewhere */
	uint32_t *writes; /* commands, ascending */
	size_t *first_pair; /* per write; n_writes + 1 */
	struct pair *pairs; /* by write, then by unit */
	uint32_t *line; /* order: fifo: indices into writes in the order in
			 * which they reach the media; else NULL */
};

/* The view of the cut, kept by the cursor until another one is asked for. Costs
 * what lies between the two cuts, and what is open and volatile at this one. */
int view_at(struct cursor *c, uint64_t position, struct view **ret,
	    struct error *e);
void view_free(struct view *v);
/* The pair's unit counted within its write, from 0. */
uint32_t pair_unit(const struct view *v, size_t write, const struct pair *p);

/*
 * A pick: per open unit the version that it holds; the choice vector that is a
 * state. pick_add lets a write survive on its units from .. to, pick_drop lets
 * it be lost there (of several, the youngest write first).
 */
uint32_t *pick_none(const struct view *v);
uint32_t *pick_all(const struct view *v);
uint32_t *pick_copy(const struct view *v, const uint32_t *from);
void pick_add(const struct view *v, uint32_t *pick, size_t write,
	      uint32_t from, uint32_t to);
void pick_drop(const struct view *v, uint32_t *pick, size_t write,
	       uint32_t from, uint32_t to);
struct state_hash pick_hash(const struct view *v, const uint32_t *pick);
/* The whole state. */
void pick_state(const struct view *v, const struct cut *c,
		const uint32_t *pick, struct state *ret);

/* log2 of the number of legal states. */
double view_legal_log2(const struct view *v);

/* ---- fifo.c: where the survivors are a prefix ---- */

/* The writes, as indices into v->writes, in the order in which they would reach
 * the media of a fifo drive; of one, v->line is the same. Caller frees. */
uint32_t *line_order(const struct view *v);
/* Fills v->line. */
void line_fill(struct view *v);
double line_legal_log2(const struct view *v);
/* On how many units the write would be seen on top of the pick. */
uint32_t line_fresh(const struct view *v, const uint32_t *pick, size_t write);
/* -EINVAL, with the reason, where the pick is no prefix. */
int line_check(const struct view *v, const uint32_t *pick, struct error *e);

/* ---- names.c ---- */

/* The canonical name of the pick. Caller frees. */
char *pick_name(const struct view *v, const uint32_t *pick);
/* Volatile writes that did not survive whole. */
uint64_t pick_lost(const struct view *v, const uint32_t *pick);
/* The pick that a name asks for. Caller frees. */
int pick_parse(const struct view *v, const char *survivors, uint32_t **ret,
	       struct error *e);

/* ---- patches.c ---- */

/* Reads the unit's content from where it stands; len: unit_length. */
int source_read(const struct state_space *s, uint64_t unit_index,
		uint64_t source, void *data, struct error *e);

#endif

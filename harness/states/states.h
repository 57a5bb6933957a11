/*
 * Crash states: which are legal at each cut, which are worth checking, which
 * are equal. The rules are those of drive/model.h.
 *
 * A state is named CUT:SURVIVORS.
 *
 *   CUT        w120 (when the 120th write was submitted), f8 (the 8th flush),
 *              m3 (right after the 3rd mark), end (at the end of the log),
 *              p4711 (any position of the log from ARM on)
 *   SURVIVORS  all | none | LIST | all-LIST
 *   LIST       comma separated numbers of writes (as in w120), each perhaps
 *              with units: 120.0-3 (only the units 0 to 3 of write 120),
 *              120.2; LIST: only these volatile writes reached the media;
 *              all-LIST: all but these did.
 *
 * A faulty state is one of these with a fault beyond the contract behind it
 * (drive/faults.c), if the drive has that fault. Numbers are writes and their
 * units as above:
 *
 *   +bits=118.3/1234   in unit 3 of write 118, inverted from bit 1234 on
 *   +shorn=118.0       only the start of unit 0 of write 118 was written
 *   +flying=118/16     write 118 landed 16 units behind its place (/-16: before)
 *   +unserial=117      write 117 is lost, though it was durable
 *   +rollback=w64      the mapping table is that of write 64 (w0: of the start)
 *   +rollback=w64/3    in region 3 of the disk, counted from 0
 *   +read-only, +gone  the device is dead
 *
 * A name is canonical: the same state always gets the shortest of its names
 * by a fixed rule, and parsing a name gives the state back.
 */
#ifndef STATES_STATES_H
#define STATES_STATES_H

#include <stddef.h>
#include <stdint.h>

#include "drive/drive.h"
#include "drive/history.h"
#include "drive/model.h"

struct error;
struct state_space;

/* ---- cuts ---- */

struct cut {
	uint64_t position; /* records 0..position of the log have happened */
	char name[24];     /* w120, f8, m3, end, p4711 */
};

/* Which cuts: the scenario's list, expanded over a history. */
struct cut_rule {
	enum {
		CUTS_EVERY_WRITE,
		CUTS_EVERY_FLUSH,
		CUTS_EVERY_MARK,
		CUTS_AT_WRITE,  /* nth */
		CUTS_AT_FLUSH,  /* nth */
		CUTS_AT_MARK,   /* nth with this text; nth 0: every one */
		CUTS_AT_TIME,   /* time_ns after ARM: at the last record then */
		CUTS_RANDOM,    /* count positions drawn by the seed */
		CUTS_END,
	} kind;
	uint64_t nth;
	uint64_t count;
	uint64_t time_ns;
	const char *mark;
	uint64_t nested; /* 2: the recovery after the cut is cut again; else 0
			  * or 1 */
};
/* Sorted by position, without duplicates. A history that ends in CUT has only
 * that one cut, whatever the rules. Caller frees. No rule: every write, flush,
 * mark and the end. A write, flush or mark that never came is -EINVAL. */
int cuts_expand(const struct history *h, const struct cut_rule *rules,
		size_t n_rules, uint64_t seed, struct cut **ret, size_t *ret_n,
		struct error *e);
int cut_parse(const struct history *h, const char *name, struct cut *ret,
	      struct error *e);

/* ---- states ---- */

struct state_hash {
	uint64_t low, high;
};

struct state {
	struct cut cut;
	char *survivors;         /* canonical, owned */
	struct state_hash hash;  /* of the whole disk's content: equal content,
				  * equal hash, across cuts too */
	uint64_t lost;           /* volatile writes that did not survive whole */
	enum fault fault;        /* beyond the contract, or FAULT_NONE. Where the
				  * device is dead the hash says so, too */
	struct patch *differs;   /* where it differs from what was submitted
				  * until the cut: by unit, ascending, each
				  * once; owned. Units of tear bytes */
	size_t n_differs;
};
/* Frees what the state owns, not the struct itself. */
void state_free(struct state *s);
/* A copy with memory of its own. */
void state_copy(const struct state *from, struct state *ret);

/*
 * Everything that states of one recording share: the units that any command
 * after the log's start touched (but those that stay as they are in base),
 * their versions, content hashes. base may be NULL. Contents that no single
 * write holds whole are composed into units_path (made anew). The history is
 * borrowed until space_free; its FUA flags must be final before (trace_join).
 * -EINVAL where the recording ended before ARM: it has no cut.
 *
 * Memory: 8 bytes per write and unit that it touches, 36 per tracked unit, 24
 * per command, up to 48 per content that differs from all others. It does not
 * grow with the cuts or states that are asked for.
 *
 * Threads: a space does not change. What takes it as const may be called from
 * any thread; what does not uses a cursor of the space's own: one user at a
 * time. For more users each makes a cursor of its own.
 */
int space_create(const struct history *h, const char *base,
		 const char *units_path, const struct cache_model *model,
		 struct state_space **ret, struct error *e);
void space_free(struct state_space *s);
size_t space_units(const struct state_space *s);
/* Byte offset / tear of tracked unit i. */
uint64_t space_unit_index(const struct state_space *s, size_t i);

/* log2 of the number of legal states at the cut (product over the units of the
 * versions each may hold; order: fifo: prefixes, with torn last writes), and the
 * number of volatile writes that can be lost: not those that a durable write has
 * overwritten everywhere. 0 for a position that is no cut. */
double space_legal_log2(struct state_space *s, const struct cut *c);
uint64_t space_volatile(struct state_space *s, const struct cut *c);

/*
 * A place in a space. It remembers the last cut that was asked for, and moves to
 * the next one at the cost of what was submitted and became durable between
 * them, plus what is volatile there: in the order of the log (either way) all
 * cuts together cost one walk through it. A state costs what is volatile at its
 * cut, however long the log is. Memory: 16 bytes per tracked unit, 4 per command,
 * and some 50 per unit and write that is volatile at the cut. The space must
 * outlive it. One user at a time; never fails.
 */
struct cursor;
struct cursor *cursor_new(const struct state_space *s);
void cursor_free(struct cursor *c); /* NULL is allowed */
/* The state of CUT:SURVIVORS. -EINVAL with the reason when it is not legal. */
int cursor_state(struct cursor *c, const struct cut *cut,
		 const char *survivors, struct state *ret, struct error *e);

/* How many units this thread's calls of this room have looked at so far: what
 * states cost, in a number that no clock blurs. */
uint64_t space_work(void);

/* The state of a name. -EINVAL with the reason when it is not legal. */
int space_state(struct state_space *s, const char *name, struct state *ret,
		struct error *e);

/* What became of a volatile write on one of its units. */
enum unit_fate {
	UNIT_SURVIVED,    /* the unit holds what this write made of it */
	UNIT_LOST,        /* the unit holds something older */
	UNIT_OVERWRITTEN, /* the unit holds something younger, volatile too */
	UNIT_SETTLED,     /* a younger write is durable there: no choice left */
};

struct write_fate {
	size_t command;      /* index into the history's commands */
	uint32_t n_units;    /* 0 for a command of no length */
	uint8_t *units;      /* enum unit_fate of each, owned */
};

/* Every write that is volatile at the state's cut, in submit order, also those
 * that can be lost nowhere. -EINVAL as space_state. write_fates_free frees. */
int space_fates(struct state_space *s, const char *name,
		struct write_fate **ret, size_t *ret_n, struct error *e);
void write_fates_free(struct write_fate *fates, size_t n);
/* The position from which a command is durable (drive/model.h). */
uint64_t space_durable(const struct state_space *s, size_t command);

/* ---- strategies ---- */

/* How the states of a cut are chosen. */
struct exploration {
	const char *strategy; /* its name; NULL: default */
	uint64_t exhaustive;  /* where log2 of the number of legal states is not
			       * over this, all of them follow the strategy's;
			       * at most EXHAUSTIVE_MOST */
	uint64_t seed;        /* of what is drawn */
};
#define EXHAUSTIVE_USUAL 6
#define EXHAUSTIVE_MOST 24
#define EXPLORATION_DEFAULT                                                    \
	{                                                                      \
		.strategy = NULL, .exhaustive = EXHAUSTIVE_USUAL, .seed = 1    \
	}

int strategy_exists(const char *name);
/* The i-th strategy; numbered: its name is NAME-K. 0: there are no more. */
int strategy_info(size_t i, const char **ret_name, int *ret_numbered,
		  const char **ret_help);

/* A state that was found, during the call. */
struct found {
	struct state_hash hash;
	uint64_t rank; /* among the states of its cut, from 0: the most likely
			* to show a loss first */
	enum fault fault; /* beyond the contract, or FAULT_NONE */
	/* The room's own. */
	const struct view *view;
	const struct cut *cut;
	const uint32_t *pick;
	const struct state *whole; /* in place of the pick, or NULL */
};
/* The state itself, with memory of its own. */
void found_state(const struct found *f, struct state *ret);

/* A return other than 0 ends the enumeration with it. The cursor must not be
 * asked about another cut meanwhile. */
typedef int (*found_fn)(const struct found *f, void *arg);

/*
 * Finds the states of a cut that the strategy chooses, and behind them what is
 * left of all legal ones where these are no more than x->exhaustive. Then, where
 * the drive has faults beyond the contract, instances of each, drawn by its seed:
 * on the state in which all survived, and on that in which nothing did. The
 * others are legal. States with equal content come once, a faulty one only if the
 * contract does not allow its content; the same ones each time. *ret_complete
 * (may be NULL): no legal content is missing. Memory: at most 64 bytes per state
 * found; a state that fn does not make costs what is open at the cut. -EINVAL: no
 * such strategy, no such cut.
 */
int cursor_explore(struct cursor *c, const struct cut *cut,
		   const struct exploration *x, found_fn fn, void *arg,
		   int *ret_complete, struct error *e);

/* The same with whole states. The callee takes over what the state owns (a
 * struct copy, or state_free). x NULL: EXPLORATION_DEFAULT. */
typedef int (*state_fn)(struct state *state, void *arg);
int space_enumerate(struct state_space *s, const struct cut *c,
		    const struct exploration *x, state_fn fn, void *arg,
		    struct error *e);

/* ---- what can be said of a cut as a whole ---- */

/* As space_legal_log2, space_volatile. */
double cursor_legal_log2(struct cursor *c, const struct cut *cut);
uint64_t cursor_volatile(struct cursor *c, const struct cut *cut);
/* The number of legal states in decimal digits; NULL where it has more than 306
 * of them. Caller frees. */
char *cursor_legal(struct cursor *c, const struct cut *cut);

/* The largest k for which every state that loses at most k volatile writes
 * whole, and no other, is covered; -1: not even the one that loses nothing. It
 * may be less than what is true where COVERED_SETS sets of writes do not
 * suffice to prove more. Equal to the number of volatile writes: all of them. */
typedef int (*covered_fn)(struct state_hash content, void *arg);
#define COVERED_SETS 4096
int cursor_covered_losses(struct cursor *c, const struct cut *cut,
			  covered_fn covered, void *arg);

/* ---- states on media ---- */

/* What the state's fault did, in a sentence without a full stop, appended;
 * nothing where it has none. name: as of space_state. */
struct buf;
int space_fault_sentence(struct state_space *s, const char *name,
			 struct buf *ret, struct error *e);

/* Where the unit's content stands (SOURCE_...) in the state. unit: byte offset /
 * tear, tracked or not. */
uint64_t state_source(const struct state_space *s, const struct state *st,
		      uint64_t unit);
/* The patches that turn `from` (NULL: the base image) into `to`, by unit. They
 * cost what was written between the two cuts and where the two differ from
 * these; from the base, all tracked units. Caller frees. */
size_t state_patches(const struct state_space *s, const struct state *from,
		     const struct state *to, struct patch **ret);
/* What the state holds at these bytes. -EINVAL behind the end of the disk. */
int state_read(const struct state_space *s, const struct state *st,
	       uint64_t offset, void *data, size_t len, struct error *e);
/* Writes the state as a sparse image. */
int state_export(const struct state_space *s, const struct state *st,
		 const char *path, struct error *e);

/* ---- promises ---- */

/* The promises of all cuts of a history (borrowed until promises_free). Does not
 * change: any thread may ask. */
struct buf;
struct promises;
struct promises *promises_new(const struct history *h);
void promises_free(struct promises *p); /* NULL is allowed */

/* Text for PC_ACKS: acks with a position before the cut or at it, one a line,
 * and PC_BEGUN: begun, not yet acked. Marks before ARM do not count. Both are
 * appended. Costs what it appends. */
void promises_list(const struct promises *p, const struct cut *c,
		   struct buf *ret_acks, struct buf *ret_begun);

struct promise_counts {
	uint64_t acks;  /* before the cut */
	uint64_t begun; /* begun, not acked */
	uint64_t all;   /* begins and acks */
};
struct promise_counts promises_count(const struct promises *p,
				     const struct cut *c);

/* As promises_list, where only the first `acks` of the acks at the cut were
 * given: the operations of the others count as begun. */
void promises_partial(const struct promises *p, const struct cut *c,
		      uint64_t acks, struct buf *ret_acks,
		      struct buf *ret_begun);
/* How old ack i (from 0, of those at the cut) is there, in ns of the log's clock:
 * from when the drive took the mark to when it took the cut's last record. */
uint64_t promises_age(const struct promises *p, const struct cut *c,
		      uint64_t ack);
/* How many acks are older than that at the cut: always the first ones. */
uint64_t promises_old(const struct promises *p, const struct cut *c,
		      uint64_t window_ns);
/* Cuts with the same number have the same promises, and, if the window is not
 * 0, the same of their acks are older than it. */
uint64_t promises_key(const struct promises *p, const struct cut *c,
		      uint64_t window_ns);

/* The same for one cut alone: costs all marks. */
void promises_at(const struct history *h, const struct cut *c,
		 struct buf *ret_acks, struct buf *ret_begun);

#endif

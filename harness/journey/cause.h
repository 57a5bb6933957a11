/*
 * Why a state is violated: the promise that it breaks, the operation that it has
 * lost, the layer in which that one was, and the step that was missing.
 *
 * The broken promise is the last ack at the cut, of those whose words stand in
 * what the check said, or else of all, with an operation that is not on the media.
 * Its operations are those between the begin of the same words (or else the ack
 * before) and the ack; not those of a thread that has begun a promise of its
 * own. Of these one is accused that the state has lost. Where no
 * call carried anything in between, the data had not left the program: layer 1.
 * Without such an ack it is order that was broken: the first operation that is lost
 * though one that builds on it is there.
 *
 * A step is said to be missing only if the trace has none that would do. Where
 * the program did what it had to, it is the drive, the mount options or the file
 * system that did not.
 */
#ifndef JOURNEY_CAUSE_H
#define JOURNEY_CAUSE_H

#include <stdint.h>

#include "journey/standing.h"

struct buf;
struct error;

/* What would have to be done, and by whom. */
enum step {
	STEP_NONE,       /* nothing is missing, or it is not known */
	STEP_FLUSH_BUFFER, /* the program's buffer, and then sync */
	STEP_SYNC_FILE,
	STEP_SYNC_DIRECTORY,
	STEP_SYNC_MAPPING, /* msync or fsync */
	STEP_HEED_ERROR, /* a sync failed and the program went on */
	STEP_DRIVE,      /* the drive ignored a flush, FUA, or has a fault */
	STEP_MOUNT,      /* the mount options sent no flush */
	STEP_ATOMIC,     /* a write was torn: a checksum or a journal */
	STEP_TOGETHER,   /* several writes, of which some are there: the same */
	STEP_FILE_SYSTEM, /* a sync returned and the data had not left */
};

struct cause {
	unsigned layer;  /* 1..6; 0: not known */
	enum step step;
	char *sentence;  /* never NULL */
	char *missing;   /* the step in words, "" if none. Never NULL */
	const struct operation *accused; /* NULL: none; of the journey */
	struct standing standing; /* of the accused */
	const struct journey_mark *promise; /* NULL: none; of the journey */
	const struct call *sync;  /* that did not help, or failed; or NULL */
	char *doubt; /* why less is known than should be, or NULL */
	uint64_t cut_ns; /* of the guest's clock; 0: not known */
};

struct cause_question {
	const struct journey *journey;
	const char *state;   /* CUT:SURVIVORS */
	const char *message; /* what the check said, or NULL */
};

/* Never fails but where there is no such state (-EINVAL): what is not known is
 * said to be so. */
int cause_find(const struct cause_question *q, struct cause *ret,
	       struct error *e);
void cause_release(struct cause *c);

/* Of a journey that could not be made: the sentence says why nothing is known. */
void cause_unknown(const char *why, struct cause *ret);

/* ---- promises: of cause.c and lint.c ---- */

/* What was to be stored when that ack was given. */
struct promise {
	const struct journey_mark *ack;
	uint64_t from_ns, until_ns; /* of the guest's clock */
	int has_begin;              /* from_ns is that of its begin */
	int messenger; /* the ack's process did nothing else: it speaks for another
			* one, as the command pc does */
};
/* The promises with a position until `position`, in order; those whose call was
 * not seen are left out. Caller frees. */
size_t promises_until(const struct journey *j, uint64_t position,
		      struct promise **ret);
/* Whether the operation is one of the promise's. */
int promise_has(const struct promise *p, const struct operation *o);

/* ---- words ---- */

/* "436 bytes at 872 of /mnt/txn.log, written by call 9 (pwrite64 of append-log,
 * thread 212)", appended. */
void operation_words(const struct operation *o, struct buf *ret);
/* "the page cache (layer 3)", appended. */
void standing_words(const struct media *m, const struct standing *s,
		    struct buf *ret);
/* `ack "TXN-00003" (mark m7, call 11)`, appended. */
void promise_words(const struct journey_mark *p, struct buf *ret);
/* The layer as a noun: "page cache". */
const char *layer_words(unsigned layer);

struct legal_reason;
/* "the drive ignored flush f7", appended: of LEGAL_IGNORED. */
void drive_words(const struct command *c, const struct legal_reason *r,
		 struct buf *ret);

/* "the write was torn: ...", appended. */
void torn_words(const struct journey *j, struct buf *ret);

/* The mount option that keeps the file system from sending flushes; NULL: there is
 * none. */
const char *mounted_without_barriers(const struct journey *j);

/* loss.c: of the first write that the state has lost. The layer; 0: it has lost
 * none. Both texts are appended. */
unsigned loss_words(const struct media *m, enum step *ret_step,
		    struct buf *sentence, struct buf *missing);

/* missing.c: which step an operation lacks until the time; *ret_sync as in struct
 * cause. The sentence is appended. */
enum step missing_step(const struct media *m, const struct operation *o,
		       const struct standing *s, uint64_t until_ns,
		       const struct call *until, const struct call **ret_sync,
		       struct buf *ret);

#endif

/*
 * Where an operation stood when the power went, and whether a crash state has it.
 *
 *   2  its call had been entered, its bytes were not copied
 *   3  its pages were dirty, and no request was made of them since
 *   4  its bytes are on the media, or it has none, but what makes it reachable (its
 *      size, extents, name) had not been committed by the file system
 *   5  a request existed, and the drive had not acknowledged it
 *   6  the drive had acknowledged it, and the state lost it
 *   media: the state has it
 *
 * Where several parts of an operation stand in different layers, the one that got
 * least far tells. A transaction whose commit was on its way is at 5 or 6, as the
 * drive's writes of it are.
 */
#ifndef JOURNEY_STANDING_H
#define JOURNEY_STANDING_H

#include <stddef.h>
#include <stdint.h>

#include "journey/journey.h"

enum standing_at {
	NOT_KNOWN = 0,
	/* 2 .. 6: layers */
	AT_CALL = 2,
	AT_PAGES = 3,
	AT_JOURNAL = 4,
	AT_BLOCK = 5,
	AT_DRIVE = 6,
	ON_MEDIA = 7,
	NOT_BEGUN = 8, /* after the cut */
};

enum standing_part {
	PART_DATA,    /* the bytes */
	PART_REACH,   /* what makes them reachable, or the name itself */
};

struct standing {
	enum standing_at at;
	enum standing_part part;
	size_t command;  /* the drive's write that tells; NO_INDEX: none */
	uint64_t transaction; /* of ext4's journal; 0: none, or not known */
	uint64_t offset, length; /* PART_DATA: which bytes of the file */
	const char *why; /* NOT_KNOWN: the reason; static */
};

/* A crash state, or the worst one of a cut. */
struct media {
	const struct journey *journey;
	uint64_t position, guest_ns; /* of the cut */
	const struct write_fate *fates; /* of the state; NULL: nothing
					 * volatile survives */
	size_t n_fates;
};

/* The worst state at a position. */
struct media media_worst(const struct journey *j, uint64_t position);
/* That of CUT:SURVIVORS; media_release it. -EINVAL: no such state. */
int media_of_state(const struct journey *j, const char *state,
		   struct media *ret, struct error *e);
void media_release(struct media *m);

enum media_has { MEDIA_ABSENT, MEDIA_FLIGHT, MEDIA_LOST, MEDIA_HAS };
/* These bytes of the disk as the command wrote them: on the media, or lost, or
 * still in flight at the cut, or not yet submitted. */
enum media_has media_has(const struct media *m, size_t command,
			 uint64_t offset, uint64_t length);
/* Whether a command survived in some units, and was lost in others. */
int media_torn(const struct media *m, size_t command);

struct standing operation_standing(const struct media *m,
				   const struct operation *o);

/* ---- within the room ---- */

/* place.c: where bytes of a file stand on the disk once they are written. */
struct placed {
	int known;         /* physical is */
	int nowhere;       /* they never got a place while the log lasted */
	int in_metadata;   /* they stand in the inode itself */
	uint64_t physical, length; /* bytes */
	/* What makes them reachable: index of ext4's transaction;
	 * NO_TRANSACTION: none has to, or it is not known which (then `tied`
	 * is 0). */
	size_t transaction;
	int tied;          /* the above is known */
	int unreachable;   /* no transaction of the log does */
};
struct placed operation_place(const struct media *m,
			      const struct operation *o, uint64_t offset,
			      uint64_t length);

/* reach.c: whether what makes it reachable was committed. */
struct standing transaction_standing(const struct media *m, size_t index);
struct standing reach_standing(const struct media *m,
			       const struct operation *o);

#endif

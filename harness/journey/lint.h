/*
 * What was acknowledged before it was safe, without judging a single state: for
 * each ack, the operations it promised (cause.h) that were not durable when it was
 * given, where only what the crash model calls durable survives.
 */
#ifndef JOURNEY_LINT_H
#define JOURNEY_LINT_H

#include "journey/cause.h"

struct lint_item {
	struct promise promise;
	const struct operation *operation; /* of the journey; NULL: nothing was
					    * carried between begin and ack:
					    * layer 1 */
	struct standing standing; /* NOT_KNOWN: whether it was safe is not */
	enum step step;
	char *where;   /* "in the page cache (layer 3)" */
	char *missing; /* the step in words, "" */
};

struct lint {
	struct lint_item *items; /* by promise, then by call */
	size_t n;
	size_t found, unknown; /* of these: not durable, not known */
	size_t acks; /* that were looked at */
	size_t unseen; /* acks that no call was seen of: not looked at */
	size_t opaque; /* calls that submitted what is not seen */
};

void lint_find(const struct journey *j, struct lint *ret);
void lint_release(struct lint *l);

#endif

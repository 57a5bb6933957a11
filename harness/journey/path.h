/* The way of one operation's data, step by step. */
#ifndef JOURNEY_PATH_H
#define JOURNEY_PATH_H

#include "journey/cause.h"

struct path_step {
	uint64_t time_ns; /* of the guest's clock */
	unsigned layer;   /* 1..6 where it is then; 7: the media; 0: the cut */
	char *text;       /* owned */
};

struct path {
	struct path_step *steps; /* in order */
	size_t n;
};

/* Of the accused, its promise and the cut; empty where nobody is accused. Of
 * each kind of step at most some: the first ones. */
void path_find(const struct journey *j, const struct cause *c,
	       uint64_t position, struct path *ret);
void path_release(struct path *p);

#endif

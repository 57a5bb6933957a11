/*
 * What programs in the guest are told: PC_MOUNT or PC_DEVICE, PC_SEED, and for
 * checks PC_ACKS and PC_BEGUN.
 */
#ifndef SCENARIO_ENVIRONMENT_H
#define SCENARIO_ENVIRONMENT_H

#include <stddef.h>

struct scenario;

#define ENVIRONMENT_MAX 7

struct environment {
	const char *list[ENVIRONMENT_MAX + 1]; /* "K=V", NULL-terminated */
	size_t n;
	char seed[32];
};

/* Begins with PC_SEED, the seed of the scenario. Points into itself: not to be
 * copied. */
void environment_init(struct environment *env, const struct scenario *s);
/* "K=V", borrowed. At most ENVIRONMENT_MAX in all. */
void environment_add(struct environment *env, const char *variable);

#endif

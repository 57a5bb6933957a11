#include "scenario/environment.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "scenario/scenario.h"

void environment_init(struct environment *env, const struct scenario *s)
{
	*env = (struct environment){ .n = 0 };
	snprintf(env->seed, sizeof(env->seed), "PC_SEED=%" PRIu64, s->seed);
	environment_add(env, env->seed);
}

void environment_add(struct environment *env, const char *variable)
{
	assert(env->n < ENVIRONMENT_MAX);
	env->list[env->n++] = variable;
}

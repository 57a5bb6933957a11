/* The strategies by name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/nearest.h"
#include "states/strategy.h"

static const struct strategy *const strategies[] = {
	&strategy_default, &strategy_prefix,	 &strategy_drop,
	&strategy_keep,	   &strategy_torn,	 &strategy_reorder,
	&strategy_random,  &strategy_exhaustive,
};
#define N_STRATEGIES (sizeof(strategies) / sizeof(*strategies))

/* NAME, or NAME-K with one digit. */
static int has_name(const struct strategy *s, const char *name,
		    unsigned *ret_k)
{
	size_t len = strlen(s->name);

	*ret_k = 0;
	if (!s->numbered)
		return !strcmp(name, s->name);
	if (strncmp(name, s->name, len) || name[len] != '-' ||
	    name[len + 1] < '1' || name[len + 1] > '0' + STRATEGY_MOST ||
	    name[len + 2])
		return 0;
	*ret_k = (unsigned)(name[len + 1] - '0');
	return 1;
}

const struct strategy *strategy_named(const char *name, unsigned *ret_k)
{
	for (size_t i = 0; i < N_STRATEGIES; i++)
		if (has_name(strategies[i], name, ret_k))
			return strategies[i];
	return NULL;
}

int strategy_exists(const char *name)
{
	unsigned k;

	return strategy_named(name, &k) != NULL;
}

int strategy_info(size_t i, const char **ret_name, int *ret_numbered,
		  const char **ret_help)
{
	if (i >= N_STRATEGIES)
		return 0;
	*ret_name = strategies[i]->name;
	*ret_numbered = strategies[i]->numbered;
	*ret_help = strategies[i]->help;
	return 1;
}

#include "cmd/generated.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ace/scenarios.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/quantity.h"
#include "lab/home.h"
#include "suite/suite.h"

#define FOLDER "%s/workloads/ace"

static int read_sample(const char *text, uint64_t *ret, struct error *e)
{
	*ret = 0;
	if (!text)
		return 0;
	if (!strcmp(text, "all")) {
		*ret = ACE_SAMPLE_ALL;
		return 0;
	}
	if (parse_count(text, ret, NULL) || !*ret)
		return error_set(e, EINVAL, "--sample: '%s'; expected a number "
				 "of sequences, or all", text);
	return 0;
}

/* The folder is the caller's to free, also after a failure. */
static int make_request(const struct generated_options *o, char **ret_folder,
			struct ace_request *ret, struct error *e)
{
	struct home home;
	int err;

	*ret_folder = NULL;
	if (!ace_suite_exists(o->suite))
		return error_set(e, EINVAL, "--suite: there is no suite '%s'; "
				 "expected %s", o->suite, ace_suite_names);
	err = home_find(&home, e);
	if (err)
		return err;
	*ret_folder = xasprintf(FOLDER, home.path);
	home_release(&home);
	*ret = (struct ace_request){ .suite = o->suite,
				     .folder = *ret_folder,
				     .seed = o->seed,
				     .batch = o->alone ? 1 : 0 };
	return read_sample(o->sample, &ret->sample, e);
}

int generated_suite(const struct generated_options *o, struct suite **ret,
		    struct error *e)
{
	CLEANUP_FREE char *folder = NULL;
	struct ace_request r;
	struct scenario **all;
	struct suite *s;
	size_t n;
	int err = make_request(o, &folder, &r, e);

	if (!err)
		err = ace_scenarios(&r, &all, &n, e);
	if (err)
		return err;
	s = suite_new(o->suite, NULL);
	for (size_t i = 0; i < n; i++)
		suite_add(s, all[i]);
	free(all);
	*ret = s;
	return 0;
}

int generated_list(const struct generated_options *o, struct buf *ret,
		   struct error *e)
{
	CLEANUP_FREE char *folder = NULL;
	struct ace_request r;
	int err = make_request(o, &folder, &r, e);

	return err ? err : ace_list(&r, ret, e);
}

#include "cmd/table.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "results/store/store.h"

#define ROW "%-24s %5s %7s  %-9s %-9s %7s  %s\n"

/* Relative to the working directory where it is below it. */
static const char *shorten(const char *path)
{
	char cwd[PATH_MAX];
	size_t len;

	if (!getcwd(cwd, sizeof(cwd)))
		return path;
	len = strlen(cwd);
	if (strncmp(path, cwd, len) || path[len] != '/')
		return path;
	return path + len + 1;
}

static void add_row(const struct run_outcome *o, struct buf *ret)
{
	CLEANUP_FREE char *path = xasprintf("%s/results.sqlite", o->dir);
	CLEANUP_FREE char *name = NULL, *expect = NULL, *seconds = NULL;
	CLEANUP_FREE char *cuts = NULL, *states = NULL;
	struct store_totals t = { 0 };
	struct store *store;

	if (store_open(path, &store, NULL))
		return;
	name = store_get(store, "scenario");
	expect = store_get(store, "expect");
	seconds = store_get(store, "seconds");
	store_totals(store, &t, NULL);
	store_close(store);
	cuts = xasprintf("%" PRIu64, t.cuts);
	states = xasprintf("%" PRIu64, t.states_checked);
	if (seconds && strchr(seconds, '.'))
		strchr(seconds, '.')[2] = '\0';
	buf_printf(ret, ROW, name ? name : "?", cuts, states,
		   verdict_name(o->verdict), expect ? expect : "?",
		   seconds ? seconds : "-", shorten(o->dir));
}

void table_runs(const struct run_outcome *outcomes, size_t n, struct buf *ret)
{
	size_t good = 0;

	buf_printf(ret, ROW, "scenario", "cuts", "states", "verdict",
		   "expected", "seconds", "report");
	for (size_t i = 0; i < n; i++) {
		good += outcomes[i].as_expected != 0;
		if (outcomes[i].dir)
			add_row(&outcomes[i], ret);
	}
	buf_printf(ret, "\n%zu of %zu as expected\n", good, n);
}

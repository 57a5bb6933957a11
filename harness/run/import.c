/* A run whose recording was made by others. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "record/load.h"
#include "run/rundir.h"
#include "run/steps.h"

/* The recording is read in a folder of its own, so that one which is refused
 * leaves no run behind. */
static int make_scratch(const char *runs, char **ret, struct error *e)
{
	*ret = xasprintf("%s/.import-%d", runs, (int)getpid());
	return mkdir_p(*ret, e);
}

/* A cut needs a recording that is whole; whoever judges it later may rely on
 * that. */
static int read_recording(const struct import *import, const char *folder,
			  struct history **ret, struct error *e)
{
	CLEANUP_FREE char *log = xasprintf("%s/drive.log", folder);
	enum imported what;
	int err = interchange_import(import, log, &what, e);

	if (!err)
		err = imported_mark(folder, what, e);
	return err ? err : record_history(folder, log, ret, e);
}

static int write_store(const char *dir, const struct scenario *s,
		       const struct history *h, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/results.sqlite", dir);
	struct store *store = NULL;
	int err = store_create(path, &store, e);

	if (!err)
		err = run_store_origin(store, s, e);
	if (!err)
		err = run_store_commands(store, h, e);
	if (!err)
		err = store_set(store, "verdict", verdict_name(VERDICT_UNKNOWN),
				e);
	if (!err)
		err = store_set(store, "reason", "imported and not judged yet: "
				"powercut check judges it", e);
	if (!err)
		err = store_set(store, "phase", "done", e);
	store_close(store);
	return err;
}

static int fill_run(const char *dir, const char *scratch,
		    const struct scenario *s, const struct history *h,
		    struct error *e)
{
	CLEANUP_FREE char *scenario = xasprintf("%s/scenario.yaml", dir);
	CLEANUP_FREE char *replay = xasprintf("%s/replay", dir);
	CLEANUP_FREE char *text = scenario_resolved(s);
	int err = file_write(scenario, text, strlen(text), e);

	if (!err && rename(scratch, replay) < 0)
		err = error_errno(e, errno, "cannot rename %s", scratch);
	return err ? err : write_store(dir, s, h, e);
}

int run_import(const char *runs, const struct scenario *s,
	       const struct import *import, char **ret_dir, struct error *e)
{
	CLEANUP_FREE char *scratch = NULL;
	CLEANUP_FREE char *dir = NULL;
	struct history *h = NULL;
	int err = make_scratch(runs, &scratch, e);

	if (err)
		return err;
	err = read_recording(import, scratch, &h, e);
	if (!err)
		err = rundir_create(runs, s->name, s->seed, &dir, e);
	if (!err)
		err = fill_run(dir, scratch, s, h, e);
	history_free(h);
	rm_rf(scratch, NULL);
	if (!err)
		*ret_dir = TAKE(dir);
	return err;
}

#include "cmd/session.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "lab/interrupt.h"
#include "results/store/store.h"
#include "scenario/fixed.h"

static int find_runs(const struct session_options *o, int create,
		     struct session *s, struct error *e)
{
	char path[PATH_MAX];
	int err = 0;

	if (!o->results) {
		s->runs = xstrdup(s->lab.home.runs);
		return 0;
	}
	if (create)
		err = mkdir_p(o->results, e);
	if (err)
		return err;
	if (!realpath(o->results, path))
		return error_errno(e, errno, "--results %s", o->results);
	s->runs = xstrdup(path);
	return 0;
}

int session_paths(const struct session_options *o, struct session *ret,
		  struct error *e)
{
	struct session s = { 0 };
	int err = home_find(&s.lab.home, e);

	if (!err)
		err = find_runs(o, 0, &s, e);
	if (err)
		home_release(&s.lab.home);
	else
		*ret = s;
	return err;
}

static int open_session(const struct session_options *o, int connect,
			struct session *ret, struct error *e)
{
	struct lab_options lo = { .uri = o->connect,
				  .runtime_dir = o->runtime_dir };
	struct session s = { 0 };
	int err = interrupt_init(e);

	if (!err)
		err = lab_open(&lo, &s.lab, e);
	if (!err)
		err = find_runs(o, 1, &s, e);
	if (!err && connect)
		err = lab_connect(&s.lab, &lo, e);
	if (err) {
		session_close(&s);
		return err;
	}
	*ret = s;
	ret->engine = (struct engine){ .lab = &ret->lab,
				       .progress = progress_new(o->quiet),
				       .checkers = (unsigned)o->jobs,
				       .runs = ret->runs };
	return 0;
}

int session_open(const struct session_options *o, struct session *ret,
		 struct error *e)
{
	return open_session(o, 1, ret, e);
}

int session_open_alone(const struct session_options *o, struct session *ret,
		       struct error *e)
{
	return open_session(o, 0, ret, e);
}

void session_close(struct session *s)
{
	engine_release(&s->engine);
	progress_free(s->engine.progress);
	lab_close(&s->lab);
	free(s->runs);
	*s = (struct session){ 0 };
}

/* There is no such file, or not any more, as of generated scenarios: programs are
 * still built from its folder. */
static void take_folder(struct scenario *s, const char *file)
{
	const char *slash = strrchr(file, '/');
	CLEANUP_FREE char *folder =
		slash ? xasprintf("%.*s", (int)(slash - file), file) : NULL;

	if (!folder || access(folder, R_OK) < 0)
		return;
	free(s->folder);
	s->folder = TAKE(folder);
}

/* Moves the check, and the folder its programs are built from. */
static void take_check(struct scenario *s, struct scenario *from)
{
	__typeof__(s->check) check = s->check;
	char *folder = s->folder, *path = s->path;

	s->check = from->check;
	s->folder = from->folder;
	s->path = from->path;
	from->check = check;
	from->folder = folder;
	from->path = path;
	free(s->fixed);
	s->fixed = TAKE(from->fixed);
	s->expect = from->expect;
	s->window_ns = from->window_ns;
}

int session_scenario(const char *run_dir, const char *other,
		     struct scenario **ret, struct error *e)
{
	CLEANUP_FREE char *resolved = xasprintf("%s/scenario.yaml", run_dir);
	/* Where the run's came from, which may be gone; NULL: not known. */
	CLEANUP_FREE char *file = other ? xstrdup(other) :
					  store_get_of(run_dir, "path");
	struct scenario *s, *from;
	int err = scenario_load(resolved, &s, e);

	if (err)
		return err;
	if (file && !other && access(file, R_OK) < 0) {
		take_folder(s, file);
	} else if (file) {
		/* What keeps the promise may have gone since. */
		err = other ? scenario_load(file, &from, e) :
			      scenario_load_alone(file, &from, e);
		if (err) {
			scenario_free(s);
			return err;
		}
		take_check(s, from);
		scenario_free(from);
	}
	*ret = s;
	return 0;
}

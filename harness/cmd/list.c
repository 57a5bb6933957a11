/* powercut list: the runs there are. */
#include <dirent.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cmd/commands.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "results/store/store.h"

struct list_options {
	struct session_options session;
};

static const struct option_spec options[] = {
	SESSION_RESULTS_OPTION(struct list_options),
	{ 0 }
};

static const char *const examples[] = { "powercut list",
					"powercut list append-log", NULL };

struct listing {
	const struct command_line *line;
	const char *runs;
	unsigned shown;
};

#define ROW "%-44s %-11s %-9s %-9s %7s\n"

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

static void print_json(const char *run, const char *phase, const char *verdict,
		       const char *expect, const char *started)
{
	json_t *object = json_pack("{s:s, s:s?, s:s?, s:s?, s:s?}", "run", run,
				   "phase", phase, "verdict", verdict, "expect",
				   expect, "started", started);

	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void print_run(struct listing *l, const char *name, const char *id)
{
	CLEANUP_FREE char *path =
		xasprintf("%s/%s/%s/results.sqlite", l->runs, name, id);
	CLEANUP_FREE char *run = xasprintf("%s/%s", name, id);
	CLEANUP_FREE char *phase = NULL, *verdict = NULL, *expect = NULL,
			  *seconds = NULL, *started = NULL;
	struct store *store;

	if (store_open(path, &store, NULL))
		return;
	phase = store_get(store, "phase");
	verdict = store_get(store, "verdict");
	expect = store_get(store, "expect");
	seconds = store_get(store, "seconds");
	started = store_get(store, "started");
	store_close(store);
	if (l->line->json) {
		print_json(run, phase, verdict, expect, started);
		return;
	}
	if (!l->shown++)
		printf(ROW, "run", "phase", "verdict", "expected", "seconds");
	if (seconds && strchr(seconds, '.'))
		strchr(seconds, '.')[2] = '\0';
	printf(ROW, run, or_dash(phase), or_dash(verdict), or_dash(expect),
	       or_dash(seconds));
}

static int is_folder(const struct dirent *d)
{
	return d->d_name[0] != '.' && d->d_type == DT_DIR;
}

static void list_name(struct listing *l, const char *name)
{
	CLEANUP_FREE char *folder = xasprintf("%s/%s", l->runs, name);
	struct dirent **ids;
	int n = scandir(folder, &ids, is_folder, alphasort);

	for (int i = 0; i < n; i++) {
		print_run(l, name, ids[i]->d_name);
		free(ids[i]);
	}
	if (n >= 0)
		free(ids);
}

static void list_all(struct listing *l)
{
	struct dirent **names;
	int n = scandir(l->runs, &names, is_folder, alphasort);

	for (int i = 0; i < n; i++) {
		list_name(l, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

static int list(const struct command_line *line)
{
	const struct list_options *o = line->options;
	struct listing l = { .line = line };
	struct session paths = { 0 };
	struct error e = { 0 };

	if (session_paths(&o->session, &paths, &e))
		return command_fail(line, EXIT_USAGE, &e);
	l.runs = paths.runs;
	if (line->n_args)
		list_name(&l, line->args[0]);
	else
		list_all(&l);
	if (!l.shown && !line->json)
		fprintf(stderr, "There are no runs%s%s in %s yet.\n",
			line->n_args ? " of " : "",
			line->n_args ? line->args[0] : "", paths.runs);
	session_close(&paths);
	return EXIT_EXPECTED;
}

const struct subcommand cmd_list = {
	.name = "list",
	.synopsis = "[NAME]",
	.about = "Lists the runs, oldest first; those of one scenario with "
		 "its name.",
	.options = options,
	.options_size = sizeof(struct list_options),
	.min_args = 0,
	.max_args = 1,
	.examples = examples,
	.run = list,
};

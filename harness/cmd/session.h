/*
 * What the commands that work with guests share: their options, the lab and
 * the engine from start to end.
 */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include <stdint.h>

#include "lab/lab.h"
#include "run/run.h"

struct error;

/* Embedded at the start of a command's options struct. */
struct session_options {
	const char *connect;     /* libvirt URI */
	const char *runtime_dir; /* parent of the runtime directory */
	const char *results;     /* folder of all runs */
	uint64_t jobs;           /* checker guests */
	int quiet;
};

/* The rows of the option table that go with it. */
#define SESSION_RESULTS_OPTION(T)                                              \
	{ .name = "results", .argument = "DIR",                                \
	  .help = "Folder of all runs. Default: results/runs beside the "      \
		  "powercut executable.",                                      \
	  .type = OPTION_STRING, .offset = offsetof(T, session.results) }

#define SESSION_OPTIONS(T)                                                     \
	SESSION_RESULTS_OPTION(T),                                          \
	{ .name = "connect", .letter = 'c', .argument = "URI",                 \
	  .help = "The libvirt connection. Default: libvirt inside this "      \
		  "process (qemu:///embed), no daemon.",                       \
	  .type = OPTION_STRING, .offset = offsetof(T, session.connect) },  \
	{ .name = "runtime-dir", .argument = "DIR",                            \
	  .help = "Where the private folder for sockets is made. Keep it "     \
		  "short: a socket path has 108 bytes.",                       \
	  .type = OPTION_STRING,                                               \
	  .offset = offsetof(T, session.runtime_dir) },                     \
	{ .name = "quiet", .letter = 'q', .help = "Show no progress.",         \
	  .type = OPTION_FLAG, .offset = offsetof(T, session.quiet) }

#define SESSION_JOBS_OPTION(T)                                                 \
	{ .name = "jobs", .letter = 'j', .argument = "N",                      \
	  .help = "Checkers at the same time; cores: one per processor.",      \
	  .type = OPTION_JOBS, .fallback = "cores",                            \
	  .offset = offsetof(T, session.jobs) }

struct session {
	struct lab lab;
	struct engine engine;
	char *runs;
};

/* Only the folders: for commands that need no guest. */
int session_paths(const struct session_options *o, struct session *ret,
		  struct error *e);
/* All of it. Blocks 1 to 3 s. Before any thread is started. */
int session_open(const struct session_options *o, struct session *ret,
		 struct error *e);
/* The same without libvirt: no guest can be started. */
int session_open_alone(const struct session_options *o, struct session *ret,
		       struct error *e);
void session_close(struct session *s);

/* The scenario that a run was made with, with the check of the scenario file
 * it came from (or of `other`, a path) where that still exists; else its own, with
 * programs from the folder in which that was. */
int session_scenario(const char *run_dir, const char *other,
		     struct scenario **ret, struct error *e);

#endif

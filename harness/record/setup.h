/*
 * The disk before the workload: the file system made, and filled by the
 * scenario's workload.setup. Errors as of record/program.h.
 */
#ifndef RECORD_SETUP_H
#define RECORD_SETUP_H

struct agent;
struct error;
struct scenario;

/* On an empty disk; leaves it unmounted. env: of the programs, as in struct
 * agent_run. */
int setup_run(struct agent *a, const struct scenario *s,
	      const char *const *env, struct error *e);
/* Mounts what was set up; nothing where there is no file system. */
int setup_mount(struct agent *a, const struct scenario *s, struct error *e);

#endif

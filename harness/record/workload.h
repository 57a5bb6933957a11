/*
 * A workload's programs: each NAME/x.c becomes the static guest program x, and
 * each other file in the folder that may be executed, such as a script, is one
 * as it is.
 *
 * Built with $CC (default cc) -static, powercut.h and libpowercut.a; a line
 * `LIBS = -lsqlite3` in NAME/workload.mk adds libraries. The result is kept
 * by the content of the sources, so an unchanged folder is built once. The guest
 * gets it without its debug information, which stays in a file beside it.
 */
#ifndef RECORD_WORKLOAD_H
#define RECORD_WORKLOAD_H

#include <stddef.h>

struct agent;
struct error;
struct home;

struct program {
	char *name; /* as named in workload.run */
	char *path; /* of the built executable on the host */
	char *symbols; /* the same with debug information, or NULL: a script */
};

struct workload {
	struct program *programs;
	size_t n_programs;
};

/* Blocks while the compiler runs. */
int workload_build(const struct home *home, const char *folder,
		   struct workload *ret, struct error *e);
void workload_release(struct workload *w);
/* Puts the programs into the guest's /pc/work; those of another workload that
 * were there are gone. */
int workload_install(const struct workload *w, struct agent *a,
		     struct error *e);

#endif

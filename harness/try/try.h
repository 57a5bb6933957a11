/*
 * A workload out of two shell commands: what writes, and what checks. try.c says
 * what the scripts do and when the check counts.
 */
#ifndef TRY_TRY_H
#define TRY_TRY_H

#include <stddef.h>
#include <stdint.h>

struct error;
struct scenario;

struct trial {
	const char *name;  /* of the scenario */
	const char *image; /* micro, debian */
	const char *packages; /* with commas, or NULL */
	const char *filesystem;
	const char *setup; /* shell, or NULL */
	const char *write, *check; /* shell */
	uint64_t count; /* so often it is written */
	int always;     /* the check must pass before the first ack, too */
};

/* -EINVAL: the trial is no valid scenario. */
int trial_check(const struct trial *t, struct error *e);
/* Writes the workload into the folder, which is made if it is not there: the
 * scenario and its scripts. */
int trial_write(const struct trial *t, const char *folder, struct error *e);

#endif

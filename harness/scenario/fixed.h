/* The scenario that another one names as its fixed variant. */
#ifndef SCENARIO_FIXED_H
#define SCENARIO_FIXED_H

struct document;
struct error;
struct scenario;

/* Reads the file of s->fixed, whose path becomes the resolved one. -EINVAL: there
 * is none, it is the scenario itself, is not valid, or is not expected to hold; the
 * error has the position of the key. */
int fixed_check(struct document *d, struct scenario *s, struct error *e);

/* As scenario_load, without the scenario that it names: scenario.c. */
int scenario_load_alone(const char *path, struct scenario **ret,
			struct error *e);

#endif

/* A scenario from memory: for tests and fuzzing. */
#ifndef SCENARIO_PARSE_H
#define SCENARIO_PARSE_H

#include <stddef.h>

struct error;
struct scenario;

/*
 * As scenario_load, with the file's content given. name: for messages; path:
 * absolute, becomes the scenario's, need not exist. data need not end in NUL. What
 * `fixed` names is not opened.
 */
int scenario_parse(const char *name, const char *path, const void *data,
		   size_t len, struct scenario **ret, struct error *e);

#endif

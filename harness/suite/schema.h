/* The keys of a suite's file as libcyaml loads them, after each item of
 * `scenarios` that is text became { scenario: TEXT }. NULL and 0: not there. */
#ifndef SUITE_SCHEMA_H
#define SUITE_SCHEMA_H

#include <cyaml/cyaml.h>

#include "scenario/schema.h"

/* One text per type of file system (suite_expect_types). */
#define SUITE_TYPES_MAX 8
struct raw_expects {
	char *of[SUITE_TYPES_MAX];
};

struct raw_suite_entry {
	char *scenario, *because;
	struct raw_list filesystems, seeds;
	struct raw_expects *expect;
	int quick;
};

enum raw_stop { RAW_STOP_NEVER, RAW_STOP_FIRST };

struct raw_suite {
	char *suite, *about;
	struct raw_list filesystems, seeds;
	enum raw_stop stop;
	struct raw_suite_entry *scenarios;
	unsigned int scenarios_count;
};

extern const cyaml_schema_value_t suite_schema;
/* The types that have a key in `expect`, in the order of raw_expects.of; ends with
 * NULL. */
extern const char *const suite_expect_types[];

#endif

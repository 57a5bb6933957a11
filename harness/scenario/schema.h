/*
 * The file format: the keys of a scenario (powercut-scenario(5)) as libcyaml loads
 * them. Numbers and quantities stay text, for libcyaml reads "10ms" as 10;
 * convert.c gives them meaning. NULL and 0 mean: not in the file.
 */
#ifndef SCENARIO_SCHEMA_H
#define SCENARIO_SCHEMA_H

#include <cyaml/cyaml.h>

#include "scenario/scenario.h"

struct raw_list {
	char **items;
	unsigned int count;
};

enum raw_every {
	RAW_EVERY_NONE,
	RAW_EVERY_WRITE,
	RAW_EVERY_FLUSH,
	RAW_EVERY_MARK,
};

struct raw_at {
	char *mark, *nth, *write, *flush, *after;
};

enum raw_dead { RAW_DEAD_NOT, RAW_DEAD_READ_ONLY, RAW_DEAD_GONE };

enum raw_fsck { RAW_FSCK_DEFAULT, RAW_FSCK_FALSE, RAW_FSCK_TRUE };

struct raw_random {
	char *count;
};

struct raw_cut {
	enum raw_every every;
	struct raw_at *at;
	struct raw_random *random;
	char *nested;
};

struct raw_scenario {
	char *name, *about;
	struct raw_guest {
		char *kernel, *image, *memory;
		struct raw_list packages;
		enum guest_trace trace;
	} guest;
	struct raw_drive {
		enum bus bus;
		enum scheduler scheduler;
		char *size, *block, *latency;
		struct raw_cache {
			enum cache_mode mode;
			enum cache_order order;
			enum flush_mode flush;
			enum fua_mode fua;
			int power_loss_protection;
			char *capacity, *destage, *tear;
		} cache;
		struct raw_faults {
			struct raw_bit_corruption {
				char *bits, *count;
			} *bit_corruption;
			struct raw_shorn {
				char *keep, *count;
			} *shorn;
			struct raw_flying {
				char *distance, *count;
			} *flying;
			struct raw_unserializable {
				char *window, *count;
			} *unserializable;
			struct raw_metadata {
				char *checkpoint, *region, *count;
			} *metadata;
			enum raw_dead dead;
		} faults;
	} drive;
	struct raw_filesystem {
		char *type, *mkfs, *mount;
	} filesystem;
	struct raw_workload {
		struct raw_list setup, run;
		char *timeout;
	} workload;
	struct raw_cut *cuts;
	unsigned int cuts_count;
	enum run_mode mode;
	struct raw_states {
		char *strategy, *budget, *time, *exhaustive, *audit;
		enum equal_by equality;
	} states;
	struct raw_list require;
	struct raw_check {
		enum check_place on;
		enum raw_fsck fsck;
		struct raw_list run;
		char *timeout;
	} check;
	char *expect; /* one word, or the whole text */
	struct raw_expect {
		char *loses;
	} *expect_loss;
	char *fixed;
	char *seed;
};

/* One key has two shapes, and libcyaml knows no choice: `expect` is text, or with
 * losing_schema a mapping. */
extern const cyaml_schema_value_t scenario_schema, losing_schema;
extern const cyaml_config_t scenario_cyaml;

/* The word of an enum's value, for writing it back. */
const char *word_of(const cyaml_strval_t *words, int value);
extern const cyaml_strval_t bus_words[], scheduler_words[],
	cache_mode_words[], cache_order_words[], flush_words[], fua_words[],
	bool_words[], equality_words[], mode_words[], check_place_words[],
	dead_words[], guest_trace_words[];

#endif

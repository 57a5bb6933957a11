/*
 * A suite: a list of scenarios, each to be run on some file systems with some
 * seeds; from a file (powercut-suite(5)), from scenarios given on the command
 * line, or made by a generator.
 *
 * A generator makes one with suite_new() and hands in each of its scenarios with
 * suite_add(); what it leaves out of the entry is as in a file. From there on all
 * suites are alike: jobs.h, matrix.h.
 */
#ifndef SUITE_SUITE_H
#define SUITE_SUITE_H

#include <stddef.h>
#include <stdint.h>

#include "scenario/scenario.h"

struct error;

/* What another file system than the scenario's changes in what is expected. */
struct suite_expect {
	const char *type; /* of the file system; static */
	enum expect expect;
	uint64_t window_ns;
};

struct suite_entry {
	struct scenario *scenario; /* owned */
	char *system;		   /* the name of its folder */
	char **filesystems; /* types, NULL-terminated; NULL: the suite's */
	uint64_t *seeds;
	size_t n_seeds; /* 0: the suite's */
	struct suite_expect *expects;
	size_t n_expects;
	char *because; /* why they differ, or NULL */
	int quick;     /* of the quick subset */
};

struct suite {
	char *name;  /* NULL: of single scenarios */
	char *about; /* may be "" */
	char **filesystems; /* NULL: each scenario's own */
	uint64_t *seeds;
	size_t n_seeds; /* 0: each scenario's own */
	int stop_first; /* what is meant to be violated is judged until it is */
	struct suite_entry *entries;
	size_t n;
};

/* name, about: copied; NULL is allowed. */
struct suite *suite_new(const char *name, const char *about);
/* Takes the scenario over. The entry may be filled further; valid until the next
 * one is added. */
struct suite_entry *suite_add(struct suite *s, struct scenario *scenario);
void suite_free(struct suite *s); /* NULL is allowed */

/* Whether the file is a suite: it has the key `suite`. A file that cannot be read
 * is none. */
int suite_is(const char *path);
/* Reads the suite and all its scenarios. Nothing is returned unless all of it is
 * valid; the message starts with FILE:LINE:COLUMN. */
int suite_load(const char *path, struct suite **ret, struct error *e);

/* "1,2,3" to numbers; caller frees. */
int suite_parse_seeds(const char *text, uint64_t **ret, size_t *ret_n,
		      struct error *e);

#endif

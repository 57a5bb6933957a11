/* For the tests of this room: a scenario from a string. */
#ifndef SCENARIO_TESTING_H
#define SCENARIO_TESTING_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "common/error.h"
#include "scenario/parse.h"
#include "scenario/scenario.h"

/* Two lines, so what a test adds starts in line 3. */
#define MINIMAL                                                                \
	"name: x\n"                                                            \
	"workload: { run: [w] }\n"

static inline struct scenario *accepted(const char *yaml)
{
	struct scenario *s = NULL;
	struct error e = { .message = "" };
	int err = scenario_parse("f.yaml", "/w/f.yaml", yaml, strlen(yaml), &s,
				 &e);

	assert_string_equal(e.message, "");
	assert_int_equal(err, 0);
	assert_non_null(s);
	return s;
}

/* message: what is behind "f.yaml:" */
static inline void refused_bytes(const char *yaml, size_t len,
				 const char *message)
{
	static struct scenario untouched;
	struct scenario *s = &untouched;
	struct error e;

	assert_int_equal(scenario_parse("f.yaml", "/w/f.yaml", yaml, len, &s,
					&e), -EINVAL);
	assert_ptr_equal(s, &untouched);
	assert_memory_equal(e.message, "f.yaml:", 7);
	assert_string_equal(e.message + 7, message);
}

static inline void refused(const char *yaml, const char *message)
{
	refused_bytes(yaml, strlen(yaml), message);
}

#endif

/*
 * Fuzz target (libFuzzer): any bytes as a scenario. They are refused with a
 * position, or what they say survives being written and read again.
 *
 *   clang -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iharness \
 *       harness/scenario/fuzz/scenario.c harness/scenario/[!t]*.c \
 *       harness/common/[!t]*.c -lcyaml -lyaml
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "scenario/parse.h"
#include "scenario/scenario.h"

#define NAME "fuzz.yaml"
#define PATH "/nonexistent/fuzz.yaml"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct scenario *s)
{
	char *text = scenario_resolved(s), *again;
	struct scenario *copy = NULL;
	struct error e;

	/* Quoting can make it larger than a file may be. */
	if (strlen(text) < 1u << 20) {
		if (scenario_parse(NAME, PATH, text, strlen(text), &copy, &e))
			abort();
		again = scenario_resolved(copy);
		if (strcmp(text, again))
			abort();
		free(again);
	}
	scenario_free(copy);
	free(text);
}

/* It has a position, and what match.c let through, libcyaml took. */
static void check_refusal(const char *message)
{
	static const char disagree[] = "libcyaml cannot";
	unsigned int line, column;
	int len = -1;

	if (sscanf(message, NAME ":%u:%u: %n", &line, &column, &len) != 2 ||
	    len < 0 || !line || !column ||
	    !strncmp(message + len, disagree, strlen(disagree)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scenario *s = NULL;
	struct error e;

	if (scenario_parse(NAME, PATH, data, size, &s, &e)) {
		check_refusal(e.message);
		return 0;
	}
	check_round_trip(s);
	scenario_free(s);
	return 0;
}

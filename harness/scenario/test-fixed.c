/* The key `fixed`: which file it names, and what must stand in there. */
#include <stdlib.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "scenario/testing.h"

static char folder[] = "/tmp/pc-fixed-XXXXXX";

static int make(void **state)
{
	(void)state;
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int clean(void **state)
{
	(void)state;
	rm_rf(folder, NULL);
	return 0;
}

static void put(const char *name, const char *yaml)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", folder, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(yaml, f);
	assert_int_equal(fclose(f), 0);
}

/* What is said of bad.yaml, behind its name. */
static void says(const char *yaml, const char *message)
{
	CLEANUP_FREE char *path = xasprintf("%s/bad.yaml", folder);
	struct scenario *s;
	struct error e = { .message = "" };

	put("bad.yaml", yaml);
	assert_int_equal(scenario_load(path, &s, &e), -EINVAL);
	assert_memory_equal(e.message, path, strlen(path));
	assert_string_equal(e.message + strlen(path), message);
}

static void a_file_beside_it_is_found(void **state)
{
	CLEANUP_FREE char *path = xasprintf("%s/bad.yaml", folder);
	CLEANUP_FREE char *good = xasprintf("%s/good.yaml", folder);
	struct scenario *s;
	struct error e;

	(void)state;
	put("good.yaml", MINIMAL "expect: held\n");
	put("bad.yaml", MINIMAL "expect: violated\nfixed: good.yaml\n");
	assert_int_equal(scenario_load(path, &s, &e), 0);
	assert_string_equal(s->fixed, good);
	scenario_free(s);
}

/* The other one may name this one in turn: nobody goes around in circles. */
static void what_is_named_there_is_not_followed(void **state)
{
	CLEANUP_FREE char *path = xasprintf("%s/bad.yaml", folder);
	struct scenario *s;
	struct error e;

	(void)state;
	put("good.yaml", MINIMAL "fixed: bad.yaml\n");
	put("bad.yaml", MINIMAL "fixed: good.yaml\n");
	assert_int_equal(scenario_load(path, &s, &e), 0);
	scenario_free(s);
}

static void one_that_is_not_there_is_refused(void **state)
{
	CLEANUP_FREE char *expected = xasprintf(
		":3:8: fixed: cannot open %s/gone.yaml: No such file or "
		"directory; expected the file of a scenario, relative to this "
		"one", folder);

	(void)state;
	says(MINIMAL "fixed: gone.yaml\n", expected);
	says(MINIMAL "fixed: ''\n", ":3:8: fixed is empty; expected the file "
	     "of a scenario, such as scenario.yaml");
	says(MINIMAL "fixed: [a]\n", ":3:8: fixed is a list; expected text");
}

static void it_is_not_itself(void **state)
{
	(void)state;
	says(MINIMAL "fixed: ./bad.yaml\n", ":3:8: fixed names this scenario "
	     "itself; expected another one, that keeps the promise");
}

static void one_that_is_expected_to_lose_is_refused(void **state)
{
	CLEANUP_FREE char *expected = xasprintf(
		":3:8: fixed: %s/worse.yaml is a scenario with expect: "
		"violated; expected one that keeps the promise, with expect: "
		"held", folder);

	(void)state;
	put("worse.yaml", MINIMAL "expect: violated\n");
	says(MINIMAL "fixed: worse.yaml\n", expected);
}

static void one_that_is_not_valid_is_refused_with_its_error(void **state)
{
	CLEANUP_FREE char *expected = xasprintf(
		":3:8: fixed: %s/broken.yaml:3:9: expect is 'hold'; expected "
		"held, violated or loses: last DURATION; did you mean held?",
		folder);

	(void)state;
	put("broken.yaml", MINIMAL "expect: hold\n");
	says(MINIMAL "fixed: broken.yaml\n", expected);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_beside_it_is_found),
		TEST(what_is_named_there_is_not_followed),
		TEST(one_that_is_not_there_is_refused),
		TEST(it_is_not_itself),
		TEST(one_that_is_expected_to_lose_is_refused),
		TEST(one_that_is_not_valid_is_refused_with_its_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

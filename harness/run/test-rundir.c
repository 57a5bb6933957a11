#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/files.h"
#include "run/rundir.h"

struct split {
	int err;
	char *run, *source, *state;
};

static void split_release(struct split *s)
{
	free(s->run);
	free(s->source);
	free(s->state);
}

static struct split split(const char *text)
{
	struct split s = { 0 };
	struct error e;

	s.err = rundir_split(text, &s.run, &s.source, &s.state, &e);
	return s;
}

static void a_state_of_the_replay_is_split_at_the_at_sign(void **state)
{
	struct split s = split("append-log/20260102T030405Z-1@w12:all-11");

	(void)state;
	assert_int_equal(s.err, 0);
	assert_string_equal(s.run, "append-log/20260102T030405Z-1");
	assert_string_equal(s.source, "replay");
	assert_string_equal(s.state, "w12:all-11");
	split_release(&s);
}

static void a_live_state_names_its_recording(void **state)
{
	struct split s = split("a@live-3/end:none");

	(void)state;
	assert_int_equal(s.err, 0);
	assert_string_equal(s.run, "a");
	assert_string_equal(s.source, "live-3");
	assert_string_equal(s.state, "end:none");
	split_release(&s);
}

static void a_fault_may_have_a_slash(void **state)
{
	struct split s = split("a@f7:none+bits=4.0/4049");

	(void)state;
	assert_int_equal(s.err, 0);
	assert_string_equal(s.source, "replay");
	assert_string_equal(s.state, "f7:none+bits=4.0/4049");
	split_release(&s);
	s = split("a@live-3/f7:none+bits=4.0/4049");
	assert_int_equal(s.err, 0);
	assert_string_equal(s.source, "live-3");
	assert_string_equal(s.state, "f7:none+bits=4.0/4049");
	split_release(&s);
}

static void what_names_no_state_is_refused(void **state)
{
	static const char *const bad[] = { "a", "a@", "@w1:all", "a@../x:all",
					   NULL };

	(void)state;
	for (size_t i = 0; bad[i]; i++) {
		struct split s = split(bad[i]);

		assert_int_equal(s.err, -EINVAL);
		assert_null(s.run);
	}
}

struct place {
	char runs[32];
};

static int make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	strcpy(p->runs, "/tmp/test-rundir-XXXXXX");
	*state = p;
	return mkdtemp(p->runs) ? 0 : -1;
}

static int remove_place(void **state)
{
	struct place *p = *state;

	rm_rf(p->runs, NULL);
	free(p);
	return 0;
}

/* A run is a directory with a store in it. */
static char *make_run(const struct place *p, const char *name)
{
	char *path, *store;

	assert_int_equal(rundir_create(p->runs, name, 7, &path, NULL), 0);
	store = xasprintf("%s/results.sqlite", path);
	assert_int_equal(file_write(store, "", 0, NULL), 0);
	free(store);
	return path;
}

static void a_name_alone_is_its_latest_run(void **state)
{
	struct place *p = *state;
	char *first = make_run(p, "a"), *second = make_run(p, "a"), *found;

	assert_string_not_equal(first, second);
	assert_int_equal(rundir_find(p->runs, "a", &found, NULL), 0);
	assert_string_equal(found, second);
	free(found);
	assert_int_equal(rundir_find(p->runs, first, &found, NULL), 0);
	assert_string_equal(found, first);
	free(found);
	assert_int_equal(rundir_find(p->runs, first + strlen(p->runs) + 1,
				     &found, NULL), 0);
	assert_string_equal(found, first);
	free(found);
	free(first);
	free(second);
}

static void a_run_that_is_not_there_is_an_error_with_a_hint(void **state)
{
	struct place *p = *state;
	struct error e = { 0 };
	char *found = NULL;

	assert_int_equal(rundir_find(p->runs, "b", &found, &e), -ENOENT);
	assert_null(found);
	assert_non_null(strstr(e.message, "no run 'b'"));
	assert_non_null(strstr(e.hint, "powercut list"));
}

static char *latest_of(const struct place *p, const char *name)
{
	char *found = NULL;

	return rundir_find(p->runs, name, &found, NULL) ? NULL : found;
}

static void a_removed_run_gives_latest_back(void **state)
{
	struct place *p = *state;
	char *first = make_run(p, "a"), *second = make_run(p, "a"), *latest;

	assert_int_equal(rundir_remove(second, NULL), 0);
	assert_int_equal(access(second, F_OK), -1);
	latest = latest_of(p, "a");
	assert_non_null(latest);
	assert_string_equal(latest, first);
	free(latest);
	free(first);
	free(second);
}

static void a_removed_run_leaves_the_latest_of_others_alone(void **state)
{
	struct place *p = *state;
	char *first = make_run(p, "a"), *second = make_run(p, "a"), *latest;

	assert_int_equal(rundir_remove(first, NULL), 0);
	latest = latest_of(p, "a");
	assert_non_null(latest);
	assert_string_equal(latest, second);
	free(latest);
	free(first);
	free(second);
}

static void the_last_removed_run_leaves_nothing(void **state)
{
	struct place *p = *state;
	char *folder = xasprintf("%s/a", p->runs);
	char *rest = xasprintf("%s/.removed.x", folder);
	char *first = make_run(p, "a");

	/* of a removal that was killed */
	assert_int_equal(mkdir(rest, 0777), 0);
	assert_int_equal(rundir_remove(first, NULL), 0);
	assert_int_equal(access(folder, F_OK), -1);
	free(first);
	first = make_run(p, "a");
	assert_int_equal(access(first, F_OK), 0);
	free(first);
	free(folder);
	free(rest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_of_the_replay_is_split_at_the_at_sign),
		cmocka_unit_test(a_live_state_names_its_recording),
		cmocka_unit_test(a_fault_may_have_a_slash),
		cmocka_unit_test(what_names_no_state_is_refused),
		cmocka_unit_test_setup_teardown(a_name_alone_is_its_latest_run,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(
			a_run_that_is_not_there_is_an_error_with_a_hint,
			make_place, remove_place),
		cmocka_unit_test_setup_teardown(a_removed_run_gives_latest_back,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(
			a_removed_run_leaves_the_latest_of_others_alone,
			make_place, remove_place),
		cmocka_unit_test_setup_teardown(
			the_last_removed_run_leaves_nothing, make_place,
			remove_place),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

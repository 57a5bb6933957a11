#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "suite/matrix.h"
#include "suite/rows.h"
#include "suite/suite.h"

static char root[] = "/tmp/test-suite-XXXXXX";

static void put(const char *name, const char *text)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", root, name);

	assert_int_equal(file_write(path, text, strlen(text), NULL), 0);
}

static int setup(void **state)
{
	static const char *const names[] = { "a", "b", "c" };

	(void)state;
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < 3; i++) {
		CLEANUP_FREE char *folder = xasprintf("%s/%s", root, names[i]);
		CLEANUP_FREE char *file = xasprintf("%s/s.yaml", names[i]);
		CLEANUP_FREE char *text = xasprintf(
			"name: %s\nworkload: { run: [w] }\n"
			"drive: { size: 64MiB }\n"
			"filesystem: { mkfs: -b 4096, mount: noatime }\n"
			"expect: %s\n", names[i], i ? "violated" : "held");

		assert_int_equal(mkdir_p(folder, NULL), 0);
		put(file, text);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rm_rf(root, NULL);
}

static struct suite *loaded(const char *text)
{
	CLEANUP_FREE char *path = xasprintf("%s/suite.yaml", root);
	struct suite *s = NULL;
	struct error e = { .message = "" };

	put("suite.yaml", text);
	assert_true(suite_is(path));
	suite_load(path, &s, &e);
	assert_string_equal(e.message, "");
	assert_non_null(s);
	return s;
}

static void refused(const char *text, const char *message)
{
	CLEANUP_FREE char *path = xasprintf("%s/suite.yaml", root);
	CLEANUP_FREE char *want = NULL;
	struct suite *s = NULL;
	struct error e;

	put("suite.yaml", text);
	assert_int_equal(suite_load(path, &s, &e), -EINVAL);
	assert_null(s);
	want = xasprintf("%s:%s", path, message);
	assert_string_equal(e.message, want);
}

/* "a/ext4 a/xfs", in the order of the list. */
static char *names(const struct suite_rows *rows)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < rows->n; i++)
		buf_printf(&b, "%s%s/%s", i ? " " : "",
			   rows->list[i]->scenario.name,
			   rows->list[i]->scenario.filesystem.type);
	return b.len ? buf_take(&b) : xstrdup("");
}

static void expect_rows(const char *text, const struct suite_selection *q,
			const char *want)
{
	struct suite *s = loaded(text);
	struct suite_rows rows = { 0 };
	CLEANUP_FREE char *got = NULL;

	assert_int_equal(suite_rows_add(&rows, s, q, NULL), 0);
	got = names(&rows);
	assert_string_equal(got, want);
	suite_rows_release(&rows);
	suite_free(s);
}

#define TWO                                                                    \
	"suite: two\nfilesystems: [ext4, xfs]\nseeds: [1, 2]\nscenarios:\n"    \
	"  - a/s.yaml\n"                                                       \
	"  - { scenario: b/s.yaml, filesystems: [ext4], quick: true }\n"

static void each_scenario_runs_on_each_file_system(void **state)
{
	const struct suite_selection all = { .only = NULL };

	(void)state;
	expect_rows(TWO, &all, "a/ext4 a/xfs b/ext4");
	expect_rows("suite: own\nscenarios: [a/s.yaml]\n", &all, "a/ext4");
}

static void what_is_asked_for_is_run(void **state)
{
	char *xfs[] = { (char *)"xfs", NULL };
	char *more[] = { (char *)"ext4", (char *)"btrfs", NULL };
	const struct suite_selection quick = { .quick = 1 };
	const struct suite_selection only = { .only = "a*" };
	const struct suite_selection folder = { .only = "b/*" };
	const struct suite_selection on_xfs = { .filesystems = xfs };
	const struct suite_selection on_more = { .filesystems = more };

	(void)state;
	expect_rows(TWO, &quick, "b/ext4");
	expect_rows(TWO, &only, "a/ext4 a/xfs");
	expect_rows(TWO, &folder, "b/ext4");
	/* b has said where it runs */
	expect_rows(TWO, &on_xfs, "a/xfs");
	expect_rows(TWO, &on_more, "a/ext4 a/btrfs b/ext4");
}

static void another_file_system_has_its_own_options(void **state)
{
	struct suite *s = loaded(TWO);
	const struct suite_selection all = { .only = NULL };
	struct suite_rows rows = { 0 };
	const struct scenario *ext4, *xfs;

	(void)state;
	assert_int_equal(suite_rows_add(&rows, s, &all, NULL), 0);
	ext4 = &rows.list[0]->scenario;
	xfs = &rows.list[1]->scenario;
	assert_string_equal(ext4->filesystem.mkfs, "-b 4096");
	assert_int_equal(ext4->drive.size, 64 << 20);
	assert_null(rows.list[0]->note);
	assert_string_equal(xfs->filesystem.mkfs, "");
	assert_string_equal(xfs->filesystem.mount, "");
	assert_int_equal(xfs->drive.size, 320 << 20);
	assert_string_equal(rows.list[1]->note,
			    "dropped mkfs options -b 4096; dropped mount "
			    "options noatime; a drive of 320 MiB, not 64");
	suite_rows_release(&rows);
	suite_free(s);
}

static void a_file_system_may_be_expected_to_differ(void **state)
{
	struct suite *s = loaded(
		"suite: d\nfilesystems: [ext4, xfs, btrfs]\nscenarios:\n"
		"  - scenario: a/s.yaml\n"
		"    expect: { xfs: violated, btrfs: \"loses: last 2 s\" }\n"
		"    because: it does\n");
	const struct suite_selection all = { .only = NULL };
	struct suite_rows rows = { 0 };

	(void)state;
	assert_int_equal(suite_rows_add(&rows, s, &all, NULL), 0);
	assert_int_equal(rows.list[0]->scenario.expect, EXPECT_HELD);
	assert_int_equal(rows.list[1]->scenario.expect, EXPECT_VIOLATED);
	assert_int_equal(rows.list[2]->scenario.expect, EXPECT_LOSES);
	assert_int_equal(rows.list[2]->scenario.window_ns, 2000000000);
	suite_rows_release(&rows);
	suite_free(s);
}

static void jobs_of_one_file_system_follow_each_other(void **state)
{
	struct suite *s = loaded(TWO);
	const struct suite_selection all = { .only = NULL };
	struct suite_rows rows = { 0 };
	struct suite_job *jobs;
	CLEANUP_BUF struct buf b = BUF_INIT;
	size_t n;

	(void)state;
	assert_int_equal(suite_rows_add(&rows, s, &all, NULL), 0);
	jobs = suite_jobs(&rows, &n);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s/%s/%d ", jobs[i].scenario.name,
			   jobs[i].scenario.filesystem.type,
			   (int)jobs[i].scenario.seed);
	assert_string_equal(buf_text(&b),
			    "a/ext4/1 a/ext4/2 b/ext4/1 b/ext4/2 "
			    "a/xfs/1 a/xfs/2 ");
	free(jobs);
	suite_rows_release(&rows);
	suite_free(s);
}

static char *shard(const char *text, unsigned i, unsigned n)
{
	const struct suite_selection all = { .only = NULL };
	struct suite *s = loaded(text);
	struct suite_rows rows = { 0 };
	char *got;

	assert_int_equal(suite_rows_add(&rows, s, &all, NULL), 0);
	suite_rows_shard(&rows, i, n);
	got = names(&rows);
	suite_rows_release(&rows);
	suite_free(s);
	return got;
}

/* Whatever their order in the file. */
static void shares_go_by_name_and_are_all(void **state)
{
	static const char *const orders[] = {
		"suite: x\nfilesystems: [ext4, xfs]\nscenarios: [a/s.yaml, "
		"b/s.yaml, c/s.yaml]\n",
		"suite: x\nfilesystems: [xfs, ext4]\nscenarios: [c/s.yaml, "
		"a/s.yaml, b/s.yaml]\n",
	};
	static const char *const want[][4] = {
		{ "a/ext4 c/ext4", "a/xfs c/xfs", "b/ext4", "b/xfs" },
		{ "c/ext4 a/ext4", "c/xfs a/xfs", "b/ext4", "b/xfs" },
	};

	(void)state;
	for (size_t k = 0; k < 2; k++)
		for (unsigned i = 0; i < 4; i++) {
			CLEANUP_FREE char *got = shard(orders[k], i + 1, 4);

			assert_string_equal(got, want[k][i]);
		}
}

static void mistakes_have_a_place(void **state)
{
	(void)state;
	refused("suite: x\nscenarios: []\n",
		"2:12: scenarios has 0 items; expected 1 to 10000");
	refused("suite: x\nscenario: [a/s.yaml]\n",
		"2:1: unknown key 'scenario' in the suite; expected suite, "
		"about, filesystems, seeds, stop or scenarios; did you mean "
		"scenarios?");
	refused("suite: x\nfilesystems: [ext4, xsf]\nscenarios: [a/s.yaml]\n",
		"2:21: filesystems[1] is 'xsf'; expected ext4, xfs, btrfs, "
		"f2fs, ext2, vfat or none");
	refused("suite: x\nseeds: [1, -2]\nscenarios: [a/s.yaml]\n",
		"2:12: seeds[1]: '-2' is not a whole number: expected digits "
		"only, such as 40");
	refused("suite: x\nscenarios:\n"
		"  - { scenario: a/s.yaml, expect: { xfs: violated } }\n",
		"3:5: scenarios[0]: expect differs from what the scenario "
		"says; expected because: with the reason");
	refused("suite: x\nscenarios:\n"
		"  - { scenario: a/s.yaml, expect: { xsf: held } }\n",
		"3:37: unknown key 'xsf' in scenarios[0].expect; expected "
		"ext4, xfs, btrfs, ext2, vfat or f2fs; did you mean xfs?");
	refused("suite: X y\nscenarios: [a/s.yaml]\n",
		"1:8: suite is 'X y'; expected a name of a-z, 0-9, '.', '_' "
		"and '-'");
	refused("suite: x\nscenarios: [[a/s.yaml]]\n",
		"2:13: scenarios[0] is a list; expected a mapping (key: "
		"value)");
}

static void a_scenario_is_no_suite(void **state)
{
	CLEANUP_FREE char *path = xasprintf("%s/a/s.yaml", root);

	(void)state;
	assert_false(suite_is(path));
	assert_false(suite_is(root));
	assert_false(suite_is("/nowhere"));
}

static void seeds_are_numbers(void **state)
{
	uint64_t *seeds;
	struct error e;
	size_t n;

	(void)state;
	assert_int_equal(suite_parse_seeds("3,1,18446744073709551615", &seeds,
					   &n, &e), 0);
	assert_int_equal(n, 3);
	assert_int_equal(seeds[0], 3);
	assert_true(seeds[2] == UINT64_MAX);
	free(seeds);
	assert_int_equal(suite_parse_seeds("1,,2", &seeds, &n, &e), -EINVAL);
	assert_int_equal(suite_parse_seeds("", &seeds, &n, &e), -EINVAL);
}

static void the_matrix_has_a_line_for_each_row(void **state)
{
	const struct suite_selection all = { .only = NULL };
	struct suite *s = loaded(TWO);
	struct suite_rows rows = { 0 };
	struct suite_result r[6] = { 0 };
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct suite_job *jobs;
	size_t n;

	(void)state;
	assert_int_equal(suite_rows_add(&rows, s, &all, NULL), 0);
	jobs = suite_jobs(&rows, &n);
	assert_int_equal(n, 6);
	r[0] = (struct suite_result){ 1, 0, 1, VERDICT_HELD, 10, 1.5, 0, 0 };
	r[1] = (struct suite_result){ 1, 0, 0, VERDICT_VIOLATED, 5, 1, 1, 2 };
	r[2] = (struct suite_result){ 1, 0, 1, VERDICT_VIOLATED, 3, 1, 1, 1 };
	r[3] = (struct suite_result){ 1, 0, 1, VERDICT_VIOLATED, 4, 1, 1, 4 };
	r[4] = (struct suite_result){ 1, 1, 0, VERDICT_UNKNOWN, 0, 0, 0, 0 };
	suite_matrix(&rows, jobs, r, n, &b);
	assert_string_equal(
		buf_text(&b),
		"  system  configuration  fs     expected  found               "
		" states  seconds  first loss  seeds\n"
		"! a       a              ext4   held      held 1, violated 1  "
		"     15      2.5        2.00  1,2\n"
		"! a       a              xfs    held      failed              "
		"      0      0.0           -  1\n"
		"  b       b              ext4   violated  violated            "
		"      7      2.0        2.50  1,2\n"
		"\n3 of 6 runs as expected, 1 not run\n");
	free(jobs);
	suite_rows_release(&rows);
	suite_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_scenario_runs_on_each_file_system),
		cmocka_unit_test(what_is_asked_for_is_run),
		cmocka_unit_test(another_file_system_has_its_own_options),
		cmocka_unit_test(a_file_system_may_be_expected_to_differ),
		cmocka_unit_test(jobs_of_one_file_system_follow_each_other),
		cmocka_unit_test(shares_go_by_name_and_are_all),
		cmocka_unit_test(mistakes_have_a_place),
		cmocka_unit_test(a_scenario_is_no_suite),
		cmocka_unit_test(seeds_are_numbers),
		cmocka_unit_test(the_matrix_has_a_line_for_each_row),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}

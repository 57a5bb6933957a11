#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ace/scenarios.h"
#include "common/buf.h"
#include "common/error.h"
#include "common/files.h"
#include "scenario/scenario.h"

#define FOLDER "workloads/ace"

static struct scenario **make(const struct ace_request *r, size_t *n)
{
	struct scenario **all = NULL;
	struct error e = { 0 };

	if (ace_scenarios(r, &all, n, &e))
		fail_msg("%s", e.message);
	return all;
}

static void release(struct scenario **all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		scenario_free(all[i]);
	free(all);
}

static size_t count(const char *numbers)
{
	size_t n = 1;

	for (; *numbers; numbers++)
		n += *numbers == ',';
	return n;
}

static void seq1_is_shared_out_to_batches(void **state)
{
	const struct ace_request r = { .suite = "ace-seq1",
				       .folder = FOLDER, .seed = 1 };
	struct scenario **all;
	size_t n, sequences = 0;

	(void)state;
	all = make(&r, &n);
	assert_int_equal(n, 4);
	assert_string_equal(all[0]->name, "ace-seq1-1");
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(all[i]->workload.run[0], "ace");
		assert_string_equal(all[i]->check.run[0], "ace-check");
		for (size_t k = 1; k < 6; k++)
			assert_string_equal(all[i]->workload.run[k],
					    all[i]->check.run[k]);
		assert_null(all[i]->workload.run[6]);
		assert_in_range(count(all[i]->check.run[4]), 1, ACE_BATCH);
		sequences += count(all[i]->check.run[4]);
	}
	assert_int_equal(sequences, 301);
	release(all, n);
}

static void alone_each_has_a_scenario(void **state)
{
	const struct ace_request r = { .suite = "ace-seq2", .folder = FOLDER,
				       .seed = 4, .sample = 6, .batch = 1 };
	struct scenario **all;
	size_t n;

	(void)state;
	all = make(&r, &n);
	assert_int_equal(n, 6);
	assert_true(!strncmp(all[0]->name, "ace-seq2-", 9));
	assert_string_equal(all[5]->check.run[4],
			    strrchr(all[5]->name, '-') + 1);
	release(all, n);
}

static void a_larger_sample_than_there_is_takes_all(void **state)
{
	const struct ace_request r = { .suite = "ace-seq1", .folder = FOLDER,
				       .sample = 1000 };
	struct buf text = BUF_INIT;
	struct error e;
	size_t lines = 0;

	(void)state;
	assert_int_equal(ace_list(&r, &text, &e), 0);
	for (const char *c = buf_text(&text); *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 301);
	buf_free(&text);
}

static void recipes_travel_as_text(void **state)
{
	const struct ace_request r = { .suite = "ace-recipes",
				       .folder = FOLDER };
	struct scenario **all;
	size_t n;

	(void)state;
	all = make(&r, &n);
	assert_int_equal(n, 8);
	assert_string_equal(all[7]->name, "ace-unlinked");
	assert_string_equal(all[7]->check.run[3],
			    "sequence unlinked; mkdir d; creat d/f; begin; "
			    "open h d/f; unlink d/f; fsync @h\n");
	release(all, n);
}

static void a_broken_recipe_is_told_with_its_place(void **state)
{
	char folder[] = "/tmp/ace-test-XXXXXX";
	const struct ace_request r = { .suite = "ace-recipes",
				       .folder = folder };
	struct error e = { 0 };
	struct scenario **all;
	char path[64], wanted[128];
	size_t n;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/recipes", folder);
	assert_int_equal(mkdir_p(path, &e), 0);
	snprintf(path, sizeof(path), "%s/recipes/x.ace", folder);
	assert_int_equal(file_write(path, "mkdir a\nfsync b\n", 16, &e), 0);
	assert_int_not_equal(ace_scenarios(&r, &all, &n, &e), 0);
	snprintf(wanted, sizeof(wanted), "%s:2:1: 'fsync b' would fail: b: No "
		 "such file or directory", path);
	assert_string_equal(e.message, wanted);
	assert_int_equal(rm_rf(folder, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seq1_is_shared_out_to_batches),
		cmocka_unit_test(alone_each_has_a_scenario),
		cmocka_unit_test(a_larger_sample_than_there_is_takes_all),
		cmocka_unit_test(recipes_travel_as_text),
		cmocka_unit_test(a_broken_recipe_is_told_with_its_place),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

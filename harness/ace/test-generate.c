#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ace/generate.h"
#include "ace/model.h"
#include "common/buf.h"
#include "common/error.h"
#include "common/rng.h"

static char *text_of(const struct ace_sequence *s)
{
	struct buf text = BUF_INIT;

	ace_sequence_text(s, &text);
	return buf_take(&text);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All that there are; the caller frees. */
static size_t generate_all(unsigned operations, char ***ret)
{
	uint64_t numbers = ace_numbers(operations);
	struct ace_sequence s;
	size_t n = 0;

	*ret = xcalloc(numbers, sizeof(**ret));
	for (uint64_t i = 0; i < numbers; i++)
		if (!ace_generate(operations, i, &s))
			(*ret)[n++] = text_of(&s);
	return n;
}

static void count_and_compare(unsigned operations, size_t wanted)
{
	char **all;
	size_t n = generate_all(operations, &all);

	assert_int_equal(n, wanted);
	qsort(all, n, sizeof(*all), by_text);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(all[i], all[i - 1]))
			fail_msg("twice: %s", all[i]);
	for (size_t i = 0; i < n; i++)
		free(all[i]);
	free(all);
}

static void seq1_has_each_sequence_once(void **state)
{
	(void)state;
	count_and_compare(1, 301);
}

/* A sequence and what is read back from its text do the same. */
static void reads_back_and_runs(const struct ace_sequence *s)
{
	char *text = text_of(s), *again;
	struct ace_sequence *read;
	struct ace_model *m;
	struct error e = { 0 };
	size_t n;

	if (ace_parse("t", "t", text, &read, &n, &e))
		fail_msg("%s: %s", text, e.message);
	again = text_of(read);
	assert_string_equal(text, again);
	assert_int_equal(ace_model_run(read, ACE_ALL, &m, NULL), 0);
	assert_true(ace_is_persistence(&read->ops[read->n - 1]));
	ace_model_free(m);
	free(read);
	free(again);
	free(text);
}

static void every_sequence_of_seq1_runs(void **state)
{
	struct ace_sequence s;

	(void)state;
	for (uint64_t i = 0; i < ace_numbers(1); i++)
		if (!ace_generate(1, i, &s))
			reads_back_and_runs(&s);
}

static void sequences_of_seq2_run(void **state)
{
	struct rng rng = rng_init(3);
	struct ace_sequence s;

	(void)state;
	for (unsigned left = 1000; left;)
		if (!ace_generate(2, rng_below(&rng, ace_numbers(2)), &s)) {
			reads_back_and_runs(&s);
			left--;
		}
}

static void is(unsigned operations, uint64_t number, const char *wanted)
{
	struct ace_sequence s;
	char *text;

	assert_int_equal(ace_generate(operations, number, &s), 0);
	text = text_of(&s);
	assert_string_equal(text, wanted);
	free(text);
}

/* What a number stands for must not change: findings name it. */
static void numbers_stay(void **state)
{
	struct ace_sequence s;

	(void)state;
	is(1, 0, "creat foo; sync");
	is(1, 365, "creat foo; write foo 0 16384; begin; link foo bar; "
		   "fsync foo");
	is(1, 503, "creat foo; write foo 0 16384; begin; open h0 foo; unlink "
		   "foo; fsync @h0");
	assert_int_equal(ace_generate(1, 2, &s), -ENOENT);
	assert_int_equal(ace_generate(1, ace_numbers(1), &s), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seq1_has_each_sequence_once),
		cmocka_unit_test(every_sequence_of_seq1_runs),
		cmocka_unit_test(sequences_of_seq2_run),
		cmocka_unit_test(numbers_stay),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

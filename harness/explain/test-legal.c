/* Reasons by example, on histories that are small enough to follow by hand. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "drive/model.h"
#include "drive/test-logs.h"
#include "explain/legal.h"

static struct test_log t;

static struct cache_model model;

static int make(void **state)
{
	(void)state;
	model = (struct cache_model)CACHE_MODEL_HONEST;
	model.tear = 512;
	test_log_init(&t, 64 * 512, NULL);
	test_arm(&t);
	return 0;
}

static struct legal_reason reason(size_t command, uint64_t position)
{
	CLEANUP_FREE uint64_t *durable = model_durable(&t.h, &model);

	return legal_reason(&t.h, &model, command, durable[command], position);
}

static void says(size_t command, uint64_t position, const char *text)
{
	struct legal_reason r = reason(command, position);
	CLEANUP_BUF struct buf b = BUF_INIT;

	legal_sentence(&t.commands[command], &r, &b);
	assert_string_equal(buf_text(&b), text);
}

static void a_write_in_flight_is_volatile_by_rule_3(void **state)
{
	size_t w = test_submit(&t, LOG_WRITE, 0, 512, 0, 0);

	(void)state;
	assert_int_equal(reason(w, 1).why, LEGAL_IN_FLIGHT);
	assert_int_equal(reason(w, 1).rule, 3);
	says(w, 1, "it was still in flight at the cut");
}

static void a_write_is_in_flight_until_it_completes(void **state)
{
	size_t w = test_write(&t, 0, 1);

	(void)state;
	assert_int_equal(reason(w, 1).why, LEGAL_IN_FLIGHT);
	assert_int_equal(reason(w, 2).why, LEGAL_NO_FLUSH);
	says(w, 2, "no flush was submitted after it completed");
}

static void a_flush_during_the_write_does_not_cover_it(void **state)
{
	size_t w = test_submit(&t, LOG_WRITE, 0, 512, 0, 0); /* 1 */
	size_t f = test_submit(&t, LOG_FLUSH, 0, 0, 0, 0);   /* 2 */

	(void)state;
	test_complete(&t, w); /* 3 */
	test_complete(&t, f); /* 4 */
	assert_int_equal(reason(w, 4).why, LEGAL_NO_FLUSH);
	assert_ptr_equal(reason(w, 4).missed, &t.commands[f]);
	says(w, 4, "no flush was submitted after it completed; flush f1 was "
	     "submitted at 2, before this write completed at 3");
	says(w, 2, "it was still in flight at the cut; flush f1 was "
	     "submitted at 2, before this write completed");
}

static void a_flush_in_flight_does_not_cover_it_yet(void **state)
{
	size_t w = test_write(&t, 0, 1), f = test_flush(&t);

	(void)state;
	assert_int_equal(reason(w, 3).why, LEGAL_FLUSH_IN_FLIGHT);
	assert_ptr_equal(reason(w, 3).flush, &t.commands[f]);
	says(w, 3, "flush f1 was submitted at 3 after it completed, but had "
	     "not completed at the cut");
	assert_int_equal(reason(w, 2).why, LEGAL_NO_FLUSH);
}

static void a_completed_flush_covers_it_by_rule_1(void **state)
{
	size_t w = test_write(&t, 0, 1), f = test_flush(&t);

	(void)state;
	assert_int_equal(reason(w, 4).why, LEGAL_FLUSHED);
	assert_int_equal(reason(w, 4).rule, 1);
	assert_ptr_equal(reason(w, 4).flush, &t.commands[f]);
	says(w, 4, "flush f1 was submitted at 3, after this write completed "
	     "at 2, and completed at 4");
}

/* The second flush completes first: that one made the write durable. */
static void of_two_flushes_the_first_to_complete_is_named(void **state)
{
	size_t w = test_write(&t, 0, 1);
	size_t f1 = test_submit(&t, LOG_FLUSH, 0, 0, 0, 0);
	size_t f2 = test_submit(&t, LOG_FLUSH, 0, 0, 0, 0);

	(void)state;
	test_complete(&t, f2);
	test_complete(&t, f1);
	test_flush(&t);
	assert_ptr_equal(reason(w, t.h.end - 1).flush, &t.commands[f2]);
}

static void fua_makes_it_durable_by_rule_2_when_it_completes(void **state)
{
	size_t w = test_submit(&t, LOG_WRITE, 0, 512, 0, 1);

	(void)state;
	test_complete(&t, w);
	test_flush(&t);
	assert_int_equal(reason(w, 1).why, LEGAL_IN_FLIGHT);
	assert_int_equal(reason(w, 2).why, LEGAL_FUA);
	assert_int_equal(reason(w, 2).rule, 2);
	says(w, 4, "it carried FUA and completed at 2");
}

/* No cut lies before ARM, so the first that there is comes behind it. */
static void the_setup_is_durable(void **state)
{
	size_t w;

	(void)state;
	test_log_init(&t, 64 * 512, NULL);
	w = test_write(&t, 0, 1);
	test_arm(&t);
	assert_int_equal(reason(w, 2).why, LEGAL_SETUP);
	says(w, 2, "it belongs to the setup, which is durable");
}

static void a_drive_that_lies_or_has_no_cache_is_named(void **state)
{
	size_t w = test_write(&t, 1, 1);

	(void)state;
	test_flush(&t);
	model.flush_ignored = 1;
	assert_int_equal(reason(w, t.h.end - 1).why, LEGAL_IGNORED);
	model = (struct cache_model)CACHE_MODEL_HONEST;
	model.plp = 1;
	assert_int_equal(reason(w, 2).why, LEGAL_NO_CACHE);
	assert_int_equal(reason(w, 2).rule, 7);
	model = (struct cache_model)CACHE_MODEL_HONEST;
	model.capacity = 512;
	test_write(&t, 9, 2);
	w = test_write(&t, 20, 1);
	test_write(&t, 30, 1);
	assert_int_equal(reason(w, t.h.end - 1).why, LEGAL_DESTAGED);
}

/* Against the model: durable if and only if the reason is one of durability,
 * at every position. */
static void the_reason_never_contradicts_the_model(void **state)
{
	CLEANUP_FREE uint64_t *durable = NULL;
	size_t w[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		w[i] = test_submit(&t, LOG_WRITE, i * 512, 512, 0, i == 3);
	test_complete(&t, w[0]);
	w[0] = test_submit(&t, LOG_FLUSH, 0, 0, 0, 0);
	test_complete(&t, w[1]);
	test_complete(&t, w[3]);
	test_flush(&t);
	test_complete(&t, w[2]);
	test_complete(&t, w[0]);
	test_flush(&t);
	durable = model_durable(&t.h, &model);
	for (uint64_t p = 0; p < t.h.end; p++) {
		for (size_t i = 0; i < 4; i++) {
			struct legal_reason r;

			if (t.commands[i].submit > p)
				continue;
			r = legal_reason(&t.h, &model, i, durable[i], p);
			assert_int_equal(durable[i] <= p, r.rule < 3);
			if (r.why == LEGAL_FLUSHED)
				assert_int_equal(r.flush->complete,
						 durable[i]);
		}
	}
}

/* ---- whole states ---- */

static char folder[] = "/tmp/test-legal-XXXXXX";
static struct state_space *space;

/*
 * Units of 512 bytes. Volatile at the end: 1 (units 0 to 3), 2 (its unit 2
 * only), 3, which a durable write (4) has overwritten. 5 is durable.
 */
static int make_space(void **state)
{
	CLEANUP_FREE char *content = xmalloc(64 * 512);
	CLEANUP_FREE char *data = NULL, *units = NULL;
	size_t w;

	for (int i = 0; i < 64 * 512; i++)
		content[i] = (char)(1 + i / 512);
	make(state);
	strcpy(folder, "/tmp/test-legal-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	data = xasprintf("%s/data", folder);
	units = xasprintf("%s/units", folder);
	if (file_write(data, content, 64 * 512, NULL))
		return -1;
	t.h.log_path = data;
	w = test_submit(&t, LOG_WRITE, 0, 2048, 0, 0);
	test_complete(&t, w);
	w = test_submit(&t, LOG_WRITE, 1024, 512, 4096, 0);
	test_complete(&t, w);
	test_write(&t, 20, 1);
	w = test_submit(&t, LOG_WRITE, 20 * 512, 512, 512, 1);
	test_complete(&t, w);
	w = test_submit(&t, LOG_WRITE, 30 * 512, 512, 512, 1);
	test_complete(&t, w);
	return space_create(&t.h, NULL, units, &model, &space, NULL);
}

static int destroy_space(void **state)
{
	(void)state;
	space_free(space);
	return rm_rf(folder, NULL);
}

static void survives(const char *name, size_t write, const char *text)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct legal l;

	assert_int_equal(legal_explain(space, &t.h, &model, name, 0, &l, NULL), 0);
	assert_true(write < l.n);
	assert_non_null(l.writes[write].fate);
	legal_survival(l.writes[write].fate, &b);
	assert_string_equal(buf_text(&b), text);
	legal_release(&l);
}

static void each_volatile_write_says_whether_it_survived(void **state)
{
	(void)state;
	survives("end:none", 0, "lost");
	survives("end:none", 1, "lost");
	survives("end:all", 1, "survived");
	survives("end:1", 0, "survived");
	survives("end:1", 1, "lost");
}

static void units_are_told_apart(void **state)
{
	(void)state;
	survives("end:1.0-1", 0, "survived in units 0-1, lost in units 2-3");
	survives("end:all", 0, "survived in units 0-1,3, overwritten by a "
		 "younger volatile write in unit 2");
}

static void a_write_under_a_durable_one_is_told_as_such(void **state)
{
	(void)state;
	survives("end:all", 2, "overwritten by a durable write");
	survives("end:none", 2, "overwritten by a durable write");
}

static void durable_writes_come_on_request(void **state)
{
	struct legal l;

	(void)state;
	assert_int_equal(legal_explain(space, &t.h, &model, "end:all", 0, &l, NULL), 0);
	assert_int_equal(l.n, 3);
	assert_int_equal(l.n_volatile, 3);
	assert_int_equal(l.n_durable, 2);
	legal_release(&l);
	assert_int_equal(legal_explain(space, &t.h, &model, "end:all", 1, &l, NULL), 0);
	assert_int_equal(l.n, 5);
	assert_null(l.writes[4].fate);
	assert_int_equal(l.writes[4].reason.why, LEGAL_FUA);
	legal_release(&l);
}

static void what_came_after_the_cut_is_not_told(void **state)
{
	struct legal l;

	(void)state;
	assert_int_equal(legal_explain(space, &t.h, &model, "w2:all", 1, &l, NULL), 0);
	assert_int_equal(l.n, 2);
	assert_int_equal(l.writes[1].reason.why, LEGAL_IN_FLIGHT);
	legal_release(&l);
}

static void a_state_that_is_not_legal_is_refused(void **state)
{
	struct legal l;
	struct error e;

	(void)state;
	assert_int_equal(legal_explain(space, &t.h, &model, "end:5", 0, &l, &e),
			 -EINVAL);
	assert_non_null(strstr(e.message, "durable"));
}

#define STATE_TEST(f)                                                          \
	cmocka_unit_test_setup_teardown(f, make_space, destroy_space)

/* The same recording on a drive that shears writes. */
static void a_fault_is_named_as_beyond_the_contract(void **state)
{
	struct cache_model shears = model;
	CLEANUP_FREE char *faulty = xasprintf("%s/faulty", folder);
	CLEANUP_FREE char *data = xasprintf("%s/data", folder);
	struct state_space *other = NULL;
	struct legal l;

	(void)state;
	t.h.log_path = data;
	shears.tear = 1024;
	shears.faults.count[FAULT_SHORN] = 1;
	shears.faults.keep = 512;
	assert_int_equal(space_create(&t.h, NULL, faulty, &shears, &other, NULL),
			 0);
	assert_int_equal(legal_explain(other, &t.h, &shears,
				       "end:all+shorn=1.0", 0, &l, NULL), 0);
	assert_string_equal(l.fault,
			    "shorn write: of unit 0 of write 1 only the first "
			    "512 bytes were written");
	assert_int_equal(l.n_volatile, 3);
	legal_release(&l);
	assert_int_equal(legal_explain(other, &t.h, &shears, "end:all", 0, &l,
				       NULL), 0);
	assert_null(l.fault);
	legal_release(&l);
	space_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_write_in_flight_is_volatile_by_rule_3,
				       make),
		cmocka_unit_test_setup(a_write_is_in_flight_until_it_completes,
				       make),
		cmocka_unit_test_setup(
			a_flush_during_the_write_does_not_cover_it, make),
		cmocka_unit_test_setup(a_flush_in_flight_does_not_cover_it_yet,
				       make),
		cmocka_unit_test_setup(a_completed_flush_covers_it_by_rule_1,
				       make),
		cmocka_unit_test_setup(
			of_two_flushes_the_first_to_complete_is_named, make),
		cmocka_unit_test_setup(
			fua_makes_it_durable_by_rule_2_when_it_completes,
			make),
		cmocka_unit_test_setup(the_setup_is_durable, make),
		cmocka_unit_test_setup(
			a_drive_that_lies_or_has_no_cache_is_named, make),
		cmocka_unit_test_setup(the_reason_never_contradicts_the_model,
				       make),
		STATE_TEST(each_volatile_write_says_whether_it_survived),
		STATE_TEST(units_are_told_apart),
		STATE_TEST(a_write_under_a_durable_one_is_told_as_such),
		STATE_TEST(durable_writes_come_on_request),
		STATE_TEST(a_fault_is_named_as_beyond_the_contract),
		STATE_TEST(what_came_after_the_cut_is_not_told),
		STATE_TEST(a_state_that_is_not_legal_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

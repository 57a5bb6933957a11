/* The space at its edges: big units, short disks, files, the strategy. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "drive/test-logs.h"
#include "states/states.h"

#define DATA_SECTORS 64

static char folder[] = "/tmp/test-space-XXXXXX";
static char *data, *base, *units, *image;

/* Sector i of the data file is filled with i + 1, base with 0xb0 + i, and base
 * ends after 5 sectors. */
static int make_files(void **state)
{
	CLEANUP_FREE char *bytes = xmalloc(DATA_SECTORS * 512);

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	data = xasprintf("%s/data", folder);
	base = xasprintf("%s/base", folder);
	units = xasprintf("%s/units", folder);
	image = xasprintf("%s/image", folder);
	for (int i = 0; i < DATA_SECTORS * 512; i++)
		bytes[i] = (char)(1 + i / 512);
	if (file_write(data, bytes, DATA_SECTORS * 512, NULL))
		return -1;
	for (int i = 0; i < 5 * 512; i++)
		bytes[i] = (char)(0xb0 + i / 512);
	return file_write(base, bytes, 5 * 512, NULL);
}

static int remove_files(void **state)
{
	(void)state;
	rm_rf(folder, NULL);
	free(data);
	free(base);
	free(units);
	free(image);
	return 0;
}

static void start(struct test_log *t, uint64_t sectors)
{
	test_log_init(t, sectors * 512, data);
	test_arm(t);
}

/* Writes sectors first .. first+n-1 with the symbols symbol, symbol+1, ... */
static void put(struct test_log *t, uint64_t first, uint64_t n, int symbol)
{
	test_complete(t, test_submit(t, LOG_WRITE, first * 512, n * 512,
				     (uint64_t)(symbol - 1) * 512, 0));
}

static struct cache_model honest(uint32_t tear)
{
	struct cache_model m = CACHE_MODEL_HONEST;

	m.tear = tear;
	return m;
}

static struct state_space *space_of(const struct test_log *t, int with_base,
				    uint32_t tear)
{
	struct cache_model model = honest(tear);
	struct state_space *s = NULL;
	struct error e = { "", "" };

	if (space_create(&t->h, with_base ? base : NULL, units, &model, &s, &e))
		print_error("%s\n", e.message);
	assert_non_null(s);
	return s;
}

/* The state's image, one hex number per sector. Caller frees. */
static char *exported(struct state_space *s, const char *name)
{
	CLEANUP_FREE char *read = NULL;
	CLEANUP_BUF struct buf bytes = BUF_INIT;
	struct buf text = BUF_INIT;
	struct state st;

	assert_int_equal(space_state(s, name, &st, NULL), 0);
	assert_int_equal(state_export(s, &st, image, NULL), 0);
	assert_int_equal(file_read(image, &bytes, NULL), 0);
	read = xmalloc(bytes.len);
	assert_int_equal(state_read(s, &st, 512, read, bytes.len - 512, NULL),
			 0);
	assert_memory_equal(read, bytes.data + 512, bytes.len - 512);
	assert_int_equal(state_read(s, &st, 1, read, bytes.len, NULL),
			 -EINVAL);
	for (size_t i = 0; i < bytes.len; i += 512) {
		assert_int_equal(bytes.data[i], bytes.data[i + 511]);
		buf_printf(&text, "%s%x", i ? " " : "",
			   (unsigned char)bytes.data[i]);
	}
	state_free(&st);
	return buf_take(&text);
}

static void expect_image(struct state_space *s, const char *name,
			 const char *expect)
{
	CLEANUP_FREE char *text = exported(s, name);

	assert_string_equal(text, expect);
}

static void a_unit_may_be_larger_than_a_write(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 8);
	put(&t, 1, 1, 1);
	put(&t, 2, 1, 2);
	struct state_space *s = space_of(&t, 0, 2048);

	assert_int_equal(space_units(s), 1);
	expect_image(s, "end:all", "0 1 2 0 0 0 0 0");
	expect_image(s, "end:1", "0 1 0 0 0 0 0 0");
	/* Versions are cumulative: 2 carries 1. */
	expect_image(s, "end:2", "0 1 2 0 0 0 0 0");
	expect_image(s, "end:none", "0 0 0 0 0 0 0 0");
	space_free(s);
}

static void the_last_unit_may_be_short(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 7);
	put(&t, 3, 4, 1);
	struct state_space *s = space_of(&t, 1, 2048);

	assert_int_equal(space_units(s), 2);
	expect_image(s, "end:all", "b0 b1 b2 1 2 3 4");
	expect_image(s, "end:1.1", "b0 b1 b2 b3 2 3 4");
	expect_image(s, "end:1.0", "b0 b1 b2 1 b4 0 0");
	space_free(s);
}

static void the_base_image_may_be_shorter_than_the_disk(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 8);
	put(&t, 7, 1, 9);
	struct state_space *s = space_of(&t, 1, 4096);

	expect_image(s, "end:all", "b0 b1 b2 b3 b4 0 0 9");
	expect_image(s, "end:none", "b0 b1 b2 b3 b4 0 0 0");
	space_free(s);
}

static void zeroes_over_base_are_written_to_the_image(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 8);
	test_complete(&t, test_submit(&t, LOG_DISCARD, 512, 1024, 0, 0));
	struct state_space *s = space_of(&t, 1, 512);

	expect_image(s, "end:all", "b0 0 0 b3 b4 0 0 0");
	expect_image(s, "end:1.0", "b0 0 b2 b3 b4 0 0 0");
	space_free(s);
}

static void the_setup_is_there_in_every_state(void **state)
{
	struct test_log t;

	(void)state;
	test_log_init(&t, 8 * 512, data);
	put(&t, 0, 1, 1);
	put(&t, 0, 2, 5);
	put(&t, 1, 1, 9);
	put(&t, 7, 1, 3);
	test_arm(&t);
	put(&t, 0, 1, 2);
	struct state_space *s = space_of(&t, 1, 1024);

	expect_image(s, "end:none", "5 9 b2 b3 b4 0 0 3");
	expect_image(s, "end:all", "2 9 b2 b3 b4 0 0 3");
	space_free(s);
}

static void an_image_is_sparse(void **state)
{
	struct test_log t;
	struct stat st;

	(void)state;
	start(&t, 1 << 17); /* 64 MiB */
	put(&t, 1 << 16, 1, 1);
	struct state_space *s = space_of(&t, 0, 4096);
	struct state all;

	assert_int_equal(space_state(s, "end:all", &all, NULL), 0);
	assert_int_equal(state_export(s, &all, image, NULL), 0);
	assert_int_equal(stat(image, &st), 0);
	assert_int_equal(st.st_size, 1 << 26);
	assert_true(st.st_blocks < 2048);
	state_free(&all);
	space_free(s);
}

static void what_stays_as_in_base_is_not_tracked(void **state)
{
	struct test_log t;

	(void)state;
	test_log_init(&t, 64 * 512, data);
	test_complete(&t,
		      test_submit(&t, LOG_DISCARD, 0, 64 * 512, 0, 0));
	put(&t, 9, 1, 1);
	test_arm(&t);
	put(&t, 20, 1, 1);
	struct state_space *s = space_of(&t, 0, 512);

	assert_int_equal(space_units(s), 2);
	assert_int_equal(space_unit_index(s, 0), 9);
	assert_int_equal(space_unit_index(s, 1), 20);
	space_free(s);
}

/* w2 writes again what stands there: at w3 the disk is as it was at w2. */
static void equal_content_has_an_equal_hash_across_cuts(void **state)
{
	struct test_log t;
	struct state a, b;

	(void)state;
	start(&t, 8);
	put(&t, 0, 2, 1);
	put(&t, 1, 1, 2);
	test_flush(&t);
	struct state_space *s = space_of(&t, 0, 512);

	assert_int_equal(space_state(s, "w2:1", &a, NULL), 0);
	assert_int_equal(space_state(s, "end:all", &b, NULL), 0);
	assert_memory_equal(&a.hash, &b.hash, sizeof(a.hash));
	for (size_t i = 0; i < space_units(s); i++) {
		uint64_t unit = space_unit_index(s, i);

		assert_int_equal(state_source(s, &a, unit),
				 state_source(s, &b, unit));
	}
	state_free(&a);
	state_free(&b);
	space_free(s);
}

static void whole_units_stand_in_the_log_others_are_composed(
	void **state)
{
	struct test_log t;
	struct stat st;
	struct state all;

	(void)state;
	start(&t, 8);
	put(&t, 0, 4, 1);
	put(&t, 5, 1, 7);
	test_complete(&t, test_submit(&t, LOG_ZEROES, 1024, 1024, 0, 0));
	struct state_space *s = space_of(&t, 0, 1024);

	assert_int_equal(space_state(s, "end:all", &all, NULL), 0);
	assert_int_equal(space_units(s), 3);
	assert_true(state_source(s, &all, 0) == SOURCE_LOG);
	assert_true(state_source(s, &all, 1) == SOURCE_BASE); /* zeroes, as base */
	assert_true(SOURCE_KIND(state_source(s, &all, 2)) == SOURCE_SCRATCH);
	assert_int_equal(stat(units, &st), 0);
	assert_int_equal(st.st_size, 1024);
	state_free(&all);
	space_free(s);
}

static void legal_states_are_counted_by_choice(void **state)
{
	struct test_log t;
	struct cut cut;

	(void)state;
	start(&t, 64);
	put(&t, 0, 10, 1); /* ten units with two choices */
	put(&t, 0, 1, 1); /* one of them now with three */
	struct state_space *s = space_of(&t, 0, 512);

	assert_int_equal(cut_parse(&t.h, "end", &cut, NULL), 0);
	assert_true(fabs(space_legal_log2(s, &cut) - 9 - log2(3)) < 1e-9);
	assert_int_equal(space_volatile(s, &cut), 2);
	space_free(s);
}

/* ---- the strategy ---- */

struct names {
	struct buf text;
	int stop_after;
	const struct exploration *x;
};

static int take_name(struct state *st, void *arg)
{
	struct names *names = arg;

	buf_printf(&names->text, "%s ", st->survivors);
	state_free(st);
	return --names->stop_after ? 0 : 77;
}

/* order: any or fifo, by the space. Frees it. */
static void expect_explored(const struct test_log *t, struct state_space *s,
			    const struct exploration *x, int stop_after,
			    const char *expect)
{
	struct names names = { BUF_INIT, stop_after, x };
	struct cut cut;

	assert_int_equal(cut_parse(&t->h, "end", &cut, NULL), 0);
	assert_int_equal(space_enumerate(s, &cut, names.x, take_name, &names,
					 NULL),
			 stop_after > 0 ? 77 : 0);
	assert_string_equal(buf_text(&names.text), expect);
	buf_free(&names.text);
	space_free(s);
}

static void expect_names(const struct test_log *t, uint32_t tear,
			 int stop_after, const char *expect)
{
	expect_explored(t, space_of(t, 0, tear), NULL, stop_after, expect);
}

/* All that the strategy itself picks, with units of 512 bytes. */
static void expect_strategy(const struct test_log *t, const char *name,
			    const char *expect)
{
	struct exploration x = { .strategy = name };

	expect_explored(t, space_of(t, 0, 512), &x, -1, expect);
}

static void up_to_six_writes_get_every_subset(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 64);
	for (int i = 0; i < 4; i++)
		put(&t, (uint64_t)i, 1, 1);
	expect_names(&t, 512, -1,
		     "all none all-1 all-2 all-3 all-4 1 2 3 4 "
		     "1,2 1,3 2,3 1,4 2,4 3,4 ");
}

static void from_seven_on_each_is_lost_and_alone(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 64);
	for (int i = 0; i < 7; i++)
		put(&t, (uint64_t)i, 1, 1);
	expect_names(&t, 512, 16,
		     "all none all-1 all-2 all-3 all-4 all-5 all-6 all-7 "
		     "1 2 3 4 5 6 7 ");
}

static void writes_of_several_units_are_torn_in_the_middle(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 64);
	put(&t, 8, 3, 1);
	expect_names(&t, 512, 4, "all none 1.0-1 1.2 ");
	expect_names(&t, 1024, -1, "all none 1.0 1.1 ");
	expect_names(&t, 4096, -1, "all none ");
}

static void equal_content_at_one_cut_comes_once(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 64);
	put(&t, 0, 1, 1);
	put(&t, 0, 1, 1);
	expect_names(&t, 512, -1, "all none ");
}

static void the_callback_ends_the_enumeration(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 64);
	for (int i = 0; i < 4; i++)
		put(&t, (uint64_t)i, 1, 1);
	expect_names(&t, 512, 3, "all none all-1 ");
}

static void nothing_volatile_is_one_state(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 64);
	put(&t, 0, 1, 1);
	test_flush(&t);
	expect_names(&t, 512, -1, "all ");
}

/* ---- the strategies ---- */

/* Three writes of one sector each, completed as 2, 1, 3. */
static void make_three(struct test_log *t)
{
	size_t a, b;

	start(t, 64);
	a = test_submit(t, LOG_WRITE, 0, 512, 0, 0);
	b = test_submit(t, LOG_WRITE, 512, 512, 0, 0);
	test_complete(t, b);
	test_complete(t, a);
	put(t, 2, 1, 1);
}

static void prefixes_are_of_the_order_of_completion(void **state)
{
	struct test_log t;

	(void)state;
	make_three(&t);
	expect_strategy(&t, "prefix", "all none all-3 2 ");
}

static void up_to_k_are_dropped_or_kept(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 64);
	for (int i = 0; i < 4; i++)
		put(&t, (uint64_t)i, 1, 1);
	expect_strategy(&t, "drop-1", "all none all-1 all-2 all-3 all-4 ");
	expect_strategy(&t, "keep-1", "all none 1 2 3 4 ");
	expect_strategy(&t, "drop-2",
			"all none all-1 all-2 all-3 all-4 "
			"3,4 2,4 1,4 2,3 1,3 1,2 ");
	expect_strategy(&t, "keep-2",
			"all none 1 2 3 4 1,2 1,3 2,3 1,4 2,4 3,4 ");
	expect_strategy(&t, "drop-9",
			"all none all-1 all-2 all-3 all-4 "
			"3,4 2,4 1,4 2,3 1,3 1,2 4 3 2 1 ");
}

/* 1 and 2 on the same sector: without both it is as before, which dropping them
 * in the wrong order would miss. */
static void dropped_writes_uncover_what_they_overwrote(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 64);
	put(&t, 0, 1, 1);
	put(&t, 0, 1, 2);
	put(&t, 1, 1, 3);
	expect_strategy(&t, "drop-2", "all none all-2 2 3 1 ");
}

static void one_write_is_torn_at_a_time(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 64);
	put(&t, 0, 3, 1);
	put(&t, 8, 1, 9);
	expect_strategy(&t, "torn",
			"all none all-1.2 all-1.0-1 "
			"all-1.0 all-1.1-2 all-1.1 1.1,2 ");
}

/* A flush that is still under way ends an epoch. */
static void epochs_are_reordered_one_at_a_time(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 64);
	put(&t, 0, 1, 1);
	put(&t, 1, 1, 2);
	test_submit(&t, LOG_FLUSH, 0, 0, 0, 0);
	put(&t, 2, 1, 3);
	put(&t, 3, 1, 4);
	expect_strategy(&t, "reorder",
			"all none 1,2 all-3 all-4 2 1 ");
}

struct drawn {
	struct buf text;
	int complete;
};

static int take_drawn(const struct found *f, void *arg)
{
	struct drawn *d = arg;
	struct state st;

	found_state(f, &st);
	buf_printf(&d->text, "%s ", st.survivors);
	state_free(&st);
	return 0;
}

static char *drawn(struct state_space *s, const struct cut *cut,
		   const struct exploration *x, int *ret_complete)
{
	struct cursor *c = cursor_new(s);
	struct drawn d = { BUF_INIT, 0 };

	assert_int_equal(cursor_explore(c, cut, x, take_drawn, &d,
					ret_complete, NULL), 0);
	cursor_free(c);
	return buf_take(&d.text);
}

static void random_states_are_decided_by_the_seed(void **state)
{
	struct exploration x = { .strategy = "random", .seed = 3 }, y = x;
	struct test_log t;
	struct cut cut;
	int complete;

	(void)state;
	start(&t, 64);
	for (int i = 0; i < 12; i++)
		put(&t, (uint64_t)(2 * i), 2, 1);
	struct state_space *s = space_of(&t, 0, 512);

	y.seed = 4;
	assert_int_equal(cut_parse(&t.h, "end", &cut, NULL), 0);
	CLEANUP_FREE char *a = drawn(s, &cut, &x, &complete);
	CLEANUP_FREE char *b = drawn(s, &cut, &x, &complete);
	CLEANUP_FREE char *c = drawn(s, &cut, &y, &complete);

	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	assert_false(complete);
	space_free(s);
}

/* 4 writes of one unit have 16 states: draws come upon all of them. */
static void random_states_are_those_that_were_not_seen(void **state)
{
	struct exploration x = { .strategy = "random", .seed = 1 };
	struct test_log t;
	struct cut cut;
	int complete;
	size_t n = 0;

	(void)state;
	start(&t, 64);
	for (int i = 0; i < 4; i++)
		put(&t, (uint64_t)i, 1, 1);
	struct state_space *s = space_of(&t, 0, 512);

	assert_int_equal(cut_parse(&t.h, "end", &cut, NULL), 0);
	CLEANUP_FREE char *a = drawn(s, &cut, &x, &complete);

	for (const char *p = a; *p; p++)
		n += *p == ' ';
	assert_int_equal(n, 16);
	space_free(s);
}

static void the_bound_decides_whether_everything_comes(void **state)
{
	struct exploration x = { .strategy = "prefix", .exhaustive = 4 };
	struct test_log t;
	struct cut cut;
	int complete;

	(void)state;
	start(&t, 64);
	put(&t, 0, 5, 1); /* 2^5 states */
	struct state_space *s = space_of(&t, 0, 512);

	assert_int_equal(cut_parse(&t.h, "end", &cut, NULL), 0);
	CLEANUP_FREE char *few = drawn(s, &cut, &x, &complete);
	assert_string_equal(few, "all none ");
	assert_false(complete);
	x.exhaustive = 5;
	CLEANUP_FREE char *all = drawn(s, &cut, &x, &complete);
	size_t n = 0;

	for (const char *p = all; *p; p++)
		n += *p == ' ';
	assert_int_equal(n, 32);
	assert_true(complete);
	space_free(s);
}

static void names_of_strategies_are_exact(void **state)
{
	static const char *const no[] = { "", "drop", "drop-", "drop-0",
					  "drop-10", "prefix-1", "Prefix",
					  "keep-2x", "kwise", "drop--1" };
	struct exploration x = { .strategy = "kwise" };
	struct test_log t;
	struct error e;
	struct cut cut;

	(void)state;
	assert_true(strategy_exists("drop-9"));
	assert_true(strategy_exists("exhaustive"));
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		assert_false(strategy_exists(no[i]));
	start(&t, 64);
	put(&t, 0, 1, 1);
	struct state_space *s = space_of(&t, 0, 512);

	assert_int_equal(cut_parse(&t.h, "end", &cut, NULL), 0);
	assert_int_equal(space_enumerate(s, &cut, &x, take_name, NULL, &e),
			 -EINVAL);
	assert_non_null(strstr(e.message, "kwise"));
	space_free(s);
}

/* ---- order: fifo ---- */

static struct state_space *fifo_of(const struct test_log *t)
{
	struct cache_model model = honest(512);
	struct state_space *s = NULL;

	model.order = ORDER_FIFO;
	assert_int_equal(space_create(&t->h, NULL, units, &model, &s, NULL),
			 0);
	return s;
}

/* 1 is torn over 3 units, 2 completes before it, 3 is in flight, 4 has FUA. */
static void make_line(struct test_log *t)
{
	size_t a, b;

	start(t, 64);
	a = test_submit(t, LOG_WRITE, 0, 3 * 512, 0, 0);
	b = test_submit(t, LOG_WRITE, 8 * 512, 512, 0, 0);
	test_complete(t, b);
	test_complete(t, a);
	test_submit(t, LOG_WRITE, 16 * 512, 512, 0, 0);
	test_complete(t, test_submit(t, LOG_WRITE, 24 * 512, 512, 0, 1));
}

static void survivors_in_fifo_are_a_prefix(void **state)
{
	static const char *const legal[] = { "end:none", "end:2", "end:1,2",
					     "end:2,1.0", "end:2,1.2",
					     "end:all" };
	static const char *const illegal[] = { "end:1", "end:3", "end:1,3",
					       "end:1.0", "end:all-2",
					       "end:2,3", "end:2,3,1.0-1" };
	struct test_log t;
	struct state st;
	struct error e;

	(void)state;
	make_line(&t);
	struct state_space *s = fifo_of(&t);

	for (size_t i = 0; i < sizeof(legal) / sizeof(*legal); i++) {
		assert_int_equal(space_state(s, legal[i], &st, NULL), 0);
		state_free(&st);
	}
	for (size_t i = 0; i < sizeof(illegal) / sizeof(*illegal); i++) {
		assert_int_equal(space_state(s, illegal[i], &st, &e), -EINVAL);
		assert_non_null(strstr(e.message, "order: fifo"));
	}
	space_free(s);
}

/* none; 2; of 1 seven more; 3 */
static void prefixes_and_torn_writes_are_counted(void **state)
{
	struct test_log t;
	struct cut cut;

	(void)state;
	make_line(&t);
	struct state_space *s = fifo_of(&t);

	assert_int_equal(cut_parse(&t.h, "end", &cut, NULL), 0);
	assert_true(fabs(space_legal_log2(s, &cut) - log2(10)) < 1e-9);
	assert_int_equal(space_volatile(s, &cut), 3);
	space_free(s);
}

static void fifo_gets_every_prefix(void **state)
{
	struct test_log t;

	(void)state;
	make_line(&t);
	expect_explored(&t, fifo_of(&t), NULL, 6,
			"all none all-3 2 1.0-1,2 1.2,2 ");
}

/* Of a fifo drive a strategy picks what it can, and nothing else. */
static void strategies_keep_to_the_line(void **state)
{
	static const char *const picked[][2] = {
		{ "prefix", "all none all-3 2 " },
		{ "reorder", "all none all-3 2 " },
		{ "drop-1", "all none all-3 " },
		{ "keep-1", "all none 2 " },
		{ "torn", "all none 1.0-1,2 1.2,2 1.1-2,2 1.0,2 all-1.1,3 "
			  "1.1,2 " },
	};
	struct test_log t;

	(void)state;
	make_line(&t);
	for (size_t i = 0; i < sizeof(picked) / sizeof(*picked); i++) {
		struct exploration x = { .strategy = picked[i][0] };

		expect_explored(&t, fifo_of(&t), &x, -1, picked[i][1]);
	}
}

/* ---- errors ---- */

static void expect_error(const struct history *h, const char *base_path,
			 const char *units_path, uint32_t tear, int err)
{
	struct cache_model model = honest(tear);
	struct state_space *s = NULL;
	struct error e = { "", "" };

	assert_int_equal(space_create(h, base_path, units_path, &model, &s, &e),
			 -err);
	assert_null(s);
	assert_true(e.message[0]);
}

static void impossible_arguments_are_refused(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 8);
	put(&t, 0, 1, 1);
	expect_error(&t.h, NULL, units, 0, EINVAL);
	expect_error(&t.h, NULL, units, 256, EINVAL);
	expect_error(&t.h, NULL, units, 1000, EINVAL);
	expect_error(&t.h, NULL, units, 131072, EINVAL);
	expect_error(&t.h, "/nonexistent/base", units, 512, ENOENT);
	expect_error(&t.h, NULL, "/nonexistent/units", 512, ENOENT);
	t.h.log_path = (char *)"/nonexistent/log";
	expect_error(&t.h, NULL, units, 512, ENOENT);
}

static void commands_that_make_no_sense_are_refused(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 8);
	put(&t, 7, 2, 1);
	expect_error(&t.h, NULL, units, 512, EBADMSG);
	t.commands[0].offset = UINT64_MAX - 511;
	expect_error(&t.h, NULL, units, 512, EBADMSG);
}

static void data_missing_from_the_log_is_an_error(void **state)
{
	struct test_log t;

	(void)state;
	start(&t, 8);
	put(&t, 0, 2, DATA_SECTORS);
	expect_error(&t.h, NULL, units, 512, EIO);
}

static void a_recording_that_was_never_armed_has_no_space(void **state)
{
	struct test_log t;

	(void)state;
	test_log_init(&t, 8 * 512, data);
	put(&t, 0, 1, 1);
	expect_error(&t.h, NULL, units, 512, EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unit_may_be_larger_than_a_write),
		cmocka_unit_test(the_last_unit_may_be_short),
		cmocka_unit_test(the_base_image_may_be_shorter_than_the_disk),
		cmocka_unit_test(zeroes_over_base_are_written_to_the_image),
		cmocka_unit_test(the_setup_is_there_in_every_state),
		cmocka_unit_test(an_image_is_sparse),
		cmocka_unit_test(what_stays_as_in_base_is_not_tracked),
		cmocka_unit_test(equal_content_has_an_equal_hash_across_cuts),
		cmocka_unit_test(
			whole_units_stand_in_the_log_others_are_composed),
		cmocka_unit_test(legal_states_are_counted_by_choice),
		cmocka_unit_test(up_to_six_writes_get_every_subset),
		cmocka_unit_test(from_seven_on_each_is_lost_and_alone),
		cmocka_unit_test(
			writes_of_several_units_are_torn_in_the_middle),
		cmocka_unit_test(equal_content_at_one_cut_comes_once),
		cmocka_unit_test(the_callback_ends_the_enumeration),
		cmocka_unit_test(nothing_volatile_is_one_state),
		cmocka_unit_test(prefixes_are_of_the_order_of_completion),
		cmocka_unit_test(up_to_k_are_dropped_or_kept),
		cmocka_unit_test(dropped_writes_uncover_what_they_overwrote),
		cmocka_unit_test(one_write_is_torn_at_a_time),
		cmocka_unit_test(epochs_are_reordered_one_at_a_time),
		cmocka_unit_test(random_states_are_decided_by_the_seed),
		cmocka_unit_test(random_states_are_those_that_were_not_seen),
		cmocka_unit_test(the_bound_decides_whether_everything_comes),
		cmocka_unit_test(names_of_strategies_are_exact),
		cmocka_unit_test(survivors_in_fifo_are_a_prefix),
		cmocka_unit_test(prefixes_and_torn_writes_are_counted),
		cmocka_unit_test(fifo_gets_every_prefix),
		cmocka_unit_test(strategies_keep_to_the_line),
		cmocka_unit_test(impossible_arguments_are_refused),
		cmocka_unit_test(commands_that_make_no_sense_are_refused),
		cmocka_unit_test(data_missing_from_the_log_is_an_error),
		cmocka_unit_test(
			a_recording_that_was_never_armed_has_no_space),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_files, remove_files);
}

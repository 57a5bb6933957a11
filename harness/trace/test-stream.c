/* Trace files: chunks, CPUs, what counts as lost and as drained. */
#include "trace/test-encoder.h"

#include "common/rng.h"

static void cpus_are_merged_by_time(void **state)
{
	CLEANUP_BUF struct buf f = BUF_INIT;
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	begin(&f);
	page_begin(&p, 100);
	page_write(&p, 110, 1);
	page_write(&p, 130, 3);
	add_page(&f, 1, &p);
	page_begin(&p, 90);
	page_write(&p, 105, 0);
	page_write(&p, 120, 2);
	add_page(&f, 0, &p);
	page_begin(&p, 140);
	page_write(&p, 140, 4);
	add_page(&f, 0, &p);
	drained(&f);
	t = loaded(&f);
	assert_int_equal(t->n_events, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(t->events[i].slba, i);
}

static uint64_t lost_by_stats(unsigned overrun, unsigned commit_overrun,
			      unsigned dropped, unsigned read)
{
	CLEANUP_BUF struct buf f = BUF_INIT;
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	begin(&f);
	page_begin(&p, 5);
	page_write(&p, 6, 1);
	page_write(&p, 7, 1);
	add_page(&f, 1, &p);
	stats(&f, 1, overrun, commit_overrun, dropped, read);
	drained(&f);
	t = loaded(&f);
	assert_int_equal(t->drained, 1);
	return t->lost;
}

static void stats_tell_what_was_lost(void **state)
{
	(void)state;
	assert_int_equal(lost_by_stats(0, 0, 0, 2), 0);
	assert_int_equal(lost_by_stats(3, 0, 0, 2), 3);
	assert_int_equal(lost_by_stats(0, 4, 0, 2), 4);
	assert_int_equal(lost_by_stats(0, 0, 5, 2), 5);
	assert_int_equal(lost_by_stats(3, 4, 5, 2), 12);
}

static void a_page_lost_on_its_way_is_noticed(void **state)
{
	(void)state;
	assert_int_equal(lost_by_stats(0, 0, 0, 45), 43);
}

static void an_overrun_counts_once(void **state)
{
	CLEANUP_BUF struct buf f = BUF_INIT;
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	begin(&f);
	page_begin(&p, 5);
	page_write(&p, 6, 1);
	put(p.bytes + 16 + p.used, 17, 8);
	page_commit(&p, 3u << 30);
	add_page(&f, 0, &p);
	stats(&f, 0, 17, 0, 0, 1);
	drained(&f);
	t = loaded(&f);
	assert_int_equal(t->lost, 17);
}

static void stats_without_a_counter_are_refused(void **state)
{
	CLEANUP_BUF struct buf f = BUF_INIT;
	static const char text[] = "commit overrun: 0\ndropped events: 0\n"
				   "read events: 0\n";

	(void)state;
	begin(&f);
	chunk(&f, TRACE_STATS, 0, text, strlen(text));
	refused(&f, "no count of overrun");
}

static void events_after_the_drain_are_a_tail(void **state)
{
	CLEANUP_BUF struct buf f = BUF_INIT;
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	begin(&f);
	drained(&f);
	page_begin(&p, 5);
	page_write(&p, 6, 1);
	add_page(&f, 0, &p);
	t = loaded(&f);
	assert_int_equal(t->n_events, 1);
	assert_int_equal(t->drained, 0);
}

static void an_empty_page_after_the_drain_is_no_tail(void **state)
{
	CLEANUP_BUF struct buf f = BUF_INIT;
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	begin(&f);
	drained(&f);
	page_begin(&p, 5);
	add_page(&f, 0, &p);
	t = loaded(&f);
	assert_int_equal(t->drained, 1);
}

/* Cuts the file at every byte of its last chunk: what was whole is there. */
static void a_cut_off_chunk_is_not_drained(void **state)
{
	CLEANUP_BUF struct buf f = BUF_INIT;
	struct page p;
	size_t whole;

	(void)state;
	begin(&f);
	page_begin(&p, 5);
	page_write(&p, 6, 1);
	add_page(&f, 0, &p);
	drained(&f);
	whole = f.len;
	page_begin(&p, 8);
	page_write(&p, 9, 1);
	add_page(&f, 0, &p);
	for (size_t len = whole + 1; len < f.len; len += 101) {
		CLEANUP_TRACE struct trace *t = NULL;
		struct buf cut = { f.data, len, f.size };

		t = loaded(&cut);
		assert_int_equal(t->n_events, 1);
		assert_int_equal(t->drained, 0);
	}
}

static void a_page_before_its_format_is_refused(void **state)
{
	CLEANUP_BUF struct buf f = BUF_INIT;
	struct page p;

	(void)state;
	page_begin(&p, 5);
	chunk(&f, TRACE_HEADER, 0, test_header, strlen(test_header));
	add_page(&f, 0, &p);
	refused(&f, "before its format");
}

static void what_is_no_chunk_is_refused(void **state)
{
	CLEANUP_BUF struct buf f = BUF_INIT;

	(void)state;
	begin(&f);
	buf_puts(&f, "0123456789abcdef");
	refused(&f, "no chunk begins here");
}

static void a_huge_chunk_is_refused(void **state)
{
	CLEANUP_BUF struct buf f = BUF_INIT;
	struct trace_chunk c = { TRACE_MAGIC, TRACE_PAGE, 0, 0xffffffff, 0 };

	(void)state;
	begin(&f);
	buf_add(&f, &c, sizeof(c));
	refused(&f, "a chunk of 4294967295 bytes");
}

/* A file with a bit of everything, for the two tests below. */
static void sample(struct buf *f)
{
	struct page p;

	begin(f);
	page_begin(&p, 5);
	page_write(&p, 6, 1);
	page_head(&p, 29, 4);
	page_word(&p, 8);
	page_word(&p, 0);
	page_write(&p, 1ULL << 40, 2);
	put(p.bytes + 16 + p.used, 17, 8);
	page_commit(&p, 3u << 30);
	chunk(f, TRACE_PAGE, 1, p.bytes, 16 + p.used + 8);
	stats(f, 1, 1, 2, 3, 4);
	drained(f);
}

static void damaged_traces_do_no_harm(void **state)
{
	CLEANUP_BUF struct buf f = BUF_INIT;
	struct rng r = rng_init(1);
	int accepted = 0, denied = 0;

	(void)state;
	sample(&f);
	for (int i = 0; i < 3000; i++) {
		CLEANUP_BUF struct buf bad = BUF_INIT;
		CLEANUP_TRACE struct trace *t = NULL;

		buf_add(&bad, f.data, f.len);
		for (uint64_t n = rng_below(&r, 4) + 1; n; n--)
			bad.data[rng_below(&r, bad.len)] = (char)rng_next(&r);
		bad.len -= rng_below(&r, 4) ? 0 : rng_below(&r, bad.len);
		if (load(&bad, &t, NULL))
			denied++;
		else
			accepted++;
	}
	assert_true(accepted > 0);
	assert_true(denied > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpus_are_merged_by_time),
		cmocka_unit_test(stats_tell_what_was_lost),
		cmocka_unit_test(a_page_lost_on_its_way_is_noticed),
		cmocka_unit_test(an_overrun_counts_once),
		cmocka_unit_test(stats_without_a_counter_are_refused),
		cmocka_unit_test(events_after_the_drain_are_a_tail),
		cmocka_unit_test(an_empty_page_after_the_drain_is_no_tail),
		cmocka_unit_test(a_cut_off_chunk_is_not_drained),
		cmocka_unit_test(a_page_before_its_format_is_refused),
		cmocka_unit_test(what_is_no_chunk_is_refused),
		cmocka_unit_test(a_huge_chunk_is_refused),
		cmocka_unit_test(damaged_traces_do_no_harm),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

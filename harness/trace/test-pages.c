/* Ring buffer pages and their format, well and ill formed. */
#include "trace/test-encoder.h"

#include "common/rng.h"

static void a_write_has_all_its_fields(void **state)
{
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	page_begin(&p, 1000);
	page_cmd(&p, 1007, &(struct cmd){ 2, NVME_WRITE, 3, 0x123456789abULL,
					  7, 0x4000 });
	t = page_loaded(&p);
	assert_int_equal(t->n_events, 1);
	assert_int_equal(t->events[0].time_ns, 1007);
	assert_int_equal(t->events[0].nsid, 3);
	assert_int_equal(t->events[0].opcode, NVME_WRITE);
	assert_int_equal(t->events[0].slba, 0x123456789abULL);
	assert_int_equal(t->events[0].blocks, 8);
	assert_int_equal(t->events[0].fua, 1);
	assert_int_equal(t->lost, 0);
	assert_int_equal(t->drained, 1);
}

static void only_bit_14_of_control_is_fua(void **state)
{
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	page_begin(&p, 0);
	page_cmd(&p, 1, &(struct cmd){ 1, NVME_WRITE, 1, 0, 0, 0xbfff });
	t = page_loaded(&p);
	assert_int_equal(t->events[0].fua, 0);
}

static void a_write_may_have_65536_blocks(void **state)
{
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	page_begin(&p, 0);
	page_cmd(&p, 1, &(struct cmd){ 1, NVME_WRITE_ZEROES, 1, 9, 0xffff, 0 });
	t = page_loaded(&p);
	assert_int_equal(t->events[0].opcode, NVME_WRITE_ZEROES);
	assert_int_equal(t->events[0].slba, 9);
	assert_int_equal(t->events[0].blocks, 65536);
}

static void flush_and_dsm_have_no_range(void **state)
{
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	page_begin(&p, 0);
	page_cmd(&p, 1, &(struct cmd){ 1, NVME_FLUSH, 1, 5, 5, 0x4000 });
	page_cmd(&p, 2, &(struct cmd){ 1, NVME_DSM, 1, 0x400000003ULL, 0, 0 });
	t = page_loaded(&p);
	assert_int_equal(t->n_events, 2);
	assert_int_equal(t->events[0].blocks, 0);
	assert_int_equal(t->events[0].slba, 0);
	assert_int_equal(t->events[0].fua, 0);
	assert_int_equal(t->events[1].opcode, NVME_DSM);
	assert_int_equal(t->events[1].blocks, 0);
	assert_int_equal(t->events[1].ranges, 4);
}

static void admin_commands_and_reads_are_left_out(void **state)
{
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	page_begin(&p, 0);
	page_cmd(&p, 1, &(struct cmd){ 0, NVME_WRITE, 0, 1, 0, 0 });
	page_cmd(&p, 2, &(struct cmd){ 1, 0x02, 1, 1, 0, 0 });
	page_write(&p, 3, 42);
	t = page_loaded(&p);
	assert_int_equal(t->n_events, 1);
	assert_int_equal(t->events[0].slba, 42);
}

static void other_events_are_left_out(void **state)
{
	CLEANUP_TRACE struct trace *t = NULL;
	unsigned char other[RECORD] = { 7, 0 };
	struct page p;

	(void)state;
	page_begin(&p, 0);
	page_record(&p, 1, other, RECORD);
	page_record(&p, 2, other, 4);
	page_write(&p, 3, 42);
	t = page_loaded(&p);
	assert_int_equal(t->n_events, 1);
	assert_int_equal(t->events[0].slba, 42);
}

static void equal_times_keep_the_order_of_their_cpu(void **state)
{
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	page_begin(&p, 100);
	for (uint64_t i = 0; i < 30; i++)
		page_write(&p, 100, i);
	t = page_loaded(&p);
	assert_int_equal(t->n_events, 30);
	for (size_t i = 0; i < 30; i++)
		assert_int_equal(t->events[i].slba, i);
}

static void a_time_extend_moves_the_clock(void **state)
{
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	page_begin(&p, 5);
	page_write(&p, 6, 1);
	page_write(&p, 6 + 3000000000ULL, 2);
	page_write(&p, 7 + 3000000000ULL, 3);
	t = page_loaded(&p);
	assert_int_equal(t->n_events, 3);
	assert_int_equal(t->events[1].time_ns, 3000000006ULL);
	assert_int_equal(t->events[2].time_ns, 3000000007ULL);
}

static void an_absolute_time_sets_the_clock(void **state)
{
	CLEANUP_TRACE struct trace *t = NULL;
	uint64_t when = 77777777777ULL;
	struct page p;

	(void)state;
	page_begin(&p, 5);
	page_write(&p, 6, 1);
	page_head(&p, 31, when);
	page_word(&p, (uint32_t)(when >> 27));
	p.now = when;
	page_write(&p, when + 2, 2);
	t = page_loaded(&p);
	assert_int_equal(t->n_events, 2);
	assert_int_equal(t->events[1].time_ns, when + 2);
}

static void padding_between_records_is_skipped(void **state)
{
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	page_begin(&p, 5);
	page_write(&p, 6, 1);
	page_head(&p, 29, 4);
	page_word(&p, 12); /* itself and two words */
	page_word(&p, 0xffffffff);
	page_word(&p, 0xffffffff);
	p.now += 4;
	page_write(&p, 20, 2);
	t = page_loaded(&p);
	assert_int_equal(t->n_events, 2);
	assert_int_equal(t->events[1].slba, 2);
	assert_int_equal(t->events[1].time_ns, 20);
}

static void padding_without_length_ends_the_page(void **state)
{
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	page_begin(&p, 5);
	page_write(&p, 6, 1);
	page_head(&p, 29, 0);
	page_word(&p, 0xffffffff); /* no length: filling */
	t = page_loaded(&p);
	assert_int_equal(t->n_events, 1);
}

static void a_long_record_has_its_length_before_it(void **state)
{
	CLEANUP_TRACE struct trace *t = NULL;
	unsigned char long_one[200] = { 7, 0 };
	struct page p;

	(void)state;
	page_begin(&p, 5);
	page_head(&p, 0, 0);
	page_word(&p, 4 + sizeof(long_one));
	memcpy(p.bytes + 16 + p.used, long_one, sizeof(long_one));
	p.used += sizeof(long_one);
	page_write(&p, 6, 8);
	t = page_loaded(&p);
	assert_int_equal(t->n_events, 1);
	assert_int_equal(t->events[0].slba, 8);
}

static void an_empty_page_has_no_events(void **state)
{
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	page_begin(&p, 5);
	t = page_loaded(&p);
	assert_int_equal(t->n_events, 0);
	assert_int_equal(t->lost, 0);
}

static void a_page_tells_that_events_were_lost(void **state)
{
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	page_begin(&p, 5);
	page_write(&p, 6, 1);
	page_commit(&p, 1u << 31);
	t = page_loaded(&p);
	assert_int_equal(t->n_events, 1);
	assert_int_equal(t->lost, 1);
}

static void a_page_tells_how_many_were_lost(void **state)
{
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	page_begin(&p, 5);
	page_write(&p, 6, 1);
	put(p.bytes + 16 + p.used, 17, 8);
	page_commit(&p, 3u << 30);
	t = page_loaded(&p);
	assert_int_equal(t->lost, 17);
}

static void a_lost_count_of_zero_is_still_a_loss(void **state)
{
	CLEANUP_TRACE struct trace *t = NULL;
	struct page p;

	(void)state;
	page_begin(&p, 5);
	put(p.bytes + 16, 1ULL << 32, 8);
	page_commit(&p, 3u << 30);
	t = page_loaded(&p);
	assert_int_not_equal(t->lost, 0);
}

static void a_short_page_is_refused(void **state)
{
	CLEANUP_BUF struct buf f = BUF_INIT;

	(void)state;
	begin(&f);
	chunk(&f, TRACE_PAGE, 0, "12345678", 8);
	refused(&f, "a page of 8 bytes");
}

static void a_commit_beyond_the_page_is_refused(void **state)
{
	struct page p;

	(void)state;
	page_begin(&p, 5);
	put(p.bytes + 8, PAGE - 16 + 4, 8);
	page_refused(&p, "commit field");
}

static void a_lost_count_beyond_the_page_is_refused(void **state)
{
	struct page p;

	(void)state;
	page_begin(&p, 5);
	while (p.used + 4 + RECORD <= PAGE - 16)
		page_write(&p, p.now, 1);
	while (p.used < PAGE - 16)
		page_word(&p, 29 | 1 << 5);
	page_commit(&p, 3u << 30);
	page_refused(&p, "no room for the count");
}

static void an_event_beyond_the_commit_is_refused(void **state)
{
	struct page p;

	(void)state;
	page_begin(&p, 5);
	page_write(&p, 6, 1);
	p.used -= 4;
	page_commit(&p, 0);
	page_refused(&p, "does not fit in its page");
}

static void a_long_record_without_end_is_refused(void **state)
{
	struct page p;

	(void)state;
	page_begin(&p, 5);
	page_head(&p, 0, 1);
	page_word(&p, 0xfffffffc);
	page_refused(&p, "does not fit in its page");
}

static void a_short_setup_cmd_is_refused(void **state)
{
	unsigned char r[RECORD];
	struct page p;

	(void)state;
	make_record(r, &(struct cmd){ 1, NVME_WRITE, 1, 0, 0, 0 });
	page_begin(&p, 5);
	page_record(&p, 6, r, RECORD - 4);
	page_refused(&p, "nvme_setup_cmd of 84 bytes");
}

static void a_clock_that_runs_backwards_is_refused(void **state)
{
	CLEANUP_BUF struct buf f = BUF_INIT;
	struct page p;

	(void)state;
	begin(&f);
	page_begin(&p, 50);
	page_write(&p, 60, 1);
	add_page(&f, 0, &p);
	page_begin(&p, 40);
	page_write(&p, 59, 1);
	add_page(&f, 0, &p);
	refused(&f, "clock went back");
}

static void a_format_refused(const char *format, const char *why)
{
	CLEANUP_BUF struct buf f = BUF_INIT;

	chunk(&f, TRACE_HEADER, 0, test_header, strlen(test_header));
	chunk(&f, TRACE_FORMAT, 0, format, strlen(format));
	refused(&f, why);
}

/* The format with `from` replaced. */
static char *format_with(const char *from, const char *to)
{
	const char *at = strstr(test_format, from);

	assert_non_null(at);
	return xasprintf("%.*s%s%s", (int)(at - test_format), test_format, to,
			 at + strlen(from));
}

static void a_format_without_a_field_is_refused(void **state)
{
	CLEANUP_FREE char *text = format_with("cdw10[24]", "cdw12[24]");

	(void)state;
	a_format_refused(text, "no field cdw10 of 24 bytes");
}

static void a_field_of_another_size_is_refused(void **state)
{
	CLEANUP_FREE char *text = format_with("offset:61;\tsize:24",
					      "offset:61;\tsize:20");

	(void)state;
	a_format_refused(text, "no field cdw10 of 24 bytes");
}

static void a_format_line_of_another_shape_is_refused(void **state)
{
	CLEANUP_FREE char *text = format_with("offset:61;", "offset:-61;");

	(void)state;
	a_format_refused(text, "no field line");
	a_format_refused("name: nvme_sq\n", "not that of nvme_setup_cmd");
}

static void fields_are_found_where_the_format_says(void **state)
{
	CLEANUP_FREE char *text = format_with("offset:56;", "offset:40;");
	CLEANUP_BUF struct buf f = BUF_INIT;
	CLEANUP_TRACE struct trace *t = NULL;
	unsigned char r[RECORD];
	struct page p;

	(void)state;
	make_record(r, &(struct cmd){ 1, NVME_WRITE, 1, 0, 0, 0 });
	put(r + 40, 0x11223344, 4);
	page_begin(&p, 1);
	page_record(&p, 2, r, RECORD);
	chunk(&f, TRACE_HEADER, 0, test_header, strlen(test_header));
	chunk(&f, TRACE_FORMAT, 0, text, strlen(text));
	add_page(&f, 0, &p);
	t = loaded(&f);
	assert_int_equal(t->events[0].nsid, 0x11223344);
}

static void pages_of_a_32_bit_kernel_are_refused(void **state)
{
	CLEANUP_BUF struct buf f = BUF_INIT;
	static const char header[] =
		"\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
		"\tfield: local_t commit;\toffset:8;\tsize:4;\tsigned:1;\n"
		"\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
		"\tfield: char data;\toffset:12;\tsize:4084;\tsigned:1;\n";

	(void)state;
	chunk(&f, TRACE_HEADER, 0, header, strlen(header));
	refused(&f, "not of a 64-bit kernel");
}

static void garbage_in_a_page_does_no_harm(void **state)
{
	struct rng r = rng_init(2);
	int accepted = 0, denied = 0;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		CLEANUP_BUF struct buf f = BUF_INIT;
		CLEANUP_TRACE struct trace *t = NULL;
		struct page p;

		begin(&f);
		page_begin(&p, rng_next(&r));
		for (uint64_t n = rng_below(&r, 20); n; n--)
			page_word(&p, (uint32_t)rng_next(&r) &
					      (rng_below(&r, 2) ? 0xff : ~0u));
		page_commit(&p, (rng_next(&r) & 3) << 30);
		chunk(&f, TRACE_PAGE, 0, p.bytes,
		      16 + p.used + rng_below(&r, 4) * 4);
		if (load(&f, &t, NULL))
			denied++;
		else
			accepted++;
	}
	assert_true(accepted > 0);
	assert_true(denied > 0);
}

/* Two pages as they came out of a guest's trace_pipe_raw. */
static void pages_of_a_real_guest_are_read(void **state)
{
	static const uint32_t padded[] = {
		0x0aff9526, 0x00000001, 0x000000d8, 0x00000000, /* header */
		0x128b7f76, 0x000004ec, 0x00000069, 0x656d766e, 0x00316e30,
		0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000,
		0x00000000, 0x00000000, 0x00000002, 0x00010001, 0x00000192,
		0x00000001, 0x0180c200, 0x00000000, 0x00000100, 0x00000000,
		0x00000000, 0x00000000, 0x00000000,
		0x00115536, 0x000004ec, 0x00000069, 0x656d766e, 0x00316e30,
		0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000,
		0x00000000, 0x00000000, 0x00000002, 0x00010001, 0x00000191,
		0x00000001, 0x0180c000, 0x00000000, 0x00000100, 0x00000000,
		0x00000000, 0x00000000, 0x00000000,
		0x0000003d, 0x0000001c, 0x00000000, 0x00000000, 0x00000000,
		0x00000000, 0x00000000, 0x00000000, /* padding */
	};
	static const uint32_t fua[] = {
		0x0a6bf574, 0x00000001, 0x0000005c, 0x00000000, /* header */
		0x013b9296, 0x000004ec, 0x00000067, 0x656d766e, 0x00316e30,
		0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000,
		0x00000000, 0x00000000, 0x00000001, 0x00010001, 0x000063c6,
		0x00000001, 0x0180b200, 0x00000000, 0x00000100, 0x00000040,
		0x00000000, 0x00000000, 0x00000000,
	};
	CLEANUP_BUF struct buf f = BUF_INIT;
	CLEANUP_TRACE struct trace *t = NULL;

	(void)state;
	begin(&f);
	chunk(&f, TRACE_PAGE, 1, padded, sizeof(padded));
	chunk(&f, TRACE_PAGE, 0, fua, sizeof(fua));
	t = loaded(&f);
	assert_int_equal(t->n_events, 3);
	assert_int_equal(t->events[0].slba, 0x180b2);
	assert_int_equal(t->events[0].blocks, 2);
	assert_int_equal(t->events[0].fua, 1);
	assert_int_equal(t->events[1].slba, 0x180c2);
	assert_int_equal(t->events[1].fua, 0);
	assert_int_equal(t->events[1].time_ns, 0x10aff9526 + 0x945bfb);
	assert_int_equal(t->events[2].slba, 0x180c0);
	assert_int_equal(t->events[2].time_ns, 0x10aff9526 + 0x945bfb + 0x8aa9);
	assert_int_equal(t->events[2].nsid, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_has_all_its_fields),
		cmocka_unit_test(only_bit_14_of_control_is_fua),
		cmocka_unit_test(a_write_may_have_65536_blocks),
		cmocka_unit_test(flush_and_dsm_have_no_range),
		cmocka_unit_test(admin_commands_and_reads_are_left_out),
		cmocka_unit_test(other_events_are_left_out),
		cmocka_unit_test(equal_times_keep_the_order_of_their_cpu),
		cmocka_unit_test(a_time_extend_moves_the_clock),
		cmocka_unit_test(an_absolute_time_sets_the_clock),
		cmocka_unit_test(padding_between_records_is_skipped),
		cmocka_unit_test(padding_without_length_ends_the_page),
		cmocka_unit_test(a_long_record_has_its_length_before_it),
		cmocka_unit_test(an_empty_page_has_no_events),
		cmocka_unit_test(a_page_tells_that_events_were_lost),
		cmocka_unit_test(a_page_tells_how_many_were_lost),
		cmocka_unit_test(a_lost_count_of_zero_is_still_a_loss),
		cmocka_unit_test(a_short_page_is_refused),
		cmocka_unit_test(a_commit_beyond_the_page_is_refused),
		cmocka_unit_test(a_lost_count_beyond_the_page_is_refused),
		cmocka_unit_test(an_event_beyond_the_commit_is_refused),
		cmocka_unit_test(a_long_record_without_end_is_refused),
		cmocka_unit_test(a_short_setup_cmd_is_refused),
		cmocka_unit_test(a_clock_that_runs_backwards_is_refused),
		cmocka_unit_test(a_format_without_a_field_is_refused),
		cmocka_unit_test(a_field_of_another_size_is_refused),
		cmocka_unit_test(a_format_line_of_another_shape_is_refused),
		cmocka_unit_test(fields_are_found_where_the_format_says),
		cmocka_unit_test(pages_of_a_32_bit_kernel_are_refused),
		cmocka_unit_test(garbage_in_a_page_does_no_harm),
		cmocka_unit_test(pages_of_a_real_guest_are_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

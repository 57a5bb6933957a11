/* Traces built by a small encoder of ring buffer pages, well and ill formed. */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/rng.h"
#include "trace/test-format.h"
#include "trace/trace.h"

#define PAGE 4096
#define CLEANUP_TRACE __attribute__((cleanup(trace_release)))

static void trace_release(struct trace **t)
{
	trace_free(*t);
}

/* A page under construction: data grows behind the 16 bytes of header. */
struct page {
	unsigned char bytes[PAGE];
	size_t used;
	uint64_t now;
};

static void put(void *at, uint64_t value, size_t size)
{
	value = htole64(value);
	memcpy(at, &value, size);
}

static void page_commit(struct page *p, uint64_t flags)
{
	put(p->bytes + 8, p->used | flags, 8);
}

static void page_begin(struct page *p, uint64_t now)
{
	memset(p, 0, sizeof(*p));
	put(p->bytes, now, 8);
	p->now = now;
}

static void page_word(struct page *p, uint32_t word)
{
	put(p->bytes + 16 + p->used, word, 4);
	p->used += 4;
	page_commit(p, 0);
}

static void page_head(struct page *p, uint32_t type, uint64_t delta)
{
	page_word(p, type | (uint32_t)(delta & 0x7ffffff) << 5);
}

/* As the kernel does: a time extend where 27 bits do not suffice. */
static void page_record(struct page *p, uint64_t now, const void *record,
			size_t len)
{
	uint64_t delta = now - p->now;

	if (delta >> 27) {
		page_head(p, 30, delta);
		page_word(p, (uint32_t)(delta >> 27));
		delta = 0;
	}
	page_head(p, (uint32_t)(len / 4), delta);
	memcpy(p->bytes + 16 + p->used, record, len);
	p->used += len;
	page_commit(p, 0);
	p->now = now;
}

struct cmd {
	int qid;
	uint8_t opcode;
	uint32_t nsid;
	uint64_t slba;
	uint16_t length, control;
};

#define RECORD 88
static void make_record(unsigned char *r, const struct cmd *c)
{
	memset(r, 0, RECORD);
	put(r, TEST_EVENT_ID, 2);
	strcpy((char *)r + 8, "nvme0n1");
	put(r + 44, (uint64_t)c->qid, 4);
	r[48] = c->opcode;
	put(r + 56, c->nsid, 4);
	put(r + 61, c->slba, 8);
	put(r + 69, c->length, 2);
	put(r + 71, c->control, 2);
}

static void page_cmd(struct page *p, uint64_t now, const struct cmd *c)
{
	unsigned char r[RECORD];

	make_record(r, c);
	page_record(p, now, r, sizeof(r));
}

/* A write of one block on namespace 1. */
static void page_write(struct page *p, uint64_t now, uint64_t slba)
{
	page_cmd(p, now, &(struct cmd){ 1, NVME_WRITE, 1, slba, 0, 0 });
}

static void chunk(struct buf *f, unsigned kind, unsigned cpu,
		  const void *data, size_t len)
{
	struct trace_chunk c = {
		.magic = htole32(TRACE_MAGIC),
		.kind = htole16((uint16_t)kind),
		.cpu = htole16((uint16_t)cpu),
		.length = htole32((uint32_t)len),
	};

	buf_add(f, &c, sizeof(c));
	buf_add(f, data, len);
}

static void add_page(struct buf *f, unsigned cpu, const struct page *p)
{
	chunk(f, TRACE_PAGE, cpu, p->bytes, PAGE);
}

static void begin(struct buf *f)
{
	chunk(f, TRACE_HEADER, 0, test_header, strlen(test_header));
	chunk(f, TRACE_FORMAT, 0, test_format, strlen(test_format));
}

static void drained(struct buf *f)
{
	chunk(f, TRACE_DRAINED, 0, "", 0);
}

static void stats(struct buf *f, unsigned cpu, unsigned overrun,
		  unsigned commit_overrun, unsigned dropped, unsigned read)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_printf(&b, "entries: 0\noverrun: %u\ncommit overrun: %u\n"
		   "bytes: 100\noldest event ts: 12.000001\n"
		   "now ts: 13.500000\ndropped events: %u\nread events: %u\n",
		   overrun, commit_overrun, dropped, read);
	chunk(f, TRACE_STATS, cpu, b.data, b.len);
}

static int load(const struct buf *f, struct trace **ret, struct error *e)
{
	CLEANUP_FCLOSE FILE *in = fmemopen(f->data, f->len, "r");

	assert_non_null(in);
	return trace_read(in, "test", ret, e);
}

/* The trace must load. */
static struct trace *loaded(const struct buf *f)
{
	struct trace *t = NULL;
	struct error e = { "", "" };

	if (load(f, &t, &e))
		print_error("%s\n", e.message);
	assert_non_null(t);
	return t;
}

static void refused(const struct buf *f, const char *why)
{
	struct trace *t = NULL;
	struct error e = { "", "" };

	assert_int_equal(load(f, &t, &e), -EBADMSG);
	assert_null(t);
	if (!strstr(e.message, why))
		print_error("got: %s\n", e.message);
	assert_non_null(strstr(e.message, why));
}

static void page_refused(const struct page *p, const char *why)
{
	CLEANUP_BUF struct buf f = BUF_INIT;

	begin(&f);
	add_page(&f, 0, p);
	refused(&f, why);
}

/* One page of CPU 0, drained. */
static struct trace *page_loaded(const struct page *p)
{
	CLEANUP_BUF struct buf f = BUF_INIT;

	begin(&f);
	add_page(&f, 0, p);
	drained(&f);
	return loaded(&f);
}

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
	page_refused(&p, "an nvme_setup_cmd of 84 bytes");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_has_all_its_fields),
		cmocka_unit_test(only_bit_14_of_control_is_fua),
		cmocka_unit_test(a_write_may_have_65536_blocks),
		cmocka_unit_test(flush_and_dsm_have_no_range),
		cmocka_unit_test(admin_commands_and_reads_are_left_out),
		cmocka_unit_test(other_events_are_left_out),
		cmocka_unit_test(cpus_are_merged_by_time),
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
		cmocka_unit_test(stats_tell_what_was_lost),
		cmocka_unit_test(a_page_lost_on_its_way_is_noticed),
		cmocka_unit_test(an_overrun_counts_once),
		cmocka_unit_test(stats_without_a_counter_are_refused),
		cmocka_unit_test(events_after_the_drain_are_a_tail),
		cmocka_unit_test(an_empty_page_after_the_drain_is_no_tail),
		cmocka_unit_test(a_cut_off_chunk_is_not_drained),
		cmocka_unit_test(a_page_before_its_format_is_refused),
		cmocka_unit_test(a_short_page_is_refused),
		cmocka_unit_test(a_commit_beyond_the_page_is_refused),
		cmocka_unit_test(a_lost_count_beyond_the_page_is_refused),
		cmocka_unit_test(an_event_beyond_the_commit_is_refused),
		cmocka_unit_test(a_long_record_without_end_is_refused),
		cmocka_unit_test(a_short_setup_cmd_is_refused),
		cmocka_unit_test(a_clock_that_runs_backwards_is_refused),
		cmocka_unit_test(what_is_no_chunk_is_refused),
		cmocka_unit_test(a_huge_chunk_is_refused),
		cmocka_unit_test(a_format_without_a_field_is_refused),
		cmocka_unit_test(a_field_of_another_size_is_refused),
		cmocka_unit_test(a_format_line_of_another_shape_is_refused),
		cmocka_unit_test(fields_are_found_where_the_format_says),
		cmocka_unit_test(pages_of_a_32_bit_kernel_are_refused),
		cmocka_unit_test(damaged_traces_do_no_harm),
		cmocka_unit_test(garbage_in_a_page_does_no_harm),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

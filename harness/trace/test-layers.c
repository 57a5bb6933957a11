/* Page cache, journal and block layer, out of pages of many kinds of events. */
#include "trace/test-encoder.h"

#include "trace/layers.h"
#include "trace/test-layer-formats.h"

#define CLEANUP_LAYERS __attribute__((cleanup(layers_release)))
#define DEVICE 0x10300000u
#define TID 77

static void layers_release(struct layers **l)
{
	layers_free(*l);
}

/* ---- trace files ---- */

static void chunk_of(struct buf *f, unsigned stream, unsigned kind,
		     unsigned cpu, const void *data, size_t len)
{
	struct trace_chunk c = {
		.magic = htole32(TRACE_MAGIC),
		.kind = htole16((uint16_t)kind),
		.cpu = htole16((uint16_t)cpu),
		.length = htole32((uint32_t)len),
		.stream = htole32(stream),
	};

	buf_add(f, &c, sizeof(c));
	buf_add(f, data, len);
}

static void layer_chunk(struct buf *f, unsigned kind, unsigned cpu,
			const void *data, size_t len)
{
	chunk_of(f, TRACE_LAYERS, kind, cpu, data, len);
}

static void layers_begin(struct buf *f)
{
	layer_chunk(f, TRACE_HEADER, 0, test_header, strlen(test_header));
	for (size_t i = 0; i < N_LAYER_FORMATS; i++)
		layer_chunk(f, TRACE_FORMAT, 0, layer_formats[i], strlen(layer_formats[i]));
}

static int load_layers(const struct buf *f, struct layers **ret,
		       struct error *e)
{
	CLEANUP_FCLOSE FILE *in = fmemopen(f->data, f->len, "r");

	assert_non_null(in);
	return layers_read(in, "test", ret, e);
}

static struct layers *layers_of(const struct buf *f)
{
	struct layers *l = NULL;
	struct error e = { "", "" };

	if (load_layers(f, &l, &e))
		print_error("%s\n", e.message);
	assert_non_null(l);
	return l;
}

static void layers_refused(const struct buf *f, const char *why)
{
	struct layers *l = NULL;
	struct error e = { "", "" };

	assert_int_equal(load_layers(f, &l, &e), -EBADMSG);
	assert_null(l);
	assert_non_null(strstr(e.message, why));
}

/* Of one page of CPU 0, drained. */
static struct layers *layers_of_page(const struct page *p)
{
	CLEANUP_BUF struct buf f = BUF_INIT;

	layers_begin(&f);
	layer_chunk(&f, TRACE_PAGE, 0, p->bytes, PAGE);
	layer_chunk(&f, TRACE_DRAINED, 0, "", 0);
	return layers_of(&f);
}

#define LAYER_RECORD 64
static void record_begin(unsigned char r[LAYER_RECORD], unsigned id)
{
	memset(r, 0, LAYER_RECORD);
	put(r, id, 2);
	put(r + 4, TID, 4);
}

/* A record with one number of `size` bytes at `offset`. */
static void page_number(struct page *p, uint64_t now, unsigned id,
			size_t offset, uint64_t value, size_t size)
{
	unsigned char r[LAYER_RECORD];

	record_begin(r, id);
	put(r + offset, value, size);
	page_record(p, now, r, sizeof(r));
}

static void page_dirty(struct page *p, uint64_t now, uint64_t inode,
		       uint64_t index)
{
	unsigned char r[LAYER_RECORD];

	record_begin(r, DIRTY);
	put(r + 40, inode, 8);
	put(r + 48, index, 8);
	page_record(p, now, r, sizeof(r));
}

static void page_block(struct page *p, uint64_t now, unsigned id,
		       const char *rwbs, uint64_t sector, uint32_t sectors)
{
	size_t at = id == QUEUE || id == MERGE ? 28 : 34;
	unsigned char r[LAYER_RECORD];

	record_begin(r, id);
	put(r + 8, DEVICE, 4);
	put(r + 16, sector, 8);
	put(r + 24, sectors, 4);
	memcpy(r + at, rwbs, strlen(rwbs));
	page_record(p, now, r, sizeof(r));
}

/* ---- what is told ---- */

static void a_dirty_page_has_its_file_and_place(void **state)
{
	CLEANUP_LAYERS struct layers *l = NULL;
	struct page p;

	(void)state;
	page_begin(&p, 5);
	page_dirty(&p, 7, 12, 3);
	l = layers_of_page(&p);
	assert_int_equal(l->n, 1);
	assert_int_equal(l->events[0].time_ns, 7);
	assert_int_equal(l->events[0].kind, LAYER_DIRTY);
	assert_int_equal(l->events[0].tid, TID);
	assert_int_equal(l->events[0].cpu, 0);
	assert_int_equal(l->events[0].inode, 12);
	assert_int_equal(l->events[0].offset, 3 * 4096);
	assert_int_equal(l->events[0].length, 4096);
	assert_int_equal(l->events[0].disk, 0);
	assert_int_equal(l->traced, 1);
	assert_int_equal(l->drained, 1);
	assert_int_equal(l->lost, 0);
}

static void pages_of_the_disk_are_told_apart(void **state)
{
	CLEANUP_LAYERS struct layers *l = NULL;
	struct page p;

	(void)state;
	page_begin(&p, 0);
	page_dirty(&p, 1, DEVICE, 9);
	page_dirty(&p, 2, DEVICE + 1, 9);
	page_number(&p, 3, WRITEBACK, 40, DEVICE, 8);
	page_block(&p, 4, ISSUE, "WS", 72, 8);
	l = layers_of_page(&p);
	assert_int_equal(l->device, DEVICE);
	assert_int_equal(l->events[0].disk, 1);
	assert_int_equal(l->events[0].inode, 0);
	assert_int_equal(l->events[0].offset, 9 * 4096);
	assert_int_equal(l->events[1].disk, 0);
	assert_int_equal(l->events[1].inode, DEVICE + 1);
	assert_int_equal(l->events[2].disk, 1);
}

static void is_number(unsigned id, size_t offset, size_t size,
		      enum layer_kind kind, uint64_t transaction,
		      uint64_t inode)
{
	CLEANUP_LAYERS struct layers *l = NULL;
	struct page p;

	page_begin(&p, 0);
	page_number(&p, 9, id, offset, transaction + inode, size);
	l = layers_of_page(&p);
	assert_int_equal(l->n, 1);
	assert_int_equal(l->events[0].kind, kind);
	assert_int_equal(l->events[0].tid, TID);
	assert_int_equal(l->events[0].transaction, transaction);
	assert_int_equal(l->events[0].inode, inode);
	assert_int_equal(l->events[0].length, 0);
}

static void a_journal_has_its_transactions(void **state)
{
	(void)state;
	is_number(JOIN, 12, 4, LAYER_JOIN, 71, 0);
	is_number(COMMIT, 16, 4, LAYER_COMMIT, 72, 0);
	is_number(LOGGING, 16, 4, LAYER_LOGGING, 73, 0);
	is_number(COMMITTED, 16, 4, LAYER_COMMITTED, 0xfffffff0, 0);
	is_number(LOG_FORCE, 16, 8, LAYER_COMMIT, 0x100000002, 0);
	is_number(LOG_WRITE, 32, 8, LAYER_LOGGING, 0x100000003, 0);
	is_number(BTRFS_COMMIT, 24, 8, LAYER_COMMITTED, 8, 0);
	is_number(CHECKPOINT, 8, 4, LAYER_CHECKPOINT, 0, 0);
}

static void fsync_has_its_file(void **state)
{
	(void)state;
	is_number(FSYNC, 16, 8, LAYER_FSYNC, 0, 13);
	is_number(FSYNC_END, 16, 8, LAYER_FSYNC_END, 0, 13);
	is_number(WRITEBACK, 40, 8, LAYER_WRITEBACK, 0, 14);
}

/* The flags that are set, as letters: w f u (fua) d s. */
static void is_block(unsigned id, const char *rwbs, uint32_t sectors,
		     enum layer_kind kind, const char *flags)
{
	CLEANUP_LAYERS struct layers *l = NULL;
	const struct layer_event *e;
	struct page p;

	page_begin(&p, 0);
	page_block(&p, 1, id, rwbs, 16, sectors);
	l = layers_of_page(&p);
	if (!flags) {
		assert_int_equal(l->n, 0);
		return;
	}
	assert_int_equal(l->n, 1);
	e = &l->events[0];
	assert_int_equal(e->kind, kind);
	assert_int_equal(e->offset, sectors ? 8192 : 0);
	assert_int_equal(e->length, sectors * 512ULL);
	assert_int_equal(e->write, strchr(flags, 'w') != NULL);
	assert_int_equal(e->flush, strchr(flags, 'f') != NULL);
	assert_int_equal(e->fua, strchr(flags, 'u') != NULL);
	assert_int_equal(e->discard, strchr(flags, 'd') != NULL);
	assert_int_equal(e->sync, strchr(flags, 's') != NULL);
}

static void each_step_of_the_block_layer_is_told(void **state)
{
	(void)state;
	is_block(QUEUE, "W", 8, LAYER_QUEUE, "w");
	is_block(MERGE, "W", 8, LAYER_MERGE, "w");
	is_block(INSERT, "W", 8, LAYER_INSERT, "w");
	is_block(ISSUE, "W", 8, LAYER_ISSUE, "w");
	is_block(COMPLETE, "W", 8, LAYER_COMPLETE, "w");
}

static void flags_are_those_of_rwbs(void **state)
{
	(void)state;
	is_block(QUEUE, "WS", 8, LAYER_QUEUE, "ws");
	is_block(QUEUE, "WFS", 8, LAYER_QUEUE, "wus");
	is_block(QUEUE, "FWFSM", 8, LAYER_QUEUE, "wfus");
	is_block(QUEUE, "FW", 8, LAYER_QUEUE, "wf");
	is_block(QUEUE, "D", 8, LAYER_QUEUE, "wd");
	is_block(QUEUE, "DS", 8, LAYER_QUEUE, "wds");
	is_block(QUEUE, "N", 8, LAYER_QUEUE, "w");
	is_block(QUEUE, "WAAAAAAS", 8, LAYER_QUEUE, "ws"); /* no NUL */
}

static void a_flush_alone_writes_nothing(void **state)
{
	(void)state;
	is_block(ISSUE, "FF", 0, LAYER_ISSUE, "f");
	is_block(ISSUE, "F", 0, LAYER_ISSUE, "f");
	is_block(QUEUE, "FWS", 0, LAYER_QUEUE, "fs");
}

static void what_does_not_write_is_left_out(void **state)
{
	(void)state;
	is_block(ISSUE, "R", 8, LAYER_ISSUE, NULL);
	is_block(ISSUE, "RA", 8, LAYER_ISSUE, NULL);
	is_block(ISSUE, "N", 0, LAYER_ISSUE, NULL);
	is_block(COMPLETE, "WFS", 0, LAYER_COMPLETE, NULL);
	is_block(ISSUE, "", 8, LAYER_ISSUE, NULL);
}

/* ---- the file ---- */

static void cpus_are_merged_by_time(void **state)
{
	CLEANUP_LAYERS struct layers *l = NULL;
	CLEANUP_BUF struct buf f = BUF_INIT;
	struct page a, b;

	(void)state;
	page_begin(&a, 10);
	page_dirty(&a, 10, 1, 0);
	page_block(&a, 30, ISSUE, "W", 0, 8);
	page_begin(&b, 20);
	page_number(&b, 20, COMMIT, 16, 5, 4);
	layers_begin(&f);
	layer_chunk(&f, TRACE_PAGE, 1, a.bytes, PAGE);
	layer_chunk(&f, TRACE_PAGE, 0, b.bytes, PAGE);
	l = layers_of(&f);
	assert_int_equal(l->n, 3);
	assert_int_equal(l->events[0].kind, LAYER_DIRTY);
	assert_int_equal(l->events[0].cpu, 1);
	assert_int_equal(l->events[1].kind, LAYER_COMMIT);
	assert_int_equal(l->events[1].cpu, 0);
	assert_int_equal(l->events[2].kind, LAYER_ISSUE);
	assert_int_equal(l->drained, 0);
}

static void either_stream_passes_over_the_other(void **state)
{
	CLEANUP_LAYERS struct layers *l = NULL;
	CLEANUP_TRACE struct trace *t = NULL;
	CLEANUP_BUF struct buf f = BUF_INIT;
	struct page commands, layers;

	(void)state;
	page_begin(&commands, 1);
	page_write(&commands, 2, 42);
	page_begin(&layers, 1);
	page_dirty(&layers, 3, 12, 0);
	begin(&f);
	layers_begin(&f);
	layer_chunk(&f, TRACE_PAGE, 0, layers.bytes, PAGE);
	add_page(&f, 0, &commands);
	drained(&f);
	chunk_of(&f, TRACE_CALLS, 99, 0, "anything", 8);
	layer_chunk(&f, TRACE_PAGE, 0, layers.bytes, PAGE);
	t = loaded(&f);
	assert_int_equal(t->n_events, 1);
	assert_int_equal(t->drained, 1);
	assert_int_equal(t->lost, 0);
	l = layers_of(&f);
	assert_int_equal(l->n, 2);
	assert_int_equal(l->drained, 0);
}

static void what_the_layers_lost_voids_no_commands(void **state)
{
	CLEANUP_LAYERS struct layers *l = NULL;
	CLEANUP_TRACE struct trace *t = NULL;
	CLEANUP_BUF struct buf f = BUF_INIT;
	static const char lost[] =
		"overrun: 3\ncommit overrun: 0\ndropped events: 4\n"
		"read events: 0\n";

	(void)state;
	begin(&f);
	drained(&f);
	layers_begin(&f);
	layer_chunk(&f, TRACE_STATS, 0, lost, strlen(lost));
	t = loaded(&f);
	assert_int_equal(t->lost, 0);
	assert_int_equal(t->drained, 1);
	l = layers_of(&f);
	assert_int_equal(l->lost, 7);
}

static void without_layers_none_are_told(void **state)
{
	CLEANUP_LAYERS struct layers *l = NULL;
	CLEANUP_BUF struct buf f = BUF_INIT;

	(void)state;
	begin(&f);
	drained(&f);
	l = layers_of(&f);
	assert_int_equal(l->n, 0);
	assert_int_equal(l->traced, 0);
	assert_int_equal(l->journal, 0);
	assert_int_equal(l->drained, 0);
	assert_int_equal(l->kinds, 0);
}

static void kinds_are_those_that_were_announced(void **state)
{
	CLEANUP_LAYERS struct layers *l = NULL;
	CLEANUP_BUF struct buf f = BUF_INIT;

	(void)state;
	layer_chunk(&f, TRACE_HEADER, 0, test_header, strlen(test_header));
	layer_chunk(&f, TRACE_FORMAT, 0, layer_formats[0], strlen(layer_formats[0]));
	layer_chunk(&f, TRACE_FORMAT, 0, layer_formats[9], strlen(layer_formats[9]));
	l = layers_of(&f);
	assert_int_equal(l->traced, 1);
	assert_int_equal(l->journal, 0);
	assert_int_equal(l->kinds, 1 << LAYER_DIRTY | 1 << LAYER_QUEUE);
}

static void a_second_format_of_a_kind_is_refused(void **state)
{
	CLEANUP_BUF struct buf f = BUF_INIT;

	(void)state;
	layers_begin(&f);
	layer_chunk(&f, TRACE_FORMAT, 0, layer_formats[4], strlen(layer_formats[4]));
	layers_refused(&f, "a second format");
}

static void two_kinds_with_one_id_are_refused(void **state)
{
	static const char same[] =
		HEAD("ext4_sync_file_exit", 1074) FIELD("ino_t ino", 16, 8);
	CLEANUP_BUF struct buf f = BUF_INIT;

	(void)state;
	layer_chunk(&f, TRACE_FORMAT, 0, layer_formats[7], strlen(layer_formats[7]));
	layer_chunk(&f, TRACE_FORMAT, 0, same, strlen(same));
	layers_refused(&f, "the ID 1074, which is taken");
}

static void a_type_in_another_place_is_refused(void **state)
{
	static const char moved[] =
		"name: block_bio_frontmerge\nID: 9\nformat:\n"
		FIELD("unsigned short common_type", 2, 2)
		FIELD("int common_pid", 4, 4) BIO_FIELDS;
	CLEANUP_BUF struct buf f = BUF_INIT;

	(void)state;
	layers_begin(&f);
	layer_chunk(&f, TRACE_FORMAT, 0, moved, strlen(moved));
	layers_refused(&f, "has its type elsewhere");
}

static void a_kind_that_nobody_asked_for_is_refused(void **state)
{
	CLEANUP_BUF struct buf f = BUF_INIT;

	(void)state;
	layer_chunk(&f, TRACE_FORMAT, 0, test_format, strlen(test_format));
	layers_refused(&f, "not that of a layer's tracepoint");
}

static void a_short_record_is_refused(void **state)
{
	CLEANUP_BUF struct buf f = BUF_INIT;
	unsigned char r[LAYER_RECORD];
	struct page p;

	(void)state;
	record_begin(r, DIRTY);
	page_begin(&p, 0);
	page_record(&p, 1, r, 52);
	layers_begin(&f);
	layer_chunk(&f, TRACE_PAGE, 0, p.bytes, PAGE);
	layers_refused(&f, "writeback_dirty_folio of 52 bytes");
}

static void every_kind_has_a_name(void **state)
{
	(void)state;
	for (int k = 1; k < LAYER_KINDS; k++) {
		assert_string_not_equal(layer_kind_name((enum layer_kind)k),
					"unknown");
		for (int other = 1; other < k; other++)
			assert_string_not_equal(
				layer_kind_name((enum layer_kind)k),
				layer_kind_name((enum layer_kind)other));
	}
	assert_string_equal(layer_kind_name(LAYER_KINDS), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dirty_page_has_its_file_and_place),
		cmocka_unit_test(pages_of_the_disk_are_told_apart),
		cmocka_unit_test(a_journal_has_its_transactions),
		cmocka_unit_test(fsync_has_its_file),
		cmocka_unit_test(each_step_of_the_block_layer_is_told),
		cmocka_unit_test(flags_are_those_of_rwbs),
		cmocka_unit_test(a_flush_alone_writes_nothing),
		cmocka_unit_test(what_does_not_write_is_left_out),
		cmocka_unit_test(cpus_are_merged_by_time),
		cmocka_unit_test(either_stream_passes_over_the_other),
		cmocka_unit_test(what_the_layers_lost_voids_no_commands),
		cmocka_unit_test(without_layers_none_are_told),
		cmocka_unit_test(kinds_are_those_that_were_announced),
		cmocka_unit_test(a_second_format_of_a_kind_is_refused),
		cmocka_unit_test(two_kinds_with_one_id_are_refused),
		cmocka_unit_test(a_type_in_another_place_is_refused),
		cmocka_unit_test(a_kind_that_nobody_asked_for_is_refused),
		cmocka_unit_test(a_short_record_is_refused),
		cmocka_unit_test(every_kind_has_a_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

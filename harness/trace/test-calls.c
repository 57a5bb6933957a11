/* Calls out of a trace file: what is told, what is lost, what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/syscall.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/rng.h"
#include "trace/call-table.h"
#include "trace/calls-wire.h"
#include "trace/calls.h"
#include "trace/trace.h"

static void chunk(struct buf *f, uint16_t kind, uint32_t stream,
		  const struct buf *records)
{
	struct trace_chunk c = { TRACE_MAGIC, kind, 0, (uint32_t)records->len,
				 stream };

	buf_add(f, &c, sizeof(c));
	buf_add(f, records->data, records->len);
}

static void record(struct buf *b, uint16_t kind, const void *head, size_t len,
		   const char *tail, size_t tail_len)
{
	struct call_record r = { (uint32_t)(len + tail_len), kind, 0 };

	buf_add(b, &r, sizeof(r));
	buf_add(b, head, len);
	buf_add(b, tail, tail_len);
}

static void begin(struct buf *b)
{
	struct record_begin r = { .watcher = 1, .device = 77, .mapped = 1 };

	record(b, RECORD_BEGIN, &r, sizeof(r), "", 0);
}

static void end(struct buf *b, uint64_t records, uint64_t lost)
{
	struct record_end r = { 1, records, lost };

	record(b, RECORD_END, &r, sizeof(r), "", 0);
}

static struct record_enter a_write(uint64_t sequence, uint64_t ns)
{
	return (struct record_enter){
		.sequence = sequence,
		.enter_ns = ns,
		.syscall = SYS_pwrite64,
		.kind = CALL_WRITE,
		.pid = 10,
		.tid = 11,
		.program = "db",
		.inode = 12,
		.offset = 4096,
		.length = 3,
		.head = "abc",
		.head_length = 3,
		.n_objects = 1,
		.n_frames = 1,
	};
}

static void enter(struct buf *b, const struct record_enter *w)
{
	static const char texts[] = "/mnt/f\0\0/bin/db";
	struct record_frame frame = { 0x1234, 0, 0 };
	struct buf tail = BUF_INIT;

	buf_add(&tail, texts, sizeof(texts));
	buf_add(&tail, &frame, sizeof(frame));
	record(b, RECORD_ENTER, w, sizeof(*w), tail.data, tail.len);
	buf_free(&tail);
}

static void leave(struct buf *b, uint64_t sequence, uint64_t ns,
		  int64_t result)
{
	struct record_exit x = { .sequence = sequence, .exit_ns = ns,
				 .result = result };

	record(b, RECORD_EXIT, &x, sizeof(x), "", 0);
}

static int read_file(const struct buf *f, struct calls **ret, struct error *e)
{
	FILE *in = fmemopen(f->data, f->len, "r");
	int err = calls_read(in, "test", ret, e);

	fclose(in);
	return err;
}

static struct calls *loaded(struct buf *records)
{
	struct buf f = BUF_INIT;
	struct calls *c = NULL;
	struct error e;

	chunk(&f, TRACE_RECORDS, TRACE_CALLS, records);
	if (read_file(&f, &c, &e))
		fail_msg("%s", e.message);
	buf_free(&f);
	buf_free(records);
	return c;
}

static void refused(struct buf *records, const char *why)
{
	struct buf f = BUF_INIT;
	struct calls *c = NULL;
	struct error e;

	chunk(&f, TRACE_RECORDS, TRACE_CALLS, records);
	assert_int_equal(read_file(&f, &c, &e), -EBADMSG);
	assert_non_null(strstr(e.message, why));
	buf_free(&f);
	buf_free(records);
}

static void a_call_comes_as_it_was_sent(void **state)
{
	struct record_enter w = a_write(5, 100);
	struct buf b = BUF_INIT;
	struct calls *c;

	(void)state;
	begin(&b);
	enter(&b, &w);
	leave(&b, 5, 120, 3);
	end(&b, 2, 0);
	c = loaded(&b);
	assert_int_equal(c->n, 1);
	assert_int_equal(c->calls[0].number, 1);
	assert_string_equal(c->calls[0].name, "pwrite64");
	assert_string_equal(c->calls[0].path, "/mnt/f");
	assert_string_equal(c->calls[0].path2, "");
	assert_int_equal(c->calls[0].result, 3);
	assert_int_equal(c->calls[0].exit_ns, 120);
	assert_int_equal(c->calls[0].tid, 11);
	assert_int_equal(c->calls[0].n_frames, 1);
	assert_string_equal(c->calls[0].frames[0].object, "/bin/db");
	assert_int_equal(c->calls[0].frames[0].address, 0x1234);
	assert_int_equal(c->device, 77);
	assert_true(c->traced && c->ended && c->mapped);
	assert_int_equal(c->lost, 0);
	calls_free(c);
}

static void calls_stand_in_the_order_of_their_entry(void **state)
{
	struct record_enter late = a_write(1, 300), early = a_write(2, 200);
	struct buf b = BUF_INIT;
	struct calls *c;

	(void)state;
	begin(&b);
	enter(&b, &late);
	enter(&b, &early);
	leave(&b, 1, 400, 7);
	c = loaded(&b);
	assert_int_equal(c->calls[0].enter_ns, 200);
	assert_int_equal(c->calls[0].exit_ns, 0);
	assert_int_equal(c->calls[1].number, 2);
	assert_int_equal(c->calls[1].result, 7);
	assert_false(c->ended);
	calls_free(c);
}

static void ask(struct buf *b, uint64_t sequence, uint64_t ns)
{
	struct record_asked a = { .sequence = sequence, .asked_ns = ns,
				  .queue = 3, .order = 9, .from = 7,
				  .until = 2 };

	record(b, RECORD_ASKED, &a, sizeof(a), "", 0);
}

/* The second one was made by its thread. */
static void what_was_asked_for_is_told_of_the_next_call_alone(void **state)
{
	struct record_enter w = a_write(5, 100), other = a_write(6, 200);
	struct buf b = BUF_INIT;
	struct calls *c;

	(void)state;
	w.by = RECORD_BY_URING;
	begin(&b);
	ask(&b, 5, 90);
	enter(&b, &w);
	enter(&b, &other);
	c = loaded(&b);
	assert_string_equal(c->calls[0].name, "io_uring write");
	assert_int_equal(c->calls[0].asked_ns, 90);
	assert_int_equal(c->calls[0].queue, 3);
	assert_int_equal(c->calls[0].order, 9);
	assert_int_equal(c->calls[0].from, 7);
	assert_int_equal(c->calls[0].until, 2);
	assert_int_equal(c->calls[1].asked_ns, 0);
	assert_string_equal(c->calls[1].name, "pwrite64");
	calls_free(c);
	b = (struct buf)BUF_INIT;
	begin(&b);
	record(&b, RECORD_ASKED, "short", 5, "", 0);
	refused(&b, "too short");
}

static void what_did_not_arrive_is_lost(void **state)
{
	struct record_enter w = a_write(1, 1);
	struct buf b = BUF_INIT;
	struct calls *c;

	(void)state;
	begin(&b);
	enter(&b, &w);
	end(&b, 4, 2);
	c = loaded(&b);
	assert_int_equal(c->lost, 5);
	assert_true(c->ended);
	calls_free(c);
}

static void without_a_watcher_nothing_is_claimed(void **state)
{
	struct buf b = BUF_INIT;
	struct calls *c = loaded(&b);

	(void)state;
	assert_false(c->traced || c->ended || c->rested);
	calls_free(c);
}

static void extents_are_told(void **state)
{
	struct record_extents head = { .time_ns = 9, .inode = 12, .n = 1 };
	struct record_extent x = { 0, 8192, 4096, 1, 0 };
	struct record_rest rest = { 1, 0 };
	struct buf b = BUF_INIT;
	struct calls *c;

	(void)state;
	record(&b, RECORD_EXTENTS, &head, sizeof(head), (char *)&x, sizeof(x));
	record(&b, RECORD_REST, &rest, sizeof(rest), "", 0);
	c = loaded(&b);
	assert_int_equal(c->n_extents, 1);
	assert_int_equal(c->extents[0].physical, 8192);
	assert_int_equal(c->extents[0].inode, 12);
	assert_true(c->rested);
	calls_free(c);
}

static void other_streams_are_passed_over(void **state)
{
	struct buf f = BUF_INIT, junk = BUF_INIT;
	struct calls *c = NULL;

	(void)state;
	buf_puts(&junk, "junk");
	chunk(&f, TRACE_PAGE, TRACE_COMMANDS, &junk);
	chunk(&f, TRACE_PAGE, TRACE_LAYERS, &junk);
	assert_int_equal(read_file(&f, &c, NULL), 0);
	assert_int_equal(c->n, 0);
	calls_free(c);
	buf_free(&f);
	buf_free(&junk);
}

static void lies_are_refused(void **state)
{
	struct record_enter w = a_write(1, 1);
	struct record_extents many = { .n = UINT32_MAX };
	struct buf b = BUF_INIT;

	(void)state;
	leave(&b, 3, 4, 5);
	refused(&b, "without its call");
	enter(&b, &w);
	enter(&b, &w);
	refused(&b, "told twice");
	w.head_length = 65;
	enter(&b, &w);
	refused(&b, "begin with too much");
	w = a_write(1, 1);
	w.kind = CALL_KINDS;
	enter(&b, &w);
	refused(&b, "unknown kind");
	w = a_write(1, 1);
	w.n_objects = 0;
	enter(&b, &w);
	refused(&b, "no object");
	w.n_frames = 65;
	enter(&b, &w);
	refused(&b, "too many frames");
	record(&b, RECORD_EXTENTS, &many, sizeof(many), "", 0);
	refused(&b, "number of extents");
	record(&b, 99, "", 0, "", 0);
	refused(&b, "unknown kind");
	buf_add(&b, "\xff\xff\0\0\1\0\0\0", 8);
	refused(&b, "does not end");
}

static void damaged_records_do_no_harm(void **state)
{
	struct rng r = rng_init(1);
	int accepted = 0, denied = 0;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct record_enter w = a_write(5, 100);
		struct buf f = BUF_INIT, b = BUF_INIT;
		struct calls *c = NULL;

		begin(&b);
		enter(&b, &w);
		leave(&b, 5, 120, 3);
		end(&b, 2, 0);
		for (uint64_t n = rng_below(&r, 3) + 1; n; n--)
			b.data[rng_below(&r, b.len)] = (char)rng_next(&r);
		chunk(&f, TRACE_RECORDS, TRACE_CALLS, &b);
		if (read_file(&f, &c, NULL))
			denied++;
		else
			accepted++;
		calls_free(c);
		buf_free(&f);
		buf_free(&b);
	}
	assert_true(accepted > 0 && denied > 0);
}

static void a_flush_is_named_for_whose_buffers(void **state)
{
	struct record_enter w = a_write(1, 1);
	struct buf b = BUF_INIT;
	struct calls *c;

	(void)state;
	w.kind = CALL_FLUSH;
	w.syscall = FLUSH_STDIO;
	enter(&b, &w);
	w.sequence = 2;
	w.syscall = FLUSH_PYTHON;
	enter(&b, &w);
	c = loaded(&b);
	assert_string_equal(c->calls[0].name, "fflush");
	assert_string_equal(c->calls[1].name, "python-flush");
	calls_free(c);
}

static void every_kind_and_call_has_a_name(void **state)
{
	(void)state;
	for (int k = 1; k < CALL_KINDS; k++)
		assert_string_not_equal(call_kind_name(k), "unknown");
	assert_string_equal(call_kind_name(CALL_KINDS), "unknown");
	for (size_t i = 0; i < n_call_types; i++)
		assert_ptr_equal(call_type_find(call_types[i].number),
				 &call_types[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_comes_as_it_was_sent),
		cmocka_unit_test(calls_stand_in_the_order_of_their_entry),
		cmocka_unit_test(
			what_was_asked_for_is_told_of_the_next_call_alone),
		cmocka_unit_test(what_did_not_arrive_is_lost),
		cmocka_unit_test(without_a_watcher_nothing_is_claimed),
		cmocka_unit_test(extents_are_told),
		cmocka_unit_test(other_streams_are_passed_over),
		cmocka_unit_test(lies_are_refused),
		cmocka_unit_test(damaged_records_do_no_harm),
		cmocka_unit_test(a_flush_is_named_for_whose_buffers),
		cmocka_unit_test(every_kind_and_call_has_a_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

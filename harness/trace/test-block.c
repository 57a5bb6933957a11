/* The block layer's requests, told as NVMe commands. */
#include "trace/test-encoder.h"

#define BLOCK_EVENT_ID 1190
#define BLOCK_RECORD 64

/* Linux 6.1, x86-64. */
static const char block_format[] =
	"name: block_rq_issue\n"
	"ID: 1190\n"
	"format:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
	"\n"
	"\tfield:dev_t dev;\toffset:8;\tsize:4;\tsigned:0;\n"
	"\tfield:sector_t sector;\toffset:16;\tsize:8;\tsigned:0;\n"
	"\tfield:unsigned int nr_sector;\toffset:24;\tsize:4;\tsigned:0;\n"
	"\tfield:unsigned int bytes;\toffset:28;\tsize:4;\tsigned:0;\n"
	"\tfield:char rwbs[8];\toffset:32;\tsize:8;\tsigned:1;\n"
	"\tfield:char comm[16];\toffset:40;\tsize:16;\tsigned:1;\n"
	"\tfield:__data_loc char[] cmd;\toffset:56;\tsize:4;\tsigned:1;\n"
	"\n"
	"print fmt: \"%d,%d %s %u (%s) %llu + %u [%s]\", ((unsigned int) "
	"((REC->dev) >> 20)), ((unsigned int) ((REC->dev) & ((1U << 20) - "
	"1))), REC->rwbs, REC->bytes, __get_str(cmd), (unsigned long long)"
	"REC->sector, REC->nr_sector, REC->comm\n";

/* The trace of one request. */
static struct trace *issued(const char *rwbs, uint64_t sector, uint32_t sectors)
{
	unsigned char r[BLOCK_RECORD] = { 0 };
	CLEANUP_BUF struct buf f = BUF_INIT;
	struct page p;

	put(r, BLOCK_EVENT_ID, 2);
	put(r + 16, sector, 8);
	put(r + 24, sectors, 4);
	memcpy(r + 32, rwbs, strlen(rwbs));
	page_begin(&p, 5);
	page_record(&p, 6, r, sizeof(r));
	chunk(&f, TRACE_HEADER, 0, test_header, strlen(test_header));
	chunk(&f, TRACE_FORMAT, 0, block_format, strlen(block_format));
	add_page(&f, 0, &p);
	drained(&f);
	return loaded(&f);
}

static void is_event(const char *rwbs, uint8_t opcode, int fua)
{
	CLEANUP_TRACE struct trace *t = issued(rwbs, 4096, 8);
	int ranged = opcode == NVME_WRITE || opcode == NVME_WRITE_ZEROES;

	assert_int_equal(t->n_events, 1);
	assert_int_equal(t->unit, 512);
	assert_int_equal(t->events[0].nsid, 1);
	assert_int_equal(t->events[0].time_ns, 6);
	assert_int_equal(t->events[0].opcode, opcode);
	assert_int_equal(t->events[0].fua, fua);
	assert_int_equal(t->events[0].slba, ranged ? 4096 : 0);
	assert_int_equal(t->events[0].blocks, ranged ? 8 : 0);
}

static void writes_are_told_with_their_fua(void **state)
{
	(void)state;
	is_event("W", NVME_WRITE, 0);
	is_event("WS", NVME_WRITE, 0);
	is_event("WFS", NVME_WRITE, 1);
	is_event("WFSM", NVME_WRITE, 1);
}

static void a_flush_before_is_not_fua(void **state)
{
	(void)state;
	is_event("FW", NVME_WRITE, 0);
	is_event("FWFSM", NVME_WRITE, 1);
}

static void flushes_are_told(void **state)
{
	(void)state;
	is_event("F", NVME_FLUSH, 0);
	is_event("FF", NVME_FLUSH, 0);
	is_event("FS", NVME_FLUSH, 0);
}

static void zeroes_and_discards_are_told(void **state)
{
	CLEANUP_TRACE struct trace *t = issued("D", 8, 8);

	(void)state;
	assert_int_equal(t->events[0].opcode, NVME_DSM);
	assert_int_equal(t->events[0].ranges, 256);
	is_event("N", NVME_WRITE_ZEROES, 0);
	is_event("NFS", NVME_WRITE_ZEROES, 1);
}

static void none(const char *rwbs, uint32_t sectors)
{
	CLEANUP_TRACE struct trace *t = issued(rwbs, 0, sectors);

	assert_int_equal(t->n_events, 0);
}

static void reads_and_the_drivers_own_are_left_out(void **state)
{
	(void)state;
	none("R", 8);
	none("RA", 8);
	none("N", 0);
}

static void an_unknown_operation_is_left_to_the_join(void **state)
{
	(void)state;
	is_event("X", 0xff, 0);
	is_event("12345678", 0xff, 0);
	is_event("", 0xff, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_are_told_with_their_fua),
		cmocka_unit_test(a_flush_before_is_not_fua),
		cmocka_unit_test(flushes_are_told),
		cmocka_unit_test(zeroes_and_discards_are_told),
		cmocka_unit_test(reads_and_the_drivers_own_are_left_out),
		cmocka_unit_test(an_unknown_operation_is_left_to_the_join),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

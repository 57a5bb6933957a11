/* Logs and traces written by hand: what joins, and what must not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "common/error.h"
#include "drive/history.h"
#include "trace/trace.h"

#define BLOCK 512
#define NSID 1
#define MANY 1100

/* A log and a trace under construction. */
struct recording {
	struct history h;
	struct trace t;
	struct command commands[MANY];
	struct nvme_event events[MANY];
	struct error e;
};

static struct recording r;

/* An empty log, closed in order; an empty trace, drained. */
static int reset(void **state)
{
	(void)state;
	memset(&r, 0, sizeof(r));
	r.h = (struct history){
		.disk_size = 64 << 20,
		.block_size = BLOCK,
		.commands = r.commands,
		.base = POSITION_NEVER,
		.arm = POSITION_NEVER,
		.cut = POSITION_NEVER,
		.sealed = 1,
	};
	r.t = (struct trace){ .events = r.events, .drained = 1 };
	return 0;
}

static void power_cut(void)
{
	r.h.cut = r.h.end++;
}

/* The log accepts a command, at the next position. */
static struct command *submit(enum log_type type, uint64_t block,
			      uint64_t blocks)
{
	struct command *c = &r.commands[r.h.n_commands++];

	*c = (struct command){
		.type = type,
		.submit = r.h.end++,
		.complete = POSITION_NEVER,
		.offset = block * BLOCK,
		.length = blocks * BLOCK,
	};
	return c;
}

static void complete(struct command *c)
{
	c->complete = r.h.end++;
}

static struct command *logged(enum log_type type, uint64_t block,
			      uint64_t blocks)
{
	struct command *c = submit(type, block, blocks);

	complete(c);
	return c;
}

/* The guest sets up a command, at the next time. */
static struct nvme_event *traced(uint8_t opcode, uint64_t block,
				 uint32_t blocks, int fua)
{
	struct nvme_event *ev = &r.events[r.t.n_events++];

	*ev = (struct nvme_event){
		.time_ns = 1000 + r.t.n_events,
		.nsid = NSID,
		.opcode = opcode,
		.fua = fua,
		.slba = block,
		.blocks = blocks,
	};
	return ev;
}

static int join(void)
{
	return trace_join(&r.h, &r.t, NSID, &r.e);
}

static void joins(void)
{
	int err = join();

	if (err)
		print_error("%s\n", r.e.message);
	assert_int_equal(err, 0);
}

static void refused(const char *why)
{
	assert_int_equal(join(), -EPROTO);
	if (!strstr(r.e.message, why))
		print_error("got: %s\n", r.e.message);
	assert_non_null(strstr(r.e.message, why));
	assert_string_not_equal(r.e.hint, "");
	for (size_t i = 0; i < r.h.n_commands; i++)
		assert_int_equal(r.commands[i].fua, 0);
}

static void an_exact_join_sets_fua(void **state)
{
	struct command *plain = logged(LOG_WRITE, 8, 8);
	struct command *commit = logged(LOG_WRITE, 16, 8);
	struct command *zeroes = logged(LOG_ZEROES, 16, 8);

	(void)state;
	traced(NVME_WRITE, 8, 8, 0);
	traced(NVME_WRITE, 16, 8, 1);
	traced(NVME_WRITE_ZEROES, 16, 8, 0);
	joins();
	assert_int_equal(plain->fua, 0);
	assert_int_equal(commit->fua, 1);
	assert_int_equal(zeroes->fua, 0);
}

static void a_join_sets_when_the_guest_sent_it(void **state)
{
	struct command *late = logged(LOG_WRITE, 8, 8);
	struct command *flush = logged(LOG_FLUSH, 0, 0);
	struct command *early = logged(LOG_WRITE, 16, 8);

	(void)state;
	traced(NVME_WRITE, 16, 8, 0);
	traced(NVME_WRITE, 8, 8, 0);
	traced(NVME_FLUSH, 0, 0, 0);
	joins();
	assert_int_equal(early->guest_ns, 1001);
	assert_int_equal(late->guest_ns, 1002);
	assert_int_equal(flush->guest_ns, 0);
}

/* What the join is for: QEMU's NVMe never passes FUA on, so without it each
 * journal commit counts as volatile, and its loss as a legal crash state. */
static void without_the_join_no_write_has_fua(void **state)
{
	struct command *commit = logged(LOG_WRITE, 16, 8);

	(void)state;
	traced(NVME_WRITE, 16, 8, 1);
	assert_int_equal(commit->fua, 0);
	joins();
	assert_int_equal(commit->fua, 1);
}

static void fua_of_write_zeroes_is_set(void **state)
{
	struct command *zeroes = logged(LOG_ZEROES, 0, 65536);

	(void)state;
	traced(NVME_WRITE_ZEROES, 0, 65536, 1);
	joins();
	assert_int_equal(zeroes->fua, 1);
}

static void fua_in_the_log_stays(void **state)
{
	struct command *c = logged(LOG_WRITE, 16, 8);

	(void)state;
	c->fua = 1;
	traced(NVME_WRITE, 16, 8, 0);
	joins();
	assert_int_equal(c->fua, 1);
}

static void an_empty_recording_joins(void **state)
{
	(void)state;
	joins();
}

static void the_order_between_ranges_does_not_matter(void **state)
{
	struct command *a = submit(LOG_WRITE, 8, 8);
	struct command *b = logged(LOG_WRITE, 16, 8);

	(void)state;
	complete(a);
	traced(NVME_WRITE, 16, 8, 1);
	traced(NVME_WRITE, 8, 8, 0);
	joins();
	assert_int_equal(a->fua, 0);
	assert_int_equal(b->fua, 1);
}

static void the_block_size_is_that_of_the_log(void **state)
{
	struct command *c = logged(LOG_WRITE, 8, 8);

	(void)state;
	r.h.block_size = 4096;
	traced(NVME_WRITE, 1, 1, 1);
	joins();
	assert_int_equal(c->fua, 1);
}

static void a_write_without_event_is_refused(void **state)
{
	(void)state;
	logged(LOG_WRITE, 8, 8);
	logged(LOG_WRITE, 16, 8);
	traced(NVME_WRITE, 8, 8, 1);
	refused("write at position 2 (offset 8192, length 4096) is not in the "
		"guest's trace");
}

static void the_first_write_without_event_is_named(void **state)
{
	(void)state;
	logged(LOG_WRITE, 80, 8);
	logged(LOG_WRITE, 16, 8);
	refused("write at position 0 ");
}

static void a_repeated_write_needs_a_second_event(void **state)
{
	(void)state;
	logged(LOG_WRITE, 8, 8);
	logged(LOG_WRITE, 8, 8);
	traced(NVME_WRITE, 8, 8, 1);
	refused("write at position 2 ");
}

static void kinds_do_not_join(void **state)
{
	(void)state;
	logged(LOG_WRITE, 8, 8);
	traced(NVME_WRITE_ZEROES, 8, 8, 0);
	refused("write at position 0 ");
}

static void lengths_do_not_join(void **state)
{
	(void)state;
	logged(LOG_WRITE, 8, 16);
	traced(NVME_WRITE, 8, 8, 0);
	traced(NVME_WRITE, 16, 8, 0);
	refused("write at position 0 (offset 4096, length 8192)");
}

static void a_write_of_half_a_block_is_refused(void **state)
{
	struct command *c = logged(LOG_WRITE, 8, 8);

	(void)state;
	c->offset += 256;
	refused("not of whole blocks");
}

static void a_sealed_log_has_every_write(void **state)
{
	(void)state;
	logged(LOG_WRITE, 8, 8);
	traced(NVME_WRITE, 8, 8, 0);
	traced(NVME_WRITE, 16, 4, 0);
	refused("a write of 4 blocks at block 16 that never reached the log");
}

static void the_youngest_write_may_miss_a_cut(void **state)
{
	struct command *c = logged(LOG_WRITE, 8, 8);

	(void)state;
	power_cut();
	traced(NVME_WRITE, 8, 8, 1);
	traced(NVME_WRITE, 16, 8, 1);
	joins();
	assert_int_equal(c->fua, 1);
}

static void the_youngest_write_may_miss_in_a_killed_drive(void **state)
{
	(void)state;
	logged(LOG_WRITE, 8, 8);
	r.h.sealed = 0;
	traced(NVME_WRITE, 8, 8, 0);
	traced(NVME_WRITE, 16, 8, 1);
	joins();
}

static void an_overtaken_write_may_miss_a_cut(void **state)
{
	struct command *c = logged(LOG_WRITE, 8, 8);

	(void)state;
	power_cut();
	traced(NVME_WRITE, 16, 8, 0);
	traced(NVME_WRITE, 8, 8, 1);
	joins();
	assert_int_equal(c->fua, 1);
}

/* n writes that never arrive, then one that does. */
static void overtaken(size_t n)
{
	logged(LOG_WRITE, 8, 8);
	power_cut();
	for (size_t i = 0; i < n; i++)
		traced(NVME_WRITE, 16 + i, 1, 0);
	traced(NVME_WRITE, 8, 8, 0);
}

static void a_whole_queue_may_be_overtaken(void **state)
{
	(void)state;
	overtaken(1023);
	joins();
}

static void more_than_a_queue_cannot_be_overtaken(void **state)
{
	(void)state;
	overtaken(1024);
	refused("1024 writes of the guest never reached the log");
}

static void after_the_cut_the_guest_may_go_on(void **state)
{
	(void)state;
	logged(LOG_WRITE, 8, 8);
	power_cut();
	traced(NVME_WRITE, 8, 8, 0);
	for (size_t i = 0; i < 1090; i++)
		traced(NVME_WRITE, 16 + i, 1, 0);
	joins();
}

static void the_same_range_takes_its_fua_in_order(void **state)
{
	struct command *a = logged(LOG_WRITE, 8, 8);
	struct command *b = logged(LOG_WRITE, 8, 8);
	struct command *c = logged(LOG_WRITE, 8, 8);

	(void)state;
	traced(NVME_WRITE, 8, 8, 0);
	traced(NVME_WRITE, 8, 8, 1);
	traced(NVME_WRITE, 8, 8, 0);
	joins();
	assert_int_equal(a->fua, 0);
	assert_int_equal(b->fua, 1);
	assert_int_equal(c->fua, 0);
}

static void overlapping_writes_with_different_fua_are_ambiguous(void **state)
{
	struct command *a = submit(LOG_WRITE, 8, 8);

	(void)state;
	logged(LOG_WRITE, 8, 8);
	complete(a);
	traced(NVME_WRITE, 8, 8, 0);
	traced(NVME_WRITE, 8, 8, 1);
	refused("write at position 1 (offset 4096, length 4096) was in flight "
		"together");
}

static void overlapping_writes_with_the_same_fua_join(void **state)
{
	struct command *a = submit(LOG_WRITE, 8, 8);
	struct command *b = logged(LOG_WRITE, 8, 8);

	(void)state;
	complete(a);
	traced(NVME_WRITE, 8, 8, 1);
	traced(NVME_WRITE, 8, 8, 1);
	joins();
	assert_int_equal(a->fua, 1);
	assert_int_equal(b->fua, 1);
}

static void a_long_write_overlaps_more_than_the_next(void **state)
{
	struct command *a = submit(LOG_WRITE, 8, 8);

	(void)state;
	logged(LOG_WRITE, 8, 8);
	logged(LOG_WRITE, 8, 8);
	complete(a);
	traced(NVME_WRITE, 8, 8, 0);
	traced(NVME_WRITE, 8, 8, 0);
	traced(NVME_WRITE, 8, 8, 1);
	refused("write at position 3 ");
}

static void a_write_in_flight_at_the_cut_may_be_ambiguous(void **state)
{
	(void)state;
	submit(LOG_WRITE, 8, 8);
	power_cut();
	traced(NVME_WRITE, 8, 8, 0);
	traced(NVME_WRITE, 8, 8, 1);
	refused("in flight together");
}

static void a_write_completed_before_the_cut_is_not(void **state)
{
	struct command *a = logged(LOG_WRITE, 8, 8);

	(void)state;
	power_cut();
	traced(NVME_WRITE, 8, 8, 1);
	traced(NVME_WRITE, 8, 8, 0);
	joins();
	assert_int_equal(a->fua, 1);
}

static void lost_events_void_the_run(void **state)
{
	(void)state;
	logged(LOG_WRITE, 8, 8);
	traced(NVME_WRITE, 8, 8, 1);
	r.t.lost = 3;
	refused("lost 3 events");
}

static void a_trace_not_drained_voids_the_run(void **state)
{
	(void)state;
	logged(LOG_WRITE, 8, 8);
	traced(NVME_WRITE, 8, 8, 1);
	r.t.drained = 0;
	refused("not drained");
}

static void the_log_may_have_fewer_flushes(void **state)
{
	(void)state;
	logged(LOG_FLUSH, 0, 0);
	traced(NVME_FLUSH, 0, 0, 0);
	traced(NVME_FLUSH, 0, 0, 0);
	joins();
}

static void the_log_may_not_have_more_flushes(void **state)
{
	(void)state;
	logged(LOG_FLUSH, 0, 0);
	logged(LOG_FLUSH, 0, 0);
	traced(NVME_FLUSH, 0, 0, 0);
	traced(NVME_FLUSH, 0, 0, 0)->nsid = NSID + 1;
	refused("2 flushes in the log, only 1");
}

static void a_flush_to_all_namespaces_counts(void **state)
{
	(void)state;
	logged(LOG_FLUSH, 0, 0);
	traced(NVME_FLUSH, 0, 0, 0)->nsid = UINT32_MAX;
	joins();
}

static void each_range_of_a_dsm_may_become_a_discard(void **state)
{
	(void)state;
	logged(LOG_DISCARD, 8, 8);
	logged(LOG_DISCARD, 80, 8);
	traced(NVME_DSM, 0, 0, 0)->ranges = 2;
	joins();
}

static void a_dsm_may_become_nothing(void **state)
{
	(void)state;
	traced(NVME_DSM, 0, 0, 0)->ranges = 2;
	joins();
}

static void more_discards_than_ranges_are_refused(void **state)
{
	(void)state;
	logged(LOG_DISCARD, 8, 8);
	logged(LOG_DISCARD, 80, 8);
	traced(NVME_DSM, 0, 0, 0)->ranges = 1;
	refused("2 discards in the log, at most 1");
}

static void a_discard_without_dsm_is_refused(void **state)
{
	(void)state;
	logged(LOG_DISCARD, 8, 8);
	refused("1 discards in the log, at most 0");
}

static void other_namespaces_are_ignored(void **state)
{
	struct command *c = logged(LOG_WRITE, 8, 8);

	(void)state;
	traced(NVME_WRITE, 8, 8, 0)->nsid = NSID + 1;
	traced(0x19, 8, 8, 0)->nsid = NSID + 1;
	traced(NVME_WRITE, 8, 8, 1);
	joins();
	assert_int_equal(c->fua, 1);
}

static void an_unknown_opcode_is_refused(void **state)
{
	(void)state;
	traced(0x19, 0, 0, 0); /* copy */
	refused("opcode 0x19");
}

static void a_failed_join_changes_nothing(void **state)
{
	(void)state;
	logged(LOG_WRITE, 8, 8);
	logged(LOG_WRITE, 16, 8);
	traced(NVME_WRITE, 8, 8, 1);
	traced(NVME_WRITE, 24, 8, 1);
	refused("position 2"); /* refused looks at all FUA */
}

#define TEST(f) cmocka_unit_test_setup(f, reset)

/* As on virtio and scsi: events count in sectors, whatever the block is. */
static void other_buses_count_in_sectors(void **state)
{
	(void)state;
	r.h.block_size = 4096;
	r.t.unit = 512;
	r.commands[r.h.n_commands++] = (struct command){
		.type = LOG_WRITE, .submit = r.h.end, .complete = r.h.end + 1,
		.offset = 8192, .length = 4096,
	};
	r.h.end += 2;
	traced(NVME_WRITE, 16, 8, 0);
	joins();
	r.events[0].slba = 2;
	r.events[0].blocks = 1;
	refused("is not in the guest's trace");
}

static void scsi_makes_a_flush_of_each_fua(void **state)
{
	(void)state;
	r.t.unit = 512;
	logged(LOG_WRITE, 8, 8);
	logged(LOG_FLUSH, 0, 0);
	traced(NVME_WRITE, 8, 8, 1);
	joins();
	assert_int_equal(r.commands[0].fua, 1);
}

static void a_flush_of_nobody_is_refused(void **state)
{
	(void)state;
	r.t.unit = 512;
	logged(LOG_WRITE, 8, 8);
	logged(LOG_FLUSH, 0, 0);
	traced(NVME_WRITE, 8, 8, 0);
	refused("1 flushes in the log, only 0 in the guest's trace");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_exact_join_sets_fua),
		TEST(a_join_sets_when_the_guest_sent_it),
		TEST(without_the_join_no_write_has_fua),
		TEST(fua_of_write_zeroes_is_set),
		TEST(fua_in_the_log_stays),
		TEST(an_empty_recording_joins),
		TEST(the_order_between_ranges_does_not_matter),
		TEST(the_block_size_is_that_of_the_log),
		TEST(a_write_without_event_is_refused),
		TEST(the_first_write_without_event_is_named),
		TEST(a_repeated_write_needs_a_second_event),
		TEST(kinds_do_not_join),
		TEST(lengths_do_not_join),
		TEST(a_write_of_half_a_block_is_refused),
		TEST(a_sealed_log_has_every_write),
		TEST(the_youngest_write_may_miss_a_cut),
		TEST(the_youngest_write_may_miss_in_a_killed_drive),
		TEST(an_overtaken_write_may_miss_a_cut),
		TEST(a_whole_queue_may_be_overtaken),
		TEST(more_than_a_queue_cannot_be_overtaken),
		TEST(after_the_cut_the_guest_may_go_on),
		TEST(the_same_range_takes_its_fua_in_order),
		TEST(overlapping_writes_with_different_fua_are_ambiguous),
		TEST(overlapping_writes_with_the_same_fua_join),
		TEST(a_long_write_overlaps_more_than_the_next),
		TEST(a_write_in_flight_at_the_cut_may_be_ambiguous),
		TEST(a_write_completed_before_the_cut_is_not),
		TEST(lost_events_void_the_run),
		TEST(a_trace_not_drained_voids_the_run),
		TEST(the_log_may_have_fewer_flushes),
		TEST(the_log_may_not_have_more_flushes),
		TEST(a_flush_to_all_namespaces_counts),
		TEST(each_range_of_a_dsm_may_become_a_discard),
		TEST(a_dsm_may_become_nothing),
		TEST(more_discards_than_ranges_are_refused),
		TEST(a_discard_without_dsm_is_refused),
		TEST(other_namespaces_are_ignored),
		TEST(an_unknown_opcode_is_refused),
		TEST(a_failed_join_changes_nothing),
		TEST(other_buses_count_in_sectors),
		TEST(scsi_makes_a_flush_of_each_fua),
		TEST(a_flush_of_nobody_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

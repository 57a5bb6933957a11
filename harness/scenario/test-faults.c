/* drive.faults: good and bad values, and that they come back. */
#include <stdlib.h>

#include "common/cleanup.h"
#include "scenario/testing.h"

#define FAULTS(text) MINIMAL "drive: { faults: { " text " } }\n"

static void no_drive_has_faults_by_itself(void **state)
{
	struct scenario *s = accepted(MINIMAL "drive: { faults: {} }\n");

	(void)state;
	assert_false(fault_model_any(&s->drive.cache.faults));
	assert_false(s->drive.pinned.tear);
	scenario_free(s);
}

static void faults_have_defaults(void **state)
{
	struct scenario *s = accepted(
		FAULTS("bit_corruption: {}, shorn: {}, flying: {}, "
		       "unserializable: {}, metadata: {}, dead: gone"));
	const struct fault_model *m = &s->drive.cache.faults;

	(void)state;
	assert_int_equal(m->count[FAULT_BIT_CORRUPTION], 4);
	assert_int_equal(m->count[FAULT_SHORN], 4);
	assert_int_equal(m->count[FAULT_FLYING], 4);
	assert_int_equal(m->count[FAULT_UNSERIALIZABLE], 4);
	assert_int_equal(m->count[FAULT_METADATA], 4);
	assert_int_equal(m->count[FAULT_READ_ONLY], 0);
	assert_int_equal(m->count[FAULT_GONE], 1);
	assert_int_equal(m->bits, 1);
	assert_int_equal(m->keep, 1536);
	assert_true(s->drive.pinned.tear); /* keep and distance rest on it */
	assert_int_equal(m->distance, 65536);
	assert_int_equal(m->window, 8);
	assert_int_equal(m->checkpoint, 64);
	assert_int_equal(m->region, 0);
	scenario_free(s);
}

static void they_come_back_as_they_were(void **state)
{
	struct scenario *s = accepted(
		FAULTS("bit_corruption: { bits: 3, count: 5 }, "
		       "shorn: { keep: 3584, count: 6 }, "
		       "flying: { distance: 8KiB, count: 7 }, "
		       "unserializable: { window: 2, count: 8 }, "
		       "metadata: { checkpoint: 9, region: 1MiB, count: 10 }, "
		       "dead: read-only"));
	CLEANUP_FREE char *text = scenario_resolved(s);
	struct scenario *again = accepted(text);

	(void)state;
	assert_memory_equal(&s->drive.cache.faults, &again->drive.cache.faults,
			    sizeof(struct fault_model));
	assert_int_equal(again->drive.cache.faults.region, 1 << 20);
	assert_int_equal(again->drive.cache.faults.count[FAULT_READ_ONLY], 1);
	scenario_free(s);
	scenario_free(again);
}

static void a_kind_of_fault_is_known(void **state)
{
	(void)state;
	refused(FAULTS("shorm: {}"),
		"3:20: unknown key 'shorm' in drive.faults; expected "
		"bit_corruption, shorn, flying, unserializable, metadata or "
		"dead; did you mean shorn?");
	refused(FAULTS("dead: broken"),
		"3:26: drive.faults.dead is 'broken'; expected read-only or "
		"gone");
	refused(FAULTS("shorn: { bits: 1 }"),
		"3:29: unknown key 'bits' in drive.faults.shorn; expected keep "
		"or count");
}

static void a_shorn_write_keeps_a_part(void **state)
{
	(void)state;
	refused(FAULTS("shorn: { keep: 4096 }"),
		"3:35: drive.faults.shorn.keep is 4096; expected a multiple of "
		"512 below drive.cache.tear, 4096 bytes");
	refused(FAULTS("shorn: { keep: 1000 }"),
		"3:35: drive.faults.shorn.keep is 1000; expected a multiple of "
		"512 below drive.cache.tear, 4096 bytes");
	refused(FAULTS("shorn: { keep: 0 }"),
		"3:35: drive.faults.shorn.keep is 0; expected 512 or more");
	refused(MINIMAL "drive: { cache: { tear: 512 }, faults: { shorn: {} } }\n",
		"3:49: drive.faults.shorn.keep is 1536; expected a multiple of "
		"512 below drive.cache.tear, 512 bytes");
}

static void a_write_flies_whole_units(void **state)
{
	(void)state;
	refused(FAULTS("flying: { distance: 512 }"),
		"3:40: drive.faults.flying.distance is 512; expected a "
		"multiple of drive.cache.tear, 4096 bytes, below drive.size");
	refused(FAULTS("flying: { distance: 0 }"),
		"3:40: drive.faults.flying.distance is 0; expected more than "
		"0");
	refused(FAULTS("flying: { distance: 1GiB }"),
		"3:40: drive.faults.flying.distance is 1GiB; expected a "
		"multiple of drive.cache.tear, 4096 bytes, below drive.size");
	refused(FAULTS("flying: { distance: far }"),
		"3:40: drive.faults.flying.distance: 'far' is not a size: "
		"expected a number and B, KiB, MiB or GiB without a blank, "
		"such as 64MiB");
}

static void counts_are_whole_numbers_from_1(void **state)
{
	(void)state;
	refused(FAULTS("bit_corruption: { count: 0 }"),
		"3:45: drive.faults.bit_corruption.count is 0; expected 1 to "
		"100000");
	refused(FAULTS("bit_corruption: { bits: 5000 }"),
		"3:44: drive.faults.bit_corruption.bits is 5000; expected 1 to "
		"4096");
	refused(FAULTS("unserializable: { window: 0 }"),
		"3:46: drive.faults.unserializable.window is 0; expected at "
		"least 1");
	refused(FAULTS("metadata: { checkpoint: 1.5 }"),
		"3:44: drive.faults.metadata.checkpoint: '1.5' is not a whole "
		"number: expected digits only, such as 40");
	refused(FAULTS("metadata: { region: 1000 }"),
		"3:40: drive.faults.metadata.region is 1000; expected a "
		"multiple of drive.cache.tear, 4096 bytes, below drive.size");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_drive_has_faults_by_itself),
		cmocka_unit_test(faults_have_defaults),
		cmocka_unit_test(they_come_back_as_they_were),
		cmocka_unit_test(a_kind_of_fault_is_known),
		cmocka_unit_test(a_shorn_write_keeps_a_part),
		cmocka_unit_test(a_write_flies_whole_units),
		cmocka_unit_test(counts_are_whole_numbers_from_1),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

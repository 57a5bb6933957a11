/* The mapping `drive`. */
#include "scenario/testing.h"

static void drive_sizes_are_whole_units(void **state)
{
	(void)state;
	refused(MINIMAL "drive: { size: 65MB }\n",
		"3:16: drive.size is 65MB; expected a multiple of drive.block "
		"and drive.cache.tear, 4096 bytes");
	refused(MINIMAL "drive: { size: 0 }\n",
		"3:16: drive.size is 0; expected 1MiB to 16TiB");
}

static void blocks_are_512_or_4096(void **state)
{
	(void)state;
	refused(MINIMAL "drive: { block: 1024 }\n",
		"3:17: drive.block is 1024; expected 512 or 4096");
	refused(MINIMAL "drive: { block: 8KiB }\n",
		"3:17: drive.block is 8KiB; expected 512 or 4096");
}

static void tear_is_a_power_of_two(void **state)
{
	(void)state;
	refused(MINIMAL "drive: { cache: { tear: 1536 } }\n",
		"3:25: drive.cache.tear is 1536; expected a power of two from "
		"512 to 64KiB");
	refused(MINIMAL "drive: { cache: { tear: 128KiB } }\n",
		"3:25: drive.cache.tear is 128KiB; expected a power of two "
		"from 512 to 64KiB");
}

static void tear_is_not_below_block(void **state)
{
	(void)state;
	refused(MINIMAL "drive: { block: 4096, cache: { tear: 512 } }\n",
		"3:38: drive.cache.tear is 512; expected at least "
		"drive.block, 4096: a drive writes whole blocks");
}

static void caches_have_limits_or_none(void **state)
{
	struct scenario *s = accepted(
		MINIMAL "drive: { cache: { capacity: unlimited, destage: never } }\n");

	(void)state;
	assert_true(s->drive.cache.capacity == UINT64_MAX);
	assert_true(s->drive.cache.destage_ns == UINT64_MAX);
	scenario_free(s);
	refused(MINIMAL "drive: { cache: { capacity: 0 } }\n",
		"3:29: drive.cache.capacity is 0; expected more than 0, or "
		"unlimited");
	refused(MINIMAL "drive: { cache: { capacity: none } }\n",
		"3:29: drive.cache.capacity: 'none' is not a size: expected a "
		"number and B, KiB, MiB or GiB without a blank, such as "
		"64MiB, or unlimited");
	refused(MINIMAL "drive: { cache: { destage: 0s } }\n",
		"3:28: drive.cache.destage is 0s; expected more than 0s, at "
		"most 24h, or never");
	refused(MINIMAL "drive: { cache: { destage: 10 } }\n",
		"3:28: drive.cache.destage: '10' is not a duration: expected "
		"a number and ms, s, min or h without a blank, such as 1.5s, "
		"or never");
}

static void no_cache_is_a_mode(void **state)
{
	struct scenario *s = accepted(MINIMAL "drive: { cache: { mode: none } }\n");

	(void)state;
	assert_int_equal(s->drive.cache.mode, CACHE_NONE);
	scenario_free(s);
}

static void every_bus_and_scheduler_is_built(void **state)
{
	static const char *const buses[] = { "nvme", "virtio", "scsi" };
	static const char *const schedulers[] = { "none", "mq-deadline",
						  "bfq" };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct scenario *s;
		char yaml[256];

		snprintf(yaml, sizeof(yaml), MINIMAL
			 "drive: { bus: %s, scheduler: %s }\n", buses[i],
			 schedulers[i]);
		s = accepted(yaml);
		assert_int_equal(s->drive.bus, BUS_NVME + i);
		assert_string_equal(scenario_scheduler(s), schedulers[i]);
		scenario_free(s);
	}
	refused(MINIMAL "drive: { scheduler: cfq }\n",
		"3:21: drive.scheduler is 'cfq'; expected none, mq-deadline or "
		"bfq; did you mean bfq?");
}

static void a_drive_takes_its_time(void **state)
{
	struct scenario *s = accepted(MINIMAL "drive: { latency: 20ms }\n");

	(void)state;
	assert_int_equal(s->drive.latency_ns, 20000000);
	scenario_free(s);
	s = accepted(MINIMAL "drive: { bus: nvme }\n");
	assert_int_equal(s->drive.latency_ns, 0);
	scenario_free(s);
	refused(MINIMAL "drive: { latency: 2s }\n",
		"3:19: drive.latency is 2s; expected 0s to 1s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drive_sizes_are_whole_units),
		cmocka_unit_test(blocks_are_512_or_4096),
		cmocka_unit_test(tear_is_a_power_of_two),
		cmocka_unit_test(tear_is_not_below_block),
		cmocka_unit_test(caches_have_limits_or_none),
		cmocka_unit_test(no_cache_is_a_mode),
		cmocka_unit_test(every_bus_and_scheduler_is_built),
		cmocka_unit_test(a_drive_takes_its_time),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

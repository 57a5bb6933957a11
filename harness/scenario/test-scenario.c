/* Good scenarios: what comes out, and that it can be written and read back. */
#include "scenario/testing.h"

#include <stdlib.h>
#include <unistd.h>
#include <limits.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"

/* Every key, each with a value that is not its default where there is one. */
static const char full[] =
	"name: append-log\n"
	"about: Appends records.\n"
	"guest:\n"
	"  kernel: debian-6.1\n"
	"  image: micro\n"
	"  packages: []\n"
	"  memory: 512MiB\n"
	"  trace: commands\n"
	"drive:\n"
	"  bus: nvme\n"
	"  size: 64MiB\n"
	"  block: 4096\n"
	"  cache:\n"
	"    mode: writethrough\n"
	"    capacity: 48KiB\n"
	"    destage: 20ms\n"
	"    order: fifo\n"
	"    tear: 16KiB\n"
	"    flush: ignored\n"
	"    fua: ignored\n"
	"    power_loss_protection: true\n"
	"filesystem: { type: ext4, mkfs: -b 4096, mount: noatime }\n"
	"workload:\n"
	"  setup: [append-log, --init, /mnt]\n"
	"  run: [append-log, --count, \"40\", /mnt]\n"
	"  timeout: 90s\n"
	"cuts:\n"
	"  - every: write\n"
	"  - every: flush\n"
	"  - every: mark\n"
	"  - at: { mark: committed, nth: 3 }\n"
	"  - at: { mark: begun }\n"
	"  - at: { write: 120 }\n"
	"  - at: { flush: 7 }\n"
	"  - at: { after: 1.5s }\n"
	"  - random: { count: 50 }\n"
	"mode: both\n"
	"states: { strategy: drop-2, budget: 300, time: 90s, exhaustive: 20,\n"
	"          equality: reads, audit: 0.5% }\n"
	"require: [inside-journal-commit, between-begin-and-ack]\n"
	"check:\n"
	"  fsck: false\n"
	"  run: [append-log-check, /mnt]\n"
	"  timeout: 1500ms\n"
	"expect: violated\n"
	"seed: 18446744073709551615\n";

static void minimal_scenario_has_the_defaults(void **state)
{
	struct scenario *s = accepted(MINIMAL);

	(void)state;
	assert_string_equal(s->path, "/w/f.yaml");
	assert_string_equal(s->folder, "/w");
	assert_string_equal(s->about, "");
	assert_string_equal(s->guest.kernel, "debian-6.1");
	assert_string_equal(s->guest.image, "micro");
	assert_int_equal(s->guest.memory, 256 << 20);
	assert_int_equal(s->guest.trace, GUEST_TRACE_FULL);
	assert_int_equal(s->drive.bus, BUS_NVME);
	assert_int_equal(s->drive.size, 128 << 20);
	assert_int_equal(s->drive.block, 512);
	assert_int_equal(s->drive.cache.mode, CACHE_WRITEBACK);
	assert_true(s->drive.cache.capacity == UINT64_MAX);
	assert_true(s->drive.cache.destage_ns == UINT64_MAX);
	assert_int_equal(s->drive.cache.order, ORDER_ANY);
	assert_int_equal(s->drive.cache.flush_ignored, 0);
	assert_int_equal(s->drive.cache.fua_ignored, 0);
	assert_int_equal(s->drive.cache.plp, 0);
	assert_int_equal(s->drive.cache.tear, 4096);
	assert_string_equal(s->filesystem.type, "ext4");
	assert_string_equal(s->filesystem.mkfs, "");
	assert_null(s->workload.setup);
	assert_int_equal(s->workload.timeout_ns, 60000000000);
	assert_int_equal(s->n_cuts, 0);
	assert_int_equal(s->mode, MODE_REPLAY);
	assert_string_equal(s->states.strategy, "default");
	assert_int_equal(s->states.budget, 20000);
	assert_int_equal(s->states.time_ns, 0);
	assert_int_equal(s->states.exhaustive, 6);
	assert_int_equal(s->states.equality, EQUAL_BY_CONTENT);
	assert_int_equal(s->states.audit_ppm, 50000);
	assert_int_equal(s->require, 0);
	assert_int_equal(s->check.fsck, 1);
	assert_null(s->check.run);
	assert_int_equal(s->check.timeout_ns, 30000000000);
	assert_int_equal(s->expect, EXPECT_HELD);
	assert_int_equal(s->seed, 1);
	scenario_free(s);
}

static void every_value_arrives(void **state)
{
	struct scenario *s = accepted(full);

	(void)state;
	assert_string_equal(s->name, "append-log");
	assert_string_equal(s->about, "Appends records.");
	assert_int_equal(s->guest.memory, 512 << 20);
	assert_int_equal(s->guest.trace, GUEST_TRACE_COMMANDS);
	assert_int_equal(s->drive.size, 64 << 20);
	assert_int_equal(s->drive.block, 4096);
	assert_int_equal(s->drive.cache.mode, CACHE_WRITETHROUGH);
	assert_int_equal(s->drive.cache.capacity, 49152);
	assert_int_equal(s->drive.cache.destage_ns, 20000000);
	assert_int_equal(s->drive.cache.order, ORDER_FIFO);
	assert_int_equal(s->drive.cache.tear, 16384);
	assert_int_equal(s->drive.cache.flush_ignored, 1);
	assert_int_equal(s->drive.cache.fua_ignored, 1);
	assert_int_equal(s->drive.cache.plp, 1);
	assert_string_equal(s->filesystem.mkfs, "-b 4096");
	assert_string_equal(s->filesystem.mount, "noatime");
	assert_string_equal(s->workload.setup[1], "--init");
	assert_string_equal(s->workload.run[2], "40");
	assert_null(s->workload.run[4]);
	assert_int_equal(s->workload.timeout_ns, 90000000000);
	assert_int_equal(s->mode, MODE_BOTH);
	assert_string_equal(s->states.strategy, "drop-2");
	assert_int_equal(s->states.budget, 300);
	assert_int_equal(s->states.time_ns, 90000000000);
	assert_int_equal(s->states.exhaustive, 20);
	assert_int_equal(s->states.equality, EQUAL_BY_READS);
	assert_int_equal(s->states.audit_ppm, 5000);
	assert_int_equal(s->require,
			 1 << REACH_JOURNAL | 1 << REACH_BEGIN_ACK);
	assert_int_equal(s->check.fsck, 0);
	assert_string_equal(s->check.run[0], "append-log-check");
	assert_int_equal(s->check.timeout_ns, 1500000000);
	assert_int_equal(s->expect, EXPECT_VIOLATED);
	assert_true(s->seed == UINT64_MAX);
	scenario_free(s);
}

static void every_kind_of_cut_arrives(void **state)
{
	struct scenario *s = accepted(full);

	(void)state;
	assert_int_equal(s->n_cuts, 9);
	assert_int_equal(s->cuts[0].kind, CUTS_EVERY_WRITE);
	assert_int_equal(s->cuts[1].kind, CUTS_EVERY_FLUSH);
	assert_int_equal(s->cuts[2].kind, CUTS_EVERY_MARK);
	assert_int_equal(s->cuts[3].kind, CUTS_AT_MARK);
	assert_string_equal(s->cuts[3].mark, "committed");
	assert_int_equal(s->cuts[3].nth, 3);
	assert_int_equal(s->cuts[4].kind, CUTS_AT_MARK);
	assert_int_equal(s->cuts[4].nth, 0);
	assert_int_equal(s->cuts[5].kind, CUTS_AT_WRITE);
	assert_int_equal(s->cuts[5].nth, 120);
	assert_int_equal(s->cuts[6].kind, CUTS_AT_FLUSH);
	assert_int_equal(s->cuts[6].nth, 7);
	assert_int_equal(s->cuts[7].kind, CUTS_AT_TIME);
	assert_int_equal(s->cuts[7].time_ns, 1500000000);
	assert_int_equal(s->cuts[8].kind, CUTS_RANDOM);
	assert_int_equal(s->cuts[8].count, 50);
	scenario_free(s);
}

static void round_trip(const char *yaml)
{
	struct scenario *s = accepted(yaml), *again;
	CLEANUP_FREE char *text = scenario_resolved(s);
	CLEANUP_FREE char *same = NULL;

	again = accepted(text);
	same = scenario_resolved(again);
	assert_string_equal(text, same);
	assert_int_equal(again->n_cuts, s->n_cuts);
	for (size_t i = 0; i < s->n_cuts; i++) {
		assert_int_equal(again->cuts[i].kind, s->cuts[i].kind);
		assert_int_equal(again->cuts[i].nth, s->cuts[i].nth);
		assert_int_equal(again->cuts[i].count, s->cuts[i].count);
		assert_int_equal(again->cuts[i].time_ns, s->cuts[i].time_ns);
	}
	assert_memory_equal(&again->drive.cache, &s->drive.cache,
			    sizeof(s->drive.cache));
	assert_true(again->seed == s->seed);
	scenario_free(s);
	scenario_free(again);
}

static void resolved_loads_back_to_the_same(void **state)
{
	(void)state;
	round_trip(MINIMAL);
	round_trip(full);
}

static void resolved_spells_the_defaults_out(void **state)
{
	static const char expected[] =
		"name: x\n"
		"about: \"\"\n"
		"guest:\n"
		"  kernel: \"debian-6.1\"\n"
		"  image: \"micro\"\n"
		"  packages: []\n"
		"  memory: 256MiB\n"
		"  trace: full\n"
		"drive:\n"
		"  bus: nvme\n"
		"  size: 128MiB\n"
		"  block: 512\n"
		"  cache:\n"
		"    mode: writeback\n"
		"    capacity: unlimited\n"
		"    destage: never\n"
		"    order: any\n"
		"    tear: 4KiB\n"
		"    flush: honest\n"
		"    fua: honored\n"
		"    power_loss_protection: false\n"
		"filesystem:\n"
		"  type: ext4\n"
		"  mkfs: \"\"\n"
		"  mount: \"\"\n"
		"workload:\n"
		"  run: [\"w\"]\n"
		"  timeout: 60s\n"
		"mode: replay\n"
		"states:\n"
		"  strategy: default\n"
		"  budget: 20000\n"
		"  exhaustive: 6\n"
		"  equality: content\n"
		"  audit: 5%\n"
		"check:\n"
		"  on: guest\n"
		"  fsck: true\n"
		"  timeout: 30s\n"
		"expect: held\n"
		"seed: 1\n";
	struct scenario *s = accepted(MINIMAL);
	CLEANUP_FREE char *text = scenario_resolved(s);

	(void)state;
	assert_string_equal(text, expected);
	scenario_free(s);
}

static void any_text_comes_back_as_it_was(void **state)
{
	static const char *const texts[] = {
		"a: b # c", "- a", "'\"\\", " blanks ", "line\nline\n\n",
		"\t\x01\x1b\x7f", "\xc3\xa9 \xf0\x9f\x98\x80",
		"\xc2\x85\xe2\x80\xa8\xef\xbb\xbf", "null", "~", "", "%TAG",
		"*a", "&a", "!t x", "...", "---",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct scenario *s = accepted(MINIMAL), *again;
		CLEANUP_FREE char *yaml = NULL;

		free(s->about);
		s->about = xstrdup(texts[i]);
		yaml = scenario_resolved(s);
		again = accepted(yaml);
		assert_string_equal(again->about, texts[i]);
		scenario_free(s);
		scenario_free(again);
	}
}

static void a_file_is_found_with_its_folder(void **state)
{
	char dir[] = "/tmp/test-scenario.XXXXXX", real[PATH_MAX];
	CLEANUP_FREE char *path = NULL;
	struct scenario *s = NULL;
	struct error e;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = xasprintf("%s/case.yaml", dir);
	assert_int_equal(file_write(path, MINIMAL, strlen(MINIMAL), &e), 0);
	assert_int_equal(scenario_load(path, &s, &e), 0);
	assert_non_null(realpath(dir, real));
	assert_string_equal(s->folder, real);
	assert_memory_equal(s->path, real, strlen(real));
	assert_string_equal(s->path + strlen(real), "/case.yaml");
	scenario_free(s);
	assert_int_equal(rm_rf(dir, &e), 0);
}

static void a_missing_file_is_named(void **state)
{
	struct scenario *s = NULL;
	struct error e;

	(void)state;
	assert_int_equal(scenario_load("/nonexistent/a.yaml", &s, &e),
			 -ENOENT);
	assert_string_equal(e.message, "cannot open /nonexistent/a.yaml: No "
			    "such file or directory");
}

static void a_folder_is_no_file(void **state)
{
	struct scenario *s = NULL;
	struct error e;

	(void)state;
	assert_int_equal(scenario_load("/", &s, &e), -EINVAL);
	assert_string_equal(e.message, "/:1:1: not a file; expected a "
			    "scenario, such as "
			    "workloads/append-log/scenario.yaml");
}

static void free_takes_null(void **state)
{
	(void)state;
	scenario_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(minimal_scenario_has_the_defaults),
		cmocka_unit_test(every_value_arrives),
		cmocka_unit_test(every_kind_of_cut_arrives),
		cmocka_unit_test(resolved_loads_back_to_the_same),
		cmocka_unit_test(resolved_spells_the_defaults_out),
		cmocka_unit_test(any_text_comes_back_as_it_was),
		cmocka_unit_test(a_file_is_found_with_its_folder),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(a_folder_is_no_file),
		cmocka_unit_test(free_takes_null),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

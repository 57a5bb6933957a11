/* A fabricated run, as bad as a guest can make it: for the tests beside. */
#ifndef TEST_FIXTURE_H
#define TEST_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/files.h"
#include "results/report/report.h"
#include "results/store/store.h"

/* Markup, a terminal escape, a broken byte, a reversing mark. */
#define HOSTILE                                                                \
	"<script>alert('1')</script> & \"]]>\" \x1b[31m \xff \xe2\x80\xae"
#define HOSTILE_SAFE                                                           \
	"<script>alert('1')</script> & \"]]>\" \\x1b[31m \\xff \\u{202E}"

static char fixture_root[64];
static char fixture_dir[160]; /* of the run */

static inline int fixture_setup(void **state)
{
	(void)state;
	strcpy(fixture_root, "/tmp/test-report-XXXXXX");
	assert_non_null(mkdtemp(fixture_root));
	snprintf(fixture_dir, sizeof(fixture_dir),
		 "%s/results/runs/append-log/20250102T030405Z-7", fixture_root);
	return mkdir_p(fixture_dir, NULL);
}

static inline int fixture_teardown(void **state)
{
	(void)state;
	return rm_rf(fixture_root, NULL);
}

static inline struct store *fixture_create(void)
{
	char path[200];
	struct store *s = NULL;

	snprintf(path, sizeof(path), "%s/results.sqlite", fixture_dir);
	assert_int_equal(store_create(path, &s, NULL), 0);
	return s;
}

static inline void fixture_facts(struct store *s, const char *verdict,
				 const char *expect)
{
	const char *const facts[][2] = {
		{ "scenario", "append-log" },
		{ "about", "Appends records with fdatasync and acknowledges "
			   "each." },
		{ "expect", expect },
		{ "verdict", verdict },
		{ "phase", "done" },
		{ "seed", "7" },
		{ "accel", "tcg" },
		{ "accel_reason", "/dev/kvm is missing" },
		{ "checked_on", "guest" },
		{ "kernel", "6.1.0-28-cloud-amd64" },
		{ "started", "2025-01-02T03:04:05Z" },
		{ "seconds", "48.25" },
		{ "distinct", "21" },
	};

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		assert_int_equal(store_set(s, facts[i][0], facts[i][1], NULL),
				 0);
}

static inline void fixture_cut(struct store *s, const char *source, int n,
			       double legal_log2)
{
	char name[16], legal[32];
	struct store_cut c = {
		.source = source,
		.name = name,
		.position = 10 * (uint64_t)n,
		.volatile_writes = (uint64_t)n,
		.legal_log2 = legal_log2,
		.acks = (uint64_t)n / 2,
		.states = 4,
		.equal = 1,
		.left_out = 2,
		.legal = legal_log2 < 60 ? legal : NULL,
		.complete = n == 1 && legal_log2 < 60,
		.losses = 1 + (n > 3),
		.reach = (unsigned)n & 7,
	};

	snprintf(legal, sizeof(legal), "%.0f", exp2(legal_log2));

	snprintf(name, sizeof(name), "w%d", n);
	assert_int_equal(store_add_cut(s, &c, NULL), 0);
}

static inline void fixture_state(struct store *s, const char *source, int n,
				 const char *survivors, uint64_t lost,
				 enum verdict verdict, enum stage stage,
				 const char *message)
{
	char cut[16];
	struct store_state st = {
		.source = source,
		.cut = cut,
		.survivors = survivors,
		.hash = "00112233445566778899aabbccddeeff",
		.lost = lost,
		.verdict = verdict,
		.stage = stage,
		.message = message,
		.detail = message,
		.elapsed_ns = 40000000,
	};

	snprintf(cut, sizeof(cut), "w%d", n);
	assert_int_equal(store_add_state(s, &st, NULL), 0);
}

static inline void fixture_mark(struct store *s, uint64_t position,
				uint64_t number, const char *kind,
				const char *text)
{
	struct store_mark m = { "replay", position, number, kind, text };

	assert_int_equal(store_add_mark(s, &m, NULL), 0);
}

/* Why live-1/w3:all of fixture_violated lost its record. */
static inline void fixture_cause(struct store *s, const char *sentence)
{
	const struct store_cause c = {
		.source = "live-1",
		.state = "w3:all",
		.layer = 3,
		.sentence = sentence,
		.missing = "fdatasync of /mnt/log",
		.file = "/mnt/log",
		.offset = 4096,
		.length = 512,
		.operation = "pwrite64 of 512 bytes at 4096",
		.call = 17,
		.program = "append-log",
		.thread = 101,
		.promise = "TXN-17",
		.promise_mark = 6,
		.stack = "append at append-log.c:41\nmain at append-log.c:90",
		.doubt = "",
		.cut_ns = 5000000,
	};

	assert_int_equal(store_add_cause(s, &c, NULL), 0);
}

static inline void fixture_close(struct store *s)
{
	assert_int_equal(store_find(s, NULL), 0);
	store_close(s);
}

/* A run that shows two findings, one of them hostile, and an unknown state. */
static inline struct store *fixture_losses(const char *expect)
{
	struct store *s = fixture_create();

	fixture_facts(s, "violated", expect);
	for (int n = 1; n <= 6; n++) {
		fixture_cut(s, "replay", n, n);
		fixture_state(s, "replay", n, "all", 0, VERDICT_HELD,
			      STAGE_NONE, "");
	}
	fixture_cut(s, "live-1", 3, 3);
	fixture_state(s, "live-1", 3, "all", 0, VERDICT_VIOLATED, STAGE_CHECK,
		      "lost TXN-17: promised, but there is no such record in "
		      "the log, which ends early");
	fixture_state(s, "replay", 4, "all-4", 1, VERDICT_VIOLATED,
		      STAGE_CHECK,
		      "lost TXN-3: promised, but there is no such record in "
		      "the log, which ends early");
	fixture_state(s, "replay", 5, "all-1,2", 2, VERDICT_VIOLATED,
		      STAGE_MOUNT, HOSTILE);
	fixture_state(s, "replay", 6, "none", 6, VERDICT_UNKNOWN, STAGE_HANG,
		      "the guest stopped answering");
	fixture_mark(s, 12, 1, "begin", "TXN-1");
	fixture_mark(s, 15, 2, "ack", HOSTILE);
	return s;
}

static inline void fixture_violated(const char *expect)
{
	fixture_close(fixture_losses(expect));
}

/* The same, and the first finding is explained. */
static inline void fixture_explained(const char *sentence)
{
	struct store *s = fixture_losses("held");

	fixture_cause(s, sentence);
	fixture_close(s);
}

static inline void fixture_event(struct store *s, const char *source,
				 uint64_t number, enum store_lane lane,
				 uint64_t start_ns, uint64_t end_ns,
				 const char *kind, const char *label,
				 const char *pieces)
{
	const struct store_event ev = { source, number, lane, start_ns, end_ns,
					UINT64_MAX, kind, label, pieces };

	assert_int_equal(store_add_event(s, &ev, NULL), 0);
}

/* An explained run with the events of its live recording, whose cut is at 5 ms:
 * call 17 comes as far as the page cache before it, and to the drive behind it. */
static inline void fixture_events(const char *label)
{
	struct store *s = fixture_losses("held");

	fixture_cause(s, "The write stayed in the page cache.");
	fixture_event(s, "live-1", 1, STORE_LANE_CALL, 1000000, 1020000,
		      "write", label, "17");
	fixture_event(s, "live-1", 2, STORE_LANE_PAGES, 1010000, 0, "dirty",
		      "/mnt/log 4096", "16,17");
	fixture_event(s, "live-1", 3, STORE_LANE_APPLICATION, 2000000, 2000000,
		      "ack", "TXN-17", "");
	fixture_event(s, "live-1", 4, STORE_LANE_DRIVE, 6000000, 6100000,
		      "write", "0+4096", "16,17");
	fixture_event(s, "live-1", 5, STORE_LANE_BLOCK, 3000000, 3000000,
		      "queue", "of other calls", "117,1");
	fixture_event(s, "replay", 1, STORE_LANE_CALL, 1000000, 1020000,
		      "write", "of another recording", "17");
	fixture_close(s);
}

/* A run that shows the same loss by two faults of the drive. */
static inline void fixture_faulty(void)
{
	static const char *const faults[] = { "shorn write", "flying write" };
	struct store *s = fixture_create();

	fixture_facts(s, "violated", "held");
	fixture_cut(s, "replay", 1, 1);
	for (int i = 0; i < 2; i++) {
		struct store_state st = {
			.source = "replay",
			.cut = "w1",
			.survivors = i ? "all+flying=1/16" : "all+shorn=1.0",
			.hash = "00112233445566778899aabbccddeeff",
			.fault = faults[i],
			.verdict = VERDICT_VIOLATED,
			.stage = STAGE_CHECK,
			.message = "slot 3 is damaged",
		};

		assert_int_equal(store_add_state(s, &st, NULL), 0);
	}
	fixture_close(s);
}

static inline void fixture_held(void)
{
	struct store *s = fixture_create();

	fixture_facts(s, "held", "held");
	fixture_cut(s, "replay", 1, 5000);
	fixture_state(s, "replay", 1, "all", 0, VERDICT_HELD, STAGE_NONE, "");
	fixture_close(s);
}

static inline void fixture_ends(const char *verdict, const char *reason)
{
	struct store *s = fixture_create();

	fixture_facts(s, verdict, "held");
	if (*reason)
		assert_int_equal(store_set(s, "reason", reason, NULL), 0);
	fixture_close(s);
}

#define REPORT_TEST(name)                                                      \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#endif

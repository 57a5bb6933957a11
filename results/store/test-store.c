#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "results/store/store.h"

static char dir[64];
static char path[128];

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test-store-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/results.sqlite", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rm_rf(dir, NULL);
}

static struct store *create(void)
{
	struct store *s = NULL;
	struct error e = { "", "" };

	if (store_create(path, &s, &e) < 0)
		print_error("%s\n", e.message);
	assert_non_null(s);
	return s;
}

static struct store *open_again(void)
{
	struct store *s = NULL;
	struct error e = { "", "" };

	if (store_open(path, &s, &e) < 0)
		print_error("%s\n", e.message);
	assert_non_null(s);
	return s;
}

static void sql(const char *text)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void add_cut(struct store *s, const char *name, uint64_t position,
		    double legal_log2, uint64_t volatile_writes, uint64_t acks)
{
	struct store_cut c = {
		.source = "replay",
		.name = name,
		.position = position,
		.volatile_writes = volatile_writes,
		.legal_log2 = legal_log2,
		.acks = acks,
		.states = 5,
		.equal = 2,
	};

	assert_int_equal(store_add_cut(s, &c, NULL), 0);
}

static void add_state(struct store *s, const char *cut, const char *survivors,
		      enum verdict verdict)
{
	struct store_state st = {
		.source = "replay",
		.cut = cut,
		.survivors = survivors,
		.hash = "00112233445566778899aabbccddeeff",
		.lost = 3,
		.verdict = verdict,
		.stage = verdict == VERDICT_HELD ? STAGE_NONE : STAGE_CHECK,
		.message = verdict == VERDICT_HELD ? "" : "lost TXN-7",
		.detail = "the\noutput",
		.elapsed_ns = 5000000,
	};

	assert_int_equal(store_add_state(s, &st, NULL), 0);
}

static struct store_totals totals(struct store *s)
{
	struct store_totals t;

	assert_int_equal(store_totals(s, &t, NULL), 0);
	return t;
}

static void facts_come_back(void **state)
{
	struct store *s = create();
	char *value;

	(void)state;
	assert_int_equal(store_set(s, "scenario", "it's \"quoted\"; --", NULL),
			 0);
	assert_int_equal(store_setf(s, NULL, "seed", "%d", 7), 0);
	assert_int_equal(store_setf(s, NULL, "seed", "%d", 8), 0);
	store_close(s);
	s = open_again();
	value = store_get(s, "scenario");
	assert_string_equal(value, "it's \"quoted\"; --");
	free(value);
	value = store_get(s, "seed");
	assert_string_equal(value, "8");
	free(value);
	assert_null(store_get(s, "nothing"));
	store_close(s);
}

static int one_cut(const struct store_cut_row *c, void *arg)
{
	int *n = arg;

	assert_string_equal(c->cut.source, "replay");
	assert_string_equal(c->cut.name, *n ? "w9" : "w2");
	assert_int_equal(c->cut.position, *n ? 70 : 10);
	assert_int_equal(c->cut.states, 5);
	assert_int_equal(c->checked, *n ? 0 : 2);
	assert_int_equal(c->violated, *n ? 0 : 1);
	++*n;
	return 0;
}

static int one_state(const struct store_state *st, void *arg)
{
	++*(int *)arg;
	assert_string_equal(st->cut, "w2");
	assert_string_equal(st->survivors, "all-1");
	assert_int_equal(st->verdict, VERDICT_VIOLATED);
	assert_int_equal(st->stage, STAGE_CHECK);
	assert_string_equal(st->message, "lost TXN-7");
	assert_string_equal(st->detail, "the\noutput");
	assert_int_equal(st->lost, 3);
	assert_int_equal(st->elapsed_ns, 5000000);
	return 0;
}

static int one_mark(const struct store_mark *m, void *arg)
{
	++*(int *)arg;
	assert_int_equal(m->position, 12);
	assert_int_equal(m->number, 1);
	assert_string_equal(m->kind, "ack");
	assert_string_equal(m->text, "TXN-7");
	return 42;
}

static void rows_come_back(void **state)
{
	struct store_mark m = { "replay", 12, 1, "ack", "TXN-7" };
	struct store *s = create();
	int n = 0;

	(void)state;
	add_cut(s, "w9", 70, 1, 1, 0);
	add_cut(s, "w2", 10, 1, 1, 0);
	add_state(s, "w2", "all", VERDICT_HELD);
	add_state(s, "w2", "all-1", VERDICT_VIOLATED);
	assert_int_equal(store_add_mark(s, &m, NULL), 0);
	store_close(s);
	s = open_again();
	assert_int_equal(store_cuts(s, one_cut, &n, NULL), 0);
	assert_int_equal(n, 2);
	n = 0;
	assert_int_equal(store_bad_states(s, 10, one_state, &n, NULL), 0);
	assert_int_equal(n, 1);
	n = 0;
	assert_int_equal(store_marks(s, 10, one_mark, &n, NULL), 42);
	assert_int_equal(n, 1);
	store_close(s);
}

static void totals_count_everything_once(void **state)
{
	struct store *s = create();
	struct store_totals t;

	(void)state;
	add_cut(s, "w1", 1, 0, 0, 0);
	add_cut(s, "w2", 2, 1, 1, 0);
	add_cut(s, "m1", 3, 0, 0, 1);
	add_state(s, "w2", "all", VERDICT_HELD);
	add_state(s, "w2", "none", VERDICT_VIOLATED);
	add_state(s, "m1", "all", VERDICT_UNKNOWN);
	add_state(s, "m1", "all", VERDICT_HELD); /* judged again */
	t = totals(s);
	assert_int_equal(t.cuts, 3);
	assert_int_equal(t.interesting_cuts, 2);
	assert_int_equal(t.states_enumerated, 15);
	assert_int_equal(t.states_equal, 6);
	assert_int_equal(t.states_checked, 3);
	assert_int_equal(t.held, 2);
	assert_int_equal(t.violated, 1);
	assert_int_equal(t.unknown, 0);
	assert_true(fabs(t.states_legal_log2 - 2) < 1e-12); /* 1 + 2 + 1 */
	store_close(s);
}

static void add_equal(struct store *s, const char *survivors,
		      enum verdict verdict, enum store_equal equal)
{
	struct store_state st = {
		.source = "replay",
		.cut = "w2",
		.survivors = survivors,
		.hash = "00112233445566778899aabbccddeeff",
		.lost = 1,
		.verdict = verdict,
		.stage = verdict == VERDICT_HELD ? STAGE_NONE : STAGE_CHECK,
		.message = verdict == VERDICT_HELD ? "" : "lost TXN-7",
		.equal = equal,
		.equal_to = "w2:all",
	};

	assert_int_equal(store_add_state(s, &st, NULL), 0);
}

static int take_equal(const struct store_state *st, void *arg)
{
	(void)arg;
	assert_string_equal(st->survivors, "7");
	assert_int_equal(st->equal, STORE_EQUAL_RECOVERED);
	assert_string_equal(st->equal_to, "w2:all");
	return 1;
}

static int take_judged(const struct store_finding *f, void *arg)
{
	(void)arg;
	assert_int_equal(f->states, 2);
	assert_string_equal(f->state, "w2:none");
	return 1;
}

/* They count as covered, not as checked, and a finding is shown by a state
 * that was checked. */
static void states_equal_to_others_are_told_apart(void **state)
{
	struct store *s = create();

	(void)state;
	add_cut(s, "w2", 2, 1, 1, 0);
	add_state(s, "w2", "all", VERDICT_HELD);
	add_state(s, "w2", "none", VERDICT_VIOLATED);
	add_equal(s, "5", VERDICT_HELD, STORE_EQUAL_UNREAD);
	add_equal(s, "7", VERDICT_VIOLATED, STORE_EQUAL_RECOVERED);
	assert_int_equal(totals(s).states_checked, 2);
	assert_int_equal(totals(s).states_equal_unread, 1);
	assert_int_equal(totals(s).states_equal_recovered, 1);
	assert_int_equal(totals(s).held, 2);
	assert_int_equal(totals(s).violated, 2);
	assert_int_equal(store_bad_states(s, 9, take_equal, NULL, NULL), 1);
	assert_int_equal(store_find(s, NULL), 0);
	assert_int_equal(store_findings(s, take_judged, NULL, NULL), 1);
	assert_int_equal(store_forget_equal(s, "live-1", NULL), 0);
	assert_int_equal(totals(s).held, 2);
	assert_int_equal(store_forget_equal(s, "replay", NULL), 0);
	assert_int_equal(totals(s).states_equal_unread, 0);
	assert_int_equal(totals(s).states_equal_recovered, 0);
	assert_int_equal(totals(s).states_checked, 2);
	assert_int_equal(totals(s).violated, 1);
	store_close(s);
}

static int take_cut(const struct store_cut_row *row, void *arg)
{
	const struct store_cut *c = &row->cut;

	if (strcmp(c->name, "w2"))
		return 0;
	*(int *)arg = c->left_out == 3 && c->more == 1 && c->complete == 0 &&
		      c->losses == 2 && c->reach == 5 &&
		      !strcmp(c->legal, "340282366920938463463374607431768211456");
	return 0;
}

static void coverage_comes_back_as_it_was(void **state)
{
	struct store_cut c = { .source = "replay", .name = "w1",
			       .volatile_writes = 1,
			       .legal_log2 = 1, .legal = "2", .complete = 1,
			       .losses = 1, .reach = 1 };
	struct store *s = create();
	CLEANUP_FREE char *legal = NULL, *none = NULL;
	struct store_totals t;
	int same = 0;

	(void)state;
	assert_int_equal(store_add_cut(s, &c, NULL), 0);
	c = (struct store_cut){ .source = "replay", .name = "w2",
				.legal_log2 = 128, .left_out = 3, .more = 1,
				.legal = "340282366920938463463374607431768211456",
				.volatile_writes = 9,
				.losses = 2, .reach = 5 };
	assert_int_equal(store_add_cut(s, &c, NULL), 0);
	assert_int_equal(totals(s).losses, 2); /* w1 has no more to lose */
	assert_int_equal(store_cuts(s, take_cut, &same, NULL), 0);
	assert_true(same);
	t = totals(s);
	assert_int_equal(t.cuts_complete, 1);
	assert_int_equal(t.cuts_more, 1);
	assert_int_equal(t.losses, 2);
	assert_int_equal(t.reach[STORE_REACH_BEGIN_ACK], 2);
	assert_int_equal(t.reach[STORE_REACH_WRITE_FLUSH], 0);
	assert_int_equal(t.reach[STORE_REACH_JOURNAL], 1);
	assert_int_equal(store_legal(s, &legal, NULL), 0);
	assert_string_equal(legal, "340282366920938463463374607431768211458");
	c = (struct store_cut){ .source = "replay", .name = "w3",
				.legal_log2 = 2000, .losses = -1 };
	assert_int_equal(store_add_cut(s, &c, NULL), 0);
	assert_int_equal(store_legal(s, &none, NULL), 0);
	assert_null(none);
	assert_int_equal(totals(s).losses, -1);
	store_close(s);
}

static void legal_states_beyond_any_number_add_up(void **state)
{
	struct store *s = create();

	(void)state;
	assert_true(totals(s).states_legal_log2 == -INFINITY);
	add_cut(s, "w1", 1, 5000, 1, 0);
	add_cut(s, "w2", 2, 5000, 1, 0);
	add_cut(s, "w3", 3, 12, 1, 0);
	assert_true(fabs(totals(s).states_legal_log2 - 5001) < 1e-9);
	store_close(s);
}

static void impossible_numbers_are_refused(void **state)
{
	struct store_cut c = { .source = "replay", .name = "w1",
			       .position = 1, .volatile_writes = 1,
			       .legal_log2 = 1, .states = 1 };
	struct store *s = create();
	struct error e = { "", "" };

	(void)state;
	c.legal_log2 = NAN;
	assert_int_equal(store_add_cut(s, &c, &e), -EINVAL);
	c.legal_log2 = INFINITY;
	assert_int_equal(store_add_cut(s, &c, &e), -EINVAL);
	c.legal_log2 = 1;
	c.position = UINT64_MAX;
	assert_int_equal(store_add_cut(s, &c, &e), -ERANGE);
	assert_int_equal(totals(s).cuts, 0);
	store_close(s);
}

static void a_reader_sees_what_the_writer_committed(void **state)
{
	struct store *w = create();
	struct store *r = open_again();

	(void)state;
	add_state(w, "w1", "all", VERDICT_HELD);
	assert_int_equal(totals(r).states_checked, 0);
	assert_int_equal(store_commit(w, NULL), 0);
	assert_int_equal(totals(r).states_checked, 1);
	assert_int_equal(store_snapshot(r, NULL), 0);
	add_state(w, "w2", "all", VERDICT_HELD);
	assert_int_equal(store_commit(w, NULL), 0);
	assert_int_equal(totals(r).states_checked, 1);
	assert_int_equal(store_set(r, "a", "b", NULL), -EROFS);
	store_close(r);
	store_close(w);
}

/* Or earlier, where time passes slowly. */
static void two_hundred_rows_never_wait(void **state)
{
	struct store *w = create();
	struct store *r = open_again();
	char cut[16];

	(void)state;
	for (int i = 0; i < 200; i++) {
		snprintf(cut, sizeof(cut), "w%d", i);
		add_state(w, cut, "all", VERDICT_HELD);
	}
	assert_true(totals(r).states_checked > 0);
	store_close(r);
	store_close(w);
}

static void reopening_drops_the_results_and_keeps_the_facts(void **state)
{
	struct store_mark m = { "replay", 12, 1, "ack", "TXN-7" };
	struct store *s = create();
	struct store_totals t;
	char *phase;

	(void)state;
	store_set(s, "scenario", "append-log", NULL);
	store_set(s, "verdict", "violated", NULL);
	store_set(s, "phase", "done", NULL);
	add_cut(s, "w1", 1, 1, 1, 0);
	add_state(s, "w1", "all", VERDICT_VIOLATED);
	assert_int_equal(store_add_mark(s, &m, NULL), 0);
	assert_int_equal(store_find(s, NULL), 0);
	assert_int_equal(totals(s).findings, 1);
	store_close(s);
	assert_int_equal(store_reopen(path, &s, NULL), 0);
	t = totals(s);
	assert_int_equal(t.cuts + t.states_checked + t.findings, 0);
	assert_int_equal(t.acks, 1);
	assert_null(store_get(s, "verdict"));
	phase = store_get(s, "phase");
	assert_string_equal(phase, "checking");
	free(phase);
	add_state(s, "w1", "all", VERDICT_HELD);
	store_close(s);
	s = open_again();
	assert_int_equal(totals(s).held, 1);
	store_close(s);
}

static void another_schema_version_says_so(void **state)
{
	struct store *s = create();
	struct error e = { "", "" };

	(void)state;
	store_close(s);
	sql("PRAGMA user_version=99");
	s = NULL;
	assert_int_equal(store_open(path, &s, &e), -EPROTONOSUPPORT);
	assert_null(s);
	assert_non_null(strstr(e.message, "has schema version 99"));
	assert_non_null(strstr(e.message, path));
	assert_true(e.hint[0] != '\0');
	assert_int_equal(store_reopen(path, &s, &e), -EPROTONOSUPPORT);
}

static void what_is_no_store_is_refused(void **state)
{
	struct store *s = NULL;
	struct error e = { "", "" };

	(void)state;
	assert_int_equal(store_open(path, &s, &e), -ENOENT);
	assert_int_equal(file_write(path, "", 0, NULL), 0);
	assert_int_equal(store_open(path, &s, &e), -EBADMSG);
	assert_non_null(strstr(e.message, "not a store of powercut"));
	unlink(path);
	sql("CREATE TABLE t (a)");
	assert_int_equal(store_open(path, &s, &e), -EBADMSG);
	unlink(path);
	assert_int_equal(file_write(path, "garbage, long enough to look at "
				    "as if it were a header of a database, "
				    "which it is not, as anyone can see", 100,
				    NULL), 0);
	assert_int_equal(store_open(path, &s, &e), -EBADMSG);
	assert_null(s);
}

static void a_store_is_never_replaced(void **state)
{
	struct store *s = create();
	struct error e = { "", "" };
	char *first;

	(void)state;
	store_set(s, "scenario", "first", NULL);
	store_close(s);
	s = NULL;
	assert_int_equal(store_create(path, &s, &e), -EEXIST);
	assert_null(s);
	s = open_again();
	first = store_get(s, "scenario");
	assert_string_equal(first, "first");
	free(first);
	store_close(s);
}

static void a_finished_store_is_one_file(void **state)
{
	struct store *s = create();
	char wal[160];

	(void)state;
	add_state(s, "w1", "all", VERDICT_HELD);
	snprintf(wal, sizeof(wal), "%s-wal", path);
	assert_int_equal(access(wal, F_OK), 0);
	store_close(s);
	assert_int_not_equal(access(wal, F_OK), 0);
	s = open_again();
	assert_int_equal(totals(s).held, 1);
	store_close(s);
}

/* ---- causes and events ---- */

static const struct store_cause known = {
	.source = "replay",
	.state = "w1:all-1",
	.layer = 3,
	.sentence = "The page was never written back.",
	.missing = "fdatasync of /mnt/log",
	.file = "/mnt/log",
	.offset = 4096,
	.length = 512,
	.operation = "pwrite64 of 512 bytes at 4096",
	.call = 17,
	.program = "append-log",
	.thread = 101,
	.promise = "TXN-7",
	.promise_mark = 12,
	.stack = "append at log.c:12\nmain at log.c:40",
	.doubt = "one event was lost",
	.cut_ns = 5000,
};

static int same_cause(const struct store_cause *c, void *arg)
{
	int *n = arg;

	(*n)++;
	assert_string_equal(c->source, known.source);
	assert_string_equal(c->state, known.state);
	assert_int_equal(c->layer, known.layer);
	assert_string_equal(c->sentence, known.sentence);
	assert_string_equal(c->missing, known.missing);
	assert_string_equal(c->file, known.file);
	assert_int_equal(c->offset, known.offset);
	assert_int_equal(c->length, known.length);
	assert_string_equal(c->operation, known.operation);
	assert_int_equal(c->call, known.call);
	assert_string_equal(c->program, known.program);
	assert_int_equal(c->thread, known.thread);
	assert_string_equal(c->promise, known.promise);
	assert_int_equal(c->promise_mark, known.promise_mark);
	assert_string_equal(c->stack, known.stack);
	assert_string_equal(c->doubt, known.doubt);
	assert_int_equal(c->cut_ns, known.cut_ns);
	return 0;
}

static void a_cause_comes_back_whole_and_once(void **state)
{
	struct store *s = create();
	struct store_cause first = known;
	int n = 0;

	(void)state;
	first.sentence = "not the last word";
	assert_int_equal(store_add_cause(s, &first, NULL), 0);
	assert_int_equal(store_add_cause(s, &known, NULL), 0);
	store_close(s);
	s = open_again();
	assert_int_equal(store_causes(s, same_cause, &n, NULL), 0);
	assert_int_equal(n, 1);
	store_close(s);
}

static int empty_cause(const struct store_cause *c, void *arg)
{
	(void)arg;
	assert_int_equal(c->layer, 0);
	assert_string_equal(c->missing, "");
	assert_string_equal(c->stack, "");
	return 0;
}

static void what_is_not_known_of_a_cause_is_empty(void **state)
{
	const struct store_cause bare = { .source = "live-1", .state = "w1:all",
					  .sentence = "Not known." };
	const struct store_cause seven = { .source = "live-1",
					   .state = "w1:all", .layer = 7 };
	struct store *s = create();

	(void)state;
	assert_int_equal(store_add_cause(s, &bare, NULL), 0);
	assert_int_equal(store_add_cause(s, &seven, NULL), -EINVAL);
	assert_int_equal(store_causes(s, empty_cause, NULL, NULL), 0);
	store_close(s);
}

static int layers_of(const struct store_finding *f, void *arg)
{
	static const char *const layers[] = { "page cache (layer 3)",
					      "drive cache (layer 6)" };
	int *n = arg;

	assert_string_equal(f->layer, layers[*n]);
	assert_int_equal(f->cause != NULL, !*n);
	if (f->cause)
		assert_string_equal(f->cause->sentence, known.sentence);
	(*n)++;
	return 0;
}

static void a_finding_has_the_cause_of_its_smallest_state(void **state)
{
	struct store *s = create();
	struct store_cause other = known;
	int n = 0;

	(void)state;
	add_cut(s, "w1", 1, 1, 1, 0);
	add_cut(s, "w2", 2, 1, 1, 0);
	add_state(s, "w1", "all-1", VERDICT_VIOLATED);
	add_state(s, "w2", "all-1", VERDICT_LOSES);
	other.source = "live-1"; /* of the second state, but not its recording */
	other.state = "w2:all-1";
	assert_int_equal(store_add_cause(s, &known, NULL), 0);
	assert_int_equal(store_add_cause(s, &other, NULL), 0);
	assert_int_equal(store_find(s, NULL), 0);
	assert_int_equal(store_findings(s, layers_of, &n, NULL), 0);
	assert_int_equal(n, 2);
	store_close(s);
}

static const struct store_event happened[] = {
	{ "replay", 1, STORE_LANE_CALL, 100, 200, UINT64_MAX, "write",
	  "pwrite64 /mnt/log 4096+512", "1" },
	{ "replay", 2, STORE_LANE_DRIVE, 300, 0, 12, "write", "0+8", "1,2" },
	{ "replay", 10, STORE_LANE_MEDIA, 400, 400, 0, "durable", "0+8", "" },
	{ "live-2", 1, STORE_LANE_APPLICATION, 1, 1, 3, "ack", "TXN-1", "" },
	{ "live-10", 1, STORE_LANE_PAGES, 1, 2, 4, "dirty", "4096", "1" },
};
#define HAPPENED (sizeof(happened) / sizeof(happened[0]))

static int same_event(const struct store_event *ev, void *arg)
{
	size_t *n = arg;
	const struct store_event *want = &happened[*n];

	(*n)++;
	assert_string_equal(ev->source, want->source);
	assert_int_equal(ev->number, want->number);
	assert_int_equal(ev->lane, want->lane);
	assert_int_equal(ev->start_ns, want->start_ns);
	assert_int_equal(ev->end_ns, want->end_ns);
	assert_true(ev->position == want->position);
	assert_string_equal(ev->kind, want->kind);
	assert_string_equal(ev->label, want->label);
	assert_string_equal(ev->pieces, want->pieces);
	return 0;
}

static void events_come_back_by_source_and_number(void **state)
{
	struct store *s = create();
	size_t n = 0;

	(void)state;
	for (size_t i = HAPPENED; i > 0; i--)
		assert_int_equal(store_add_event(s, &happened[i - 1], NULL), 0);
	store_close(s);
	s = open_again();
	assert_int_equal(store_events(s, same_event, &n, NULL), 0);
	assert_int_equal(n, HAPPENED);
	store_close(s);
}

static void an_event_has_a_lane(void **state)
{
	struct store_event ev = happened[0];
	struct store *s = create();

	(void)state;
	ev.lane = (enum store_lane)(STORE_LANES + 1);
	assert_int_equal(store_add_event(s, &ev, NULL), -EINVAL);
	ev.lane = (enum store_lane)0;
	assert_int_equal(store_add_event(s, &ev, NULL), -EINVAL);
	store_close(s);
}

static void reopening_drops_causes_and_keeps_events(void **state)
{
	struct store *s = create();
	size_t events = 0;
	int causes = 0;

	(void)state;
	assert_int_equal(store_add_cause(s, &known, NULL), 0);
	for (size_t i = 0; i < HAPPENED; i++)
		assert_int_equal(store_add_event(s, &happened[i], NULL), 0);
	store_close(s);
	assert_int_equal(store_reopen(path, &s, NULL), 0);
	assert_int_equal(store_causes(s, same_cause, &causes, NULL), 0);
	assert_int_equal(store_events(s, same_event, &events, NULL), 0);
	assert_int_equal(causes, 0);
	assert_int_equal(events, HAPPENED);
	store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(facts_come_back),
		TEST(rows_come_back),
		TEST(totals_count_everything_once),
		TEST(states_equal_to_others_are_told_apart),
		TEST(legal_states_beyond_any_number_add_up),
		TEST(coverage_comes_back_as_it_was),
		TEST(impossible_numbers_are_refused),
		TEST(a_reader_sees_what_the_writer_committed),
		TEST(two_hundred_rows_never_wait),
		TEST(reopening_drops_the_results_and_keeps_the_facts),
		TEST(another_schema_version_says_so),
		TEST(what_is_no_store_is_refused),
		TEST(a_store_is_never_replaced),
		TEST(a_finished_store_is_one_file),
		TEST(a_cause_comes_back_whole_and_once),
		TEST(what_is_not_known_of_a_cause_is_empty),
		TEST(a_finding_has_the_cause_of_its_smallest_state),
		TEST(events_come_back_by_source_and_number),
		TEST(an_event_has_a_lane),
		TEST(reopening_drops_causes_and_keeps_events),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

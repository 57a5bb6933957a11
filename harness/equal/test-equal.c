/*
 * Equality against the truth, on guests that are drawn at random.
 *
 * A guest here is a deterministic procedure drawn from a number: it mounts
 * (reads, recovers a journal, writes what it says), checks through a page
 * cache, unmounts, drops the cache, reads again as fsck does, and says how it
 * went. What it does next depends on some of what it has read so far: like real
 * ones it reads more than it minds. Every state is judged, so the truth is
 * known, and every answer of equality is compared with it.
 *
 * Then faults are planted into what equality is told. Each must make it say
 * that two states are equal that are not: a fault that nobody notices would mean
 * that this test is blind there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <xxhash.h>

#include "common/buf.h"
#include "common/rng.h"
#include "drive/accesses.h"
#include "equal/equal.h"

#define UNITS 12
#define JOURNAL 5 /* units 0 .. 4; 0 is its superblock */
#define CONTENTS 4
#define GUESTS 4000
#define STATES 30 /* that each guest judges: 120,000 */

enum fault {
	NO_FAULT,
	READS_FORGOTTEN,     /* every second one */
	PROMISES_IGNORED,
	WRITTEN_NOT_READ,    /* reads of units that were written later */
	MOUNT_WRITES_IGNORED,
	LATE_JOURNAL_IGNORED, /* also after the mount */
	ANCHOR_IGNORED,      /* the journal left out whatever was written */
	FAULTS
};

/* ---- the guest ---- */

struct guest {
	uint64_t number;
	int always_recovers; /* else a journal may be clean */
	int changes; /* recovery changes what is there, not replaces it */
};

struct run {
	const struct guest *guest;
	uint64_t disk[UNITS]; /* as it is now */
	int mine[UNITS];      /* written by the guest */
	int cached[UNITS];
	struct accesses accesses;
	uint64_t memory;
	uint64_t promises;
	enum fault fault;
	unsigned n_reads;
	int mounted;
	struct drive_written written;
};

static uint64_t mix(uint64_t a, uint64_t b)
{
	const uint64_t key[2] = { a, b };

	return XXH3_64bits(key, sizeof(key));
}

/* A number below n that the guest draws from what it knows. */
static uint64_t draw(const struct run *r, uint64_t what, uint64_t n)
{
	return mix(mix(r->guest->number, what), r->memory) % n;
}

static int forgets(struct run *r)
{
	return r->fault == READS_FORGOTTEN && r->n_reads++ % 2;
}

static uint64_t read_unit(struct run *r, uint64_t unit)
{
	if (!r->cached[unit] && !r->mine[unit] && !forgets(r))
		accesses_read(&r->accesses, unit, 1);
	r->cached[unit] = 1;
	return r->disk[unit];
}

static void write_unit(struct run *r, uint64_t unit, uint64_t content)
{
	r->disk[unit] = content;
	r->mine[unit] = r->cached[unit] = 1;
	accesses_write(&r->accesses, unit, 1);
}

/* It minds what it read only now and then. */
static void mind(struct run *r, uint64_t unit, uint64_t content)
{
	uint64_t what = mix(r->guest->number, unit);

	if (what % 3)
		r->memory = mix(r->memory, what % 2 ? content : content / 2);
}

static void read_somewhere(struct run *r, uint64_t from)
{
	uint64_t unit = from + draw(r, 1, UNITS - from);

	mind(r, unit, read_unit(r, unit));
}

static void write_somewhere(struct run *r)
{
	write_unit(r, JOURNAL + draw(r, 2, UNITS - JOURNAL),
		   draw(r, 3, CONTENTS));
}

static void replay(struct run *r, uint64_t entry)
{
	uint64_t g = r->guest->number;
	uint64_t unit = JOURNAL + mix(g, entry) % (UNITS - JOURNAL);
	uint64_t content = mix(g + 1, entry) % CONTENTS;

	if (r->guest->changes)
		content = (content + read_unit(r, unit)) % CONTENTS;
	write_unit(r, unit, content);
}

/* It reads all of the journal, and uses it up to the first entry that is not
 * valid. */
static void recover(struct run *r)
{
	uint64_t super = read_unit(r, 0), n = 1, valid = 1;

	if (super < 2 && !r->guest->always_recovers)
		return; /* clean: from here on it numbers by what is there */
	for (uint64_t i = 1; i < JOURNAL; i++) {
		uint64_t entry = read_unit(r, i);

		valid = valid && entry >= 2;
		if (valid)
			replay(r, entry);
		n += valid;
	}
	write_unit(r, 0, n); /* where it goes on */
}

static void forget_cache(struct run *r)
{
	memset(r->cached, 0, sizeof(r->cached));
}

static struct drive_written written_by(const struct run *r)
{
	uint64_t key[2 * UNITS];
	struct drive_written w = { .units = 0 };
	XXH128_hash_t hash;

	for (uint64_t u = 0; u < UNITS; u++) {
		if (!unit_set_has(&r->accesses.written, u))
			continue;
		key[2 * w.units] = u;
		key[2 * w.units++ + 1] = r->disk[u];
	}
	hash = XXH3_128bits(key, 2 * w.units * sizeof(*key));
	w.hash_low = hash.low64;
	w.hash_high = hash.high64;
	w.of_asked = unit_set_count(&r->accesses.written, 0, 1);
	return w;
}

/* 0: it cannot be mounted. */
static int mount(struct run *r)
{
	for (uint64_t i = draw(r, 4, 3); i; i--)
		read_somewhere(r, JOURNAL);
	recover(r);
	for (uint64_t i = draw(r, 5, 3); i; i--)
		read_somewhere(r, JOURNAL);
	if (draw(r, 6, 2))
		write_somewhere(r);
	return draw(r, 7, 12) != 0;
}

static void check(struct run *r)
{
	uint64_t number = read_unit(r, 0);

	if (r->guest->number % 3 == 0)
		r->memory = mix(r->memory, r->promises);
	for (uint64_t i = 1 + draw(r, 8, 4); i; i--) {
		read_somewhere(r, JOURNAL);
		if (draw(r, 9, 4) == 0)
			write_somewhere(r);
	}
	/* Unmounted: it goes on with the number that it found. */
	if (draw(r, 10, 2)) {
		r->memory = mix(r->memory, number);
		write_unit(r, 0, (number + 1) % CONTENTS);
	}
	forget_cache(r);
	for (uint64_t i = draw(r, 11, 4); i; i--)
		read_somewhere(r, draw(r, 12, 2) ? 0 : JOURNAL);
}

/* Held, violated by the check, or violated by the mount. */
static enum stage judge(struct run *r)
{
	r->mounted = mount(r);
	if (!r->mounted)
		return STAGE_MOUNT;
	r->written = written_by(r);
	accesses_mounted(&r->accesses);
	check(r);
	return draw(r, 13, 3) ? STAGE_NONE : STAGE_CHECK;
}

/* ---- what equality is told of it ---- */

static uint64_t content_of(void *arg, uint64_t unit)
{
	return ((uint64_t *)arg)[unit];
}

struct told {
	struct unit_run runs[DRIVE_PHASES][UNITS];
	struct drive_reads reads;
	struct drive_written written;
};

static void take_out(struct accesses *a, uint64_t unit, int phase)
{
	a->read[phase].words[0] &= ~(1ULL << unit);
}

static void tell(struct run *r, struct told *t)
{
	for (uint64_t u = 0; u < UNITS; u++) {
		if (r->fault == WRITTEN_NOT_READ && r->mine[u])
			for (int i = 0; i < DRIVE_PHASES; i++)
				take_out(&r->accesses, u, i);
		if (r->fault == LATE_JOURNAL_IGNORED && u < JOURNAL)
			take_out(&r->accesses, u, DRIVE_AFTER);
	}
	for (int i = 0; i < DRIVE_PHASES; i++) {
		t->reads.runs[i] = t->runs[i];
		t->reads.n[i] = accesses_runs(&r->accesses.read[i],
					      t->runs[i], UNITS);
	}
	t->written = r->written;
	if (r->fault == MOUNT_WRITES_IGNORED)
		t->written.hash_low = t->written.hash_high = 0;
	if (r->fault == ANCHOR_IGNORED)
		t->written.of_asked = 1;
}

struct tally {
	uint64_t unread, recovered, wrong, unequal;
};

static struct equal *make(double audit)
{
	uint64_t varying[UNITS];

	for (uint64_t u = 0; u < UNITS; u++)
		varying[u] = u;
	return equal_new(&(struct equal_config){
		.varying = varying,
		.n_varying = UNITS,
		.journal = (struct unit_run[]){ { 0, 2 }, { 2, JOURNAL - 2 } },
		.n_journal = 2,
		.anchor = { 0, 1 },
		.audit = audit,
	});
}

static void compare(const struct equal_answer *a, enum stage stage,
		    uint64_t *count, struct tally *t)
{
	(*count)++;
	t->wrong += a->to->stage != stage;
}

/* One state: judged, asked about, remembered if it is equal to none. */
static void one_state(const struct guest *g, struct equal *q,
		      const uint64_t *disk, uint64_t promises,
		      enum fault fault, struct tally *t)
{
	struct run r = { .guest = g, .promises = promises, .fault = fault };
	struct equal_state s = { .content = content_of, .arg = (void *)disk };
	struct equal_answer a;
	struct told told;
	enum stage stage;

	s.promises = fault == PROMISES_IGNORED ? 0 : promises;
	memcpy(r.disk, disk, sizeof(r.disk));
	accesses_init(&r.accesses, UNITS);
	stage = judge(&r);
	tell(&r, &told);
	a = equal_unread(q, &s);
	if (a.to) {
		compare(&a, stage, &t->unread, t);
	} else if (r.mounted) {
		a = equal_recovered(q, &s, &told.written);
		if (a.to)
			compare(&a, stage, &t->recovered, t);
	}
	if (!a.to) {
		struct equal_judged j = {
			.name = "s", .stage = stage,
			.verdict = stage == STAGE_NONE ? VERDICT_HELD :
							 VERDICT_VIOLATED,
		};

		t->unequal++;
		equal_remember(q, &s, &told.reads,
			       r.mounted ? &told.written : NULL, &j);
	}
	accesses_free(&r.accesses);
}

/* Its states differ from one disk in some units, as those of a recording do. */
static void one_guest(struct rng *rng, enum fault fault, struct tally *t)
{
	struct guest g = { rng_next(rng), rng_below(rng, 2) != 0,
			   rng_below(rng, 2) != 0 };
	struct equal *q = make(0);
	uint64_t base[UNITS], disk[UNITS];

	for (size_t u = 0; u < UNITS; u++)
		base[u] = rng_below(rng, CONTENTS);
	for (int i = 0; i < STATES; i++) {
		memcpy(disk, base, sizeof(disk));
		for (uint64_t k = rng_below(rng, 5); k; k--)
			disk[rng_below(rng, UNITS)] = rng_below(rng, CONTENTS);
		one_state(&g, q, disk, rng_below(rng, 2), fault, t);
	}
	equal_free(q);
}

static struct tally all_guests(enum fault fault, unsigned guests)
{
	struct rng rng = rng_init(2026);
	struct tally t = { 0 };

	for (unsigned i = 0; i < guests; i++)
		one_guest(&rng, fault, &t);
	return t;
}

static void what_is_equal_is_judged_the_same(void **state)
{
	struct tally t = all_guests(NO_FAULT, GUESTS);

	(void)state;
	print_message("# of %u states %lu equal unread, %lu recovered\n",
		      GUESTS * STATES, (unsigned long)t.unread,
		      (unsigned long)t.recovered);
	assert_int_equal(t.wrong, 0);
	/* There was something to be wrong about. */
	assert_in_range(t.unread, 10000, GUESTS * STATES / 2);
	assert_in_range(t.recovered, 2000, GUESTS * STATES / 2);
	assert_in_range(t.unequal, 10000, GUESTS * STATES);
}

static void every_planted_fault_is_noticed(void **state)
{
	(void)state;
	for (enum fault f = NO_FAULT + 1; f < FAULTS; f++) {
		struct tally t = all_guests(f, GUESTS / 4);

		print_message("# fault %d: %lu wrong\n", (int)f,
			      (unsigned long)t.wrong);
		assert_in_range(t.wrong, 1, UINT64_MAX);
	}
}

/* ---- the audit ---- */

static const uint64_t same_disk[UNITS];

static struct equal_judged judged(const char *message)
{
	return (struct equal_judged){
		.name = "w1:all",
		.verdict = message ? VERDICT_VIOLATED : VERDICT_HELD,
		.stage = message ? STAGE_CHECK : STAGE_NONE,
		.message = message,
	};
}

static struct equal_state asked(uint64_t hash)
{
	return (struct equal_state){ .hash = hash, .content = content_of,
				     .arg = (void *)same_disk };
}

static void remember(struct equal *q, const char *message, uint64_t lost)
{
	struct drive_reads nothing = { 0 };
	struct equal_judged j = judged(message);
	struct equal_state s = asked(1);

	j.lost = lost;
	equal_remember(q, &s, &nothing, NULL, &j);
}

static void a_share_is_audited(void **state)
{
	struct equal *q = make(0.05), *none = make(0);
	uint64_t n = 0;

	(void)state;
	remember(q, NULL, 0);
	remember(none, NULL, 0);
	for (uint64_t i = 0; i < 10000; i++) {
		struct equal_state s = asked(i);
		struct equal_answer a = equal_unread(q, &s);

		assert_non_null(a.to);
		n += a.audit != 0;
		assert_true(i >= 3 || a.audit);
		assert_int_equal(equal_unread(none, &s).audit, 0);
	}
	assert_in_range(n, 420, 580);
	assert_int_equal(equal_totals(q).audited, n);
	assert_int_equal(equal_totals(q).unread, 10000 - n);
	equal_free(q);
	equal_free(none);
}

static void numbers_in_a_message_may_differ(void **state)
{
	struct equal_state s = asked(5);
	struct equal_judged now = judged("lost TXN-12");
	struct equal *q = make(1);
	struct equal_answer a;

	(void)state;
	remember(q, "lost TXN-7", 0);
	a = equal_unread(q, &s);
	assert_int_equal(equal_compare(q, &a, &now), 0);
	assert_null(equal_stopped(q));
	equal_free(q);
}

static void stops(const char *first, const char *second)
{
	struct equal_state s = asked(5);
	struct equal_judged now = judged(second);
	struct equal *q = make(1);
	struct equal_answer a;

	remember(q, first, 0);
	a = equal_unread(q, &s);
	assert_int_not_equal(equal_compare(q, &a, &now), 0);
	assert_non_null(equal_stopped(q));
	assert_int_equal(equal_totals(q).mismatches, 1);
	assert_null(equal_unread(q, &s).to);
	remember(q, NULL, 0);
	assert_null(equal_unread(q, &s).to);
	equal_free(q);
}

static void one_mismatch_stops_it(void **state)
{
	(void)state;
	stops(NULL, "lost TXN-7");
	stops("lost TXN-7", NULL);
	stops("lost TXN-7", "TXN-7 is torn");
}

static void unknown_decides_nothing(void **state)
{
	struct drive_reads nothing = { 0 };
	struct equal_judged j = { .name = "w1:all",
				  .verdict = VERDICT_UNKNOWN };
	struct equal_state s = asked(1);
	struct equal *q = make(0);

	(void)state;
	equal_remember(q, &s, &nothing, NULL, &j);
	assert_null(equal_unread(q, &s).to);
	equal_free(q);
}

/* A finding is shown by its smallest state, so that one is judged. */
static void a_smaller_violated_state_is_judged(void **state)
{
	struct equal_state s = asked(1);
	struct equal *q = make(0);

	(void)state;
	remember(q, "lost TXN-7", 3);
	s.lost = 3;
	assert_non_null(equal_unread(q, &s).to);
	s.lost = 2;
	assert_null(equal_unread(q, &s).to);
	remember(q, "lost TXN-7", 2);
	assert_non_null(equal_unread(q, &s).to);
	equal_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_equal_is_judged_the_same),
		cmocka_unit_test(every_planted_fault_is_noticed),
		cmocka_unit_test(a_share_is_audited),
		cmocka_unit_test(numbers_in_a_message_may_differ),
		cmocka_unit_test(one_mismatch_stops_it),
		cmocka_unit_test(unknown_decides_nothing),
		cmocka_unit_test(a_smaller_violated_state_is_judged),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

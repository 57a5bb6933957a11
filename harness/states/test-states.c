/*
 * The space of states against the brute-force reference, on random small logs.
 *
 * POWERCUT_SEQUENCES=N: how many logs (a soak run takes millions).
 * POWERCUT_SEED=N: the first one's seed; each log is made by seed + its number.
 */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/rng.h"
#include "states/states.h"
#include "states/test-reference.h"

#define SEQUENCES 1500
#define DATA_SECTORS 64
#define MAX_STATES 512

static char folder[] = "/tmp/test-states-XXXXXX";
static char *data_path, *base_path, *units_path;
static unsigned char data_symbols[DATA_SECTORS], base_symbols[REF_SECTORS];

/* What was seen in one log, over all of its cuts. */
struct seen {
	unsigned char content[MAX_STATES][REF_SECTORS];
	struct state_hash hash[MAX_STATES];
	size_t n;
};

/* One log under test. */
struct sequence {
	struct test_log log;
	struct cache_model model;
	uint64_t tear_sectors;
	const unsigned char *base;
	struct state_space *space;
	struct rng rng;
	char *units; /* the units file */
	size_t units_len;
	enum ref_fault fault;
	struct seen seen;

	/* of the cut under test */
	struct reference ref;
	struct cut cut;
	struct exploration how;
	int k; /* of how.strategy, or 0 */
	size_t n_states;
	unsigned char (*found)[REF_SECTORS]; /* their contents */
	struct state last; /* what the drive serves, by patches */
	uint64_t patched[REF_SECTORS]; /* source per unit of the disk */
	const char *wrong; /* the first disagreement, or NULL */
};

static void disagree(struct sequence *q, const char *what)
{
	if (!q->wrong)
		q->wrong = what;
}

/* ---- making logs ---- */

static void submit_random(struct sequence *q, size_t *flying, size_t *n)
{
	static const enum log_type types[] = { LOG_WRITE,  LOG_WRITE,
					       LOG_WRITE,  LOG_ZEROES,
					       LOG_DISCARD, LOG_FLUSH };
	struct rng *r = &q->rng;
	uint64_t sectors = q->log.h.disk_size / 512;
	enum log_type type = types[rng_below(r, 6)];
	uint64_t first = rng_below(r, sectors);
	uint64_t length = 1 + rng_below(r, 4);

	if (length > sectors - first)
		length = sectors - first;
	if (type == LOG_FLUSH)
		first = length = 0;
	flying[(*n)++] = test_submit(&q->log, type, first * 512, length * 512,
				     rng_below(r, DATA_SECTORS - 4) * 512,
				     type != LOG_FLUSH && !rng_below(r, 6));
}

/* Every rule often enough, and often enough without the others. */
static struct cache_model random_model(struct rng *r)
{
	struct cache_model m = CACHE_MODEL_HONEST;

	m.tear = 512u << rng_below(r, 3);
	if (!rng_below(r, 8))
		m.mode = rng_below(r, 2) ? CACHE_WRITETHROUGH : CACHE_NONE;
	if (!rng_below(r, 3))
		m.capacity = 512 * (1 + rng_below(r, 10)) - rng_below(r, 2);
	if (!rng_below(r, 3))
		m.destage_ns = 1 + rng_below(r, 40);
	if (!rng_below(r, 3))
		m.order = ORDER_FIFO;
	m.flush_ignored = !rng_below(r, 4);
	m.fua_ignored = !rng_below(r, 4);
	m.plp = !rng_below(r, 8);
	return m;
}

static void make_log(struct sequence *q, uint64_t seed)
{
	size_t flying[TEST_COMMANDS], n = 0;
	uint64_t arm, sectors;

	q->rng = rng_init(seed);
	q->model = random_model(&q->rng);
	q->tear_sectors = q->model.tear / 512;
	q->base = rng_below(&q->rng, 2) ? base_symbols : NULL;
	sectors = 3 + rng_below(&q->rng, REF_SECTORS - 3);
	arm = rng_below(&q->rng, 12);
	test_log_init(&q->log, sectors * 512, data_path);
	for (uint64_t i = 0; i < 40; i++) {
		q->log.now_ns += rng_below(&q->rng, 4);
		if (i == arm)
			test_arm(&q->log);
		if (n && rng_below(&q->rng, 2)) {
			size_t k = rng_below(&q->rng, n);

			test_complete(&q->log, flying[k]);
			flying[k] = flying[--n];
		} else {
			submit_random(q, flying, &n);
		}
	}
	if (rng_below(&q->rng, 2))
		test_seal(&q->log);
}

static const unsigned char *base_of(const struct sequence *q)
{
	static const unsigned char zeroes[REF_SECTORS];

	return q->base ? q->base : zeroes;
}

static void open_sequence(struct sequence *q, uint64_t seed,
			  enum ref_fault fault)
{
	struct buf units = BUF_INIT;

	memset(q, 0, sizeof(*q));
	q->fault = fault;
	make_log(q, seed);
	assert_int_equal(space_create(&q->log.h, q->base ? base_path : NULL,
				      units_path,
				      &q->model,
				      &q->space, NULL),
			 0);
	assert_int_equal(file_read(units_path, &units, NULL), 0);
	q->units_len = units.len;
	q->units = buf_take(&units);
}

static void close_sequence(struct sequence *q)
{
	unlink(units_path); /* emptying it would wait for the disk */
	space_free(q->space);
	state_free(&q->last);
	free(q->units);
	free(q->found);
}

/* ---- reading states ---- */

static unsigned char symbol(struct sequence *q, uint64_t source,
			    uint64_t sector, uint64_t in_unit)
{
	uint64_t at = SOURCE_OFFSET(source) + in_unit * 512;

	if (SOURCE_KIND(source) == SOURCE_BASE)
		return base_of(q)[sector];
	if (SOURCE_KIND(source) == SOURCE_ZERO)
		return 0;
	if (SOURCE_KIND(source) == SOURCE_LOG)
		return data_symbols[at / 512];
	if (at + 512 > q->units_len || q->units[at] != q->units[at + 511])
		disagree(q, "the units file lacks a unit");
	else
		return (unsigned char)q->units[at];
	return 0xff;
}

static void read_unit(struct sequence *q, uint64_t unit, uint64_t source,
		      unsigned char *disk)
{
	uint64_t sector = unit * q->tear_sectors;

	for (uint64_t i = 0; i < q->tear_sectors; i++, sector++)
		if (sector < q->log.h.disk_size / 512)
			disk[sector] = symbol(q, source, sector, i);
}

static void read_state(struct sequence *q, const struct state *st,
		       unsigned char *disk)
{
	memset(disk, 0, REF_SECTORS);
	memcpy(disk, base_of(q), q->log.h.disk_size / 512);
	for (size_t i = 0; i < space_units(q->space); i++)
		read_unit(q, space_unit_index(q->space, i),
			  state_source(q->space, st,
				       space_unit_index(q->space, i)),
			  disk);
}

/* Equal hash if and only if equal content, against all seen in this log. */
static void check_hash(struct sequence *q, const struct state *st,
		       const unsigned char *disk)
{
	struct seen *seen = &q->seen;

	for (size_t i = 0; i < seen->n; i++) {
		int equal = !memcmp(seen->content[i], disk, REF_SECTORS);

		if (equal != (seen->hash[i].low == st->hash.low &&
			      seen->hash[i].high == st->hash.high))
			disagree(q, "hashes and contents differ in equality");
		if (equal)
			return;
	}
	if (seen->n == MAX_STATES)
		return;
	memcpy(seen->content[seen->n], disk, REF_SECTORS);
	seen->hash[seen->n++] = st->hash;
}

/* ---- enumeration ---- */

static void check_patches(struct sequence *q, const struct state *st,
			  const unsigned char *disk)
{
	CLEANUP_FREE struct patch *patches = NULL;
	unsigned char patched[REF_SECTORS] = { 0 };
	size_t n = state_patches(q->space, q->last.survivors ? &q->last : NULL,
				 st, &patches);

	for (size_t i = 0; i < n; i++)
		q->patched[patches[i].unit] = patches[i].source;
	for (uint64_t u = 0; u * q->tear_sectors < q->log.h.disk_size / 512;
	     u++)
		read_unit(q, u, q->patched[u], patched);
	if (memcmp(patched, disk, sizeof(patched)))
		disagree(q, "patches make another content");
}

static void check_round_trip(struct sequence *q, const struct state *st)
{
	CLEANUP_FREE char *name =
		xasprintf("%s:%s", st->cut.name, st->survivors);
	struct state again;

	if (space_state(q->space, name, &again, NULL)) {
		disagree(q, "a state's own name is refused");
		return;
	}
	if (strcmp(again.survivors, st->survivors) ||
	    strcmp(again.cut.name, st->cut.name) || again.lost != st->lost ||
	    again.n_differs != st->n_differs ||
	    (st->n_differs && memcmp(again.differs, st->differs,
				     st->n_differs * sizeof(*st->differs))))
		disagree(q, "a name gives another state back");
	state_free(&again);
}

static int take_state(struct state *st, void *arg)
{
	struct sequence *q = arg;
	unsigned char disk[REF_SECTORS];

	read_state(q, st, disk);
	if (!ref_legal(&q->ref, disk))
		disagree(q, "a state that is not legal was enumerated");
	check_hash(q, st, disk);
	check_patches(q, st, disk);
	check_round_trip(q, st);
	q->found = xrealloc(q->found, (q->n_states + 1) * sizeof(*q->found));
	memcpy(q->found[q->n_states++], disk, sizeof(disk));
	state_free(&q->last);
	q->last = *st;
	return 0;
}

/* Volatile writes at stake; *ret_single: none of them on several units. */
static size_t at_stake(const struct sequence *q, int *ret_single)
{
	size_t n = 0;

	*ret_single = 1;
	for (size_t k = 0; k < q->log.h.n_commands; k++) {
		size_t units = ref_at_stake(&q->ref, k);

		n += units != 0;
		if (units > 1)
			*ret_single = 0;
	}
	return n;
}

/* ---- names ---- */

/* A survivor list as a set of (command, unit within the command), and the
 * choice it makes per unit, both in the reference's terms. */
struct asked {
	int all; /* the pairs are those that are lost */
	unsigned char pair[TEST_COMMANDS][REF_SECTORS];
	struct ref_state state;
	char *name; /* canonical */
};

static void choose(const struct sequence *q, struct asked *a)
{
	for (size_t i = 0; i < q->ref.n_units; i++) {
		const struct ref_unit *u = &q->ref.units[i];

		a->state.choice[i] = 0;
		for (unsigned char k = 1; k < u->n; k++) {
			const struct command *c =
				&q->log.commands[u->command[k]];
			uint64_t first = c->offset / 512 / q->tear_sectors;

			if (!!a->pair[u->command[k]][i - first] != a->all)
				a->state.choice[i] = k;
		}
	}
}

/* Random survivors, as text that need not be canonical. */
static void ask(struct sequence *q, struct asked *a, struct buf *text)
{
	size_t items = 0;

	a->all = (int)rng_below(&q->rng, 2);
	buf_puts(text, a->all ? "all-" : "");
	for (size_t k = q->log.h.n_commands; k-- > 0;) {
		uint64_t number = q->log.commands[k].number;
		uint64_t pick = rng_below(&q->rng, 4);

		if (!ref_at_stake(&q->ref, k) || !pick)
			continue;
		if (pick > 1) {
			buf_printf(text, "%s%d", items++ ? "," : "",
				   (int)number);
			memset(a->pair[k], 1, REF_SECTORS);
			continue;
		}
		buf_printf(text, "%s%d.0", items++ ? "," : "", (int)number);
		a->pair[k][0] = 1;
	}
	if (!items) {
		buf_clear(text);
		buf_puts(text, a->all ? "all" : "none");
	}
	choose(q, a);
}

/* Reads a canonical name by the grammar of states.h alone. */
static void understand(const struct sequence *q, const char *name,
		       struct asked *a)
{
	memset(a->pair, 0, sizeof(a->pair));
	a->all = !strncmp(name, "all", 3);
	name += a->all ? 3 + (name[3] == '-') : 4 * !strcmp(name, "none");
	while (*name) {
		unsigned long n = strtoul(name, (char **)&name, 10);
		unsigned long from = 0, to = REF_SECTORS - 1;

		if (*name == '.')
			from = to = strtoul(name + 1, (char **)&name, 10);
		if (*name == '-')
			to = strtoul(name + 1, (char **)&name, 10);
		for (size_t k = 0; k < q->log.h.n_commands; k++)
			if (q->log.commands[k].number == n &&
			    q->log.commands[k].type != LOG_FLUSH)
				memset(a->pair[k] + from, 1, to - from + 1);
		name += *name == ',';
	}
	choose(q, a);
}

/* Writes that are lost on some unit, by the choice. */
static uint64_t ref_lost(const struct sequence *q, const struct asked *a)
{
	uint64_t lost = 0;

	for (size_t k = 0; k < q->log.h.n_commands; k++) {
		int some = 0;

		for (size_t i = 0; i < q->ref.n_units; i++)
			some |= ref_version(&q->ref.units[i], k) >
				a->state.choice[i];
		lost += (uint64_t)some;
	}
	return lost;
}

static void check_asked(struct sequence *q, const struct asked *a,
			const struct state *st)
{
	unsigned char disk[REF_SECTORS], expect[REF_SECTORS];
	struct asked read = { 0 };

	ref_disk(&q->ref, &a->state, expect);
	read_state(q, st, disk);
	if (memcmp(disk, expect, sizeof(disk)))
		disagree(q, "a name gives another content");
	understand(q, st->survivors, &read);
	if (memcmp(&read.state, &a->state, sizeof(read.state)))
		disagree(q, "the canonical name says another choice");
	if (st->lost != ref_lost(q, a))
		disagree(q, "another number of lost writes");
	check_hash(q, st, disk);
	check_round_trip(q, st);
}

static void check_names(struct sequence *q)
{
	struct asked asked[4] = { 0 };
	size_t n = 0;

	for (; n < 4 && !q->wrong; n++) {
		struct asked *a = &asked[n];
		struct buf text = BUF_INIT;
		CLEANUP_FREE char *name = NULL;
		struct state st = { 0 };

		ask(q, a, &text);
		name = xasprintf("%s:%s", q->cut.name, buf_text(&text));
		buf_free(&text);
		int legal = ref_may_choose(&q->ref, &a->state);

		if ((space_state(q->space, name, &st, NULL) == 0) != legal) {
			disagree(q, legal ? "a legal name is refused" :
					    "an illegal name is taken");
			break;
		}
		if (!legal)
			continue;
		check_asked(q, a, &st);
		a->name = TAKE(st.survivors);
		for (size_t i = 0; i < n; i++)
			if (asked[i].name &&
			    !memcmp(&a->state, &asked[i].state,
				    sizeof(a->state)) !=
			    !strcmp(a->name, asked[i].name))
				disagree(q, "names are not canonical");
		state_free(&st);
	}
	for (size_t i = 0; i < 4; i++)
		free(asked[i].name);
}

static void check_enumeration(struct sequence *q)
{
	int single;
	size_t n = at_stake(q, &single);

	q->n_states = 0;
	if (space_enumerate(q->space, &q->cut, NULL, take_state, q, NULL))
		disagree(q, "the enumeration failed");
	if (space_volatile(q->space, &q->cut) != n)
		disagree(q, "another number of volatile writes");
	if (lround(exp2(space_legal_log2(q->space, &q->cut))) !=
	    lround(ref_choices(&q->ref)))
		disagree(q, "another number of legal states");
	if (single && (n <= 6 || q->model.order == ORDER_FIFO) &&
	    (double)q->n_states != ref_contents(&q->ref))
		disagree(q, "not every legal content was enumerated");
}

/* ---- strategies ---- */

/* Lets exactly the writes of the set survive: bits over those at stake. */
static void survive(const struct sequence *q, uint64_t set, struct asked *a)
{
	int bit = 0;

	memset(a, 0, sizeof(*a));
	a->all = 1;
	for (size_t k = 0; k < q->log.h.n_commands; k++) {
		if (!ref_at_stake(&q->ref, k))
			continue;
		if (!(set & 1ULL << bit++))
			memset(a->pair[k], 1, REF_SECTORS);
	}
	choose(q, a);
}

static int was_found(const struct sequence *q, const unsigned char *disk)
{
	for (size_t i = 0; i < q->n_states; i++)
		if (!memcmp(q->found[i], disk, REF_SECTORS))
			return 1;
	return 0;
}

static int same_strategy(const struct sequence *q, const char *name)
{
	return !strncmp(q->how.strategy, name, strlen(name));
}

/* Whether the strategy promises the state in which `lost` of n writes are. */
static int promised(const struct sequence *q, int lost, int n)
{
	if (!lost || lost == n)
		return 1;
	if (same_strategy(q, "drop-"))
		return lost <= q->k;
	return same_strategy(q, "keep-") && n - lost <= q->k;
}

/* Whether those that survive would be the first ones on a drive with order:
 * fifo: first what was acknowledged, in that order, then the rest. */
static int is_first(const struct sequence *q, uint64_t set)
{
	unsigned char lost[TEST_COMMANDS] = { 0 }, later = 0;
	int bit = 0;

	for (size_t k = 0; k < q->log.h.n_commands; k++)
		if (ref_at_stake(&q->ref, k))
			lost[k] = (set & 1ULL << bit++) ? 1 : 2;
	for (size_t i = 0; i < q->ref.n_line; i++) {
		if (later && lost[q->ref.line[i]] == 1)
			return 0;
		later |= lost[q->ref.line[i]] == 2;
		lost[q->ref.line[i]] = 0;
	}
	for (size_t k = 0; k < q->log.h.n_commands; k++) {
		if (later && lost[k] == 1)
			return 0;
		later |= lost[k] == 2;
	}
	return 1;
}

/* Whole writes: drop-K and keep-K pick what they say, and nothing else. */
static void check_sets(struct sequence *q, size_t n)
{
	static unsigned char wanted[1024][REF_SECTORS];
	size_t n_wanted = 0, i;

	for (uint64_t set = 0; set < 1ULL << n; set++) {
		int kept = __builtin_popcountll(set);
		unsigned char disk[REF_SECTORS];
		struct asked a;

		survive(q, set, &a);
		if (!promised(q, (int)n - kept, (int)n) ||
		    (q->model.order == ORDER_FIFO && !is_first(q, set)))
			continue;
		ref_disk(&q->ref, &a.state, disk);
		if (!was_found(q, disk))
disagree(q, "a strategy does not pick what it says");
		for (i = 0; i < n_wanted; i++)
			if (!memcmp(wanted[i], disk, REF_SECTORS))
				break;
		if (i == n_wanted)
			memcpy(wanted[n_wanted++], disk, REF_SECTORS);
	}
	if (n_wanted != q->n_states)
		disagree(q, "a strategy picks what it does not say");
}

/* Any of them, with a bound that leaves all legal states to it or none. */
static void draw_strategy(struct sequence *q)
{
	static const char *const names[] = {
		"default", "prefix", "drop-1", "drop-2", "drop-3", "keep-1",
		"keep-2", "keep-3", "torn", "reorder", "random", "exhaustive",
	};
	const char *name = names[rng_below(&q->rng, 12)];

	q->how = (struct exploration){ name, rng_below(&q->rng, 2) * 12,
				       rng_below(&q->rng, 100) };
	q->k = name[4] == '-' ? name[5] - '0' : 0;
}

static void check_strategy(struct sequence *q)
{
	int single, everything;
	size_t n = at_stake(q, &single);

	draw_strategy(q);
	everything = ref_choices(&q->ref) <= exp2((double)q->how.exhaustive);
	if (q->how.exhaustive && !everything)
		q->how.exhaustive = 0;
	q->n_states = 0;
	if (space_enumerate(q->space, &q->cut, &q->how, take_state, q, NULL))
		disagree(q, "a strategy failed");
	if (everything && (double)q->n_states != ref_contents(&q->ref))
		disagree(q, "not every legal content was found");
	if (!everything && q->k && n <= 10)
		check_sets(q, n);
}

/* ---- all of it ---- */

static void check_cut(struct sequence *q, uint64_t position)
{
	char name[32];

	snprintf(name, sizeof(name), "p%d", (int)position);
	ref_make(&q->ref, &q->log, position, &q->model, base_of(q),
		 data_symbols, q->fault);
	assert_int_equal(cut_parse(&q->log.h, name, &q->cut, NULL), 0);
	check_enumeration(q);
	if (q->fault == REF_HONEST)
		check_strategy(q);
	if (q->fault == REF_HONEST)
		check_names(q);
}

/* NULL, or how the reference with that fault and the room disagree. */
static const char *compare(uint64_t seed, enum ref_fault fault)
{
	struct sequence *q = xmalloc(sizeof(*q));
	const char *wrong;

	open_sequence(q, seed, fault);
	for (int i = 0; i < 3 && !q->wrong; i++)
		check_cut(q, q->log.h.arm +
				     rng_below(&q->rng, q->log.h.end -
							       q->log.h.arm));
	wrong = q->wrong;
	close_sequence(q);
	free(q);
	return wrong;
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void states_agree_with_the_reference(void **state)
{
	uint64_t n = from_environment("POWERCUT_SEQUENCES", SEQUENCES);
	uint64_t seed = from_environment("POWERCUT_SEED", 1);

	(void)state;
	for (uint64_t i = 0; i < n; i++) {
		const char *wrong = compare(seed + i, REF_HONEST);

		if (wrong)
			print_error("POWERCUT_SEED=%llu: %s\n",
				    (unsigned long long)(seed + i), wrong);
		assert_null(wrong);
	}
}

static void must_disagree(enum ref_fault fault)
{
	int found = 0;

	for (uint64_t seed = 1; seed <= 300; seed++)
		found += compare(seed, fault) != NULL;
	assert_true(found > 10);
}

static void a_model_without_fua_is_caught(void **state)
{
	(void)state;
	must_disagree(REF_NO_FUA);
}

static void a_flush_judged_by_its_completion_is_caught(void **state)
{
	(void)state;
	must_disagree(REF_FLUSH_AT_COMPLETE);
}

static void an_arm_that_settles_nothing_is_caught(void **state)
{
	(void)state;
	must_disagree(REF_ARM_FORGETS);
}

static void drives_that_obey_what_they_ignore_are_caught(void **state)
{
	(void)state;
	must_disagree(REF_FLUSH_NEVER_IGNORED);
	must_disagree(REF_FUA_NEVER_IGNORED);
}

static void the_wrong_end_of_the_line_is_caught(void **state)
{
	(void)state;
	must_disagree(REF_YOUNGEST_DESTAGED);
}

static void a_cache_that_holds_what_is_in_flight_is_caught(void **state)
{
	(void)state;
	must_disagree(REF_IN_FLIGHT_COUNTS);
}

static void an_age_that_starts_at_the_submit_is_caught(void **state)
{
	(void)state;
	must_disagree(REF_AGE_FROM_SUBMIT);
}

static void a_line_in_the_wrong_order_is_caught(void **state)
{
	(void)state;
	must_disagree(REF_FIFO_BY_SUBMIT);
}

static void a_line_without_torn_writes_is_caught(void **state)
{
	(void)state;
	must_disagree(REF_FIFO_NEVER_TORN);
}

static void protection_of_what_is_in_flight_is_caught(void **state)
{
	(void)state;
	must_disagree(REF_PLP_SAVES_IN_FLIGHT);
}

/* ---- files ---- */

/* Few symbols, so that contents meet again; 0 among them. */
static int write_symbols(const char *path, unsigned char *symbols, size_t n,
			 struct rng *rng)
{
	CLEANUP_FREE char *bytes = xmalloc(n * 512);

	for (size_t i = 0; i < n; i++) {
		symbols[i] = (unsigned char)rng_below(rng, 5);
		memset(bytes + i * 512, symbols[i], 512);
	}
	return file_write(path, bytes, n * 512, NULL);
}

static int make_files(void **state)
{
	struct rng rng = rng_init(7);

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	data_path = xasprintf("%s/data", folder);
	base_path = xasprintf("%s/base", folder);
	units_path = xasprintf("%s/units", folder);
	return write_symbols(data_path, data_symbols, DATA_SECTORS, &rng) ||
	       write_symbols(base_path, base_symbols, REF_SECTORS, &rng);
}

static int remove_files(void **state)
{
	(void)state;
	rm_rf(folder, NULL);
	free(data_path);
	free(base_path);
	free(units_path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_agree_with_the_reference),
		cmocka_unit_test(a_model_without_fua_is_caught),
		cmocka_unit_test(a_flush_judged_by_its_completion_is_caught),
		cmocka_unit_test(an_arm_that_settles_nothing_is_caught),
		cmocka_unit_test(
			drives_that_obey_what_they_ignore_are_caught),
		cmocka_unit_test(the_wrong_end_of_the_line_is_caught),
		cmocka_unit_test(
			a_cache_that_holds_what_is_in_flight_is_caught),
		cmocka_unit_test(an_age_that_starts_at_the_submit_is_caught),
		cmocka_unit_test(a_line_in_the_wrong_order_is_caught),
		cmocka_unit_test(a_line_without_torn_writes_is_caught),
		cmocka_unit_test(protection_of_what_is_in_flight_is_caught),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_files, remove_files);
}

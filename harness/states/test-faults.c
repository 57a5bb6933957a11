/*
 * Faulty states against the brute-force reference of rule 8, on random small
 * logs: what is emitted, and every name that there could be.
 *
 * POWERCUT_SEQUENCES=N and POWERCUT_SEED=N: as in test-states.c.
 */
#include <fcntl.h>
#include <errno.h>
#include <inttypes.h>
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
#include "states/test-fault-reference.h"

#define SEQUENCES 60
#define DATA_SECTORS 64
#define MAX_SEEN 4096

static char folder[] = "/tmp/test-faults-XXXXXX";
static char *data_path, *base_path, *units_path;
static unsigned char data_bytes[DATA_SECTORS * 512], base_bytes[FREF_BYTES];

struct seen {
	unsigned char (*content)[FREF_BYTES];
	struct state_hash hash[MAX_SEEN];
	size_t n;
};

struct sequence {
	struct test_log log;
	struct cache_model model;
	struct state_space *space;
	struct rng rng;
	int units_fd;
	struct fref ref;
	struct cut cut;
	struct seen seen;
	size_t n_of[FAULT_COUNT]; /* emitted */
	struct state last; /* what the drive serves, by patches */
	uint64_t patched[REF_SECTORS]; /* source per unit of the disk */
	const char *wrong; /* the first disagreement, or NULL */
	char about[128];
};

static uint64_t all_emitted[FAULT_COUNT]; /* of all sequences */

static void disagree(struct sequence *q, const char *what, const char *name)
{
	if (q->wrong)
		return;
	q->wrong = what;
	snprintf(q->about, sizeof(q->about), "%s:%s", q->cut.name, name);
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

static struct cache_model random_model(struct rng *r)
{
	struct cache_model m = CACHE_MODEL_HONEST;
	struct fault_model *f = &m.faults;

	m.tear = 1024u << rng_below(r, 2);
	if (!rng_below(r, 4))
		m.capacity = 512 * (1 + rng_below(r, 10));
	if (!rng_below(r, 4))
		m.order = ORDER_FIFO;
	m.flush_ignored = !rng_below(r, 6);
	f->seed = rng_next(r);
	f->bits = 1 + (uint32_t)rng_below(r, 20);
	f->keep = 512 * (1 + (uint32_t)rng_below(r, m.tear / 512 - 1));
	f->distance = m.tear * (1 + rng_below(r, 3));
	f->window = 1 + rng_below(r, 5);
	f->checkpoint = 1 + rng_below(r, 4);
	f->region = m.tear * rng_below(r, 3);
	for (int k = FAULT_NONE + 1; k < FAULT_COUNT; k++)
		f->count[k] = 1 + rng_below(r, 6);
	return m;
}

static void make_log(struct sequence *q, uint64_t seed)
{
	size_t flying[TEST_COMMANDS], n = 0;
	uint64_t arm, sectors;

	q->rng = rng_init(seed);
	q->model = random_model(&q->rng);
	sectors = 4 + rng_below(&q->rng, REF_SECTORS - 4);
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
	test_seal(&q->log);
}

static void open_sequence(struct sequence *q, uint64_t seed,
			  enum fref_mistake mistake)
{
	static const unsigned char zeroes[FREF_BYTES];
	int with_base;

	memset(q, 0, sizeof(*q));
	make_log(q, seed);
	with_base = (int)rng_below(&q->rng, 2);
	q->seen.content = xcalloc(MAX_SEEN, sizeof(*q->seen.content));
	q->ref = (struct fref){ .t = &q->log, .m = &q->model,
				.base = with_base ? base_bytes : zeroes,
				.data = data_bytes, .mistake = mistake };
	assert_int_equal(space_create(&q->log.h, with_base ? base_path : NULL,
				      units_path, &q->model, &q->space, NULL),
			 0);
	q->units_fd = open(units_path, O_RDONLY | O_CLOEXEC);
	assert_true(q->units_fd >= 0);
}

static void close_sequence(struct sequence *q)
{
	close(q->units_fd);
	unlink(units_path);
	space_free(q->space);
	state_free(&q->last);
	free(q->seen.content);
}

/* ---- reading states ---- */

static void read_unit(struct sequence *q, uint64_t unit, uint64_t source,
		      unsigned char *disk)
{
	uint64_t start = unit * q->model.tear, at = SOURCE_OFFSET(source);
	uint64_t len = fref_length(&q->ref, unit);

	if (SOURCE_KIND(source) == SOURCE_ZERO)
		memset(disk + start, 0, len);
	else if (SOURCE_KIND(source) == SOURCE_LOG)
		memcpy(disk + start, data_bytes + at, len);
	else if (SOURCE_KIND(source) == SOURCE_SCRATCH &&
		 pread(q->units_fd, disk + start, len, (off_t)at) !=
			 (ssize_t)len)
		disagree(q, "the units file lacks a unit", "");
}

static void read_state(struct sequence *q, const struct state *st,
		       unsigned char *disk)
{
	memcpy(disk, q->ref.base, FREF_BYTES);
	for (size_t i = 0; i < space_units(q->space); i++)
		read_unit(q, space_unit_index(q->space, i),
			  state_source(q->space, st,
				       space_unit_index(q->space, i)),
			  disk);
}

static void check_patches(struct sequence *q, const struct state *st,
			  const unsigned char *disk)
{
	CLEANUP_FREE struct patch *patches = NULL;
	unsigned char patched[FREF_BYTES];
	size_t n = state_patches(q->space, q->last.survivors ? &q->last : NULL,
				 st, &patches);

	for (size_t i = 0; i < n; i++)
		q->patched[patches[i].unit] = patches[i].source;
	memcpy(patched, q->ref.base, FREF_BYTES);
	for (uint64_t u = 0; u < fref_units(&q->ref); u++)
		read_unit(q, u, q->patched[u], patched);
	if (memcmp(patched, disk, q->log.h.disk_size))
		disagree(q, "patches make another content", st->survivors);
}

static int same_hash(struct state_hash a, struct state_hash b)
{
	return a.low == b.low && a.high == b.high;
}

/* Equal hash if and only if equal content; a dead device is like nothing else
 * that is alive. */
static void check_hash(struct sequence *q, const struct state *st,
		       const unsigned char *disk)
{
	int dead = st->fault == FAULT_READ_ONLY || st->fault == FAULT_GONE;
	struct seen *seen = &q->seen;
	size_t size = q->log.h.disk_size;

	for (size_t i = 0; i < seen->n; i++) {
		int equal = !memcmp(seen->content[i], disk, size);

		if ((equal && !dead) != same_hash(seen->hash[i], st->hash))
			disagree(q, "hashes and contents differ in equality",
				 st->survivors);
		if (equal)
			return;
	}
	if (dead || seen->n == MAX_SEEN)
		return;
	memcpy(seen->content[seen->n], disk, size);
	seen->hash[seen->n++] = st->hash;
}

/* The state of the name against the reference, which allows it or not. */
static void check_name(struct sequence *q, const char *base, const char *fault)
{
	CLEANUP_FREE char *name =
		xasprintf("%s:%s+%s", q->cut.name, base, fault);
	unsigned char disk[FREF_BYTES], expect[FREF_BYTES];
	CLEANUP_FREE char *end = NULL;
	struct state st = { 0 };
	int legal, taken;

	fref_base(&q->ref, !strcmp(base, "none"));
	legal = fref_fault(&q->ref, fault, expect);
	taken = space_state(q->space, name, &st, NULL) == 0;
	if (legal != taken)
		disagree(q, legal ? "a fault that can be is refused" :
				    "a fault that cannot be is taken",
			 name);
	if (legal && taken) {
		read_state(q, &st, disk);
		if (memcmp(disk, expect, q->log.h.disk_size))
			disagree(q, "a fault makes another content", name);
		end = xasprintf("+%s", fault);
		if (strlen(st.survivors) <= strlen(end) ||
		    strcmp(st.survivors + strlen(st.survivors) - strlen(end),
			   end))
			disagree(q, "a name gives another name back", name);
		check_hash(q, &st, disk);
	}
	if (taken)
		state_free(&st);
}

/* ---- what is emitted ---- */

static int take_state(struct state *st, void *arg)
{
	struct sequence *q = arg;
	const char *plus = strchr(st->survivors, '+');
	unsigned char disk[FREF_BYTES];

	read_state(q, st, disk);
	check_hash(q, st, disk);
	check_patches(q, st, disk);
	if (!plus != !st->fault)
		disagree(q, "the name does not tell of the fault",
			 st->survivors);
	if (plus) {
		unsigned char expect[FREF_BYTES];
		int none = !strncmp(st->survivors, "none", 4);

		q->n_of[st->fault]++;
		fref_base(&q->ref, none);
		if (!fref_fault(&q->ref, plus + 1, expect))
			disagree(q, "a fault that cannot be was emitted",
				 st->survivors);
		else if (memcmp(disk, expect, q->log.h.disk_size))
			disagree(q, "another content was emitted",
				 st->survivors);
	}
	state_free(&q->last);
	q->last = *st;
	return 0;
}

static void check_enumeration(struct sequence *q)
{
	memset(q->n_of, 0, sizeof(q->n_of));
	if (space_enumerate(q->space, &q->cut, NULL, take_state, q, NULL))
		disagree(q, "the enumeration failed", "");
	for (int k = FAULT_NONE + 1; k < FAULT_COUNT; k++)
		all_emitted[k] += q->n_of[k];
	for (int k = FAULT_NONE + 1; k < FAULT_COUNT; k++)
		if (q->n_of[k] > 2 * q->model.faults.count[k])
			disagree(q, "more instances than were asked for",
				 fault_word((enum fault)k));
}

/* ---- every name ---- */

static void check_formatted(struct sequence *q, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void check_formatted(struct sequence *q, const char *fmt, ...)
{
	char name[80];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	check_name(q, "all", name);
	check_name(q, "none", name);
}

static void check_write(struct sequence *q, uint64_t n)
{
	int64_t way = (int64_t)(q->model.faults.distance / q->model.tear);
	uint64_t bits = 8ULL * q->model.tear - q->model.faults.bits;

	for (uint64_t u = 0; u < 4; u++) {
		check_formatted(q, "bits=%" PRIu64 ".%" PRIu64 "/%" PRIu64, n,
				u, rng_below(&q->rng, bits + 1));
		check_formatted(q, "bits=%" PRIu64 ".%" PRIu64 "/%" PRIu64, n,
				u, bits + rng_below(&q->rng, 2));
		check_formatted(q, "shorn=%" PRIu64 ".%" PRIu64, n, u);
	}
	for (int64_t d = -way - 1; d <= way + 1; d++)
		check_formatted(q, "flying=%" PRIu64 "/%" PRId64, n, d);
	check_formatted(q, "unserial=%" PRIu64, n);
	check_formatted(q, "rollback=w%" PRIu64, n);
	for (uint64_t r = 0; r < 5; r++)
		check_formatted(q, "rollback=w%" PRIu64 "/%" PRIu64, n, r);
}

static void check_names(struct sequence *q)
{
	for (uint64_t n = 0; n <= q->log.h.n_writes + 1; n++)
		check_write(q, n);
	check_formatted(q, "read-only");
	check_formatted(q, "gone");
}

/* ---- all of it ---- */

static void check_cut(struct sequence *q, uint64_t position)
{
	char name[32];

	snprintf(name, sizeof(name), "p%d", (int)position);
	assert_int_equal(cut_parse(&q->log.h, name, &q->cut, NULL), 0);
	fref_make(&q->ref, position);
	check_enumeration(q);
	check_names(q);
}

static int compare(uint64_t seed, enum fref_mistake mistake, int report)
{
	struct sequence *q = xmalloc(sizeof(*q));
	int wrong;

	open_sequence(q, seed, mistake);
	for (int i = 0; i < 2 && !q->wrong; i++)
		check_cut(q, q->log.h.arm +
				     rng_below(&q->rng, q->log.h.end -
							       q->log.h.arm));
	wrong = q->wrong != NULL;
	if (wrong && report)
		print_error("POWERCUT_SEED=%llu: %s: %s\n",
			    (unsigned long long)seed, q->about, q->wrong);
	close_sequence(q);
	free(q);
	return wrong;
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void faults_agree_with_the_reference(void **state)
{
	uint64_t n = from_environment("POWERCUT_SEQUENCES", SEQUENCES);
	uint64_t seed = from_environment("POWERCUT_SEED", 1);

	(void)state;
	for (uint64_t i = 0; i < n; i++)
		assert_false(compare(seed + i, FREF_RIGHT, 1));
	for (int k = FAULT_NONE + 1; k < FAULT_COUNT; k++)
		assert_true(all_emitted[k] >= n);
}

static void must_disagree(enum fref_mistake mistake)
{
	int found = 0;

	for (uint64_t seed = 1; seed <= 400 && found < 3; seed++)
		found += compare(seed, mistake, 0);
	assert_int_equal(found, 3);
}

static void other_bits_are_caught(void **state)
{
	(void)state;
	must_disagree(FREF_BITS_NEXT);
}

static void a_shorn_write_that_keeps_more_is_caught(void **state)
{
	(void)state;
	must_disagree(FREF_SHORN_KEEPS_MORE);
}

static void a_flying_write_that_stays_is_caught(void **state)
{
	(void)state;
	must_disagree(FREF_FLYING_STAYS);
}

static void a_window_that_is_open_is_caught(void **state)
{
	(void)state;
	must_disagree(FREF_WINDOW_OPEN);
}

static void a_window_in_the_order_of_submits_is_caught(void **state)
{
	(void)state;
	must_disagree(FREF_WINDOW_BY_SUBMIT);
}

static void a_late_mapping_table_is_caught(void **state)
{
	(void)state;
	must_disagree(FREF_ROLLBACK_LATE);
}

static void durable_writes_that_are_safe_are_caught(void **state)
{
	(void)state;
	must_disagree(FREF_DURABLE_IS_SAFE);
}

static void hitting_what_was_overwritten_is_caught(void **state)
{
	(void)state;
	must_disagree(FREF_SHOWN_OR_NOT);
}

/* ---- by hand ---- */

#define MANY (FAULT_RECENT + 6)

/* Writes of one unit each, one after another, all durable at the end. */
static struct state_space *many_writes(const struct cache_model *m)
{
	static struct command commands[MANY + 1];
	static uint64_t times[2 * MANY + 4];
	static struct history h;
	struct state_space *s = NULL;

	h = (struct history){ .log_path = data_path,
			      .disk_size = 1 << 20,
			      .block_size = 512,
			      .commands = commands,
			      .n_commands = MANY + 1,
			      .n_writes = MANY,
			      .n_flushes = 1,
			      .times = times,
			      .base = POSITION_NEVER,
			      .arm = 0,
			      .cut = POSITION_NEVER,
			      .stop = POSITION_NEVER,
			      .end = 2 * MANY + 4 };
	for (uint64_t i = 0; i <= MANY; i++)
		commands[i] = (struct command){
			.type = i < MANY ? LOG_WRITE : LOG_FLUSH,
			.number = i < MANY ? i + 1 : 1,
			.submit = 1 + 2 * i,
			.complete = 2 + 2 * i,
			.offset = i < MANY ? i * 4096 : 0,
			.length = i < MANY ? 4096 : 0,
			.data = 0,
		};
	assert_int_equal(space_create(&h, NULL, units_path, m, &s, NULL), 0);
	return s;
}

static void accept(struct state_space *s, const char *name, int yes)
{
	struct state st = { 0 };
	int err = space_state(s, name, &st, NULL);

	if (err != (yes ? 0 : -EINVAL))
		print_error("%s: %d\n", name, err);
	assert_int_equal(err, yes ? 0 : -EINVAL);
	if (!err)
		state_free(&st);
}

static struct cache_model with_fault(enum fault f)
{
	struct cache_model m = CACHE_MODEL_HONEST;

	m.faults = (struct fault_model){ .seed = 1, .bits = 1, .keep = 1536,
					 .distance = 65536, .window = 8,
					 .checkpoint = 64 };
	m.faults.count[f] = 4;
	return m;
}

static void only_recent_writes_are_hit(void **state)
{
	struct cache_model m = with_fault(FAULT_BIT_CORRUPTION);
	struct state_space *s = many_writes(&m);

	(void)state;
	accept(s, "end:all+bits=7.0/9", 1);
	accept(s, "end:all+bits=6.0/9", 0);
	accept(s, "w69:all+bits=6.0/9", 1);
	accept(s, "w69:all+bits=5.0/9", 0);
	space_free(s);
}

static void a_fault_that_the_drive_does_not_have_is_no_state(void **state)
{
	struct cache_model honest = CACHE_MODEL_HONEST;
	struct cache_model m = with_fault(FAULT_GONE);
	struct state_space *s = many_writes(&honest);

	(void)state;
	accept(s, "end:all", 1);
	accept(s, "end:all+bits=70.0/1", 0);
	accept(s, "end:all+read-only", 0);
	space_free(s);
	s = many_writes(&m);
	accept(s, "end:all+gone", 1);
	accept(s, "end:all+read-only", 0);
	accept(s, "end:all+", 0);
	accept(s, "end:all+gone=1", 0);
	accept(s, "end:all+gone+gone", 0);
	space_free(s);
}

static void nonsense_is_refused(void **state)
{
	struct cache_model m = with_fault(FAULT_BIT_CORRUPTION);
	struct state_space *s = many_writes(&m);

	(void)state;
	accept(s, "end:all+bits=70.0/32767", 1);
	accept(s, "end:all+bits=70.0/32768", 0);
	accept(s, "end:all+bits=70.0/18446744073709551615", 0);
	accept(s, "end:all+bits=70.0/18446744073709551616", 0);
	accept(s, "end:all+bits=18446744073709551615.0/1", 0);
	accept(s, "end:all+bits=70.18446744073709551615/1", 0);
	accept(s, "end:all+bits=70.0", 0);
	accept(s, "end:all+bits=70.0/", 0);
	accept(s, "end:all+bits=-1.0/1", 0);
	space_free(s);
	m = with_fault(FAULT_FLYING);
	s = many_writes(&m);
	accept(s, "end:all+flying=70/16", 1);
	accept(s, "end:all+flying=70/-16", 1);
	accept(s, "end:all+flying=16/-16", 0);
	accept(s, "end:all+flying=70/-9223372036854775808", 0);
	accept(s, "end:all+flying=70/9223372036854775807", 0);
	space_free(s);
	m = with_fault(FAULT_METADATA);
	m.faults.region = 1 << 16;
	s = many_writes(&m);
	accept(s, "end:all+rollback=w64/4", 1);
	accept(s, "end:all+rollback=w64/1152921504606846975", 0);
	accept(s, "end:all+rollback=w64/18446744073709551615", 0);
	space_free(s);
}

static int add_name(struct state *st, void *arg)
{
	buf_printf(arg, "%s %s\n", st->cut.name, st->survivors);
	state_free(st);
	return 0;
}

static void names_of(uint64_t seed, struct buf *ret)
{
	struct cache_model m = with_fault(FAULT_BIT_CORRUPTION);
	struct state_space *s;
	struct cut cut = { .position = 60, .name = "p60" };

	m.faults.seed = seed;
	m.faults.count[FAULT_SHORN] = m.faults.count[FAULT_FLYING] = 3;
	s = many_writes(&m);
	assert_int_equal(space_enumerate(s, &cut, NULL, add_name, ret, NULL), 0);
	space_free(s);
}

static void the_seed_decides(void **state)
{
	struct buf a = BUF_INIT, b = BUF_INIT, c = BUF_INIT;

	(void)state;
	names_of(1, &a);
	names_of(1, &b);
	names_of(2, &c);
	assert_string_equal(buf_text(&a), buf_text(&b));
	assert_string_not_equal(buf_text(&a), buf_text(&c));
	buf_free(&a);
	buf_free(&b);
	buf_free(&c);
}

/* ---- files ---- */

/* Sectors of few kinds, so that contents meet again; zeroes among them. */
static int write_sectors(const char *path, unsigned char *bytes, size_t n,
			 struct rng *rng)
{
	for (size_t i = 0; i < n; i++) {
		struct rng sector = rng_init(rng_below(rng, 5));

		for (size_t k = 0; k < 512; k++)
			bytes[i * 512 + k] =
				(unsigned char)(sector.state ? rng_next(&sector)
							     : 0);
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
	return write_sectors(data_path, data_bytes, DATA_SECTORS, &rng) ||
	       write_sectors(base_path, base_bytes, REF_SECTORS, &rng);
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
		cmocka_unit_test(faults_agree_with_the_reference),
		cmocka_unit_test(other_bits_are_caught),
		cmocka_unit_test(a_shorn_write_that_keeps_more_is_caught),
		cmocka_unit_test(a_flying_write_that_stays_is_caught),
		cmocka_unit_test(a_window_that_is_open_is_caught),
		cmocka_unit_test(a_window_in_the_order_of_submits_is_caught),
		cmocka_unit_test(a_late_mapping_table_is_caught),
		cmocka_unit_test(durable_writes_that_are_safe_are_caught),
		cmocka_unit_test(hitting_what_was_overwritten_is_caught),
		cmocka_unit_test(only_recent_writes_are_hit),
		cmocka_unit_test(
			a_fault_that_the_drive_does_not_have_is_no_state),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(the_seed_decides),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_files, remove_files);
}

/*
 * Out and in again, on random recordings: every prefix of the exported log,
 * replayed by a reader that shares no code with the room, is our own state of
 * that position, byte for byte; what is imported has the same states; and
 * exporting that gives the same file.
 *
 * POWERCUT_SEQUENCES=N: how many recordings (a soak run takes millions).
 * POWERCUT_SEED=N: the first one's seed; each is made by seed + its number.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/rng.h"
#include "interchange/interchange.h"
#include "states/states.h"

#define SEQUENCES 100
#define BLOCKS 24
#define FLYING 8
#define STEPS 60

static char folder[] = "/tmp/test-roundtrip-XXXXXX";
static char *log_path, *again_path, *out_path, *out_again_path, *units_path,
	*image_path;

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	log_path = xasprintf("%s/log", folder);
	again_path = xasprintf("%s/again", folder);
	out_path = xasprintf("%s/out", folder);
	out_again_path = xasprintf("%s/out-again", folder);
	units_path = xasprintf("%s/units", folder);
	image_path = xasprintf("%s/image", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	rm_rf(folder, NULL);
	free(log_path);
	free(again_path);
	free(out_path);
	free(out_again_path);
	free(units_path);
	free(image_path);
	return 0;
}

/* ---- making recordings ---- */

struct recorder {
	struct rng rng;
	struct log_writer *w;
	uint32_t block;
	uint64_t flying[FLYING];
	size_t n_flying;
};

static void put(struct recorder *r, struct log_record rec, const void *payload)
{
	assert_int_equal(log_append(r->w, &rec, payload, NULL), 0);
}

static void event(struct recorder *r, enum log_type type)
{
	put(r, (struct log_record){ .type = (uint8_t)type }, NULL);
}

static void complete_one(struct recorder *r)
{
	size_t k = rng_below(&r->rng, r->n_flying);

	put(r,
	    (struct log_record){ .type = LOG_COMPLETE,
				 .command = r->flying[k] },
	    NULL);
	r->flying[k] = r->flying[--r->n_flying];
}

static void submit_one(struct recorder *r)
{
	static const uint8_t types[] = { LOG_WRITE, LOG_WRITE,	LOG_WRITE,
					 LOG_WRITE, LOG_ZEROES, LOG_DISCARD,
					 LOG_FLUSH };
	uint64_t first = rng_below(&r->rng, BLOCKS);
	uint64_t blocks = 1 + rng_below(&r->rng, 5);
	struct log_record rec = { .type = types[rng_below(&r->rng, 7)],
				  .command = log_next_position(r->w) };
	CLEANUP_FREE char *data = NULL;

	if (blocks > BLOCKS - first)
		blocks = BLOCKS - first;
	r->flying[r->n_flying++] = rec.command;
	if (rec.type != LOG_FLUSH) {
		rec.offset = first * r->block;
		rec.length = blocks * r->block;
		rec.flags = rng_below(&r->rng, 5) ? 0 : LOG_FUA;
	}
	if (rec.type == LOG_WRITE) {
		rec.payload = (uint32_t)rec.length;
		data = xmalloc(rec.length);
		/* zeroes, now and then */
		memset(data, (int)rng_below(&r->rng, 40), rec.length);
	}
	put(r, rec, data);
}

static void mark_one(struct recorder *r)
{
	static const char *const texts[] = { "TXN-1", "", "ack:x", "mark:",
					     "powercut:arm",
					     "dm-log-writes-end" };
	const char *text = texts[rng_below(&r->rng, 6)];

	put(r,
	    (struct log_record){
		    .type = LOG_MARK,
		    .detail = (uint16_t)(1 + rng_below(&r->rng, 3)),
		    .payload = (uint32_t)strlen(text) },
	    *text ? text : NULL);
}

static void make_recording(uint64_t seed)
{
	struct recorder r = { .rng = rng_init(seed) };
	uint64_t arm;

	r.block = rng_below(&r.rng, 4) ? 512 : 4096;
	arm = rng_below(&r.rng, STEPS / 2);
	assert_int_equal(log_create(log_path, (uint64_t)BLOCKS * r.block,
				    r.block, &r.w, NULL), 0);
	for (uint64_t i = 0; i < STEPS; i++) {
		if (i == arm) {
			event(&r, LOG_BASE);
			event(&r, LOG_ARM);
		}
		if (!rng_below(&r.rng, 8))
			mark_one(&r);
		else if (r.n_flying == FLYING ||
			 (r.n_flying && rng_below(&r.rng, 2)))
			complete_one(&r);
		else
			submit_one(&r);
	}
	if (rng_below(&r.rng, 2))
		while (r.n_flying)
			complete_one(&r);
	event(&r, LOG_STOP);
	assert_int_equal(log_close(r.w, 1), 0);
}

/* What has been through it: nothing is proved of a kind that never came. */
static struct exported seen;

static void add_seen(const struct exported *x)
{
	seen.fua += x->fua;
	seen.zeroes += x->zeroes;
	seen.discards += x->discards;
	seen.flushes += x->flushes;
	seen.marks += x->marks;
}

static void every_kind_was_seen(void)
{
	assert_true(seen.fua > 0);
	assert_true(seen.zeroes > 0);
	assert_true(seen.discards > 0);
	assert_true(seen.flushes > 0);
	assert_true(seen.marks > 0);
}

/* ---- the naive reader ---- */

static uint64_t number_at(const unsigned char *p)
{
	uint64_t n = 0;

	for (int i = 7; i >= 0; i--)
		n = n << 8 | p[i];
	return n;
}

/* Applies the first n entries to a disk of zeroes. */
static void replay(const struct buf *log, uint64_t n, uint64_t sector,
		   unsigned char *disk)
{
	const unsigned char *p = (const unsigned char *)log->data + sector;

	memset(disk, 0, BLOCKS * sector);
	while (n--) {
		uint64_t at = number_at(p) * sector;
		uint64_t len = number_at(p + 8) * sector;
		uint64_t flags = number_at(p + 16);

		p += sector;
		if (flags & 4)
			memset(disk + at, 0, len);
		else
			memcpy(disk + at, p, len);
		p += flags & 4 ? 0 : len;
	}
}

/* ---- comparing ---- */

static struct state_space *make_space(const struct history *h, uint32_t tear)
{
	struct cache_model model = CACHE_MODEL_HONEST;
	struct state_space *s;

	model.tear = tear;
	assert_int_equal(space_create(h, NULL, units_path, &model, &s, NULL),
			 0);
	return s;
}

static void get_state(struct state_space *s, uint64_t position,
		      struct state *ret)
{
	CLEANUP_FREE char *name = xasprintf("p%" PRIu64 ":none", position);
	struct error e = { "", "" };

	if (space_state(s, name, ret, &e))
		print_error("%s: %s\n", name, e.message);
	assert_non_null(ret->survivors);
}

static void read_all(const char *path, struct buf *b)
{
	assert_int_equal(file_read(path, b, NULL), 0);
}

/* One recording's prefixes against its states, and their hashes. */
static void compare_prefixes(const struct history *h, uint32_t tear,
			     const struct exported *x, uint64_t seed,
			     struct state_hash *ret_hashes)
{
	CLEANUP_BUF struct buf log = BUF_INIT;
	CLEANUP_FREE unsigned char *disk = xmalloc(h->disk_size);
	struct state_space *s = make_space(h, tear);

	read_all(out_path, &log);
	for (size_t i = 0; i < x->n_prefixes; i++) {
		CLEANUP_BUF struct buf image = BUF_INIT;
		struct state st = { 0 };

		replay(&log, x->prefixes[i].entries, h->block_size, disk);
		get_state(s, x->prefixes[i].position, &st);
		unlink(image_path); /* or ext4 writes it out when it is replaced */
		assert_int_equal(state_export(s, &st, image_path, NULL), 0);
		read_all(image_path, &image);
		assert_int_equal(image.len, h->disk_size);
		if (memcmp(image.data, disk, image.len)) {
			print_error("seed %" PRIu64 ": the first %" PRIu64
				    " entries are not p%" PRIu64 ":none\n",
				    seed, x->prefixes[i].entries,
				    x->prefixes[i].position);
			fail();
		}
		ret_hashes[i] = st.hash;
		state_free(&st);
	}
	space_free(s);
}

/* The imported recording may have more prefixes: a FUA write of which a younger
 * one has settled some units comes in pieces, each durable on its own. */
static void same_states(const struct history *h, uint32_t tear,
			const struct exported *x, const struct exported *of,
			const struct state_hash *hashes)
{
	struct state_space *s = make_space(h, tear);
	size_t k = 0;

	for (size_t i = 0; i < of->n_prefixes; i++) {
		struct state st = { 0 };

		while (k < x->n_prefixes &&
		       x->prefixes[k].entries < of->prefixes[i].entries)
			k++;
		assert_true(k < x->n_prefixes);
		assert_int_equal(x->prefixes[k].entries,
				 of->prefixes[i].entries);
		get_state(s, x->prefixes[k].position, &st);
		assert_int_equal(st.hash.low, hashes[i].low);
		assert_int_equal(st.hash.high, hashes[i].high);
		state_free(&st);
	}
	space_free(s);
}

static void same_marks(const struct history *a, const struct history *b)
{
	assert_int_equal(a->n_marks, b->n_marks);
	for (size_t i = 0; i < a->n_marks; i++) {
		assert_int_equal(a->marks[i].kind, b->marks[i].kind);
		assert_int_equal(a->marks[i].number, b->marks[i].number);
		assert_string_equal(a->marks[i].text, b->marks[i].text);
	}
}

static void same_files(const char *a, const char *b, uint64_t seed)
{
	CLEANUP_BUF struct buf x = BUF_INIT, y = BUF_INIT;

	read_all(a, &x);
	read_all(b, &y);
	if (x.len == y.len && !memcmp(x.data, y.data, x.len))
		return;
	print_error("seed %" PRIu64 ": exported again, it differs\n", seed);
	fail();
}

static void import_again(const struct history *h)
{
	struct import in = { .file = out_path,
			     .disk_size = h->disk_size,
			     .block_size = h->block_size };
	struct error e = { "", "" };
	enum imported what = IMPORTED_NOT;

	if (interchange_import(&in, again_path, &what, &e))
		print_error("%s\n", e.message);
	assert_int_equal(what, IMPORTED_FUA);
}

static void round_trip(uint64_t seed)
{
	uint32_t tear = 512u << (seed % 5);
	CLEANUP_FREE struct state_hash *hashes = NULL;
	struct exported x, y;
	struct history *h, *again;

	unlink(log_path);
	unlink(again_path);
	unlink(out_path);
	unlink(out_again_path);
	unlink(units_path);
	make_recording(seed);
	assert_int_equal(history_load(log_path, &h, NULL), 0);
	assert_int_equal(interchange_export(h, tear, out_path, &x, NULL), 0);
	assert_true(x.n_prefixes > 1);
	hashes = xcalloc(x.n_prefixes, sizeof(*hashes));
	compare_prefixes(h, tear, &x, seed, hashes);
	add_seen(&x);

	import_again(h);
	assert_int_equal(history_load(again_path, &again, NULL), 0);
	same_marks(h, again);
	assert_int_equal(interchange_export(again, tear, out_again_path, &y,
					    NULL), 0);
	same_states(again, tear, &y, &x, hashes);
	same_files(out_path, out_again_path, seed);
	exported_release(&x);
	exported_release(&y);
	history_free(again);
	history_free(h);
}

static uint64_t from_environment(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : fallback;
}

static void prefixes_are_states_byte_for_byte(void **state)
{
	uint64_t seed = from_environment("POWERCUT_SEED", 1);
	uint64_t n = from_environment("POWERCUT_SEQUENCES", SEQUENCES);

	(void)state;
	for (uint64_t i = 0; i < n; i++)
		round_trip(seed + i);
	every_kind_was_seen();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_are_states_byte_for_byte),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

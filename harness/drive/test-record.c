#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/rng.h"
#include "drive/history.h"
#include "drive/model.h"
#include "drive/record.h"
#include "guest/include/mark-block.h"

#define BLOCK 512u
#define BLOCKS 600u
#define DISK (BLOCKS * BLOCK)
#define BASE_SIZE (DISK / 2 + 100) /* what is behind it is zeroes */

static char dir[64], base_path[128], log_path[128], image_path[128];
static char base[DISK], expect[DISK], got[DISK];

static int make_base(void **state)
{
	struct rng rng = rng_init(5);

	(void)state;
	strcpy(dir, "/tmp/pc-record-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	sprintf(base_path, "%s/base", dir);
	sprintf(log_path, "%s/log", dir);
	sprintf(image_path, "%s/image", dir);
	for (size_t i = 0; i < BASE_SIZE; i++)
		base[i] = (char)rng_next(&rng);
	return file_write(base_path, base, BASE_SIZE, NULL);
}

static int remove_base(void **state)
{
	(void)state;
	return rm_rf(dir, NULL);
}

static struct recorder *create(void)
{
	struct recorder *r;

	/* Truncating a file that was just written makes ext4 write it out. */
	unlink(log_path);
	unlink(image_path);
	assert_int_equal(recorder_create(log_path, base_path, DISK, BLOCK, &r,
					 NULL), 0);
	memcpy(expect, base, DISK);
	return r;
}

static struct history *load(void)
{
	struct history *h = NULL;
	struct error e;

	if (history_load(log_path, &h, &e) < 0)
		print_message("# %s\n", e.message);
	assert_non_null(h);
	return h;
}

static int submit(struct recorder *r, enum log_type type, uint64_t block,
		  int byte, int fua, uint64_t *ret)
{
	char data[BLOCK];
	struct request q = { .type = type, .fua = fua, .data = data };

	memset(data, byte, sizeof(data));
	if (type != LOG_FLUSH) {
		q.offset = block * BLOCK;
		q.length = BLOCK;
	}
	return recorder_submit(r, &q, ret);
}

/* Submits one that must be accepted. */
static uint64_t begin(struct recorder *r, enum log_type type, uint64_t block,
		      int byte)
{
	uint64_t position = 0;

	assert_int_equal(submit(r, type, block, byte, 0, &position), 0);
	return position;
}

static void end(struct recorder *r, enum log_type type, uint64_t position)
{
	assert_int_equal(recorder_complete(r, type, position), 0);
}

static void whole(struct recorder *r, enum log_type type, uint64_t block,
		  int byte)
{
	end(r, type, begin(r, type, block, byte));
}

static int mark(struct recorder *r, const char *text)
{
	struct mark_block m = { .kind = MARK_MARK,
				.length = (uint32_t)strlen(text) };

	memcpy(m.magic, MARK_BLOCK_MAGIC, sizeof(m.magic));
	memcpy(m.text, text, strlen(text));
	return recorder_mark(r, &m, sizeof(m));
}

static void arm(struct recorder *r, struct cut_trigger t)
{
	uint64_t position;

	assert_int_equal(recorder_arm(r, &t, &position, NULL), 0);
}

/* What a dump says that a block holds. */
static int dumped(struct recorder *r, int durable, uint64_t block)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	unlink(image_path);
	assert_int_equal(recorder_dump(r, durable, image_path, NULL), 0);
	assert_int_equal(file_read(image_path, &b, NULL), 0);
	assert_int_equal(b.len, DISK);
	return b.data[block * BLOCK];
}

/* ---- reads and writes ---- */

static uint64_t draw_range(struct rng *rng, uint64_t *ret_length)
{
	uint64_t block = rng_below(rng, BLOCKS);
	uint64_t n = 1 + rng_below(rng, 30);

	if (n > BLOCKS - block)
		n = BLOCKS - block;
	*ret_length = n * BLOCK;
	return block * BLOCK;
}

static enum log_type draw_type(struct rng *rng)
{
	static const enum log_type types[] = { LOG_WRITE, LOG_WRITE, LOG_WRITE,
					       LOG_ZEROES, LOG_DISCARD };

	return types[rng_below(rng, 5)];
}

static void reads_return_what_was_written_last(void **state)
{
	struct recorder *r = create();
	struct rng rng = rng_init(1);
	static char data[30 * BLOCK];

	(void)state;
	for (int i = 0; i < 1500; i++) {
		struct request q = { .type = draw_type(&rng), .data = data };
		uint64_t at, n;

		q.offset = draw_range(&rng, &q.length);
		memset(data, (int)rng_next(&rng), sizeof(data));
		assert_int_equal(recorder_do(r, &q), 0);
		if (q.type == LOG_WRITE)
			memcpy(expect + q.offset, data, q.length);
		else
			memset(expect + q.offset, 0, q.length);
		at = draw_range(&rng, &n);
		assert_int_equal(recorder_read(r, got, n, at), 0);
		assert_memory_equal(got, expect + at, n);
	}
	assert_int_equal(recorder_read(r, got, DISK, 0), 0);
	assert_memory_equal(got, expect, DISK);
	recorder_free(r);
}

static void a_write_is_read_before_it_completes(void **state)
{
	struct recorder *r = create();

	(void)state;
	begin(r, LOG_WRITE, 7, 'x');
	assert_int_equal(recorder_read(r, got, BLOCK, 7 * BLOCK), 0);
	assert_int_equal(got[0], 'x');
	recorder_free(r);
}

static void requests_off_the_disk_leave_no_record(void **state)
{
	const struct request bad[] = {
		{ LOG_WRITE, 0, 100, BLOCK, got },
		{ LOG_WRITE, 0, 0, 100, got },
		{ LOG_WRITE, 0, 0, 0, got },
		{ LOG_ZEROES, 0, DISK, BLOCK, NULL },
		{ LOG_DISCARD, 0, UINT64_MAX - BLOCK + 1, BLOCK, NULL },
		{ LOG_ZEROES, 0, BLOCK, UINT64_MAX - BLOCK + 1, NULL },
	};
	struct recorder *r = create();
	struct history *h;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(recorder_do(r, &bad[i]), -EINVAL);
	assert_int_equal(recorder_read(r, got, 100, 0), -EINVAL);
	assert_int_equal(recorder_read(r, got, BLOCK, DISK), -EINVAL);
	h = load();
	assert_int_equal(h->end, 0);
	history_free(h);
	recorder_free(r);
}

static void impossible_disks_are_refused(void **state)
{
	struct recorder *r;

	(void)state;
	assert_int_equal(recorder_create(log_path, NULL, 0, BLOCK, &r, NULL),
			 -EINVAL);
	assert_int_equal(recorder_create(log_path, NULL, 1000, BLOCK, &r, NULL),
			 -EINVAL);
	assert_int_equal(recorder_create(log_path, NULL, DISK, 500, &r, NULL),
			 -EINVAL);
	assert_int_equal(recorder_create(log_path, "/nonexistent", DISK, BLOCK,
					 &r, NULL), -ENOENT);
}

/* ---- the log ---- */

static void records_stand_in_the_order_of_events(void **state)
{
	struct recorder *r = create();
	uint64_t a, b, f, base_position;
	struct history *h;

	(void)state;
	a = begin(r, LOG_WRITE, 1, 'a');
	b = begin(r, LOG_DISCARD, 2, 0);
	end(r, LOG_DISCARD, b);
	f = begin(r, LOG_FLUSH, 0, 0);
	assert_int_equal(mark(r, "now"), 0);
	end(r, LOG_WRITE, a);
	end(r, LOG_FLUSH, f);
	assert_int_equal(recorder_base(r, &base_position, NULL), 0);
	assert_int_equal(base_position, 7);
	assert_int_equal(recorder_seal(r, NULL), 0);
	h = load();
	assert_int_equal(h->commands[0].submit, 0);
	assert_int_equal(h->commands[0].complete, 5);
	assert_int_equal(h->commands[1].submit, 1);
	assert_int_equal(h->commands[1].complete, 2);
	assert_int_equal(h->commands[2].submit, 3);
	assert_int_equal(h->commands[2].complete, 6);
	assert_int_equal(h->marks[0].position, 4);
	assert_int_equal(h->base, 7);
	assert_int_equal(h->sealed, 1);
	history_free(h);
	recorder_free(r);
}

static void a_sealed_log_takes_no_more(void **state)
{
	struct recorder *r = create();
	uint64_t position;
	struct error e;

	(void)state;
	whole(r, LOG_WRITE, 1, 'a');
	assert_int_equal(recorder_seal(r, NULL), 0);
	assert_int_equal(recorder_seal(r, NULL), -EALREADY);
	assert_int_equal(submit(r, LOG_WRITE, 1, 'b', 0, &position),
			 -ESHUTDOWN);
	assert_int_equal(mark(r, "x"), -ESHUTDOWN);
	assert_int_equal(recorder_cut(r, &position, &e), -ESHUTDOWN);
	assert_non_null(strstr(e.message, "sealed"));
	assert_int_equal(recorder_read(r, got, BLOCK, BLOCK), 0);
	assert_int_equal(got[0], 'a');
	recorder_free(r);
}

/* A full disk, played by a limit on the size of files. */
static void a_log_that_cannot_grow_ends_the_recording(void **state)
{
	struct recorder *r = create();
	struct rlimit old, small = { 4096, 4096 };
	struct stat st;
	struct drive_stats stats;
	uint64_t position;
	struct history *h;
	struct error e;
	int err = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	for (int i = 0; i < 20 && !err; i++)
		err = submit(r, LOG_WRITE, 1, 'a', 0, &position);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(err, -EFBIG);
	assert_int_equal(submit(r, LOG_FLUSH, 0, 0, 0, &position), -EFBIG);
	assert_int_equal(recorder_read(r, got, BLOCK, 0), -EFBIG);
	assert_int_equal(recorder_stats(r, &stats, &e), -EFBIG);
	assert_non_null(strstr(e.message, "could not write its log"));
	assert_int_equal(recorder_seal(r, &e), -EFBIG);
	h = load();
	assert_int_equal(h->n_commands, 6);
	assert_int_equal(h->sealed, 0);
	/* Nothing of the record that did not fit is left. */
	assert_int_equal(stat(log_path, &st), 0);
	assert_int_equal(st.st_size, sizeof(struct log_file_header) +
					     6 * (sizeof(struct log_record) +
						  BLOCK));
	history_free(h);
	recorder_free(r);
}

/* ---- marks ---- */

static void what_is_no_mark_is_refused(void **state)
{
	struct recorder *r = create();
	struct mark_block good = { .kind = MARK_ACK, .length = 2,
				   .text = "ok" }, m;
	struct history *h;

	(void)state;
	memcpy(good.magic, MARK_BLOCK_MAGIC, sizeof(good.magic));
	m = good;
	m.magic[0] = 'X';
	assert_int_equal(recorder_mark(r, &m, sizeof(m)), -EINVAL);
	m = good;
	m.kind = 4;
	assert_int_equal(recorder_mark(r, &m, sizeof(m)), -EINVAL);
	m.kind = 0;
	assert_int_equal(recorder_mark(r, &m, sizeof(m)), -EINVAL);
	m = good;
	m.length = 4001;
	memset(m.text, 'x', sizeof(m.text));
	assert_int_equal(recorder_mark(r, &m, sizeof(m)), -EINVAL);
	m = good;
	m.text[1] = '\n';
	assert_int_equal(recorder_mark(r, &m, sizeof(m)), -EINVAL);
	m.text[1] = '\0';
	assert_int_equal(recorder_mark(r, &m, sizeof(m)), -EINVAL);
	assert_int_equal(recorder_mark(r, &good, sizeof(good) - 1), -EINVAL);
	m = good;
	m.length = 4000;
	memset(m.text, 'x', 4000);
	assert_int_equal(recorder_mark(r, &m, sizeof(m)), 0);
	h = load();
	assert_int_equal(h->n_marks, 1);
	assert_int_equal(strlen(h->marks[0].text), 4000);
	history_free(h);
	recorder_free(r);
}

/* ---- what is durable ---- */

static void a_flush_covers_what_completed_before_it(void **state)
{
	struct recorder *r = create();
	uint64_t a, b, f;

	(void)state;
	whole(r, LOG_WRITE, 1, 'x');
	a = begin(r, LOG_WRITE, 2, 'x');
	f = begin(r, LOG_FLUSH, 0, 0);
	end(r, LOG_WRITE, a); /* while the flush is under way */
	b = begin(r, LOG_WRITE, 3, 'x');
	end(r, LOG_WRITE, b);
	assert_int_not_equal(dumped(r, 1, 1), 'x');
	end(r, LOG_FLUSH, f);
	assert_int_equal(dumped(r, 1, 1), 'x');
	assert_int_equal(dumped(r, 1, 2), base[2 * BLOCK]);
	assert_int_equal(dumped(r, 1, 3), base[3 * BLOCK]);
	assert_int_equal(dumped(r, 0, 2), 'x');
	whole(r, LOG_FLUSH, 0, 0);
	assert_int_equal(dumped(r, 1, 2), 'x');
	assert_int_equal(dumped(r, 1, 3), 'x');
	recorder_free(r);
}

static void an_older_write_never_overtakes_a_durable_one(void **state)
{
	struct recorder *r = create();
	uint64_t a, b;

	(void)state;
	a = begin(r, LOG_WRITE, 1, 'a');
	assert_int_equal(submit(r, LOG_WRITE, 1, 'b', 1, &b), 0);
	end(r, LOG_WRITE, b);
	assert_int_equal(dumped(r, 1, 1), 'b');
	end(r, LOG_WRITE, a);
	whole(r, LOG_FLUSH, 0, 0);
	assert_int_equal(dumped(r, 1, 1), 'b');
	recorder_free(r);
}

static void all_before_arm_is_durable(void **state)
{
	struct recorder *r = create();
	struct drive_stats stats;
	uint64_t a;

	(void)state;
	whole(r, LOG_WRITE, 1, 'x');
	a = begin(r, LOG_WRITE, 2, 'x');
	arm(r, (struct cut_trigger){ .kind = CUT_NONE });
	end(r, LOG_WRITE, a);
	assert_int_equal(dumped(r, 1, 1), 'x');
	assert_int_equal(dumped(r, 1, 2), 'x');
	whole(r, LOG_WRITE, 3, 'x');
	assert_int_equal(recorder_stats(r, &stats, NULL), 0);
	assert_int_equal(stats.volatile_writes, 1);
	assert_int_equal(stats.writes, 3);
	assert_int_equal(stats.in_flight, 0);
	recorder_free(r);
}

/* Rules 1 and 2 and ARM, word for word, for one command. */
static int is_durable(const struct history *h, const struct command *c)
{
	if (h->arm != POSITION_NEVER && c->submit < h->arm)
		return 1;
	if (c->fua && c->complete != POSITION_NEVER)
		return 1;
	for (size_t i = 0; i < h->n_commands; i++) {
		const struct command *f = &h->commands[i];

		if (f->type == LOG_FLUSH && f->complete != POSITION_NEVER &&
		    c->complete < f->submit)
			return 1;
	}
	return 0;
}

/* The crash model, which knows nothing of the drive's own book-keeping. */
static void expect_model_agrees(const struct history *h)
{
	const struct cache_model honest = CACHE_MODEL_HONEST;
	CLEANUP_FREE uint64_t *durable = model_durable(h, &honest);

	for (size_t i = 0; i < h->n_commands; i++) {
		if (h->commands[i].type == LOG_FLUSH)
			continue;
		assert_int_equal(durable[i] != POSITION_NEVER,
				 is_durable(h, &h->commands[i]));
	}
}

/* Applies the log to the base, in submit order. */
static void replay(const struct history *h, int durable_only, char *disk)
{
	CLEANUP_CLOSE int fd = open(log_path, O_RDONLY | O_CLOEXEC);

	memcpy(disk, base, DISK);
	for (size_t i = 0; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];

		if (c->type == LOG_FLUSH ||
		    (durable_only && !is_durable(h, c)))
			continue;
		if (c->type != LOG_WRITE)
			memset(disk + c->offset, 0, c->length);
		else
			assert_int_equal(pread_full(fd, disk + c->offset,
						    c->length, c->data), 0);
	}
}

static void expect_dumps_equal_the_log(struct recorder *r)
{
	struct history *h = load();

	expect_model_agrees(h);
	for (int durable = 0; durable < 2; durable++) {
		CLEANUP_BUF struct buf b = BUF_INIT;

		unlink(image_path);
		assert_int_equal(recorder_dump(r, durable, image_path, NULL),
				 0);
		assert_int_equal(file_read(image_path, &b, NULL), 0);
		assert_int_equal(b.len, DISK);
		replay(h, durable, got);
		assert_memory_equal(b.data, got, DISK);
	}
	history_free(h);
}

#define POOL 6

/* A command in flight; type 0: none. */
struct pending {
	enum log_type type;
	uint64_t position;
};

/* Submits something new, or completes what is in flight in the slot. */
static void random_step(struct recorder *r, struct rng *rng, struct pending *p)
{
	static char data[30 * BLOCK];
	struct request q = { .type = draw_type(rng), .data = data };

	if (p->type) {
		end(r, p->type, p->position);
		p->type = 0;
		return;
	}
	q.fua = rng_below(rng, 5) == 0;
	q.offset = draw_range(rng, &q.length);
	if (rng_below(rng, 4) == 0)
		q = (struct request){ .type = LOG_FLUSH };
	memset(data, (int)rng_next(rng), sizeof(data));
	assert_int_equal(recorder_submit(r, &q, &p->position), 0);
	p->type = q.type;
}

static void dumps_equal_a_reference(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 25; seed++) {
		struct pending pool[POOL] = { { 0, 0 } };
		struct recorder *r = create();
		struct rng rng = rng_init(seed);

		for (int i = 0; i < 60; i++) {
			if (i == 20)
				arm(r, (struct cut_trigger){ .kind = CUT_NONE });
			random_step(r, &rng, &pool[rng_below(&rng, POOL)]);
		}
		expect_dumps_equal_the_log(r);
		recorder_free(r);
	}
}

/* ---- cuts ---- */

static int was_cut(struct recorder *r, uint64_t *ret_position)
{
	int cut = -1;

	assert_int_equal(recorder_was_cut(r, &cut, ret_position, NULL), 0);
	return cut;
}

/* The drive was cut at that position, and is dead. */
static void expect_cut_at(struct recorder *r, uint64_t expected)
{
	struct pollfd p = { .fd = recorder_cut_fd(r), .events = POLLIN };
	uint64_t position = 0;
	struct history *h;

	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(was_cut(r, &position), 1);
	assert_int_equal(position, expected);
	assert_int_equal(submit(r, LOG_WRITE, 1, 'z', 0, &position),
			 -EHOSTDOWN);
	assert_int_equal(submit(r, LOG_FLUSH, 1, 0, 0, &position), -EHOSTDOWN);
	assert_int_equal(mark(r, "late"), -EHOSTDOWN);
	assert_int_equal(recorder_read(r, got, BLOCK, 0), -EHOSTDOWN);
	assert_int_equal(recorder_alive(r), -EHOSTDOWN);
	assert_int_equal(recorder_seal(r, NULL), 0);
	h = load();
	assert_int_equal(h->cut, expected);
	assert_int_equal(h->end, expected + 2);
	assert_int_equal(h->sealed, 1);
	history_free(h);
}

static void a_cut_at_a_write_counts_changes_after_arm(void **state)
{
	struct recorder *r = create();
	uint64_t position = 0;

	(void)state;
	whole(r, LOG_WRITE, 1, 'a'); /* 0, 1 */
	arm(r, (struct cut_trigger){ .kind = CUT_WRITE, .nth = 3 }); /* 2 */
	whole(r, LOG_DISCARD, 1, 0); /* 3, 4 */
	whole(r, LOG_FLUSH, 1, 0); /* 5, 6 */
	whole(r, LOG_ZEROES, 1, 0); /* 7, 8 */
	assert_int_equal(mark(r, "x"), 0); /* 9 */
	assert_int_equal(was_cut(r, &position), 0);
	assert_int_equal(submit(r, LOG_WRITE, 2, 'b', 0, &position),
			 -EHOSTDOWN); /* 10 */
	expect_cut_at(r, 11);
	recorder_free(r);
}

static void a_cut_at_a_flush_leaves_it_in_flight(void **state)
{
	struct recorder *r = create();
	uint64_t position;

	(void)state;
	whole(r, LOG_FLUSH, 0, 0); /* 0, 1 */
	arm(r, (struct cut_trigger){ .kind = CUT_FLUSH, .nth = 2 }); /* 2 */
	whole(r, LOG_FLUSH, 0, 0); /* 3, 4 */
	whole(r, LOG_WRITE, 2, 'x'); /* 5, 6 */
	assert_int_equal(submit(r, LOG_FLUSH, 0, 0, 0, &position),
			 -EHOSTDOWN); /* 7 */
	assert_int_equal(dumped(r, 1, 2), base[2 * BLOCK]);
	assert_int_equal(dumped(r, 0, 2), 'x');
	expect_cut_at(r, 8);
	recorder_free(r);
}

static void a_cut_at_a_mark_counts_its_text_only(void **state)
{
	struct recorder *r = create();

	(void)state;
	assert_int_equal(mark(r, "here"), 0); /* 0 */
	arm(r, (struct cut_trigger){ .kind = CUT_MARK, .nth = 2,
				     .mark = "here" }); /* 1 */
	assert_int_equal(mark(r, "here"), 0); /* 2 */
	assert_int_equal(mark(r, "there"), 0); /* 3 */
	assert_int_equal(mark(r, "here!"), 0); /* 4 */
	assert_int_equal(mark(r, "her"), 0); /* 5 */
	assert_int_equal(mark(r, "here"), -EHOSTDOWN); /* 6 */
	expect_cut_at(r, 7);
	recorder_free(r);
}

static void a_cut_at_any_mark_counts_all(void **state)
{
	struct recorder *r = create();

	(void)state;
	arm(r, (struct cut_trigger){ .kind = CUT_MARK, .nth = 2, .mark = "" });
	assert_int_equal(mark(r, "one"), 0);
	assert_int_equal(mark(r, "two"), -EHOSTDOWN);
	expect_cut_at(r, 3);
	recorder_free(r);
}

/* At which write of at most 10 the seed cuts. */
static uint64_t random_cut(uint64_t seed)
{
	struct recorder *r = create();
	uint64_t n = 1, position;

	arm(r, (struct cut_trigger){ .kind = CUT_RANDOM, .nth = 10,
				     .seed = seed });
	while (submit(r, LOG_WRITE, 1, 'x', 0, &position) == 0)
		n++;
	expect_cut_at(r, n + 1);
	recorder_free(r);
	return n;
}

static void a_random_cut_is_drawn_by_its_seed(void **state)
{
	unsigned int seen = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 60; seed++) {
		uint64_t n = random_cut(seed);

		assert_in_range(n, 1, 10);
		assert_int_equal(random_cut(seed), n);
		seen |= 1u << n;
	}
	assert_int_equal(seen, 0x7fe);
}

static void a_cut_at_a_time_needs_no_command(void **state)
{
	struct recorder *r = create();
	struct pollfd p = { .fd = recorder_cut_fd(r), .events = POLLIN };
	struct log_reader *reader;
	struct log_record armed, cut;

	(void)state;
	arm(r, (struct cut_trigger){ .kind = CUT_TIME, .time_ns = 20000000 });
	assert_int_equal(poll(&p, 1, 5000), 1);
	expect_cut_at(r, 1);
	assert_int_equal(log_open(log_path, &reader, NULL), 0);
	assert_int_equal(log_next(reader, &armed, NULL, NULL), 1);
	assert_int_equal(log_next(reader, &cut, NULL, NULL), 1);
	assert_in_range(cut.time_ns - armed.time_ns, 20000000, 5000000000);
	log_reader_free(reader);
	recorder_free(r);
}

static void a_timer_that_has_not_come_is_dropped(void **state)
{
	struct recorder *r = create();
	uint64_t position;

	(void)state;
	arm(r, (struct cut_trigger){ .kind = CUT_TIME, .time_ns = UINT64_MAX });
	assert_int_equal(was_cut(r, &position), 0);
	recorder_free(r);
}

static void the_end_of_the_workload_is_marked_once(void **state)
{
	struct recorder *r = create();
	uint64_t position;
	struct history *h;

	(void)state;
	assert_int_equal(recorder_stop(r, &position, NULL), -EALREADY);
	arm(r, (struct cut_trigger){ .kind = CUT_NONE });
	assert_int_equal(recorder_stop(r, &position, NULL), 0);
	assert_int_equal(position, 1);
	assert_int_equal(recorder_stop(r, &position, NULL), -EALREADY);
	h = load();
	assert_int_equal(h->stop, 1);
	history_free(h);
	recorder_free(r);
}

static void nothing_cuts_behind_the_workloads_end(void **state)
{
	struct recorder *r = create();
	uint64_t position;

	(void)state;
	arm(r, (struct cut_trigger){ .kind = CUT_WRITE, .nth = 1 });
	assert_int_equal(recorder_stop(r, &position, NULL), 0);
	whole(r, LOG_WRITE, 1, 'x');
	assert_int_equal(was_cut(r, &position), 0);
	recorder_free(r);
}

static void what_is_in_flight_at_the_cut_never_completes(void **state)
{
	struct recorder *r = create();
	uint64_t a = begin(r, LOG_WRITE, 1, 'a'), position;
	struct history *h;

	(void)state;
	assert_int_equal(recorder_cut(r, &position, NULL), 0);
	assert_int_equal(position, 1);
	assert_int_equal(recorder_complete(r, LOG_WRITE, a), -EHOSTDOWN);
	expect_cut_at(r, 1);
	h = load();
	assert_int_equal(h->commands[0].complete, POSITION_NEVER);
	history_free(h);
	recorder_free(r);
}

static void impossible_triggers_are_refused(void **state)
{
	const struct cut_trigger bad[] = {
		{ .kind = CUT_WRITE }, { .kind = CUT_FLUSH },
		{ .kind = CUT_MARK, .mark = "x" }, { .kind = CUT_RANDOM },
		{ .kind = (enum cut_kind)99, .nth = 1 },
	};
	struct recorder *r = create();
	uint64_t position;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(recorder_arm(r, &bad[i], &position, NULL),
				 -EINVAL);
	arm(r, (struct cut_trigger){ .kind = CUT_NONE });
	assert_int_equal(recorder_arm(r, &(struct cut_trigger){
						 .kind = CUT_NONE },
				      &position, NULL), -EALREADY);
	recorder_free(r);
}

/* ---- many threads ---- */

struct writer {
	pthread_t thread;
	struct recorder *r;
	uint64_t seed;
	int failures;
};

static void *write_much(void *arg)
{
	struct writer *w = arg;
	struct rng rng = rng_init(w->seed);
	char data[4 * BLOCK];

	for (int i = 0; i < 200; i++) {
		struct request q = { .type = LOG_WRITE, .length = sizeof(data),
				     .data = data };

		q.offset = rng_below(&rng, 40) * BLOCK;
		memset(data, (int)rng_next(&rng), sizeof(data));
		if (rng_below(&rng, 10) == 0)
			q = (struct request){ .type = LOG_FLUSH };
		w->failures += recorder_do(w->r, &q) != 0;
		w->failures += recorder_read(w->r, data, BLOCK, 0) != 0;
	}
	return NULL;
}

static void threads_agree_with_their_log(void **state)
{
	struct recorder *r = create();
	struct writer writers[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		writers[i] = (struct writer){ .r = r, .seed = i };
		assert_int_equal(pthread_create(&writers[i].thread, NULL,
						write_much, &writers[i]), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		pthread_join(writers[i].thread, NULL);
		assert_int_equal(writers[i].failures, 0);
	}
	expect_dumps_equal_the_log(r);
	recorder_free(r);
}

static void *write_one(void *arg)
{
	static char data[BLOCK];
	const struct request q = { .type = LOG_WRITE, .offset = BLOCK,
				   .length = BLOCK, .data = data };

	return recorder_do(arg, &q) ? arg : NULL;
}

/* A mark gets into the log while the write is on its way. */
static void a_slow_drive_keeps_writes_in_flight(void **state)
{
	struct recorder *r = create();
	struct drive_stats stats = { .in_flight = 0 };
	pthread_t thread;
	struct history *h;
	void *failed;

	(void)state;
	recorder_set_latency(r, 500000000);
	arm(r, (struct cut_trigger){ .kind = CUT_NONE });
	assert_int_equal(pthread_create(&thread, NULL, write_one, r), 0);
	while (!stats.in_flight)
		assert_int_equal(recorder_stats(r, &stats, NULL), 0);
	assert_int_equal(mark(r, "meanwhile"), 0);
	pthread_join(thread, &failed);
	assert_null(failed);
	recorder_free(r);
	h = load();
	assert_true(h->commands[0].submit < h->marks[0].position);
	assert_true(h->commands[0].complete > h->marks[0].position);
	history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_return_what_was_written_last),
		cmocka_unit_test(a_write_is_read_before_it_completes),
		cmocka_unit_test(requests_off_the_disk_leave_no_record),
		cmocka_unit_test(impossible_disks_are_refused),
		cmocka_unit_test(records_stand_in_the_order_of_events),
		cmocka_unit_test(a_sealed_log_takes_no_more),
		cmocka_unit_test(a_log_that_cannot_grow_ends_the_recording),
		cmocka_unit_test(what_is_no_mark_is_refused),
		cmocka_unit_test(a_flush_covers_what_completed_before_it),
		cmocka_unit_test(an_older_write_never_overtakes_a_durable_one),
		cmocka_unit_test(all_before_arm_is_durable),
		cmocka_unit_test(dumps_equal_a_reference),
		cmocka_unit_test(a_cut_at_a_write_counts_changes_after_arm),
		cmocka_unit_test(a_cut_at_a_flush_leaves_it_in_flight),
		cmocka_unit_test(a_cut_at_a_mark_counts_its_text_only),
		cmocka_unit_test(a_cut_at_any_mark_counts_all),
		cmocka_unit_test(a_random_cut_is_drawn_by_its_seed),
		cmocka_unit_test(a_cut_at_a_time_needs_no_command),
		cmocka_unit_test(a_timer_that_has_not_come_is_dropped),
		cmocka_unit_test(the_end_of_the_workload_is_marked_once),
		cmocka_unit_test(nothing_cuts_behind_the_workloads_end),
		cmocka_unit_test(what_is_in_flight_at_the_cut_never_completes),
		cmocka_unit_test(impossible_triggers_are_refused),
		cmocka_unit_test(threads_agree_with_their_log),
		cmocka_unit_test(a_slow_drive_keeps_writes_in_flight),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_base, remove_base);
}

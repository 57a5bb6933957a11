#include "states/synthetic.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "common/rng.h"

#define WRITES 4     /* in a transaction */
#define BLOCKS_MAX 4 /* in a write */
#define DATA_BLOCKS 256
#define TIME_STEP_NS 1000

static uint64_t event(struct history *h)
{
	h->times[h->end] = h->end * TIME_STEP_NS;
	return h->end++;
}

static struct command *submit(struct history *h, enum log_type type,
			      uint64_t first, uint64_t blocks, uint64_t data)
{
	struct command *c = &h->commands[h->n_commands++];

	*c = (struct command){
		.type = type,
		.submit = event(h),
		.complete = POSITION_NEVER,
		.offset = first * SYNTHETIC_BLOCK,
		.length = blocks * SYNTHETIC_BLOCK,
		.data = data * SYNTHETIC_BLOCK,
		.number = type == LOG_FLUSH ? ++h->n_flushes : ++h->n_writes,
	};
	c->submit_ns = h->times[c->submit];
	return c;
}

static void complete(struct history *h, struct command *c)
{
	c->complete = event(h);
	c->complete_ns = h->times[c->complete];
}

static void mark(struct history *h, enum mark_kind kind, uint64_t number)
{
	uint64_t position = event(h);

	h->marks[h->n_marks] = (struct mark){
		.position = position,
		.number = h->n_marks + 1,
		.time_ns = h->times[position],
		.kind = kind,
		.text = xasprintf("%llu", (unsigned long long)number),
	};
	h->n_marks++;
}

static void write_some(struct history *h, struct rng *rng)
{
	struct command *last[2] = { NULL, NULL };

	for (int i = 0; i < WRITES; i++) {
		uint64_t blocks = 1 + rng_below(rng, BLOCKS_MAX);
		uint64_t places = SYNTHETIC_DISK / SYNTHETIC_BLOCK - blocks;
		struct command *c =
			submit(h, LOG_WRITE, rng_below(rng, places), blocks,
			       rng_below(rng, DATA_BLOCKS - blocks));

		if (i < WRITES - 2)
			complete(h, c);
		else
			last[i - (WRITES - 2)] = c;
	}
	complete(h, last[1]);
	complete(h, last[0]);
}

static void transaction(struct history *h, struct rng *rng, uint64_t number)
{
	mark(h, MARK_BEGIN, number);
	write_some(h, rng);
	complete(h, submit(h, LOG_FLUSH, 0, 0, 0));
	mark(h, MARK_ACK, number);
}

static struct history *allocate(uint64_t transactions, const char *data_path)
{
	struct history *h = xcalloc(1, sizeof(*h));
	uint64_t commands = transactions * (WRITES + 1);

	h->log_path = xstrdup(data_path);
	h->disk_size = SYNTHETIC_DISK;
	h->block_size = SYNTHETIC_BLOCK;
	h->commands = xcalloc(commands, sizeof(*h->commands));
	h->marks = xcalloc(2 * transactions, sizeof(*h->marks));
	h->times = xcalloc(2 * commands + 2 * transactions + 2,
			   sizeof(*h->times));
	h->base = h->arm = h->cut = h->stop = POSITION_NEVER;
	return h;
}

static int write_data(const char *path, struct rng *rng, struct error *e)
{
	size_t size = DATA_BLOCKS * SYNTHETIC_BLOCK;
	CLEANUP_FREE unsigned char *data = xmalloc(size);

	for (size_t i = 0; i < size; i++)
		data[i] = (unsigned char)rng_next(rng);
	return file_write(path, data, size, e);
}

int synthetic_history(uint64_t n, uint64_t seed, const char *data_path,
		      struct history **ret, struct error *e)
{
	uint64_t transactions = (n + WRITES) / (WRITES + 1);
	struct rng rng = rng_init(seed);
	struct history *h;
	int err = write_data(data_path, &rng, e);

	if (err)
		return err;
	h = allocate(transactions, data_path);
	h->arm = event(h);
	for (uint64_t i = 1; i <= transactions; i++)
		transaction(h, &rng, i);
	event(h); /* END */
	h->sealed = 1;
	*ret = h;
	return 0;
}

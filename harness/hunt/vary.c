/*
 * What a hunt varies, and why all of it is legal.
 *
 * - The seed. The workload's programs get it as PC_SEED.
 * - The cuts: random positions, in addition to the scenario's own cuts. A drive
 *   may lose its power at any time.
 * - Of the drive's cache what the scenario's file does not say itself, where
 *   there is a volatile cache:
 *
 *   tear      a power of two from drive.block, 512 at least, to 64KiB. No drive
 *             promises that more than one logical block is written as a whole
 *             when power fails, unless it says so (NVMe: AWUPF); a program that
 *             needs more must pin it. It is not above what divides the disk.
 *             With a file system not below 4096, see below.
 *   order     any or fifo
 *   capacity  unlimited, or 64KiB to 8MiB
 *   destage   never, or after 1ms to 1s
 *
 *   The last three only take states away: a drive without these limits may do
 *   the same by chance, so each of their states is one of the scenario's own
 *   drive with that tear. But others of them are found worth checking.
 *
 * A file system needs whole blocks itself. ext4 with checksums in its journal
 * refuses to mount when the last commit block is torn ("JBD2: journal transaction
 * is corrupt", kernel 6.1): legal, and found in every hunt that may tear less, in
 * front of whatever the program does wrong. Who wants to see it pins tear.
 *
 * Everything else stays: bus, size, block, mode, flush and fua (whether the
 * drive lies), power-loss protection, the file system, kernel and scheduler.
 */
#include "hunt/vary.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/rng.h"

#define KiB 1024ULL
#define MILLISECOND 1000000ULL
#define TEAR_MIN 512U
#define TEAR_MIN_FILESYSTEM 4096U
#define TEAR_MAX 65536U

/* Live cuts boot a guest each. */
#define RANDOM_CUTS 50
#define RANDOM_LIVE_CUTS 3

/* Not the numbers that the same seed draws cuts from. */
#define STREAM 0x68756e74ULL

static uint32_t draw_tear(struct rng *rng, const struct scenario *s)
{
	uint32_t sizes[8], n = 0;
	uint32_t tear = scenario_has_filesystem(s) ? TEAR_MIN_FILESYSTEM :
						     TEAR_MIN;

	if (s->drive.block > tear)
		tear = s->drive.block;
	for (; tear <= TEAR_MAX && s->drive.size % tear == 0; tear *= 2)
		sizes[n++] = tear;
	return n ? sizes[rng_below(rng, n)] : s->drive.cache.tear;
}

static uint64_t draw_capacity(struct rng *rng)
{
	uint64_t unlimited = rng_below(rng, 2);
	uint64_t capacity = 64 * KiB << rng_below(rng, 8);

	return unlimited ? UINT64_MAX : capacity;
}

static uint64_t draw_destage(struct rng *rng)
{
	static const uint64_t ages[] = { 1, 10, 100, 1000 };
	uint64_t never = rng_below(rng, 4) != 0;
	uint64_t age = ages[rng_below(rng, 4)];

	return never ? UINT64_MAX : age * MILLISECOND;
}

/* Each is drawn, pinned or not: to pin one leaves the others as they are. */
static void vary_cache(const struct scenario *s, uint64_t seed,
		       struct scenario *ret)
{
	struct rng rng = rng_init(seed ^ STREAM << 32);
	struct cache_model *m = &ret->drive.cache;
	uint32_t tear = draw_tear(&rng, s);
	uint64_t capacity = draw_capacity(&rng);
	uint64_t destage = draw_destage(&rng);
	enum cache_order order = rng_below(&rng, 4) ? ORDER_ANY : ORDER_FIFO;

	if (!s->drive.pinned.tear)
		m->tear = tear;
	if (!model_is_volatile(m))
		return;
	if (!s->drive.pinned.capacity)
		m->capacity = capacity;
	if (!s->drive.pinned.destage)
		m->destage_ns = destage;
	if (!s->drive.pinned.order)
		m->order = order;
}

/* What a scenario without cuts means, spelled out; the last record there is
 * stands for the end. */
static const struct cut_rule every_cut[] = {
	{ .kind = CUTS_EVERY_WRITE },
	{ .kind = CUTS_EVERY_FLUSH },
	{ .kind = CUTS_EVERY_MARK },
	{ .kind = CUTS_AT_TIME, .time_ns = 86400 * 1000 * MILLISECOND },
};

/* The scenario's rules come first: they draw what they draw in a run with this
 * seed. */
static void add_random_cuts(const struct scenario *s, struct scenario *ret)
{
	int replay = s->mode == MODE_REPLAY;
	const struct cut_rule *rules = s->n_cuts ? s->cuts : every_cut;
	size_t n = s->n_cuts ? s->n_cuts : 4;

	if (!s->n_cuts && !replay)
		return; /* live cuts have a default of their own */
	ret->cuts = xcalloc(n + 1, sizeof(*ret->cuts));
	memcpy(ret->cuts, rules, n * sizeof(*rules));
	ret->cuts[n] = (struct cut_rule){
		.kind = CUTS_RANDOM,
		.count = replay ? RANDOM_CUTS : RANDOM_LIVE_CUTS,
	};
	ret->n_cuts = n + 1;
}

void hunt_vary(const struct scenario *s, uint64_t seed, uint64_t budget,
	       struct scenario *ret)
{
	*ret = *s;
	ret->cuts = NULL;
	ret->n_cuts = 0;
	ret->seed = seed;
	if (ret->states.budget > budget)
		ret->states.budget = budget;
	vary_cache(s, seed, ret);
	add_random_cuts(s, ret);
}

void hunt_vary_release(struct scenario *varied)
{
	free(varied->cuts);
	varied->cuts = NULL;
	varied->n_cuts = 0;
}

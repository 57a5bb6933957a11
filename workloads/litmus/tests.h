/*
 * The litmus tests: short programs on a raw device, and beside each the exact
 * set of what may be on it after a power cut, written by hand.
 *
 * Steps, one after the other; each has completed before the next one begins:
 *
 *   A=1        writes the value 1 to block A (4096 bytes, O_DIRECT)
 *   AB=1       writes both blocks, which follow each other, in one command
 *   A=1.fua    with Force Unit Access
 *   A=1.dsync  with RWF_DSYNC, pwritev2(2)
 *   flush      fsync(2) on the device
 *   :x         a place to cut at, named x
 *
 * Blocks are A to F, one atomic unit of the drive each; all are 0 before.
 *
 * Cuts: the name of a place; "end", behind the last step; "@2", right when the
 * drive accepts the second step that is not a place (it is then in flight).
 *
 * An outcome has a digit per block, A first. A star stands for 0 and for 1, so
 * "1*" is "10 11". The second set is for buses without a FUA of their own,
 * where the kernel or QEMU writes and flushes instead, which makes durable all
 * that has completed before; without one the first set holds on every bus.
 */
#ifndef LITMUS_TESTS_H
#define LITMUS_TESTS_H

#include <stddef.h>
#include <stdint.h>

#define LITMUS_BLOCK 4096
#define LITMUS_BLOCKS 6
#define LITMUS_STRIDE 65536 /* from one test's block A to the next one's */
#define LITMUS_CUTS 6

struct litmus_cut {
	const char *at;
	const char *allowed;
	const char *allowed_flushing; /* NULL: the same */
};

struct litmus {
	const char *name;
	const char *steps;
	struct litmus_cut cuts[LITMUS_CUTS];
};

/* What a block holds; all bytes behind value are value. */
struct litmus_block {
	char magic[8]; /* LITMUS_MAGIC */
	uint32_t test, block, value;
	uint8_t rest[LITMUS_BLOCK - 20];
};
#define LITMUS_MAGIC "LITMUS1\n"

#define AT(at, allowed) { at, allowed, NULL }
#define BY_BUS(at, allowed, flushing) { at, allowed, flushing }

static const struct litmus litmus_tests[] = {
	/* One write is there or not; in flight, it may be there already. */
	{ "write", "A=1", {
		AT("@1", "0 1"),
		AT("end", "0 1") } },
	/* A flush in flight has promised nothing yet. */
	{ "flushed", "A=1 flush", {
		AT("@2", "0 1"),
		AT("end", "1") } },
	/* A flush covers what was before it, not what comes. */
	{ "flush-first", "flush A=1", {
		AT("end", "0 1") } },
	/* Message passing: a cache has no order. */
	{ "mp", "A=1 B=1", {
		AT("@1", "00 10"),
		AT("@2", "00 10 01 11"),
		AT("end", "00 10 01 11") } },
	/* ... unless a flush makes one. */
	{ "mp-flush", "A=1 :sent flush B=1", {
		AT("sent", "00 10"),
		AT("@2", "00 10"),
		AT("@3", "10 11"),
		AT("end", "10 11") } },
	{ "mp-flush-late", "A=1 B=1 flush", {
		AT("@3", "00 10 01 11"),
		AT("end", "11") } },
	/* Coherence: of one block, the last durable version or a later one. */
	{ "co", "A=1 A=2", {
		AT("@1", "0 1"),
		AT("@2", "0 1 2"),
		AT("end", "0 1 2") } },
	{ "co-flush", "A=1 flush A=2 A=3", {
		AT("@3", "1 2"),
		AT("end", "1 2 3") } },
	{ "co-around", "A=1 B=1 A=2", {
		AT("end", "00 10 20 01 11 21") } },
	/* FUA is for its own write only. */
	{ "fua", "A=1 B=1.fua", {
		BY_BUS("end", "01 11", "11") } },
	{ "fua-first", "A=1.fua B=1", {
		AT("end", "10 11") } },
	{ "fua-between", "A=1 B=1.fua C=1", {
		BY_BUS("end", "01* 11*", "11*") } },
	/* A durable version settles those before it. */
	{ "co-fua", "A=1 A=2.fua :stored A=3", {
		AT("stored", "2"),
		AT("end", "2 3") } },
	/* Linux flushes behind such a write, FUA or not (fs.h,
	 * generic_write_sync), so it covers more than FUA would. */
	{ "dsync", "A=1 B=1.dsync C=1", {
		AT("end", "110 111") } },
	/* A journal: blocks, flush, commit with FUA, then in place. */
	{ "commit", "A=1 B=1 :logged flush C=1.fua :stored D=1", {
		AT("logged", "0000 1000 0100 1100"),
		AT("stored", "1110"),
		AT("end", "1110 1111") } },
	/* The same without the flush: the commit may stand alone. */
	{ "commit-bare", "A=1 B=1 C=1.fua D=1", {
		BY_BUS("end", "**1*", "111*") } },
	/* Two writes of two units: each unit chooses for itself. */
	{ "torn", "AB=1", {
		AT("@1", "00 10 01 11"),
		AT("end", "00 10 01 11") } },
	{ "torn-over", "AB=1 flush AB=2", {
		AT("@3", "11 21 12 22"),
		AT("end", "11 21 12 22") } },
	/* Two rounds. */
	{ "rounds", "A=1 flush B=1 C=1 flush D=1", {
		AT("@4", "1000 1100 1010 1110"),
		AT("@5", "1000 1100 1010 1110"),
		AT("@6", "1110 1111"),
		AT("end", "1110 1111") } },
	/* Everything that six writes can do. */
	{ "six", "A=1 B=1 C=1 D=1 E=1 F=1 :sent flush", {
		AT("@5", "*****0"),
		AT("sent", "******"),
		AT("@7", "******"),
		AT("end", "111111") } },
};
#undef AT
#undef BY_BUS
#define LITMUS_TESTS (sizeof(litmus_tests) / sizeof(litmus_tests[0]))

/* How many blocks the test uses: the highest letter among its steps. */
static inline int litmus_blocks(const struct litmus *t)
{
	int n = 0, in_name = 0;

	for (const char *p = t->steps; *p; p++) {
		in_name = *p == ':' || (in_name && *p != ' ');
		if (!in_name && *p >= 'A' && *p <= 'F' && *p - 'A' >= n)
			n = *p - 'A' + 1;
	}
	return n;
}

/* The outcome as the blocks say it; a block that is neither 0 nor what a step
 * writes is '?'. */
static inline void litmus_outcome(size_t test, const struct litmus_block *b,
				  char *ret)
{
	int n = litmus_blocks(&litmus_tests[test]);

	for (int i = 0; i < n; i++, b++) {
		const unsigned char *bytes = (const unsigned char *)b;
		uint32_t value = bytes[0] ? b->value : 0;
		size_t from = bytes[0] ? offsetof(struct litmus_block, rest) :
					 0;

		ret[i] = (char)('0' + value % 10);
		if (bytes[0] && (__builtin_memcmp(b->magic, LITMUS_MAGIC, 8) ||
				 b->test != test || b->block != (uint32_t)i))
			ret[i] = '?';
		for (size_t at = from; at < sizeof(*b); at++)
			if (bytes[at] != value)
				ret[i] = '?';
	}
	ret[n] = '\0';
}

/* The set for a bus with a FUA of its own, or one that flushes. */
static inline const char *litmus_set(const struct litmus_cut *c, int flushing)
{
	return flushing && c->allowed_flushing ? c->allowed_flushing :
						 c->allowed;
}

/* Whether the outcome is in the set. */
static inline int litmus_allows(const char *set, const char *outcome)
{
	size_t len = __builtin_strlen(outcome);

	for (const char *p = set; *p; p++) {
		size_t same = 0;

		while (same < len && (p[same] == outcome[same] ||
				      (p[same] == '*' && outcome[same] >= '0' &&
				       outcome[same] <= '1')))
			same++;
		if (same == len && (p[len] == ' ' || !p[len]))
			return 1;
		while (p[1] && *p != ' ')
			p++;
	}
	return 0;
}

#endif

#include "drive/unit-set.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

#define BITS 64u

static size_t words_for(uint64_t bits)
{
	return (size_t)(bits / BITS + 1);
}

void unit_set_init(struct unit_set *s, uint64_t units)
{
	size_t n = words_for(units);

	s->units = units;
	s->words = xcalloc(n, sizeof(*s->words));
	s->summary = xcalloc(words_for(n), sizeof(*s->summary));
}

void unit_set_free(struct unit_set *s)
{
	free(s->words);
	free(s->summary);
	*s = (struct unit_set){ 0 };
}

/* The first bit at `from` or behind it that is set; `end` if there is none. */
static uint64_t next_bit(const uint64_t *words, uint64_t from, uint64_t end)
{
	uint64_t word;

	if (from >= end)
		return end;
	word = words[from / BITS] & (UINT64_MAX << (from % BITS));
	for (from -= from % BITS; !word && from + BITS < end;)
		word = words[(from += BITS) / BITS];
	if (word)
		from += (uint64_t)__builtin_ctzll(word);
	return word && from < end ? from : end;
}

void unit_set_clear(struct unit_set *s)
{
	uint64_t n = words_for(s->units), at = 0;

	while ((at = next_bit(s->summary, at, n)) < n)
		s->words[at++] = 0;
	memset(s->summary, 0, words_for(n) * sizeof(*s->summary));
}

static void set_bits(uint64_t *word, uint64_t bits)
{
	/* Most reads are of what was read before: no write to shared memory */
	if ((__atomic_load_n(word, __ATOMIC_RELAXED) & bits) != bits)
		__atomic_fetch_or(word, bits, __ATOMIC_RELAXED);
}

void unit_set_add(struct unit_set *s, uint64_t first, uint64_t count)
{
	uint64_t at = first, end = first + count;

	while (at < end) {
		uint64_t w = at / BITS, bit = at % BITS, n = BITS - bit;

		if (n > end - at)
			n = end - at;
		set_bits(&s->words[w], (UINT64_MAX >> (BITS - n)) << bit);
		set_bits(&s->summary[w / BITS], 1ULL << (w % BITS));
		at += n;
	}
}

int unit_set_has(const struct unit_set *s, uint64_t unit)
{
	return s->words[unit / BITS] >> (unit % BITS) & 1;
}

/* The first unit in the set at `from` or behind it; s->units: none. */
static uint64_t next_unit(const struct unit_set *s, uint64_t from)
{
	uint64_t n = words_for(s->units), w = from / BITS;
	uint64_t end = (w + 1) * BITS, at;

	if (from >= s->units)
		return s->units;
	at = next_bit(s->words, from, end);
	if (at == end) {
		w = next_bit(s->summary, w + 1, n);
		if (w == n)
			return s->units;
		at = next_bit(s->words, w * BITS, (w + 1) * BITS);
	}
	return at;
}

int unit_set_next(const struct unit_set *s, uint64_t from,
		  struct unit_run *ret)
{
	uint64_t at = next_unit(s, from), end;

	if (at == s->units)
		return 0;
	for (end = at + 1; end < s->units && unit_set_has(s, end);)
		end++;
	*ret = (struct unit_run){ at, end - at };
	return 1;
}

uint64_t unit_set_count(const struct unit_set *s, uint64_t first,
			uint64_t count)
{
	uint64_t at = first, end = first + count, n = 0;
	struct unit_run run;

	while (at < end && unit_set_next(s, at, &run) && run.first < end) {
		at = run.first + run.count < end ? run.first + run.count : end;
		n += at - run.first;
	}
	return n;
}

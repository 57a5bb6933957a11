/*
 * Standings against what is there: random journeys, whose every state is read byte
 * by byte. Each operation writes one sector with a content of its own, so the
 * media say themselves whether they have it, or something younger.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "common/rng.h"
#include "journey/test-journeys.h"

#define SECTORS 3
#define STEPS 14
#define ROUNDS 150
#define PLACE(sector) (4096 + 512 * (sector))

static struct test_journey t;
static uint64_t log_end;
static unsigned newest[SECTORS]; /* content in the page cache; 0: none */
static unsigned stood[STEPS + 1][2]; /* operation k: sector, content */
static size_t n_stood;

static void put_data(size_t command, unsigned content)
{
	unsigned char sector[512];
	FILE *f = fopen(t.log_path, "r+");

	memset(sector, (int)content, sizeof(sector));
	assert_int_equal(fseek(f, (long)log_end, SEEK_SET), 0);
	assert_int_equal(fwrite(sector, 1, 512, f), 512);
	fclose(f);
	t.log.commands[command].data = log_end;
	log_end += 512;
}

static void write_something(struct rng *r)
{
	unsigned sector = (unsigned)rng_below(r, SECTORS);
	struct call *c = test_enter(&t, CALL_WRITE, "pwrite64");

	c->offset = sector * 512;
	c->length = 512;
	test_exit(&t, c, 512);
	newest[sector] = (unsigned)n_stood + 1;
	stood[n_stood][0] = sector;
	stood[n_stood++][1] = newest[sector];
}

static void write_back(struct rng *r)
{
	unsigned sector = (unsigned)rng_below(r, SECTORS);
	size_t w;

	if (!newest[sector])
		return;
	w = test_drive_write(&t, PLACE(sector), 512, rng_below(r, 4) != 0);
	put_data(w, newest[sector]);
}

static void make(uint64_t seed)
{
	struct rng r = rng_init(seed);

	test_journey_init(&t);
	memset(newest, 0, sizeof(newest));
	n_stood = 0;
	log_end = 0;
	t.model.flush_ignored = rng_below(&r, 4) == 0;
	t.model.tear = rng_below(&r, 2) ? 512 : 4096;
	for (unsigned i = 0; i < STEPS; i++) {
		switch (rng_below(&r, 4)) {
		case 0:
			write_something(&r);
			break;
		case 1:
		case 2:
			write_back(&r);
			break;
		default:
			test_drive_flush(&t);
		}
	}
	test_mark_call(&t, MARK_MARK, "end");
	test_extent(&t, 0, PLACE(0), 4096);
	for (size_t i = 0; i < t.c.n_extents; i++)
		t.extents[i].time_ns = UINT64_MAX - 1;
	assert_int_equal(test_journey_make(&t), 0);
}

/* What the media hold of the operation's sector is its content or a younger
 * one. */
static int is_there(const struct state *s, size_t operation)
{
	unsigned char first;

	assert_int_equal(state_read(t.space, s, PLACE(stood[operation][0]),
				    &first, 1, NULL), 0);
	return first >= stood[operation][1];
}

static int compare(struct state *s, void *arg)
{
	unsigned *compared = arg;
	char *name = xasprintf("%s:%s", s->cut.name, s->survivors);
	struct media m;

	assert_int_equal(media_of_state(&t.journey, name, &m, NULL), 0);
	for (size_t i = 0; i < n_stood; i++) {
		struct standing at = operation_standing(
			&m, &t.journey.operations[i]);
		int said = at.at == ON_MEDIA || at.part == PART_REACH;

		if (at.at == NOT_BEGUN)
			continue;
		if (said != is_there(s, i))
			print_error("%s: operation %zu\n", name, i);
		assert_int_equal(said, is_there(s, i));
		++*compared;
	}
	media_release(&m);
	free(name);
	state_free(s);
	return 0;
}

static void what_is_said_to_be_on_the_media_is_there(void **state)
{
	unsigned compared = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct cut *cuts = NULL;
		size_t n = 0;

		make(seed);
		assert_int_equal(cuts_expand(&t.log.h, NULL, 0, 1, &cuts, &n,
					     NULL), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(space_enumerate(t.space, &cuts[i],
							 NULL, compare,
							 &compared, NULL), 0);
		free(cuts);
		test_journey_release(&t);
	}
	assert_true(compared > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_to_be_on_the_media_is_there),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

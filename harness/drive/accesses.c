#include "drive/accesses.h"

void accesses_init(struct accesses *a, uint64_t units)
{
	a->phase = DRIVE_MOUNTING;
	for (int i = 0; i < DRIVE_PHASES; i++)
		unit_set_init(&a->read[i], units);
	unit_set_init(&a->written, units);
}

void accesses_free(struct accesses *a)
{
	for (int i = 0; i < DRIVE_PHASES; i++)
		unit_set_free(&a->read[i]);
	unit_set_free(&a->written);
}

void accesses_restart(struct accesses *a)
{
	a->phase = DRIVE_MOUNTING;
	for (int i = 0; i < DRIVE_PHASES; i++)
		unit_set_clear(&a->read[i]);
	unit_set_clear(&a->written);
}

void accesses_read(struct accesses *a, uint64_t first, uint64_t count)
{
	unit_set_add(&a->read[a->phase], first, count);
}

void accesses_write(struct accesses *a, uint64_t first, uint64_t count)
{
	if (a->phase == DRIVE_MOUNTING)
		unit_set_add(&a->written, first, count);
}

void accesses_mounted(struct accesses *a)
{
	a->phase = DRIVE_AFTER;
}

/* All runs, those joined that have at most `gap` units between them; stops
 * when there are more than fit. */
static size_t list_runs(const struct unit_set *s, uint64_t gap,
			struct unit_run *runs, size_t max)
{
	struct unit_run run;
	uint64_t at = 0;
	size_t n = 0;

	while (unit_set_next(s, at, &run)) {
		at = run.first + run.count;
		if (n && run.first - (runs[n - 1].first + runs[n - 1].count) <=
				 gap) {
			runs[n - 1].count = at - runs[n - 1].first;
			continue;
		}
		if (n == max)
			return max + 1;
		runs[n++] = run;
	}
	return n;
}

size_t accesses_runs(const struct unit_set *s, struct unit_run *runs,
		     size_t max)
{
	uint64_t gap = 0;
	size_t n;

	while ((n = list_runs(s, gap, runs, max)) > max)
		gap = gap ? 2 * gap : 1;
	return n;
}

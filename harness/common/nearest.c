#include "common/nearest.h"

#include <string.h>

#define WORD_MAX 64

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Wagner and Fischer, one row at a time. Both words at most WORD_MAX. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1,
				      diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[lb];
}

const char *nearest_word(const char *word, const char *const list[])
{
	const char *best = NULL;
	size_t limit = strlen(word) / 3;

	if (strlen(word) > WORD_MAX)
		return NULL;
	if (limit < 2)
		limit = 2;
	for (; *list; list++) {
		size_t d;

		if (strlen(*list) > WORD_MAX)
			continue;
		d = edit_distance(word, *list);
		/* A word of which nothing is left is not near. */
		if (d <= limit && d < strlen(*list) && (!best || d < limit)) {
			best = *list;
			limit = d;
		}
	}
	return best;
}

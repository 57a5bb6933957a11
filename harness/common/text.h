/* Small questions about text. */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stddef.h>

struct buf;

/* The last line that is not blank, without its newline; "" if there is none.
 * Caller frees. */
char *text_last_line(const struct buf *b);

/* The last lines that are not blank, at most n, joined by "; ". Caller frees. */
char *text_last_lines(const struct buf *b, unsigned n);

/* How many there are before the NULL at the end; of a NULL list none. */
static inline size_t text_count(char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

/* Splits at blanks, in place; at most max words, the rest is left out.
 * Returns how many; the words point into `text`. */
unsigned text_split(char *text, const char **ret_words, unsigned max);

#endif

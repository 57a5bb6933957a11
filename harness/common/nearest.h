/* "Did you mean": the nearest word of a list. */
#ifndef COMMON_NEAREST_H
#define COMMON_NEAREST_H

/*
 * The word of the NULL-terminated list with the smallest edit distance
 * (Levenshtein) to `word`, or NULL where none is within a third of its length
 * (at least 2) and something of the found one is in it. Borrowed from the
 * list.
 */
const char *nearest_word(const char *word, const char *const list[]);

#endif

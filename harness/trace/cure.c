#include "trace/cure.h"

#include <string.h>

#include "common/buf.h"

#define RANDOM "XXXXXX"
#define RANDOM_LENGTH 6

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static int is_random(char c)
{
	return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z');
}

static int all_random(const char *text)
{
	for (int i = 0; i < RANDOM_LENGTH; i++)
		if (!is_random(text[i]))
			return 0;
	return 1;
}

int cure_matches(const char *pattern, const char *path)
{
	while (*pattern) {
		if (!strncmp(pattern, RANDOM, RANDOM_LENGTH) &&
		    all_random(path)) {
			pattern += RANDOM_LENGTH;
			path += RANDOM_LENGTH;
		} else if (is_digit(*pattern) && is_digit(*path)) {
			while (is_digit(*pattern))
				pattern++;
			while (is_digit(*path))
				path++;
		} else if (*pattern++ != *path++) {
			return 0;
		}
	}
	return !*path;
}

static int kind_of(char c)
{
	return is_digit(c) ? 0 : is_upper(c) ? 1 : 2;
}

/* How often it goes from small letters to large ones or to digits, and back. */
static int changes(const char *text)
{
	int n = 0;

	for (int i = 1; i < RANDOM_LENGTH; i++)
		n += kind_of(text[i]) != kind_of(text[i - 1]);
	return n;
}

#define CHANGES 3 /* more than words have that are joined LikeThese */

/* Six letters and digits, large and small ones, as no word is written: at the
 * end of a name's part, whose beginning may be the program's, as sed's is. */
static int looks_random(const char *start, const char *at)
{
	int upper = 0, word = 1;

	if (!all_random(at) || is_random(at[RANDOM_LENGTH]) ||
	    (at > start && is_random(at[-1]) && changes(at) < CHANGES))
		return 0;
	for (int i = 0; i < RANDOM_LENGTH; i++) {
		upper += is_upper(at[i]);
		word &= i == 0 || !is_upper(at[i]);
	}
	return upper > 0 && upper < RANDOM_LENGTH && !word;
}

char *cure_pattern(const char *path)
{
	char *pattern = xstrdup(path);

	for (char *at = pattern; *at; at++)
		if (looks_random(pattern, at))
			memcpy(at, RANDOM, RANDOM_LENGTH);
	return pattern;
}

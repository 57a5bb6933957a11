#include "common/text.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

/* The start of the line that ends at text[len], blank ones before it skipped;
 * *len moves to the end of the line. */
static const char *line_before(const char *text, size_t *len)
{
	const char *newline;

	while (*len && strchr(" \t\r\n", text[*len - 1]))
		(*len)--;
	if (!*len)
		return NULL;
	newline = memrchr(text, '\n', *len);
	return newline ? newline + 1 : text;
}

char *text_last_line(const struct buf *b)
{
	return text_last_lines(b, 1);
}

char *text_last_lines(const struct buf *b, unsigned n)
{
	const char *text = buf_text(b), *start;
	char *joined = xstrdup("");
	size_t len = b->len;

	while (n-- && (start = line_before(text, &len))) {
		char *longer = xasprintf("%.*s%s%s", (int)(text + len - start),
					 start, *joined ? "; " : "", joined);

		free(joined);
		joined = longer;
		len = (size_t)(start - text);
	}
	return joined;
}

unsigned text_split(char *text, const char **ret_words, unsigned max)
{
	char *save, *word;
	unsigned n = 0;

	for (word = strtok_r(text, " \t", &save); word && n < max;
	     word = strtok_r(NULL, " \t", &save))
		ret_words[n++] = word;
	return n;
}

#include "common/text.h"

#include <string.h>

#include "common/buf.h"

char *text_last_line(const struct buf *b)
{
	const char *text = buf_text(b), *start = NULL;
	size_t len = b->len;

	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	if (len)
		start = memrchr(text, '\n', len);
	start = start ? start + 1 : text;
	return xasprintf("%.*s", (int)(text + len - start), start);
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

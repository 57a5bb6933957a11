/* pc: marks from scripts. Words are joined by one blank, as echo does. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "powercut.h"

static const char usage[] =
	"usage: pc begin|ack|mark TEXT...\n"
	"\n"
	"Sends one line to the drive; returns when it stands in its log.\n"
	"  begin  an operation starts\n"
	"  ack    a promise: this is stored\n"
	"  mark   a place to cut at\n"
	"\n"
	"Exit status: 0 sent, 1 not sent, 2 usage.\n";

static int join(char *text, size_t size, char **words)
{
	size_t len = 0;

	text[0] = '\0';
	for (char **w = words; *w; w++) {
		int n = snprintf(text + len, size - len, "%s%s",
				 w == words ? "" : " ", *w);

		if (n < 0 || (size_t)n >= size - len)
			return -EMSGSIZE;
		len += (size_t)n;
	}
	return 0;
}

static int send(const char *kind, const char *text)
{
	if (!strcmp(kind, "begin"))
		return pc_begin("%s", text);
	if (!strcmp(kind, "ack"))
		return pc_ack("%s", text);
	return pc_mark("%s", text);
}

static int is_kind(const char *word)
{
	return !strcmp(word, "begin") || !strcmp(word, "ack") ||
	       !strcmp(word, "mark");
}

int main(int argc, char **argv)
{
	char text[PC_TEXT_MAX + 1];

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return fputs(usage, stdout) < 0;
	if (argc < 3 || !is_kind(argv[1])) {
		fputs(usage, stderr);
		return 2;
	}
	if (join(text, sizeof(text), argv + 2) < 0)
		errno = EMSGSIZE;
	else if (send(argv[1], text) == 0)
		return 0;
	fprintf(stderr, "pc: cannot send the mark: %s\n",
		errno == ENODEV ? "not running under powercut" :
				  strerror(errno));
	return 1;
}

#include "interchange/names.h"

#include <string.h>

#include "common/buf.h"

static const struct {
	const char *prefix;
	enum mark_kind kind;
} kinds[] = {
	{ "begin:", MARK_BEGIN },
	{ "ack:", MARK_ACK },
	{ "mark:", MARK_MARK },
};

#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

static int starts(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static int looks_special(const char *text)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (starts(text, kinds[i].prefix))
			return 1;
	return starts(text, "powercut:");
}

char *mark_name(enum mark_kind kind, const char *text)
{
	if (kind == MARK_MARK && !looks_special(text))
		return xstrdup(text);
	for (size_t i = 0; i < N_KINDS; i++)
		if (kinds[i].kind == kind)
			return xasprintf("%s%s", kinds[i].prefix, text);
	return xstrdup(text);
}

enum mark_kind mark_parse(const char *name, const char **ret_text)
{
	*ret_text = name;
	for (size_t i = 0; i < N_KINDS; i++) {
		if (!starts(name, kinds[i].prefix))
			continue;
		*ret_text = name + strlen(kinds[i].prefix);
		return kinds[i].kind;
	}
	return MARK_MARK;
}

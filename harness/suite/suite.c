#include "suite/suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/quantity.h"

struct suite *suite_new(const char *name, const char *about)
{
	struct suite *s = xcalloc(1, sizeof(*s));

	s->name = name ? xstrdup(name) : NULL;
	s->about = xstrdup(about ? about : "");
	return s;
}

static char *folder_name(const struct scenario *s)
{
	const char *slash = strrchr(s->folder, '/');

	return xstrdup(slash && slash[1] ? slash + 1 : s->folder);
}

struct suite_entry *suite_add(struct suite *s, struct scenario *scenario)
{
	struct suite_entry *entry;

	s->entries = xrealloc(s->entries, (s->n + 1) * sizeof(*s->entries));
	entry = &s->entries[s->n++];
	*entry = (struct suite_entry){ .scenario = scenario,
				       .system = folder_name(scenario) };
	return entry;
}

static void free_words(char **words)
{
	for (char **w = words; w && *w; w++)
		free(*w);
	free(words);
}

static void entry_release(struct suite_entry *entry)
{
	scenario_free(entry->scenario);
	free(entry->system);
	free_words(entry->filesystems);
	free(entry->seeds);
	free(entry->expects);
	free(entry->because);
}

void suite_free(struct suite *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		entry_release(&s->entries[i]);
	free(s->entries);
	free_words(s->filesystems);
	free(s->seeds);
	free(s->about);
	free(s->name);
	free(s);
}

int suite_parse_seeds(const char *text, uint64_t **ret, size_t *ret_n,
		      struct error *e)
{
	CLEANUP_FREE uint64_t *seeds = NULL;
	size_t n = 0;

	for (;;) {
		size_t len = strcspn(text, ",");
		CLEANUP_FREE char *one = xasprintf("%.*s", (int)len, text);
		uint64_t seed;
		int err = parse_count(one, &seed, e);

		if (err)
			return err;
		seeds = xrealloc(seeds, (n + 1) * sizeof(*seeds));
		seeds[n++] = seed;
		if (!text[len])
			break;
		text += len + 1;
	}
	*ret = TAKE(seeds);
	*ret_n = n;
	return 0;
}

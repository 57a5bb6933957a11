/* A suite from its file: powercut-suite(5). */
#include "suite/suite.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/quantity.h"
#include "scenario/convert.h"
#include "scenario/document.h"
#include "scenario/filesystem.h"
#include "scenario/match.h"
#include "suite/schema.h"

#define PATH_LEN 64 /* scenarios[12].filesystems[3] */

struct loader {
	struct document *d;
	struct error *e;
	char *folder; /* of the suite's file */
	struct suite *suite;
};

static int convert_types(struct loader *l, const char *path,
			 const struct raw_list *raw, char ***ret)
{
	char at[PATH_LEN];

	for (unsigned int i = 0; i < raw->count; i++) {
		if (filesystem_find(raw->items[i]))
			continue;
		snprintf(at, sizeof(at), "%s[%u]", path, i);
		return document_error(l->d, at, l->e,
				      "%s is '%.60s'; expected %s", at,
				      raw->items[i], filesystem_types());
	}
	if (!raw->count)
		return 0;
	*ret = xcalloc(raw->count + 1, sizeof(**ret));
	for (unsigned int i = 0; i < raw->count; i++)
		(*ret)[i] = xstrdup(raw->items[i]);
	return 0;
}

static int convert_seeds(struct loader *l, const char *path,
			 const struct raw_list *raw, uint64_t **ret,
			 size_t *ret_n)
{
	char at[PATH_LEN];
	int err = 0;

	if (!raw->count)
		return 0;
	*ret = xcalloc(raw->count, sizeof(**ret));
	*ret_n = raw->count;
	for (unsigned int i = 0; i < raw->count && !err; i++) {
		snprintf(at, sizeof(at), "%s[%u]", path, i);
		err = quantity_at(l->d, at, raw->items[i], parse_count, 0,
				  UINT64_MAX, "a whole number", &(*ret)[i],
				  l->e);
	}
	return err;
}

/* What the scenario's file has to say stands behind where it is asked for. */
static int load_scenario(struct loader *l, const char *at, const char *name,
			 struct scenario **ret)
{
	CLEANUP_FREE char *path = *name == '/' ?
					  xstrdup(name) :
					  xasprintf("%s/%s", l->folder, name);
	struct error why;

	if (scenario_load(path, ret, &why))
		return document_error(l->d, at, l->e, "%s", why.message);
	return 0;
}

static int add_expect(struct loader *l, const char *path, size_t type,
		      const char *text, struct suite_entry *entry)
{
	const struct filesystem *fs = filesystem_find(suite_expect_types[type]);
	struct scenario meant = { .expect = EXPECT_HELD };
	char at[PATH_LEN + 16];
	int err;

	snprintf(at, sizeof(at), "%s.expect.%s", path,
		 suite_expect_types[type]);
	if (!fs)
		return document_error(l->d, at, l->e,
				      "%s is not supported yet; expected %s",
				      suite_expect_types[type],
				      filesystem_types());
	err = expect_text(l->d, at, text, &meant, l->e);
	if (err)
		return err;
	entry->expects = xrealloc(entry->expects,
				  (entry->n_expects + 1) *
					  sizeof(*entry->expects));
	entry->expects[entry->n_expects++] = (struct suite_expect){
		fs->type, meant.expect, meant.window_ns
	};
	return 0;
}

static int add_expects(struct loader *l, const char *path,
		       const struct raw_expects *raw,
		       struct suite_entry *entry)
{
	int err = 0;

	for (size_t i = 0; raw && suite_expect_types[i] && !err; i++)
		if (raw->of[i])
			err = add_expect(l, path, i, raw->of[i], entry);
	return err;
}

/* Who says that a file system differs says why. */
static int check_because(struct loader *l, const char *path,
			 const struct suite_entry *entry)
{
	if (!entry->n_expects || entry->because)
		return 0;
	return document_error(l->d, path, l->e,
			      "%s: expect differs from what the scenario says; "
			      "expected because: with the reason", path);
}

static int convert_entry(struct loader *l, unsigned int i,
			 const struct raw_suite_entry *raw)
{
	char path[PATH_LEN], at[PATH_LEN + 16];
	struct scenario *scenario;
	struct suite_entry *entry;
	int err;

	snprintf(path, sizeof(path), "scenarios[%u]", i);
	snprintf(at, sizeof(at), "%s.scenario", path);
	err = load_scenario(l, at, raw->scenario, &scenario);
	if (err)
		return err;
	entry = suite_add(l->suite, scenario);
	entry->because = raw->because ? xstrdup(raw->because) : NULL;
	entry->quick = raw->quick;
	snprintf(at, sizeof(at), "%s.filesystems", path);
	err = convert_types(l, at, &raw->filesystems, &entry->filesystems);
	snprintf(at, sizeof(at), "%s.seeds", path);
	if (!err)
		err = convert_seeds(l, at, &raw->seeds, &entry->seeds,
				    &entry->n_seeds);
	if (!err)
		err = add_expects(l, path, raw->expect, entry);
	return err ? err : check_because(l, path, entry);
}

static int convert(struct loader *l, const struct raw_suite *raw)
{
	struct suite *s = l->suite;
	int err = 0;

	if (!scenario_name_valid(raw->suite))
		return document_error(l->d, "suite", l->e,
				      "suite is '%.80s'; expected a name of "
				      "a-z, 0-9, '.', '_' and '-'", raw->suite);
	s->stop_first = raw->stop == RAW_STOP_FIRST;
	err = convert_types(l, "filesystems", &raw->filesystems,
			    &s->filesystems);
	if (!err)
		err = convert_seeds(l, "seeds", &raw->seeds, &s->seeds,
				    &s->n_seeds);
	for (unsigned int i = 0; i < raw->scenarios_count && !err; i++)
		err = convert_entry(l, i, &raw->scenarios[i]);
	return err;
}

/* libcyaml reads bytes, and has no lists of either this or that: it gets the
 * document with its items in one shape. */
static int load_raw(const char *name, const struct buf *text,
		    struct raw_suite **ret, struct error *e)
{
	CLEANUP_BUF struct buf plain = BUF_INIT;
	cyaml_data_t *raw = NULL;
	struct document d;
	cyaml_err_t err;
	int failed = document_load(&d, name, buf_text(text), text->len, e);

	if (failed)
		return failed;
	document_wrap_items(&d, "scenarios", "scenario");
	document_emit(&d, &plain);
	err = cyaml_load_data((const uint8_t *)buf_text(&plain), plain.len,
			      &scenario_cyaml, &suite_schema, &raw, NULL);
	if (err != CYAML_OK || !raw)
		return error_set(e, EINVAL, "%s:1:1: libcyaml cannot load it: "
				 "%s", name, cyaml_strerror(err));
	*ret = raw;
	return 0;
}

static int load_document(const char *path, const struct buf *text,
			 struct document *ret, struct error *e)
{
	int err = document_load(ret, path, buf_text(text), text->len, e);

	if (err)
		return err;
	ret->kind = "suite";
	document_wrap_items(ret, "scenarios", "scenario");
	return 0;
}

static int load(struct loader *l, const char *path, const struct buf *text)
{
	struct raw_suite *raw = NULL;
	int err = document_match(l->d, &suite_schema, l->e);

	if (!err)
		err = load_raw(path, text, &raw, l->e);
	if (err)
		return err;
	l->suite = suite_new(raw->suite, raw->about);
	err = convert(l, raw);
	cyaml_free(&scenario_cyaml, &suite_schema, raw, 0);
	return err;
}

int suite_load(const char *path, struct suite **ret, struct error *e)
{
	CLEANUP_FREE char *copy = xstrdup(path);
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct document d;
	struct loader l = { .d = &d, .e = e, .folder = dirname(copy) };
	int err = file_read(path, &text, e);

	if (!err)
		err = load_document(path, &text, &d, e);
	if (err)
		return err;
	err = load(&l, path, &text);
	document_release(&d);
	if (err)
		suite_free(l.suite);
	else
		*ret = l.suite;
	return err;
}

int suite_is(const char *path)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct document d;
	struct stat st;
	int is;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > (off_t)DOCUMENT_MAX || file_read(path, &text, NULL) ||
	    document_load(&d, path, buf_text(&text), text.len, NULL))
		return 0;
	is = document_has(&d, "suite");
	document_release(&d);
	return is;
}

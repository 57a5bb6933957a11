/*
 * Loading goes in three steps. The document (document.c) is the YAML with all
 * its positions; match.c holds it against the schema (schema.c); libcyaml
 * then loads the same bytes by that schema, and convert.c gives the values
 * their meaning. Whatever is wrong is found before anything is returned.
 */
#include "scenario/scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "scenario/convert.h"
#include "scenario/document.h"
#include "scenario/fixed.h"
#include "scenario/match.h"
#include "scenario/parse.h"
#include "scenario/schema.h"

static void free_argv(char **argv)
{
	for (char **arg = argv; arg && *arg; arg++)
		free(*arg);
	free(argv);
}

void scenario_free(struct scenario *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_cuts; i++)
		free((char *)s->cuts[i].mark);
	free(s->cuts);
	free_argv(s->workload.setup);
	free_argv(s->workload.run);
	free_argv(s->check.run);
	free(s->guest.kernel);
	free(s->guest.image);
	free_argv(s->guest.packages);
	free(s->guest.where);
	free(s->filesystem.type);
	free(s->filesystem.mkfs);
	free(s->filesystem.mount);
	free(s->states.strategy);
	free(s->fixed);
	free(s->path);
	free(s->folder);
	free(s->name);
	free(s->about);
	free(s);
}

int scenario_has_filesystem(const struct scenario *s)
{
	return strcmp(s->filesystem.type, "none") != 0;
}

const char *scenario_scheduler(const struct scenario *s)
{
	return word_of(scheduler_words, (int)s->drive.scheduler);
}

static struct scenario *scenario_new(const char *path)
{
	struct scenario *s = xcalloc(1, sizeof(*s));
	CLEANUP_FREE char *copy = xstrdup(path);

	s->path = xstrdup(path);
	s->folder = xstrdup(dirname(copy));
	return s;
}

/* The document has the schema's shape, so libcyaml must take it. */
static int load_raw(struct document *d, const void *data, size_t len,
		    const cyaml_schema_value_t *schema,
		    struct raw_scenario **ret, struct error *e)
{
	cyaml_data_t *raw = NULL;
	cyaml_err_t err = cyaml_load_data(data, len, &scenario_cyaml, schema,
					  &raw, NULL);

	if (err != CYAML_OK || !raw)
		return document_error(d, "", e, "libcyaml cannot load it: %s",
				      cyaml_strerror(err));
	*ret = raw;
	return 0;
}

/* Other files are looked at only where this one is. */
enum follow { ALONE, WITH_FIXED };

static int parse_document(struct document *d, const char *path,
			  const void *data, size_t len, enum follow follow,
			  struct scenario **ret, struct error *e)
{
	const cyaml_schema_value_t *schema =
		document_is_mapping(d, "expect") ? &losing_schema :
						   &scenario_schema;
	struct raw_scenario *raw = NULL;
	struct scenario *s;
	int err = document_match(d, schema, e);

	if (!err)
		err = load_raw(d, data, len, schema, &raw, e);
	if (err)
		return err;
	s = scenario_new(path);
	err = scenario_convert(d, raw, s, e);
	if (!err && s->fixed && follow == WITH_FIXED)
		err = fixed_check(d, s, e);
	cyaml_free(&scenario_cyaml, schema, raw, 0);
	if (err)
		scenario_free(s);
	else
		*ret = s;
	return err;
}

static int parse(const char *name, const char *path, const void *data,
		 size_t len, enum follow follow, struct scenario **ret,
		 struct error *e)
{
	struct document d;
	int err = document_load(&d, name, data, len, e);

	if (err)
		return err;
	err = parse_document(&d, path, data, len, follow, ret, e);
	document_release(&d);
	return err;
}

int scenario_parse(const char *name, const char *path, const void *data,
		   size_t len, struct scenario **ret, struct error *e)
{
	return parse(name, path, data, len, ALONE, ret, e);
}

/* A fifo would block, a device never end: only a small regular file. */
static int read_scenario(const char *path, struct buf *content,
			 struct error *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return error_errno(e, errno, "cannot open %s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(e, EINVAL, "%s:1:1: not a file; expected a "
				 "scenario, such as "
				 "workloads/append-log/scenario.yaml", path);
	if (st.st_size > (off_t)DOCUMENT_MAX)
		return error_set(e, EFBIG, "%s:1:1: the file is too large; "
				 "expected at most %u bytes", path,
				 DOCUMENT_MAX);
	return file_read(path, content, e);
}

static int load(const char *path, enum follow follow, struct scenario **ret,
		struct error *e)
{
	struct buf content CLEANUP_BUF = BUF_INIT;
	CLEANUP_FREE char *absolute = NULL;
	int err = read_scenario(path, &content, e);

	if (err)
		return err;
	absolute = realpath(path, NULL);
	if (!absolute)
		return error_errno(e, errno, "cannot resolve %s", path);
	return parse(path, absolute, buf_text(&content), content.len, follow,
		     ret, e);
}

int scenario_load(const char *path, struct scenario **ret, struct error *e)
{
	return load(path, WITH_FIXED, ret, e);
}

int scenario_load_alone(const char *path, struct scenario **ret,
			struct error *e)
{
	return load(path, ALONE, ret, e);
}

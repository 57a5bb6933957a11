/*
 * The key `fixed`: the scenario beside this one that keeps the same promise. That it
 * does is looked up in its file, without following a key `fixed` in there.
 */
#include "scenario/fixed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "scenario/convert.h"

int fixed_convert(struct document *d, const char *text, struct scenario *s,
		  struct error *e)
{
	if (!text)
		return 0;
	if (!*text)
		return document_error(d, "fixed", e, "fixed is empty; expected "
				      "the file of a scenario, such as "
				      "scenario.yaml");
	s->fixed = *text == '/' ? xstrdup(text) :
				  xasprintf("%s/%s", s->folder, text);
	return 0;
}

static int not_held(struct document *d, const struct scenario *variant,
		    struct error *e)
{
	return document_error(d, "fixed", e,
			      "fixed: %.200s is a scenario with expect: %s; "
			      "expected one that keeps the promise, with "
			      "expect: held", variant->path,
			      expect_name(variant->expect));
}

int fixed_check(struct document *d, struct scenario *s, struct error *e)
{
	struct scenario *variant;
	struct error why = { 0 };
	char *found = realpath(s->fixed, NULL);
	int err;

	if (!found)
		return document_error(d, "fixed", e,
				      "fixed: cannot open %.200s: %s; expected "
				      "the file of a scenario, relative to this "
				      "one", s->fixed, strerror(errno));
	free(s->fixed);
	s->fixed = found;
	if (!strcmp(found, s->path))
		return document_error(d, "fixed", e,
				      "fixed names this scenario itself; "
				      "expected another one, that keeps the "
				      "promise");
	if (scenario_load_alone(found, &variant, &why))
		return document_error(d, "fixed", e, "fixed: %s", why.message);
	err = variant->expect == EXPECT_HELD ? 0 : not_held(d, variant, e);
	scenario_free(variant);
	return err;
}

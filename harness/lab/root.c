/*
 * Root file systems for guests, beside the initramfs: a file that a script of
 * guest/image builds, or finds in its cache, and whose path it prints. Of what
 * went wrong it prints instead what a person should know.
 */
#include "lab/root.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/spawn.h"
#include "common/text.h"
#include "lab/lab.h"
#include "scenario/scenario.h"

#define OCI "oci:"

/* What was printed, as one line; its second line is what to do. */
static int say_why(const struct scenario *s, const struct buf *output,
		   int status, struct error *e)
{
	CLEANUP_FREE char *text = xstrdup(buf_text(output));
	char *hint = strchr(text, '\n');
	int err;

	if (hint)
		*hint++ = '\0';
	err = error_set(e, EINVAL, "%s (%s)",
			*text ? text : "cannot build the image",
			s->guest.where);
	if (!*text)
		error_hint(e, "its exit status is %d", status);
	if (hint && *hint)
		error_hint(e, "%.*s", (int)strcspn(hint, "\n"), hint);
	return err;
}

static int build(const struct scenario *s, const char *const *argv,
		 char **ret, struct error *e)
{
	CLEANUP_BUF struct buf output = BUF_INIT;
	int status = spawn_stdout(argv, &output, e);

	if (status < 0)
		return status;
	if (status != 0)
		return say_why(s, &output, status, e);
	*ret = text_last_line(&output);
	return 0;
}

static int build_debian(const struct lab *lab, const struct scenario *s,
			char **ret, struct error *e)
{
	CLEANUP_FREE char *script =
		xasprintf("%s/guest/image/build-debian.sh", lab->home.path);
	size_t n = text_count(s->guest.packages);
	CLEANUP_FREE const char **argv = xcalloc(n + 2, sizeof(*argv));

	argv[0] = script;
	for (size_t i = 0; i < n; i++)
		argv[i + 1] = s->guest.packages[i];
	return build(s, argv, ret, e);
}

static int build_oci(const struct lab *lab, const struct scenario *s,
		     char **ret, struct error *e)
{
	CLEANUP_FREE char *script =
		xasprintf("%s/guest/image/build-oci.sh", lab->home.path);
	CLEANUP_FREE char *built = xasprintf("B=%s", lab->home.built);
	const char *const argv[] = { "env", built, script,
				     s->guest.image + strlen(OCI), NULL };

	return build(s, argv, ret, e);
}

int root_image(const struct lab *lab, const struct scenario *s, char **ret,
	       struct error *e)
{
	if (!strcmp(s->guest.image, "debian"))
		return build_debian(lab, s, ret, e);
	if (!strncmp(s->guest.image, OCI, strlen(OCI)))
		return build_oci(lab, s, ret, e);
	*ret = NULL;
	return 0;
}

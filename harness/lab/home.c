#include "lab/home.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/error.h"

static int executable_folder(char *path, size_t size, struct error *e)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);

	if (n < 0)
		return error_errno(e, errno, "cannot read /proc/self/exe");
	path[n] = '\0';
	dirname(path);
	return 0;
}

int home_find(struct home *ret, struct error *e)
{
	const char *given = getenv("POWERCUT_HOME");
	char path[PATH_MAX];
	int err;

	if (given && *given) {
		if (!realpath(given, path))
			return error_errno(e, errno, "POWERCUT_HOME=%s", given);
	} else {
		err = executable_folder(path, sizeof(path), e);
		if (err)
			return err;
	}
	ret->path = xstrdup(path);
	ret->built = xasprintf("%s/.build", path);
	ret->plugin = xasprintf("%s/nbdkit-powercut-plugin.so", ret->built);
	ret->runs = xasprintf("%s/results/runs", path);
	ret->include = xasprintf("%s/guest/include", path);
	ret->lib = xasprintf("%s/guest", ret->built);
	return 0;
}

void home_release(struct home *h)
{
	free(h->path);
	free(h->built);
	free(h->plugin);
	free(h->runs);
	free(h->include);
	free(h->lib);
	*h = (struct home){ 0 };
}

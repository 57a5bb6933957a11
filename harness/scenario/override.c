#include "scenario/override.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/nearest.h"
#include "scenario/filesystem.h"
#include "scenario/kernels.h"
#include "scenario/scenario.h"

#define MiB (1ULL << 20)

static void note(struct buf *notes, const char *what, const char *value)
{
	if (*value)
		buf_printf(notes, "%sdropped %s %s", notes->len ? "; " : "",
			   what, value);
}

/* Options of one type mean nothing, or something else, to another. */
static void drop_options(struct scenario *s, struct buf *notes)
{
	note(notes, "mkfs options", s->filesystem.mkfs);
	note(notes, "mount options", s->filesystem.mount);
	s->filesystem.mkfs = (char *)"";
	s->filesystem.mount = (char *)"";
}

static void fit_drive(struct scenario *s, const struct filesystem *fs,
		      struct buf *notes)
{
	if (s->drive.pinned.size && s->drive.size >= fs->size_min)
		return;
	if (s->drive.pinned.size)
		buf_printf(notes, "%sa drive of %llu MiB, not %llu",
			   notes->len ? "; " : "",
			   (unsigned long long)(fs->size_default / MiB),
			   (unsigned long long)(s->drive.size / MiB));
	s->drive.size = fs->size_default;
}

int scenario_on_filesystem(const struct scenario *s, const char *type,
			   struct scenario *ret, struct buf *notes,
			   struct error *e)
{
	const struct filesystem *fs = filesystem_find(type);

	if (!fs)
		return error_set(e, EINVAL, "'%s' is no file system; expected "
				 "%s", type, filesystem_types());
	if (!scenario_has_filesystem(s))
		return error_set(e, EINVAL, "%s has no file system "
				 "(filesystem.type: none), so it cannot run on "
				 "%s", s->path, type);
	*ret = *s;
	if (!strcmp(s->filesystem.type, type))
		return 0;
	ret->filesystem.type = (char *)fs->type;
	drop_options(ret, notes);
	fit_drive(ret, fs, notes);
	return 0;
}

int scenario_set_kernel(struct scenario *s, const char *kernel,
			struct error *e)
{
	char *found = kernel_is_named(kernel) ? xstrdup(kernel) :
						realpath(kernel, NULL);
	const char *nearest = nearest_word(kernel, kernel_names);

	if (!found)
		return error_set(e, EINVAL, "cannot read kernel %s: %s; "
				 "expected %s or the path of a kernel%s%s%s",
				 kernel, strerror(errno), kernel_list(),
				 nearest ? "; did you mean " : "",
				 nearest ? nearest : "", nearest ? "?" : "");
	free(s->guest.kernel);
	s->guest.kernel = found;
	return 0;
}

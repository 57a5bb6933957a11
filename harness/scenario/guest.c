/* The mapping `guest`: the kernel and the image that are booted, with what. */
#include "scenario/convert.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/nearest.h"
#include "common/quantity.h"
#include "scenario/kernels.h"

#define MiB (1ULL << 20)
#define TiB (1ULL << 40)

/* A known kernel's name, or a path, which is seen from the scenario. */
static int convert_kernel(struct document *d, const char *kernel,
			  struct scenario *s, struct error *e)
{
	const char *nearest;
	char *path;

	if (!kernel || kernel_is_named(kernel)) {
		s->guest.kernel = xstrdup(kernel ? kernel : KERNEL_DEFAULT);
		return 0;
	}
	path = *kernel == '/' ? xstrdup(kernel) :
				xasprintf("%s/%s", s->folder, kernel);
	s->guest.kernel = path;
	if (*kernel && access(path, R_OK) == 0)
		return 0;
	nearest = nearest_word(kernel, kernel_names);
	return document_error(d, "guest.kernel", e,
			      "cannot read kernel %s: %s; expected %s or the "
			      "path of a kernel%s%s%s", path,
			      strerror(*kernel ? errno : ENOENT), kernel_list(),
			      nearest ? "; did you mean " : "",
			      nearest ? nearest : "", nearest ? "?" : "");
}

/* The archive is seen from the scenario. */
static int convert_archive(struct document *d, const char *archive,
			   struct scenario *s, struct error *e)
{
	CLEANUP_FREE char *path = *archive == '/' ?
					  xstrdup(archive) :
					  xasprintf("%s/%s", s->folder,
						    archive);

	s->guest.image = xasprintf("oci:%s", path);
	if (*archive && access(path, R_OK) == 0)
		return 0;
	return document_error(d, "guest.image", e,
			      "cannot read %s: %s; expected oci: and the path "
			      "of an archive, as docker save writes it", path,
			      strerror(*archive ? errno : ENOENT));
}

static int convert_image(struct document *d, const char *image,
			 struct scenario *s, struct error *e)
{
	if (!image || !strcmp(image, "micro") || !strcmp(image, "debian")) {
		s->guest.image = xstrdup(image ? image : "micro");
		return 0;
	}
	if (!strncmp(image, "oci:", 4))
		return convert_archive(d, image + 4, s, e);
	return document_error(d, "guest.image", e,
			      "guest.image is '%.60s'; expected micro, debian "
			      "or oci:ARCHIVE", image);
}

/* Debian Policy 5.6.7. Whether Debian has it, apt must say. */
static int is_package(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789+.-";
	size_t len = strlen(name);

	return len > 1 && strchr(first, *name) && strspn(name, rest) == len;
}

static int convert_packages(struct document *d, const struct raw_list *list,
			    struct scenario *s, struct error *e)
{
	if (list->count && strcmp(s->guest.image, "debian"))
		return document_error(d, "guest.packages", e,
				      "guest.packages are Debian's, but "
				      "guest.image is %s; expected image: "
				      "debian, or no packages",
				      s->guest.image);
	s->guest.packages = xcalloc((size_t)list->count + 1, sizeof(char *));
	for (unsigned int i = 0; i < list->count; i++) {
		CLEANUP_FREE char *path = xasprintf("guest.packages[%u]", i);

		if (!is_package(list->items[i]))
			return document_error(d, path, e,
					      "'%.60s' is no name of a Debian "
					      "package; expected one such as "
					      "python3-minimal",
					      list->items[i]);
		s->guest.packages[i] = xstrdup(list->items[i]);
	}
	return 0;
}

int guest_convert(struct document *d, const struct raw_guest *raw,
		  struct scenario *s, struct error *e)
{
	int err = convert_kernel(d, raw->kernel, s, e);

	if (!err)
		err = convert_image(d, raw->image, s, e);
	if (!err)
		err = convert_packages(d, &raw->packages, s, e);
	s->guest.where = document_where(d, raw->packages.count ?
						   "guest.packages" :
						   "guest.image");
	s->guest.memory = 256 * MiB;
	s->guest.trace = raw->trace;
	if (!err)
		err = quantity_at(d, "guest.memory", raw->memory, parse_size,
				  128 * MiB, TiB, "128MiB to 1TiB",
				  &s->guest.memory, e);
	if (!err && s->guest.memory % MiB)
		err = document_error(d, "guest.memory", e,
				     "guest.memory is %.40s; expected whole "
				     "MiB", raw->memory);
	return err;
}

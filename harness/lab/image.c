/*
 * Guest images: a folder with a `manifest` whose lines are kernel=, initrd=,
 * cmdline= (files in that folder) and release=. A file system that not every
 * guest has is in an initramfs of its own, initrd.TYPE=.
 */
#include "lab/lab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/spawn.h"
#include "common/text.h"
#include "lab/root.h"
#include "scenario/kernels.h"
#include "scenario/scenario.h"

void guest_image_release(struct guest_image *i)
{
	free(i->kernel);
	free(i->initrd);
	free(i->cmdline);
	free(i->release);
	free(i->root);
	*i = (struct guest_image){ 0 };
}

/* The value of KEY= in the manifest, or NULL. Caller frees. */
static char *manifest_value(const struct buf *manifest, const char *key)
{
	size_t len = strlen(key);
	const char *line = buf_text(manifest);

	while (*line) {
		const char *end = strchrnul(line, '\n');

		if (!strncmp(line, key, len) && line[len] == '=')
			return xasprintf("%.*s", (int)(end - line - len - 1),
					 line + len + 1);
		line = *end ? end + 1 : end;
	}
	return NULL;
}

static char *manifest_path(const struct buf *manifest, const char *folder,
			   const char *key)
{
	CLEANUP_FREE char *name = manifest_value(manifest, key);

	return name ? xasprintf("%s/%s", folder, name) : NULL;
}

static int read_cmdline(const char *path, char **ret, struct error *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int err = file_read(path, &text, e);

	if (err)
		return err;
	*ret = text_last_line(&text);
	return 0;
}

static int is_in_every_image(const char *filesystem)
{
	return !strcmp(filesystem, "none") || !strcmp(filesystem, "ext4") ||
	       !strcmp(filesystem, "ext2");
}

static int lacks(const char *release, const char *filesystem, struct error *e)
{
	const char *has = kernel_with(filesystem);

	error_set(e, ENOENT, "the guest's kernel %s has no %s",
		  release ? release : "", filesystem);
	error_hint(e, "set guest.kernel to one that has it: %s, or the path "
		   "of an unpacked linux-image-* package",
		   has ? has : "none of Debian's");
	return -ENOENT;
}

/* The initramfs for the file system. */
static int find_initrd(const struct buf *manifest, const char *folder,
		       const char *filesystem, struct guest_image *image,
		       struct error *e)
{
	CLEANUP_FREE char *key = is_in_every_image(filesystem) ?
					 xstrdup("initrd") :
					 xasprintf("initrd.%s", filesystem);

	image->initrd = manifest_path(manifest, folder, key);
	if (image->initrd || !strcmp(key, "initrd"))
		return 0;
	return lacks(image->release, filesystem, e);
}

static int load_image(const char *folder, const char *filesystem,
		      struct guest_image *ret, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/manifest", folder);
	CLEANUP_BUF struct buf manifest = BUF_INIT;
	CLEANUP_FREE char *cmdline = NULL;
	struct guest_image image = { 0 };
	int err = file_read(path, &manifest, e);

	if (err) {
		error_hint(e, "the guest image is not built; run: make guest");
		return err;
	}
	image.kernel = manifest_path(&manifest, folder, "kernel");
	image.release = manifest_value(&manifest, "release");
	err = find_initrd(&manifest, folder, filesystem, &image, e);
	if (err) {
		guest_image_release(&image);
		return err;
	}
	cmdline = manifest_path(&manifest, folder, "cmdline");
	if (!image.kernel || !image.initrd || !image.release || !cmdline)
		err = error_set(e, EBADMSG, "%s is not complete", path);
	else
		err = read_cmdline(cmdline, &image.cmdline, e);
	if (err)
		guest_image_release(&image);
	else
		*ret = image;
	return err;
}

/* Builds the image of another kernel, cached by content. A named one may be
 * downloaded first, which is said. */
static int build_image(const struct lab *lab, const char *kernel,
		       char **ret_folder, struct error *e)
{
	CLEANUP_FREE char *with = xasprintf("KERNEL=%s", kernel);
	CLEANUP_FREE char *built = xasprintf("B=%s", lab->home.built);
	CLEANUP_FREE char *script =
		xasprintf("%s/guest/image/build-micro.sh", lab->home.path);
	/* What it answers, errors too, is collected; descriptor 3 is where it
	 * tells a person what takes a while. */
	const char *const argv[] = { "env", with, built, "NOTICES=3", "sh",
				     "-c", "exec \"$0\" 3>&2 2>&1", script,
				     NULL };
	CLEANUP_BUF struct buf output = BUF_INIT;
	int status = spawn_stdout(argv, &output, e);

	if (status < 0)
		return status;
	if (status != 0)
		return error_set(e, EINVAL, "cannot build a guest image with "
				 "the kernel %s:\n%s", kernel,
				 buf_text(&output));
	*ret_folder = text_last_line(&output);
	return 0;
}

int lab_image(const struct lab *lab, const struct scenario *s,
	      struct guest_image *ret, struct error *e)
{
	CLEANUP_FREE char *folder = NULL;
	int err = 0;

	if (strcmp(s->guest.kernel, KERNEL_DEFAULT))
		err = build_image(lab, s->guest.kernel, &folder, e);
	else
		folder = xasprintf("%s/image/micro/current", lab->home.built);
	if (!err)
		err = load_image(folder, s->filesystem.type, ret, e);
	if (err)
		return err;
	err = root_image(lab, s, &ret->root, e);
	if (err)
		guest_image_release(ret);
	return err;
}

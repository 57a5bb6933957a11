#include "guest/init/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "guest/init/disks.h"
#include "guest/init/ipc.h"
#include "guest/init/protocol.h"
#include "guest/init/setup.h"

#define LOWER "/image/lower"
#define MEMORY "/image/memory" /* what is written, and overlayfs' own */
#define ROOT "/image/root"
/* Written by guest/image, where an image has its own ways. */
#define OWN LOWER "/.powercut"
#define VARIABLES_MAX 256

static struct {
	int on;
	char *variables[VARIABLES_MAX + 1];
	char *folder;
} image;

const char *image_root(void)
{
	return image.on ? ROOT : NULL;
}

char *const *image_environment(void)
{
	return image.on ? image.variables : NULL;
}

const char *image_folder(void)
{
	return image.on ? image.folder : NULL;
}

char *image_path(const char *dir)
{
	return xasprintf("%s%s", image.on ? ROOT : "", dir);
}

/* The variables, each with a NUL byte behind it. */
static void read_own(void)
{
	CLEANUP_BUF struct buf text = BUF_INIT, folder = BUF_INIT;
	size_t n = 0;

	if (file_read(OWN "/environment", &text, NULL) == 0)
		for (size_t at = 0; at < text.len && n < VARIABLES_MAX;
		     at += strlen(text.data + at) + 1)
			image.variables[n++] = xstrdup(text.data + at);
	if (file_read(OWN "/folder", &folder, NULL) == 0 && folder.len)
		image.folder = buf_take(&folder);
}

static int make_overlay(struct error *e)
{
	umount2(ROOT, MNT_DETACH); /* EINVAL the first time */
	umount2(MEMORY, MNT_DETACH);
	if (mount("tmpfs", MEMORY, "tmpfs", 0, "mode=0755") < 0 ||
	    mkdir(MEMORY "/upper", 0755) < 0 || mkdir(MEMORY "/work", 0755) < 0)
		return error_errno(e, errno, "cannot mount " MEMORY);
	if (mount("overlay", ROOT, "overlay", 0,
		  "lowerdir=" LOWER ",upperdir=" MEMORY "/upper"
		  ",workdir=" MEMORY "/work") < 0)
		return error_errno(e, errno, "cannot mount " ROOT);
	return 0;
}

/*
 * An image may have a link in place of a folder (/var/tmp to /tmp); it leads to
 * a folder of its own once a program follows it, but here it would lead to
 * ours. A folder that is missing is made.
 */
static int bind(const char *dir, struct error *e)
{
	CLEANUP_FREE char *to = xasprintf(ROOT "%s", dir);
	struct stat st;

	if (lstat(to, &st) == 0 && S_ISLNK(st.st_mode))
		return 0;
	if (mkdir(to, 0755) < 0 && errno == ENOENT && mkdir_p(to, e) < 0)
		return -errno;
	if (mount(dir, to, NULL, MS_BIND, NULL) < 0)
		return error_errno(e, errno, "cannot bind %s", to);
	return 0;
}

int image_renew(struct error *e)
{
	static const char *const bound[] = { "/proc", "/sys",	  "/dev",
					     "/dev/pts", "/dev/shm", "/run",
					     "/tmp", "/var/tmp", "/pc" };
	int r;

	if (!image.on)
		return 0;
	ipc_clear();
	r = make_overlay(e);
	for (size_t i = 0; r == 0 && i < sizeof(bound) / sizeof(*bound); i++)
		r = bind(bound[i], e);
	return r;
}

static int mount_image(const char *type, struct error *e)
{
	char disk[32], device[48];
	int r = setup_modules("/modules.image", e);

	if (r == 0)
		r = disks_find_serial(IMAGE_SERIAL, disk, sizeof(disk), e);
	if (r < 0)
		return r;
	snprintf(device, sizeof(device), "/dev/%s", disk);
	if (mount(device, LOWER, type, MS_RDONLY, NULL) < 0)
		return error_errno(e, errno, "cannot mount the image, %s as %s",
				   device, type);
	read_own();
	image.on = 1;
	return image_renew(e);
}

int image_start(struct error *e)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	char type[16];
	int r = file_read("/proc/cmdline", &line, e);

	if (r < 0)
		return r;
	disks_parameter(buf_text(&line), PARAMETER_IMAGE, "", type,
			sizeof(type));
	return *type ? mount_image(type, e) : 0;
}

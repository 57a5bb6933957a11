#include "guest/init/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/fs.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "guest/init/frames.h"
#include "guest/init/image.h"
#include "guest/init/kmsg.h"
#include "guest/init/setup.h"

/* How long unmounting waits for those who still use the file system. */
#define BUSY_NS 10000000000ull
#define BUSY_STEP_US 2000

/* util-linux, libmount/src/optmap.c: what is a flag and not the file
 * system's. */
static const struct {
	const char *name;
	unsigned long set;
	unsigned long clear;
} generic[] = {
	{ "defaults", 0, 0 },
	{ "ro", MS_RDONLY, 0 },
	{ "rw", 0, MS_RDONLY },
	{ "nosuid", MS_NOSUID, 0 },
	{ "suid", 0, MS_NOSUID },
	{ "nodev", MS_NODEV, 0 },
	{ "dev", 0, MS_NODEV },
	{ "noexec", MS_NOEXEC, 0 },
	{ "exec", 0, MS_NOEXEC },
	{ "sync", MS_SYNCHRONOUS, 0 },
	{ "async", 0, MS_SYNCHRONOUS },
	{ "dirsync", MS_DIRSYNC, 0 },
	{ "noatime", MS_NOATIME, 0 },
	{ "atime", 0, MS_NOATIME },
	{ "nodiratime", MS_NODIRATIME, 0 },
	{ "diratime", 0, MS_NODIRATIME },
	{ "relatime", MS_RELATIME, 0 },
	{ "norelatime", 0, MS_RELATIME },
	{ "strictatime", MS_STRICTATIME, 0 },
	{ "nostrictatime", 0, MS_STRICTATIME },
	{ "lazytime", MS_LAZYTIME, 0 },
	{ "nolazytime", 0, MS_LAZYTIME },
	{ "iversion", MS_I_VERSION, 0 },
	{ "noiversion", 0, MS_I_VERSION },
	{ "silent", MS_SILENT, 0 },
	{ "loud", 0, MS_SILENT },
};

static int generic_option(const char *word, size_t len, unsigned long *flags)
{
	for (size_t i = 0; i < sizeof(generic) / sizeof(generic[0]); i++) {
		if (strlen(generic[i].name) != len ||
		    memcmp(generic[i].name, word, len) != 0)
			continue;
		*flags = (*flags & ~generic[i].clear) | generic[i].set;
		return 1;
	}
	return 0;
}

void mount_options(const char *options, unsigned long *ret_flags,
		   struct buf *ret_data)
{
	*ret_flags = 0;
	for (const char *p = options; *p;) {
		size_t len = strcspn(p, ",");

		if (len > 0 && !generic_option(p, len, ret_flags)) {
			if (ret_data->len > 0)
				buf_puts(ret_data, ",");
			buf_add(ret_data, p, len);
		}
		p += len;
		p += *p == ',';
	}
}

static unsigned long always;
/* Requests follow each other, so one thread at a time looks at it. */
static char *place;

char *mount_place(void)
{
	return place ? xstrdup(place) : NULL;
}

void mount_always(unsigned long flags)
{
	always = flags;
}

static int describe(struct buf *text, int err, const char *what,
		    const char *device, const char *dir)
{
	buf_printf(text, "%s %s on %s: %s\n", what, device, dir, strerror(err));
	return err;
}

int mount_disk(const char *device, const char *folder, const char *type,
	       const char *options, struct buf *ret_text)
{
	CLEANUP_FREE char *dir = image_path(folder);
	CLEANUP_BUF struct buf data = BUF_INIT;
	CLEANUP_CLOSE int kmsg = -1;
	struct error e;
	unsigned long flags;
	int err;

	mount_options(options, &flags, &data);
	err = -mkdir_p(dir, &e);
	if (err) {
		buf_puts(ret_text, e.message);
		return err;
	}
	kmsg = kmsg_open();
	if (mount(device, dir, type, flags | always, buf_text(&data)) == 0) {
		free(place);
		place = TAKE(dir);
		return 0;
	}
	err = describe(ret_text, errno, "cannot mount", device, dir);
	kmsg_about(kmsg, type, ret_text);
	return err;
}

int mount_request(const char *payload, size_t len, struct buf *ret_text)
{
	struct cursor c = { payload, len };
	const char *device = cursor_string(&c);
	const char *dir = cursor_string(&c);
	const char *type = cursor_string(&c);
	const char *options = cursor_string(&c);

	if (!options)
		return EPROTO;
	return mount_disk(device, dir, type, options, ret_text);
}

/*
 * Nobody but PID 1 may hold the file system or the device: whatever the last
 * programs left running is killed. Every process descends from PID 1, so when
 * it has no children, nobody is left. With `collect` the dead are collected
 * here, else by the main loop, and are only looked at. kill(-1) spares the
 * caller, and kernel threads ignore it.
 */
static int kill_everybody(int collect)
{
	int options = WEXITED | WNOHANG | (collect ? 0 : WNOWAIT);
	uint64_t end = now_ns() + BUSY_NS;
	siginfo_t info = { 0 };

	while (waitid(P_ALL, 0, &info, options) == 0) {
		if (collect && info.si_pid) {
			info.si_pid = 0;
			continue;
		}
		kill(-1, SIGKILL);
		if (now_ns() > end)
			return -EBUSY;
		usleep(BUSY_STEP_US);
	}
	return 0;
}

static int umount_patiently(const char *folder)
{
	CLEANUP_FREE char *dir = image_path(folder);
	uint64_t end = now_ns() + BUSY_NS;

	if (!*folder)
		return 0; /* nothing was mounted: a raw device */
	while (umount2(dir, UMOUNT_NOFOLLOW) < 0) {
		if (errno != EBUSY || now_ns() > end)
			return -errno;
		usleep(BUSY_STEP_US);
	}
	free(place);
	place = NULL;
	return 0;
}

/*
 * The next state is served under the same device, so no page of this one may
 * stay cached. O_EXCL: fails with EBUSY while the device is mounted or held.
 */
static int drop_pages(const char *device)
{
	uint64_t end = now_ns() + BUSY_NS;
	CLEANUP_CLOSE int fd = -1;

	while ((fd = open(device, O_RDONLY | O_EXCL | O_CLOEXEC)) < 0) {
		if (errno != EBUSY || now_ns() > end)
			return -errno;
		usleep(BUSY_STEP_US);
	}
	return ioctl(fd, BLKFLSBUF, 0) < 0 ? -errno : 0;
}

int umount_disk(const char *dir, const char *device, int collect,
		struct buf *ret_text)
{
	struct error e;
	int r = kill_everybody(collect);

	if (r == 0)
		r = umount_patiently(dir);
	if (r < 0)
		return describe(ret_text, -r, "cannot unmount", device, dir);
	r = drop_pages(device);
	if (r < 0)
		return describe(ret_text, -r, "cannot drop the cached pages of",
				device, dir);
	r = setup_scratch(&e);
	if (r == 0)
		r = image_renew(&e);
	if (r < 0)
		buf_puts(ret_text, e.message);
	return -r;
}

int umount_request(const char *payload, size_t len, struct buf *ret_text)
{
	struct cursor c = { payload, len };
	const char *dir = cursor_string(&c);
	const char *device = cursor_string(&c);

	if (!device)
		return EPROTO;
	return umount_disk(dir, device, 0, ret_text);
}

int sync_request(const char *payload, size_t len, struct buf *ret_text)
{
	(void)payload;
	(void)len;
	(void)ret_text;
	sync();
	return 0;
}

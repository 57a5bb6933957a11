#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/spawn.h"
#include "host/host.h"
#include "host/loop.h"
#include "host/sandbox.h"

static struct utsname name;

static void ask_name(void)
{
	uname(&name);
}

const char *host_kernel(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, ask_name);
	return name.release;
}

/* /proc/filesystems: "nodev\tNAME" or "\tNAME". */
static int is_listed(const char *filesystem)
{
	CLEANUP_BUF struct buf list = BUF_INIT;
	CLEANUP_FREE char *line = xasprintf("\t%s\n", filesystem);

	return file_read("/proc/filesystems", &list, NULL) == 0 &&
	       strstr(buf_text(&list), line);
}

/* A module that is not loaded is listed only when it is. */
int host_knows(const char *filesystem)
{
	const char *const argv[] = { "modprobe", "-q", filesystem, NULL };

	if (!strcmp(filesystem, "none") || is_listed(filesystem))
		return 1;
	return spawn_wait(argv, NULL, NULL) == 0 && is_listed(filesystem);
}

/* btrfs knows a file system by its UUID and takes each device with it for a
 * part of it (Linux: fs/btrfs/volumes.c, device_list_add()): the workers' disks,
 * or one that a user has mounted. */
static int is_mixed_up(const char *filesystem)
{
	return !strcmp(filesystem, "btrfs");
}

int host_possible(const char *filesystem, struct error *e)
{
	int err = 0;

	if (geteuid() != 0) {
		err = error_set(e, EPERM, "check.on: host needs root, to mount");
		error_hint(e, "run as root, or use check.on: guest");
		return err;
	}
	if (!err)
		err = loop_possible(e);
	if (!err)
		err = sandbox_possible(e);
	if (!err && is_mixed_up(filesystem)) {
		err = error_set(e, EOPNOTSUPP, "check.on: host cannot judge "
				"%s: the kernel takes disks with one UUID for "
				"one file system", filesystem);
		error_hint(e, "use check.on: guest");
	}
	if (!err && !host_knows(filesystem)) {
		err = error_set(e, ENODEV, "this machine's kernel, %s, does not "
				"know the file system %s", host_kernel(),
				filesystem);
		error_hint(e, "use check.on: guest");
	}
	return err;
}

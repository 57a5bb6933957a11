/*
 * Which disk is which: the controller numbers them, whatever order the kernel
 * found them in. On nvme they are the namespaces 1 and 2, on scsi the LUNs 0
 * and 1 (the last number of the device's host:channel:target:lun), on virtio
 * they have serials, "powercut-disk" and "powercut-marks".
 */
#include "guest/init/disks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "guest/include/mark-block.h"
#include "guest/init/protocol.h"
#include "guest/init/setup.h"

#define BLOCK "/sys/block"
/* The kernel looks for disks in the background; there is no event that says
 * that it is done, so what is waited for is looked for. */
#define WAIT_NS 10000000000ull
#define STEP_NS 1000000

enum { DISK, MARKS }; /* as the controller numbers them */

void disks_parameter(const char *cmdline, const char *key,
		     const char *otherwise, char *ret, size_t size)
{
	const char *at = cmdline;
	size_t len = strlen(key), n;

	snprintf(ret, size, "%s", otherwise);
	while (*at) {
		at += strspn(at, " \n");
		n = strcspn(at, " \n");
		if (n >= len && n - len < size && !strncmp(at, key, len))
			snprintf(ret, size, "%.*s", (int)(n - len), at + len);
		at += n;
	}
}

int disks_parameters(struct disks *ret, struct error *e)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	int err = file_read("/proc/cmdline", &line, e);

	if (err < 0)
		return err;
	disks_parameter(buf_text(&line), PARAMETER_BUS, "nvme", ret->bus,
			sizeof(ret->bus));
	disks_parameter(buf_text(&line), PARAMETER_SCHEDULER, "",
			ret->scheduler, sizeof(ret->scheduler));
	return 0;
}

static int load(const char *group, struct error *e)
{
	char path[64];

	snprintf(path, sizeof(path), "/modules.%s", group);
	return setup_modules(path, e);
}

/* Of a virtio disk; the kernel gives the 20 bytes as they are. */
static int has_serial(const char *name, const char *wanted)
{
	CLEANUP_BUF struct buf serial = BUF_INIT;
	char path[300];

	snprintf(path, sizeof(path), BLOCK "/%s/serial", name);
	return file_read(path, &serial, NULL) == 0 &&
	       !strncmp(buf_text(&serial), wanted, strlen(wanted));
}

static int virtio_number(const char *name)
{
	return has_serial(name, "powercut-disk")  ? DISK :
	       has_serial(name, "powercut-marks") ? MARKS :
						    -1;
}

static int scsi_number(const char *name)
{
	char path[300], target[300];
	const char *lun;
	ssize_t n;

	snprintf(path, sizeof(path), BLOCK "/%s/device", name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -1;
	target[n] = '\0';
	lun = strrchr(target, ':');
	return lun ? atoi(lun + 1) : -1;
}

/* Not by its name: a kernel that scans for namespaces in parallel (Linux 6.12,
 * nvme_scan_ns_async()) numbers the names as it finds them. */
static int nvme_number(const char *name)
{
	CLEANUP_BUF struct buf nsid = BUF_INIT;
	char path[300];

	snprintf(path, sizeof(path), BLOCK "/%s/nsid", name);
	if (file_read(path, &nsid, NULL) < 0)
		return -1;
	return atoi(buf_text(&nsid)) - 1;
}

/* DISK, MARKS, or another disk. */
static int number_of(const struct disks *d, const char *name)
{
	if (!strcmp(d->bus, "virtio"))
		return strncmp(name, "vd", 2) ? -1 : virtio_number(name);
	if (!strcmp(d->bus, "scsi"))
		return strncmp(name, "sd", 2) ? -1 : scsi_number(name);
	return strncmp(name, NVME_CONTROLLER, strlen(NVME_CONTROLLER)) ?
		       -1 :
		       nvme_number(name);
}

static int has_device(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "/dev/%s", name);
	return access(path, F_OK) == 0;
}

static void look(struct disks *d)
{
	DIR *dir = opendir(BLOCK);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *name = entry->d_name;
		int number;

		if (name[0] == '.' || strlen(name) >= sizeof(d->disk) ||
		    !has_device(name))
			continue;
		number = number_of(d, name);
		if (number == DISK)
			strcpy(d->disk, name);
		else if (number == MARKS)
			strcpy(d->marks, name);
	}
	if (dir)
		closedir(dir);
}

static int find(struct disks *d, struct error *e)
{
	uint64_t end = now_ns() + WAIT_NS;

	for (look(d); !*d->disk || !*d->marks; look(d)) {
		if (now_ns() > end)
			return error_set(e, ENODEV, "no disk and marks on the "
					 "bus %s", d->bus);
		nanosleep(&(struct timespec){ .tv_nsec = STEP_NS }, NULL);
	}
	return 0;
}

static int look_for_serial(const char *serial, char *ret, size_t size)
{
	DIR *dir = opendir(BLOCK);
	struct dirent *entry;
	int found = 0;

	while (dir && !found && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		found = !strncmp(name, "vd", 2) && strlen(name) < size &&
			has_device(name) && has_serial(name, serial);
		if (found)
			strcpy(ret, name);
	}
	if (dir)
		closedir(dir);
	return found;
}

int disks_find_serial(const char *serial, char *ret, size_t size,
		      struct error *e)
{
	uint64_t end = now_ns() + WAIT_NS;

	while (!look_for_serial(serial, ret, size)) {
		if (now_ns() > end)
			return error_set(e, ENODEV, "no disk %s", serial);
		nanosleep(&(struct timespec){ .tv_nsec = STEP_NS }, NULL);
	}
	return 0;
}

static int set_queue(const char *disk, const char *attribute,
		     const char *value, struct error *e)
{
	char path[128];
	CLEANUP_CLOSE int fd = -1;

	snprintf(path, sizeof(path), BLOCK "/%s/queue/%s", disk, attribute);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return error_errno(e, errno, "cannot set %s to %s", path,
				   value);
	return 0;
}

/* A mark must reach the drive as one command, as written. */
static int set_queues(const struct disks *d, struct error *e)
{
	int err = set_queue(d->marks, "nomerges", "2", e);

	if (!err)
		err = set_queue(d->marks, "scheduler", "none", e);
	if (!err && *d->scheduler)
		err = set_queue(d->disk, "scheduler", d->scheduler, e);
	return err;
}

static int name_it(const char *disk, const char *link, struct error *e)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/%s", disk);
	if (symlink(path, link) < 0)
		return error_errno(e, errno, "cannot name %s %s", path, link);
	return 0;
}

int disks_start(struct disks *d, struct error *e)
{
	int err = load(d->bus, e);

	if (!err && *d->scheduler)
		err = load(d->scheduler, e);
	if (!err)
		err = find(d, e);
	if (!err)
		err = set_queues(d, e);
	if (!err)
		err = name_it(d->disk, DISK_LINK, e);
	return err ? err : name_it(d->marks, MARK_DEVICE, e);
}

int disks_number(uint32_t *ret)
{
	struct stat st;

	if (stat(DISK_LINK, &st) < 0)
		return -errno;
	*ret = major(st.st_rdev) << DISKS_MINOR_BITS | minor(st.st_rdev);
	return 0;
}

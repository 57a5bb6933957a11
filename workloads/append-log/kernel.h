/* What log-writes and prefix-replay need of the guest's kernel: modules, and
 * the device mapper by its own ioctls (linux/dm-ioctl.h). */
#ifndef APPEND_LOG_KERNEL_H
#define APPEND_LOG_KERNEL_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/dm-ioctl.h>

static inline void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(err));
	exit(2);
}

/* The modules of a group of the guest image, the last one with parameters. One
 * that is there already is as good. */
static inline void load_modules(const char *group, const char *parameters)
{
	char list[64], path[256];
	FILE *f;

	snprintf(list, sizeof(list), "/modules.%s", group);
	f = fopen(list, "re");
	if (!f)
		die("the image has no %s", list);
	while (fgets(path, sizeof(path), f)) {
		int fd, next = getc(f);

		ungetc(next, f);
		path[strcspn(path, "\n")] = '\0';
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 ||
		    (syscall(SYS_finit_module, fd,
			     next == EOF ? parameters : "", 0) < 0 &&
		     errno != EEXIST))
			die("cannot load %s", path);
		close(fd);
	}
	fclose(f);
}

static inline uint64_t device_sectors(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t bytes;

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &bytes) < 0)
		die("cannot read the size of %s", path);
	close(fd);
	return bytes / 512;
}

/* An ioctl's head, and room for one target with its parameters. */
struct dm_request {
	struct dm_ioctl head;
	struct dm_target_spec target;
	char parameters[256];
};

static inline void dm_call(unsigned long call, struct dm_request *r,
			   const char *name, const char *what)
{
	int fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);

	r->head.version[0] = DM_VERSION_MAJOR;
	r->head.data_size = sizeof(*r);
	r->head.data_start = sizeof(r->head);
	snprintf(r->head.name, sizeof(r->head.name), "%s", name);
	if (fd < 0 || ioctl(fd, call, r) < 0)
		die("cannot %s the device %s", what, name);
	close(fd);
}

/* A device of one target, live; its path is /dev/NAME. */
static inline void dm_create(const char *name, const char *type,
			     uint64_t sectors, const char *parameters)
{
	struct dm_request create = { 0 }, load = { 0 }, resume = { 0 };
	char node[32], path[64];

	dm_call(DM_DEV_CREATE, &create, name, "create");
	snprintf(node, sizeof(node), "/dev/dm-%u", minor(create.head.dev));
	load.head.target_count = 1;
	load.target.length = sectors;
	snprintf(load.target.target_type, sizeof(load.target.target_type),
		 "%s", type);
	snprintf(load.parameters, sizeof(load.parameters), "%s", parameters);
	dm_call(DM_TABLE_LOAD, &load, name, "load the table of");
	dm_call(DM_DEV_SUSPEND, &resume, name, "resume");
	snprintf(path, sizeof(path), "/dev/%s", name);
	if (symlink(node, path) < 0)
		die("cannot name %s %s", node, path);
}

static inline void dm_remove(const char *name)
{
	struct dm_request r = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/dev/%s", name);
	unlink(path);
	dm_call(DM_DEV_REMOVE, &r, name, "remove");
}

#endif

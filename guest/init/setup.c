#include "guest/init/setup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "guest/init/protocol.h"

/* /etc/hosts of an image names it, too. */
#define HOST_NAME "powercut"
#define PORTS "/sys/class/virtio-ports"

/* The kernel looks for ports in the background; there is no event
 * that says that it is done, so what is waited for is looked for. */
#define WAIT_NS 10000000000ull
#define STEP_NS 1000000

static void step(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = STEP_NS }, NULL);
}

/* What udev makes on other machines; EEXIST is no trouble. */
static void link_standard(void)
{
	static const char *const links[][2] = {
		{ "/proc/self/fd", "/dev/fd" },
		{ "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" },
		{ "/proc/self/fd/2", "/dev/stderr" },
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i][0], links[i][1]) < 0)
			continue;
}

int setup_mounts(struct error *e)
{
	static const struct {
		const char *type;
		const char *dir;
		const char *data;
	} table[] = {
		{ "proc", "/proc", NULL },
		{ "sysfs", "/sys", NULL },
		{ "devtmpfs", "/dev", "mode=0755" },
		{ "devpts", "/dev/pts", "mode=0620,ptmxmode=0666" },
		{ "tracefs", "/sys/kernel/tracing", NULL },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		mkdir(table[i].dir, 0755);
		/* EBUSY: the kernel has mounted /dev itself. */
		if (mount(table[i].type, table[i].dir, table[i].type, 0,
			  table[i].data) < 0 &&
		    errno != EBUSY)
			return error_errno(e, errno, "cannot mount %s",
					   table[i].dir);
	}
	link_standard();
	return sethostname(HOST_NAME, strlen(HOST_NAME)) < 0 ?
		       error_errno(e, errno, "cannot set the host's name") :
		       0;
}

int setup_loopback(struct error *e)
{
	CLEANUP_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		return error_errno(e, errno, "cannot bring up lo");
	return 0;
}

/* What programs may write to besides the disk. */
static const struct scratch {
	const char *dir;
	const char *data;
} scratch[] = {
	{ "/run", "mode=0755" },
	{ "/tmp", "mode=1777" },
	{ "/var/tmp", "mode=1777" },
	{ "/dev/shm", "mode=1777" },
};
#define N_SCRATCH (sizeof(scratch) / sizeof(scratch[0]))

int setup_scratch(struct error *e)
{
	for (size_t i = 0; i < N_SCRATCH; i++) {
		const char *dir = scratch[i].dir;

		mkdir(dir, 0755);
		umount2(dir, MNT_DETACH); /* EINVAL the first time */
		if (mount("tmpfs", dir, "tmpfs", 0, scratch[i].data) < 0)
			return error_errno(e, errno, "cannot mount %s", dir);
	}
	return 0;
}

/*
 * The root is read only from here on, but for PUT's folder: nothing that one
 * check leaves behind may be there for the next one.
 */
int setup_read_only_root(struct error *e)
{
	if (mount("/pc", "/pc", NULL, MS_BIND, NULL) < 0)
		return error_errno(e, errno, "cannot bind /pc");
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
		return error_errno(e, errno, "cannot make / read only");
	return 0;
}

static int load_module(const char *path, struct error *e)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(e, errno, "cannot open %s", path);
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		return error_errno(e, errno, "cannot load %s", path);
	return 0;
}

int setup_modules(const char *list, struct error *e)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	char *line, *rest;
	int r = 0;

	if (file_read(list, &b, NULL) < 0 || b.len == 0)
		return 0;
	rest = b.data;
	while ((line = strsep(&rest, "\n"))) {
		int one = *line ? load_module(line, e) : 0;

		r = one < 0 ? one : r;
	}
	return r;
}

static int port_is_ours(const char *port)
{
	CLEANUP_BUF struct buf name = BUF_INIT;
	char path[512];

	snprintf(path, sizeof(path), PORTS "/%s/name", port);
	return file_read(path, &name, NULL) == 0 &&
	       !strcmp(buf_text(&name), AGENT_PORT "\n");
}

static int open_port(void)
{
	DIR *dir = opendir(PORTS);
	struct dirent *d;
	int fd = -ENODEV;

	while (dir && fd < 0 && (d = readdir(dir))) {
		char path[512];

		if (d->d_name[0] == '.' || !port_is_ours(d->d_name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", d->d_name);
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	}
	if (dir)
		closedir(dir);
	return fd;
}

int setup_port(struct error *e)
{
	uint64_t end = now_ns() + WAIT_NS;
	int fd;

	while ((fd = open_port()) < 0) {
		if (now_ns() > end)
			return error_errno(e, -fd, "no virtio-serial port %s",
					   AGENT_PORT);
		step();
	}
	return fd;
}

#include "host/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/loop.h>

#include "common/cleanup.h"
#include "common/error.h"

#define CONTROL "/dev/loop-control"
/* Others look for a free device at the same time. */
#define TRIES 64

static int open_control(struct error *e)
{
	int err, fd = open(CONTROL, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	err = error_errno(e, errno, "cannot open " CONTROL);
	error_hint(e, "check.on: host needs loop devices: modprobe loop, or "
		   "use check.on: guest");
	return err;
}

/* What is there may be any file: only the driver knows a free number. */
static int free_number(int control, struct error *e)
{
	int n = ioctl(control, LOOP_CTL_GET_FREE), err;

	if (n >= 0)
		return n;
	err = error_errno(e, errno, CONTROL " gives no loop device");
	error_hint(e, "check.on: host needs loop devices: modprobe loop, or "
		   "use check.on: guest");
	return err;
}

static int configure(int file, uint32_t block, struct loop *l,
		     struct error *e)
{
	struct loop_config c = {
		.fd = (uint32_t)file,
		.block_size = block,
		.info = { .lo_flags = LO_FLAGS_AUTOCLEAR },
	};

	l->fd = open(l->path, O_RDWR | O_CLOEXEC);
	if (l->fd < 0)
		return error_errno(e, errno, "cannot open %s", l->path);
	if (ioctl(l->fd, LOOP_CONFIGURE, &c) == 0)
		return 0;
	return error_errno(e, errno, "cannot configure %s", l->path);
}

int loop_attach(int file, uint32_t block, struct loop *ret, struct error *e)
{
	CLEANUP_CLOSE int control = open_control(e);
	int err = control < 0 ? control : -EBUSY;

	for (int i = 0; i < TRIES && err == -EBUSY; i++) {
		struct loop l = LOOP_NONE;

		l.number = free_number(control, e);
		if (l.number < 0)
			return l.number;
		snprintf(l.path, sizeof(l.path), "/dev/loop%d", l.number);
		err = configure(file, block, &l, e);
		if (!err)
			*ret = l;
		else
			loop_detach(&l);
	}
	return err;
}

void loop_detach(struct loop *l)
{
	if (l->fd >= 0)
		close(l->fd);
	*l = (struct loop)LOOP_NONE;
}

int loop_possible(struct error *e)
{
	CLEANUP_CLOSE int control = open_control(e);
	int n = control < 0 ? control : free_number(control, e);

	return n < 0 ? n : 0;
}

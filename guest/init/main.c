/*
 * powercut-init: PID 1 of the guest. It prepares the devices and then serves
 * the controller's requests. What goes wrong before there is a connection is
 * said on the console, and ends the guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "common/error.h"
#include "guest/init/disks.h"
#include "guest/init/doorbell.h"
#include "guest/init/image.h"
#include "guest/init/sandbox.h"
#include "guest/init/serve.h"
#include "guest/init/setup.h"

#define MODULES "/modules.order"
/* In images with a file system that is not among these. */
#define FILESYSTEM_MODULES "/modules.filesystem"

static void complain(const struct error *e)
{
	fprintf(stderr, "powercut-init: %s\n", e->message);
}

/* Descriptors 0 to 2 must be taken, or a pipe could become one of them. */
static void fill_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

static int run(struct error *e)
{
	struct disks disks = { 0 };
	int port, r;

	r = setup_mounts(e);
	if (r == 0)
		r = setup_scratch(e);
	if (r == 0)
		r = setup_read_only_root(e);
	if (r < 0)
		return r;
	fill_standard();
	/* Whether these were needed shows in what follows. */
	if (setup_modules(MODULES, e) < 0 ||
	    setup_modules(FILESYSTEM_MODULES, e) < 0 || setup_loopback(e) < 0)
		complain(e);
	r = disks_parameters(&disks, e);
	if (r == 0)
		r = disks_start(&disks, e);
	if (r == 0)
		r = image_start(e);
	if (r < 0)
		return r;
	if (!strcmp(disks.bus, "nvme"))
		r = doorbell_start(NVME_CONTROLLER);
	if (r < 0)
		return error_errno(e, -r, "cannot map the NVMe doorbells");
	port = setup_port(e);
	if (port < 0)
		return port;
	return serve(port, SERVE_ALWAYS, e);
}

int main(int argc, char *argv[])
{
	struct error e;

	if (getpid() != 1) {
		fputs("powercut-init: runs as PID 1 of a guest only\n", stderr);
		return 4;
	}
	serve_prepare();
	if (sandbox_wanted(argc, argv)) {
		if (sandbox_run(argv, &e) != -ECONNRESET)
			complain(&e);
		return 1;
	}
	run(&e);
	complain(&e);
	reboot(RB_POWER_OFF);
	return 1;
}

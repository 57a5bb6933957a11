/*
 * The programs that run in a sandbox are root in it, as they are in a guest,
 * or a check could not read what the workload wrote. But the kernel is the
 * host's: they keep only the capabilities over files and their own processes.
 * PID 1 mounts for them and keeps CAP_SYS_ADMIN; its bounding set is what they
 * get, for root gains at exec what the bounding set allows (capabilities(7)),
 * and without CAP_SYS_PTRACE nobody takes PID 1's.
 */
#include "guest/init/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "common/error.h"
#include "guest/init/kmsg.h"
#include "guest/init/mount.h"
#include "guest/init/serve.h"
#include "guest/init/setup.h"

static const int kept[] = {
	CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
	CAP_FSETID, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP,
	CAP_LINUX_IMMUTABLE, CAP_NET_BIND_SERVICE, CAP_IPC_LOCK,
	CAP_IPC_OWNER, CAP_SYS_CHROOT, CAP_LEASE, CAP_SETFCAP,
};

int sandbox_wanted(int argc, char *argv[])
{
	return argc == 4 && !strcmp(argv[1], "--sandbox");
}

static int is_kept(int cap)
{
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (kept[i] == cap)
			return 1;
	return 0;
}

static uint32_t bits_of_word(int word)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (kept[i] / 32 == word)
			bits |= 1u << kept[i] % 32;
	return bits;
}

/* PID 1 itself mounts, and nothing else: not even the clock is its own. What is
 * inherited or ambient would pass the bounding set. */
static int keep_mounting(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
	    syscall(SYS_capget, &head, data) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= bits_of_word(i);
		data[i].inheritable = 0;
	}
	data[CAP_SYS_ADMIN / 32].permitted |= 1u << CAP_SYS_ADMIN % 32;
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted;
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

/* From here on what is executed has the kept ones only. */
static int limit_programs(struct error *e)
{
	int err = 0;

	/* EINVAL: behind the last one that this kernel knows. */
	for (int cap = 0; !err && prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if (!is_kept(cap) && prctl(PR_CAPBSET_DROP, cap) < 0)
			err = -errno;
	if (!err)
		err = keep_mounting();
	return err ? error_errno(e, -err, "cannot drop capabilities") : 0;
}

/* The log is read from a descriptor: nobody else finds its device. */
static void take_kernel_log(const char *device)
{
	kmsg_use(kmsg_open(), device);
	umount2("/dev/kmsg", MNT_DETACH);
}

int sandbox_run(char *argv[], struct error *e)
{
	int port = atoi(argv[2]), r;

	if (fcntl(port, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(port, F_SETFL, O_NONBLOCK) < 0)
		return error_errno(e, errno, "no socket to the controller");
	take_kernel_log(argv[3]);
	/* A device node in a state is one of this machine. */
	mount_always(MS_NODEV | MS_NOSUID);
	r = setup_scratch(e);
	if (r == 0)
		r = limit_programs(e);
	return r < 0 ? r : serve(port, SERVE_ONCE, e);
}

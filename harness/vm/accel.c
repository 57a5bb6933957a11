#include "vm/accel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"

/* Documentation/virt/kvm/api.rst, 4.1: anything but 12 is to be refused. */
#define API_VERSION 12

const char *accel_name(enum accel a)
{
	return a == ACCEL_KVM ? "kvm" : "tcg";
}

static void why_not_open(const char *node, int err, char reason[256])
{
	if (err == ENOENT)
		snprintf(reason, 256, "no %s", node);
	else if (err == EACCES || err == EPERM)
		snprintf(reason, 256, "%s: %s (is the user in the group kvm?)",
			 node, strerror(err));
	else
		snprintf(reason, 256, "%s: %s", node, strerror(err));
}

int accel_is_hardware(const char *cpuinfo)
{
	const char *line = strstr(cpuinfo, "\nflags");
	CLEANUP_FREE char *flags = NULL;

	if (!line)
		return 1;
	flags = xasprintf("%.*s ", (int)strcspn(line + 1, "\n"), line + 1);
	return strstr(flags, " vmx ") || strstr(flags, " svm ");
}

/* KVM without the processor's help interprets what a guest's kernel does:
 * slower than TCG by far, and not complete. */
static void probe_processor(char reason[256])
{
	CLEANUP_BUF struct buf cpuinfo = BUF_INIT;

	if (file_read("/proc/cpuinfo", &cpuinfo, NULL) < 0 ||
	    accel_is_hardware(buf_text(&cpuinfo)))
		return;
	snprintf(reason, 256, "KVM in software: the processor has neither vmx "
		 "nor svm");
}

/* Fills in the reason, or leaves it empty. */
static void probe_kvm(const char *node, char reason[256])
{
	CLEANUP_CLOSE int kvm = open(node, O_RDWR | O_CLOEXEC);
	CLEANUP_CLOSE int vm = -1;
	int version;

	reason[0] = '\0';
	if (kvm < 0) {
		why_not_open(node, errno, reason);
		return;
	}
	version = ioctl(kvm, KVM_GET_API_VERSION, 0);
	if (version < 0) {
		snprintf(reason, 256, "%s is not KVM: %s", node,
			 strerror(errno));
		return;
	}
	if (version != API_VERSION) {
		snprintf(reason, 256, "%s: API version %d, not %d", node,
			 version, API_VERSION);
		return;
	}
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		snprintf(reason, 256, "%s cannot make a virtual machine: %s",
			 node, strerror(errno));
	else
		probe_processor(reason);
}

int accel_choose(struct accel_choice *ret, struct error *e)
{
	const char *wish = getenv("POWERCUT_ACCEL");
	const char *node = getenv("POWERCUT_KVM");
	struct accel_choice c = { .accel = ACCEL_TCG };

	if (wish && *wish && strcmp(wish, "tcg")) {
		int err = error_set(e, EINVAL, "POWERCUT_ACCEL=%s is not known",
				    wish);

		error_hint(e, "use POWERCUT_ACCEL=tcg, or unset it: KVM is "
			   "used where it works");
		return err;
	}
	if (wish && *wish)
		snprintf(c.reason, sizeof(c.reason), "POWERCUT_ACCEL=tcg");
	else
		probe_kvm(node && *node ? node : "/dev/kvm", c.reason);
	if (!c.reason[0])
		c.accel = ACCEL_KVM;
	*ret = c;
	return 0;
}

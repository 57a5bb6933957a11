/*
 * The connection to libvirt, and the thread that runs its event loop.
 *
 * By default the QEMU driver runs inside of this process (qemu:///embed), so
 * no daemon is needed. Its root is RUNTIME/libvirt, except for its cache of
 * what QEMU can do: probing that takes seconds, so the cache is a link to one
 * that all runs share.
 */
#include "vm/host.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <libxml/parser.h>
#include <pthread.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/spawn.h"
#include "vm/tsc.h"
#include "vm/vm.h"

/* What a root libvirtd would do to guard the host from the guest, and a
 * process of its own cannot: give files to other users, label them, make
 * cgroups and mount namespaces, log through virtlogd. */
static const char qemu_conf[] =
	"security_driver = \"none\"\n"
	"stdio_handler = \"file\"\n"
	"cgroup_controllers = [ ]\n"
	"namespaces = [ ]\n"
	"remember_owner = 0\n";
static const char qemu_conf_root[] =
	"user = \"+0\"\n"
	"group = \"+0\"\n"
	"dynamic_ownership = 0\n";

/* The event loop. libvirt wants it registered once per process. */
static pthread_once_t registered = PTHREAD_ONCE_INIT;
static int register_result;
static pthread_t loop_thread;
static volatile int loop_stop;

static void ignore_error(void *data, virErrorPtr error)
{
	(void)data;
	(void)error;
}

static void register_events(void)
{
	/* Without this, libvirt prints errors itself. */
	virSetErrorFunc(NULL, ignore_error);
	xmlInitParser();
	register_result = virEventRegisterDefaultImpl();
}

static void *run_loop(void *arg)
{
	while (!__atomic_load_n(&loop_stop, __ATOMIC_ACQUIRE))
		virEventRunDefaultImpl();
	return arg;
}

static void wake_loop(int timer, void *data)
{
	(void)data;
	virEventRemoveTimeout(timer);
}

static int start_loop(struct error *e)
{
	int err;

	pthread_once(&registered, register_events);
	if (register_result < 0)
		return virt_error(e, "cannot register libvirt's event loop");
	__atomic_store_n(&loop_stop, 0, __ATOMIC_RELEASE);
	err = pthread_create(&loop_thread, NULL, run_loop, NULL);
	if (err)
		return error_errno(e, err, "cannot start a thread");
	return 0;
}

static void stop_loop(void)
{
	__atomic_store_n(&loop_stop, 1, __ATOMIC_RELEASE);
	virEventAddTimeout(0, wake_loop, NULL, NULL);
	pthread_join(loop_thread, NULL);
}

struct advice {
	const char *text; /* in libvirt's message */
	const char *hint;
};

static const struct advice advices[] = {
	{ "libvirt-qemu", "install the Debian package libvirt-daemon-system: "
	  "it makes the user libvirt-qemu" },
	{ "no connection driver available", "install the Debian package "
	  "libvirt-daemon-driver-qemu" },
	{ "connection-driver", "install the Debian package "
	  "libvirt-daemon-driver-qemu" },
	{ "suitable emulator", "install the Debian package qemu-system-x86" },
	{ "emulator binary", "install the Debian package qemu-system-x86" },
	{ NULL, NULL },
};

int virt_error(struct error *e, const char *what)
{
	virErrorPtr v = virGetLastError();
	const char *text = v && v->message ? v->message : "unknown error";

	error_set(e, EIO, "%s: libvirt: %s", what, text);
	for (const struct advice *a = advices; a->text; a++) {
		if (!strstr(text, a->text))
			continue;
		error_hint(e, "%s", a->hint);
		break;
	}
	return -EIO;
}

/* NULL: there is no place for a cache. */
static char *cache_path(void)
{
	const char *base = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	struct passwd *user;

	if (base && *base == '/')
		return xasprintf("%s/powercut/libvirt", base);
	if (!home || *home != '/') {
		user = getpwuid(geteuid());
		home = user ? user->pw_dir : NULL;
	}
	return home ? xasprintf("%s/.cache/powercut/libvirt", home) : NULL;
}

/* Only saves time: libvirt makes its own where it cannot be linked. */
static void link_cache(const char *root)
{
	CLEANUP_FREE char *cache = cache_path();
	CLEANUP_FREE char *path = xasprintf("%s/cache", root);

	if (!cache || mkdir_p(cache, NULL) < 0 || access(cache, W_OK) < 0)
		return;
	if (symlink(cache, path) < 0)
		return;
}

static int make_root(const char *root, struct error *e)
{
	CLEANUP_FREE char *etc = xasprintf("%s/etc", root);
	CLEANUP_FREE char *file = xasprintf("%s/qemu.conf", etc);
	CLEANUP_FREE char *text =
		xasprintf("%s%s", qemu_conf, geteuid() ? "" : qemu_conf_root);
	int err = mkdir_p(etc, e);

	if (err < 0)
		return err;
	link_cache(root);
	return file_write(file, text, strlen(text), e);
}

/* RFC 3986: all but the unreserved characters and "/". */
static char *embed_uri(const char *root)
{
	struct buf uri = BUF_INIT;

	buf_puts(&uri, "qemu:///embed?root=");
	for (const char *p = root; *p; p++) {
		if (strchr("/-._~", *p) || (*p >= '0' && *p <= '9') ||
		    (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z'))
			buf_add(&uri, p, 1);
		else
			buf_printf(&uri, "%%%02X", (unsigned char)*p);
	}
	return buf_take(&uri);
}

/* Newer QEMU can switch its lossy shadow doorbells off. */
static int has_dbcs(void)
{
	const char *argv[] = { "qemu-system-x86_64", "-device", "nvme,help",
			       NULL };
	CLEANUP_BUF struct buf text = BUF_INIT;

	return spawn_wait(argv, &text, NULL) == 0 &&
	       strstr(buf_text(&text), " dbcs=") != NULL;
}

static int open_embed(struct vm_host *h, struct error *e)
{
	CLEANUP_FREE char *root = xasprintf("%s/libvirt", h->runtime_dir);
	CLEANUP_FREE char *uri = embed_uri(root);
	int err = make_root(root, e);

	if (err < 0)
		return err;
	h->embed = 1;
	h->conn = virConnectOpen(uri);
	if (!h->conn)
		return virt_error(e, "cannot start libvirt's QEMU driver");
	return 0;
}

static int open_uri(struct vm_host *h, const char *uri, struct error *e)
{
	CLEANUP_FREE char *what = xasprintf("cannot connect to %s", uri);

	h->conn = virConnectOpen(uri);
	return h->conn ? 0 : virt_error(e, what);
}

/* Its warnings go to standard error otherwise. It looks at this once, when it is
 * first used. The error log has what the API says less clearly. */
static void redirect_log(const char *runtime_dir)
{
	CLEANUP_FREE char *log =
		xasprintf("3:file:%s/libvirt.log", runtime_dir);

	setenv("LIBVIRT_LOG_OUTPUTS", log, 0);
}

/*
 * libvirt asks QEMU what it can do when it first needs to know: for seconds,
 * unless its cache has it. Not while somebody waits for a guest. A failure
 * shows again, with its reason, at the first boot.
 */
static void probe_qemu(struct vm_host *h)
{
	free(virConnectGetDomainCapabilities(
		h->conn, NULL, "x86_64", "q35",
		h->accel.accel == ACCEL_KVM ? "kvm" : "qemu", 0));
}

/* libvirt packs versions as major * 1,000,000 + minor * 1,000 + release. */
static void format_version(unsigned long version, char *ret, size_t size)
{
	snprintf(ret, size, "%lu.%lu.%lu", version / 1000000,
		 version / 1000 % 1000, version % 1000);
}

static void ask_versions(struct vm_host *h)
{
	unsigned long version;

	if (virConnectGetVersion(h->conn, &version) == 0)
		format_version(version, h->qemu, sizeof(h->qemu));
	if (virConnectGetLibVersion(h->conn, &version) == 0)
		format_version(version, h->libvirt, sizeof(h->libvirt));
}

int vm_host_open(const char *uri, const char *runtime_dir,
		 struct vm_host **ret, struct error *e)
{
	struct vm_host *h = xcalloc(1, sizeof(*h));
	int err = accel_choose(&h->accel, e);

	h->runtime_dir = xstrdup(runtime_dir);
	redirect_log(runtime_dir);
	if (!err)
		err = start_loop(e);
	if (err < 0)
		goto out;
	err = uri ? open_uri(h, uri, e) : open_embed(h, e);
	if (err < 0) {
		stop_loop();
		goto out;
	}
	probe_qemu(h);
	ask_versions(h);
	h->dbcs = has_dbcs();
	h->tsc_khz = h->embed ? tsc_khz() : 0;
	h->qboot = access(QBOOT, R_OK) == 0;
	*ret = h;
	return 0;
out:
	free(h->runtime_dir);
	free(h);
	return err;
}

void vm_host_close(struct vm_host *h)
{
	if (!h)
		return;
	virConnectClose(h->conn);
	stop_loop();
	free(h->runtime_dir);
	free(h);
}

const char *vm_host_accel(const struct vm_host *h)
{
	return accel_name(h->accel.accel);
}

const char *vm_host_accel_reason(const struct vm_host *h)
{
	return h->accel.accel == ACCEL_KVM ? NULL : h->accel.reason;
}

const char *vm_host_qemu(const struct vm_host *h)
{
	return h->qemu;
}

const char *vm_host_libvirt(const struct vm_host *h)
{
	return h->libvirt;
}

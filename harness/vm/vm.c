#include "vm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "vm/agent.h"
#include "vm/domain.h"
#include "vm/host.h"

#define CONSOLE_LINES 8
#define CONSOLE_BYTES 4096 /* looked at */
#define CONSOLE_SHOWN 700 /* at most */
#define KILL_TIMEOUT_MS 2000

struct vm {
	virDomainPtr domain;
	struct agent *agent;
	char *name; /* of the domain: never used twice */
	char *agent_socket;
	char *pidfile;
	char *pty;
	int pidfd; /* QEMU; -1: not ours to kill */
	uint64_t boot_ns;
};

/*
 * QEMU was started by libvirt and is not our child. Its pid file was written
 * by QEMU itself, so when libvirt says that the domain runs, it is there and
 * the process is that one.
 */
static int open_pidfd(const char *pidfile)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	pid_t pid;

	if (!pidfile || file_read(pidfile, &text, NULL) < 0)
		return -1;
	pid = atoi(buf_text(&text));
	return pid > 1 ? pidfd_open(pid, 0) : -1;
}

/* QEMU runs in another folder. Caller frees; NULL stays NULL. */
static char *absolute(const char *path)
{
	CLEANUP_FREE char *cwd = NULL;

	if (!path)
		return NULL;
	if (*path == '/')
		return xstrdup(path);
	cwd = getcwd(NULL, 0);
	return xasprintf("%s/%s", cwd ? cwd : "", path);
}

static char *describe(const struct vm *vm, const struct vm_host *h,
		      const struct vm_config *c)
{
	struct domain_host d = {
		.accel = h->accel.accel,
		.agent_socket = vm->agent_socket,
		.pidfile = vm->pidfile,
		.firmware = h->qboot ? QBOOT : NULL,
		.dbcs = h->dbcs,
		.tsc_khz = h->tsc_khz,
	};
	CLEANUP_FREE char *kernel = absolute(c->kernel);
	CLEANUP_FREE char *initrd = absolute(c->initrd);
	CLEANUP_FREE char *image = absolute(c->image);
	CLEANUP_FREE char *nbd_socket = absolute(c->nbd_socket);
	CLEANUP_FREE char *marks_socket = absolute(c->marks_socket);
	CLEANUP_FREE char *console = absolute(c->console);
	struct vm_config full = *c;

	full.name = vm->name;
	full.kernel = kernel;
	full.initrd = initrd;
	full.image = image;
	full.nbd_socket = nbd_socket;
	full.marks_socket = marks_socket;
	full.console = console;
	return domain_xml(&full, &d);
}

static int start_domain(struct vm *vm, struct vm_host *h,
			const struct vm_config *c, struct error *e)
{
	CLEANUP_FREE char *xml = describe(vm, h, c);
	CLEANUP_FREE char *what = xasprintf("cannot start guest %s", c->name);
	/* The embedded driver knows no autodestroy: our reaper does it. */
	unsigned int flags = h->embed ? 0 : VIR_DOMAIN_START_AUTODESTROY;

	vm->domain = virDomainCreateXML(h->conn, xml, flags);
	if (!vm->domain)
		return virt_error(e, what);
	vm->pidfd = open_pidfd(vm->pidfile);
	return 0;
}

static int find_pty(struct vm *vm, struct error *e)
{
	char *xml = virDomainGetXMLDesc(vm->domain, 0);

	if (!xml)
		return virt_error(e, "cannot read the guest's description");
	vm->pty = domain_pty(xml);
	free(xml);
	return vm->pty ? 0 :
	       error_set(e, ENXIO, "libvirt made no pty for the console");
}

static int await_agent(struct vm *vm, uint64_t deadline, int wake,
		       struct error *e)
{
	uint64_t now;
	int fd = unix_connect(vm->agent_socket, deadline, e);

	if (fd < 0)
		return fd;
	now = now_ns();
	return agent_open(fd, deadline > now ? deadline - now : 0,
			  wake ? wake : -1, &vm->agent, e);
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	return path && stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* Where to start showing: at the panic, else at the last few lines. */
static const char *interesting(const char *text)
{
	const char *p = strstr(text, "Kernel panic");
	int lines = 0;

	if (p) {
		while (p > text && p[-1] != '\n')
			p--;
		return p;
	}
	p = text + strlen(text);
	while (p > text && p[-1] == '\n')
		p--;
	for (; p > text; p--)
		if (p[-1] == '\n' && ++lines == CONSOLE_LINES)
			break;
	return p;
}

static void printable(char *text)
{
	char *out = text;

	for (; *text; text++)
		if ((unsigned char)*text >= ' ' || *text == '\n' ||
		    *text == '\t')
			*out++ = *text;
	*out = '\0';
}

/* Appends what the console said since `from` to the error. */
static void add_console(struct error *e, const char *path, uint64_t from)
{
	char text[CONSOLE_BYTES + 1];
	CLEANUP_CLOSE int fd = -1;
	uint64_t end = size_of(path);
	size_t used, len;

	if (!e || end <= from)
		return;
	if (end - from > CONSOLE_BYTES)
		from = end - CONSOLE_BYTES;
	len = (size_t)(end - from);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread_full(fd, text, len, from) < 0)
		return;
	text[len] = '\0';
	printable(text);
	used = strlen(e->message);
	snprintf(e->message + used, sizeof(e->message) - used,
		 "\nthe console's last lines:\n%.*s", CONSOLE_SHOWN,
		 interesting(text));
}

static struct vm *vm_new(struct vm_host *h, const char *name)
{
	unsigned int nth = __atomic_add_fetch(&h->booted, 1, __ATOMIC_RELAXED);
	struct vm *vm = xcalloc(1, sizeof(*vm));

	vm->pidfd = -1;
	vm->name = xasprintf("%s-%u", name, nth);
	vm->agent_socket = xasprintf("%s/%s.agent", h->runtime_dir, vm->name);
	/* Elsewhere QEMU may not be allowed to write here. */
	if (h->embed)
		vm->pidfile = xasprintf("%s/%s.pid", h->runtime_dir, vm->name);
	return vm;
}

static void explain_boot(struct error *e, const struct vm_host *h,
			 const char *name)
{
	error_prefix(e, "guest %s did not come up", name);
	if (h->accel.accel == ACCEL_KVM)
		error_hint(e, "see whether it does without KVM: set "
			   "POWERCUT_ACCEL=tcg");
}

int vm_boot(struct vm_host *h, const struct vm_config *c, uint64_t timeout_ns,
	    struct vm **ret, struct error *e)
{
	uint64_t console_start = c->interactive ? 0 : size_of(c->console);
	uint64_t start = now_ns();
	struct vm *vm = vm_new(h, c->name);
	int err = start_domain(vm, h, c, e);

	if (!err && c->interactive)
		err = find_pty(vm, e);
	if (!err) {
		err = await_agent(vm, start + timeout_ns, c->wake, e);
		if (err < 0)
			explain_boot(e, h, c->name);
	}
	if (err < 0) {
		vm_destroy(vm);
		if (!c->interactive)
			add_console(e, c->console, console_start);
		return err;
	}
	vm->boot_ns = now_ns() - start;
	*ret = vm;
	return 0;
}

struct agent *vm_agent(struct vm *vm)
{
	return vm->agent;
}

const char *vm_pty(const struct vm *vm)
{
	return vm->pty;
}

uint64_t vm_boot_ns(const struct vm *vm)
{
	return vm->boot_ns;
}

/* Whether QEMU has ended; waits for it. */
static int has_ended(int pidfd, int timeout_ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	do {
		n = poll(&p, 1, timeout_ms);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/*
 * virDomainDestroy sends SIGTERM first and QEMU drains its disks, for a
 * second or two. Power does not ask, and neither do we: SIGKILL. libvirt sees
 * its monitor close and clears up in its own time, which takes a while where
 * the host's init is slow to reap; nobody waits for it, and since no two
 * guests share a name or a socket, it is in nobody's way.
 */
static void power_off(struct vm *vm)
{
	if (vm->pidfd < 0 ||
	    pidfd_send_signal(vm->pidfd, SIGKILL, NULL, 0) < 0 ||
	    !has_ended(vm->pidfd, KILL_TIMEOUT_MS))
		virDomainDestroy(vm->domain);
	virDomainFree(vm->domain);
}

void vm_destroy(struct vm *vm)
{
	if (!vm)
		return;
	if (vm->domain)
		power_off(vm);
	agent_close(vm->agent);
	if (vm->pidfd >= 0)
		close(vm->pidfd);
	unlink(vm->agent_socket);
	if (vm->pidfile)
		unlink(vm->pidfile);
	free(vm->name);
	free(vm->agent_socket);
	free(vm->pidfile);
	free(vm->pty);
	free(vm);
}

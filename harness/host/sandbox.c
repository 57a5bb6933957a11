/*
 * What is in the sandbox: the guest's userland, read only (so busybox and fsck
 * are the same programs as in a guest); /proc; a few devices and the disk as
 * /dev/powercut-disk; fresh /run, /tmp, /var/tmp, /dev/shm for each state; /pc
 * with the workload's programs, which PID 1 alone can change. Namespaces of
 * its own for mounts, processes, network (only loopback), IPC and names.
 *
 * PID 1 mounts inside it, so nobody else sees the mount, and the mount is gone
 * when the last process of the sandbox is. PID 1 ends when its socket does,
 * that is with this process, and bubblewrap kills it when our thread dies.
 * Everything that a check left running is a child of PID 1 and is killed before
 * the unmount. The programs run as root, but without the capabilities over the
 * machine (guest/init/sandbox.c).
 */
#include "host/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check/judge.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/spawn.h"
#include "common/text.h"
#include "vm/agent.h"

#define START_TIMEOUT_NS 10000000000ULL
#define STOP_TIMEOUT_MS 2000
#define PORT 3 /* PID 1's end of the socket */
#define PORT_TEXT "3"

extern char **environ;

struct sandbox {
	pid_t pid; /* bubblewrap, which lives as long as PID 1 */
	struct agent *agent;
};

/* The arguments; those that depend on the configuration are borrowed. */
static void arguments(const struct sandbox_config *c, const char *programs,
		      const char **argv, size_t max)
{
	const char *const all[] = {
		"bwrap", "--die-with-parent", "--as-pid-1", "--unshare-pid",
		"--unshare-net", "--unshare-ipc", "--unshare-uts",
		"--unshare-cgroup-try", "--cap-add", "ALL", "--clearenv",
		"--setenv", "PATH", "/bin:/sbin", "--chdir", "/",
		"--ro-bind", c->root, "/", "--proc", "/proc",
		"--dev", "/dev", "--dev-bind", c->device, JUDGE_DISK,
		"--dev-bind", "/dev/kmsg", "/dev/kmsg",
		"--remount-ro", "/dev",
		"--tmpfs", "/pc", "--ro-bind", programs, "/pc/bin", "--",
		"/init", "--sandbox", PORT_TEXT,
		c->device + strlen("/dev/"), NULL,
	};

	if (sizeof(all) > max * sizeof(*argv))
		abort();
	memcpy(argv, all, sizeof(all));
}

static void set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none;

	posix_spawnattr_init(attr);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP |
					       POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(attr, 0);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(attr, &none);
}

static int spawn(const struct sandbox_config *c, int port, pid_t *ret,
		 struct error *e)
{
	CLEANUP_FREE char *programs = xasprintf("%s/pc/bin", c->root);
	const char *argv[64];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int err;

	arguments(c, programs, argv, 64);
	set_attributes(&attr);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_addopen(&actions, 1, c->log,
					 O_WRONLY | O_CREAT | O_APPEND, 0644);
	posix_spawn_file_actions_adddup2(&actions, 1, 2);
	posix_spawn_file_actions_adddup2(&actions, port, PORT);
	err = posix_spawnp(ret, argv[0], &actions, &attr, (char **)argv,
			   environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return err ? error_errno(e, err, "cannot run bwrap") : 0;
}

/* What was said before PID 1 could answer. */
static void add_complaint(const char *log, struct error *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_FREE char *last = NULL;

	if (file_read(log, &text, NULL) == 0)
		last = text_last_line(&text);
	if (last && *last)
		error_prefix(e, "%s", last);
	error_prefix(e, "the sandbox does not start");
}

/* The descriptor 3 of the child must not be one of ours that closes at exec. */
static int make_socket(int ends[2], struct error *e)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return error_errno(e, errno, "cannot make a socket pair");
	while (ends[1] <= PORT) {
		int fd = fcntl(ends[1], F_DUPFD_CLOEXEC, PORT + 1);

		if (fd < 0)
			return error_errno(e, errno, "cannot make a socket");
		close(ends[1]);
		ends[1] = fd;
	}
	return 0;
}

int sandbox_start(const struct sandbox_config *c, struct sandbox **ret,
		  struct error *e)
{
	struct sandbox *s = xcalloc(1, sizeof(*s));
	int ends[2] = { -1, -1 };
	int err = make_socket(ends, e);

	if (!err)
		err = spawn(c, ends[1], &s->pid, e);
	if (ends[1] >= 0)
		close(ends[1]);
	if (err && ends[0] >= 0)
		close(ends[0]);
	if (!err) {
		err = agent_open(ends[0], START_TIMEOUT_NS, c->wake, &s->agent,
				 e);
		if (err && err != -ECANCELED)
			add_complaint(c->log, e);
	}
	if (err) {
		sandbox_stop(s);
		return err;
	}
	*ret = s;
	return 0;
}

struct agent *sandbox_agent(struct sandbox *s)
{
	return s->agent;
}

/* Whether it ended in time; then it is reaped. */
static int await_end(pid_t pid)
{
	CLEANUP_CLOSE int fd = pidfd_open(pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	do {
		n = poll(&p, 1, STOP_TIMEOUT_MS);
	} while (n < 0 && errno == EINTR);
	return n > 0 && waitpid(pid, NULL, WNOHANG) == pid;
}

int sandbox_stop(struct sandbox *s)
{
	int ended = 1;

	if (!s)
		return 0;
	agent_close(s->agent);
	if (s->pid > 0) {
		/* PID 1 is in the same group; its death kills all others. */
		kill(-s->pid, SIGKILL);
		ended = await_end(s->pid);
	}
	free(s);
	return ended ? 0 : -EBUSY;
}

int sandbox_possible(struct error *e)
{
	static const char *const argv[] = { "bwrap", "--version", NULL };
	int err = spawn_wait(argv, NULL, e);

	if (err < 0)
		error_hint(e, "check.on: host needs bubblewrap: make deps");
	return err < 0 ? err : 0;
}

/*
 * The directory, its lock, its reaper.
 *
 * PARENT/powercut-XXXXXX/lock is locked with flock(2). The reaper is forked
 * after the lock was taken, so controller and reaper share it: the lock is
 * free exactly when both are dead, and then the directory is stale.
 *
 * Creation and sweep race with each other in other controllers. A sweeper
 * that wins the lock of a directory that is just being made removes it; its
 * maker sees that the lock is taken, or its lock file unlinked, and makes
 * another one. A directory without a lock file is only removed while empty
 * (rmdir): its maker then fails to create the lock file and tries again; or
 * when it is a minute old: no maker takes that long, it is a rest.
 */
#include "vm/runtime.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "vm/reap.h"

#define PREFIX "powercut-"
#define REST_AGE_S 60
#define REAP_TIMEOUT_MS 3000
#define REAPER_TIMEOUT_MS 5000 /* that, and removing the directory */
/* libvirt's longest, /libvirt/lib/qemu/domain-NNNN-TWENTYCHARACTERSOFNAME/
 * monitor.sock, and our own name are 79 of the 107 bytes of a socket's path. */
#define PARENT_MAX 28

struct runtime {
	char *path;
	int lock;
	int reaper_fd; /* its other end is the reaper's; EOF there: we died */
	pid_t reaper;
};

static void sweep_one(int parent_fd, const char *parent, const char *name)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", parent, name);
	CLEANUP_FREE char *lock = xasprintf("%s/lock", name);
	CLEANUP_CLOSE int fd = -1;
	struct stat st;

	/* In /tmp, others may have laid out anything under such a name. */
	if (fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return;
	fd = openat(parent_fd, lock,
		    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return;
	if (fd < 0 && st.st_mtime + REST_AGE_S > time(NULL)) {
		unlinkat(parent_fd, name, AT_REMOVEDIR);
		return;
	}
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	if (reap_until_gone(path, 0, 1, REAP_TIMEOUT_MS) == 0)
		rm_rf(path, NULL);
}

static int is_ours(const char *name)
{
	return strncmp(name, PREFIX, strlen(PREFIX)) == 0 &&
	       strlen(name) == strlen(PREFIX "XXXXXX");
}

/* Best effort: what cannot be removed now is tried again by the next one. */
static void sweep(const char *parent)
{
	DIR *d = opendir(parent);
	struct dirent *entry;

	if (!d)
		return;
	while ((entry = readdir(d)))
		if (is_ours(entry->d_name))
			sweep_one(dirfd(d), parent, entry->d_name);
	closedir(d);
}

/* 0, -EAGAIN: a sweeper took it, or another -errno. */
static int take_lock(const char *path, int *ret)
{
	CLEANUP_FREE char *file = xasprintf("%s/lock", path);
	CLEANUP_CLOSE int fd =
		open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_nlink == 0)
		return -EAGAIN;
	*ret = fd;
	fd = -1;
	return 0;
}

static int make_directory(const char *parent, struct runtime *r,
			  struct error *e)
{
	int err = -EAGAIN;

	for (int i = 0; i < 100 && err == -EAGAIN; i++) {
		free(r->path);
		r->path = xasprintf("%s/" PREFIX "XXXXXX", parent);
		if (!mkdtemp(r->path)) {
			err = error_errno(e, errno, "cannot create %s",
					  r->path);
			free(TAKE(r->path));
			return err;
		}
		err = take_lock(r->path, &r->lock);
	}
	if (err < 0)
		return error_errno(e, -err, "cannot lock %s/lock", r->path);
	return 0;
}

/*
 * Keeps the two descriptors and /dev/null as standard input, output and
 * error (else a pipe that reads the controller's output would never end).
 * Returns the new number of fd.
 */
static int drop_descriptors(int fd, int lock)
{
	int null = open("/dev/null", O_RDWR);

	/* Low numbers are possible where the controller had none of 0 to 2. */
	lock = fcntl(lock, F_DUPFD, 3);
	fd = fcntl(fd, F_DUPFD, lock + 1);
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	if (lock > 3)
		close_range(3, (unsigned int)lock - 1, 0);
	if (fd > lock + 1)
		close_range((unsigned int)lock + 1, (unsigned int)fd - 1, 0);
	close_range((unsigned int)fd + 1, ~0U, 0);
	return fd;
}

/* Waits for the controller to say that it is done, or to die. */
static int controller_is_done(int fd)
{
	char byte;
	ssize_t n;

	do {
		n = read(fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	return n == 1;
}

/* A dying process or a thread of libvirt may still make a file in it. */
static int remove_directory(const char *path)
{
	int err;

	for (int i = 0; i < 10; i++) {
		err = rm_rf(path, NULL);
		if (!err)
			break;
		poll(NULL, 0, 50);
	}
	return err;
}

/*
 * libvirt's driver keeps threads until the process ends, even behind
 * virConnectClose(), and one that saves a domain's status makes the folder for it
 * (libvirt: virDomainDefSaveXML()). So there is a last look once the controller is
 * dead, by a process that it does not wait for.
 */
static void look_again(const char *path, pid_t controller)
{
	CLEANUP_CLOSE int fd = pidfd_open(controller, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd < 0 || fork() != 0)
		return;
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
	remove_directory(path);
	_exit(0);
}

/* All signals are blocked: only SIGKILL ends it early. */
static void reaper_main(const struct runtime *r, int fd, pid_t controller)
{
	int done, err;

	setsid();
	prctl(PR_SET_NAME, "powercut-reaper");
	fd = drop_descriptors(fd, r->lock);
	if (chdir("/") < 0)
		_exit(1);
	done = controller_is_done(fd);
	/* A killed one may have been starting something: look longer. */
	if (done)
		reap_until_gone(r->path, controller, 1, REAP_TIMEOUT_MS);
	else
		reap_until_gone(r->path, 0, 6, REAP_TIMEOUT_MS);
	err = remove_directory(r->path);
	if (done)
		look_again(r->path, controller);
	_exit(err < 0);
}

static int start_reaper(struct runtime *r, struct error *e)
{
	pid_t self = getpid();
	sigset_t all, old;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return error_errno(e, errno, "cannot make a socket pair");
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	r->reaper = fork();
	if (r->reaper)
		sigprocmask(SIG_SETMASK, &old, NULL);
	if (r->reaper < 0) {
		int err = error_errno(e, errno, "cannot fork the reaper");

		close(ends[0]);
		close(ends[1]);
		return err;
	}
	if (r->reaper == 0) {
		close(ends[0]);
		reaper_main(r, ends[1], self);
	}
	close(ends[1]);
	r->reaper_fd = ends[0];
	return 0;
}

static int usable(const char *parent)
{
	return parent && *parent == '/' && strlen(parent) <= PARENT_MAX &&
	       access(parent, W_OK | X_OK) == 0;
}

static const char *default_parent(void)
{
	const char *list[] = { getenv("XDG_RUNTIME_DIR"), "/run", "/tmp" };

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		if (usable(list[i]))
			return list[i];
	return NULL;
}

static int check_parent(const char *parent, struct error *e)
{
	int err;

	if (strlen(parent) > PARENT_MAX) {
		err = error_set(e, ENAMETOOLONG,
				"runtime directory %s: its path is too long",
				parent);
		error_hint(e, "at most %d bytes, because the paths of sockets "
			   "are limited: use /run or /tmp", PARENT_MAX);
		return err;
	}
	if (access(parent, W_OK | X_OK) < 0)
		return error_errno(e, errno, "cannot write to %s", parent);
	return 0;
}

static void runtime_release(struct runtime *r)
{
	if (r->lock >= 0)
		close(r->lock);
	if (r->reaper_fd >= 0)
		close(r->reaper_fd);
	free(r->path);
	free(r);
}

int runtime_create(const char *parent, struct runtime **ret, struct error *e)
{
	CLEANUP_FREE char *full = NULL;
	struct runtime *r;
	int err;

	if (!parent)
		parent = default_parent();
	if (!parent)
		return error_set(e, EACCES, "neither $XDG_RUNTIME_DIR nor /run "
				 "nor /tmp is writable");
	/* libvirt and QEMU work in other folders. */
	full = realpath(parent, NULL);
	if (!full)
		return error_errno(e, errno, "runtime directory %s", parent);
	err = check_parent(full, e);
	if (err < 0)
		return err;
	sweep(full);
	r = xcalloc(1, sizeof(*r));
	r->lock = r->reaper_fd = -1;
	err = make_directory(full, r, e);
	if (!err)
		err = start_reaper(r, e);
	if (err < 0) {
		if (r->path)
			rm_rf(r->path, NULL);
		runtime_release(r);
		return err;
	}
	*ret = r;
	return 0;
}

const char *runtime_path(const struct runtime *r)
{
	return r->path;
}

/* 0 once the reaper has ended and said that all is gone. */
static int wait_for_reaper(pid_t pid)
{
	CLEANUP_CLOSE int fd = pidfd_open(pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int status = 1, n;

	do {
		n = poll(&p, 1, REAPER_TIMEOUT_MS);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0 ? 0 : -EBUSY;
}

void runtime_free(struct runtime *r)
{
	if (!r)
		return;
	/* If the reaper is gone already, do its work. */
	if (send(r->reaper_fd, "", 1, MSG_NOSIGNAL) != 1)
		kill(r->reaper, SIGKILL);
	if (wait_for_reaper(r->reaper) < 0) {
		reap_until_gone(r->path, 0, 1, REAP_TIMEOUT_MS);
		rm_rf(r->path, NULL);
	}
	runtime_release(r);
}

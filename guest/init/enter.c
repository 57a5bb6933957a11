/*
 * What posix_spawn does, and in between what it cannot: chroot(2), and waiting
 * until the watcher has the process.
 *
 * vfork(2): the child shares PID 1's memory until it executes, or copying that
 * would take as long as all the rest. But not its root and working folder
 * (CLONE_FS), nor its descriptors and signal handlers, so all that it does here
 * is its own. It writes no memory but its stack and one word, calls nothing
 * that takes a lock, and never returns from child().
 */
#include "guest/init/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "guest/init/image.h"
#include "guest/init/program.h"
#include "guest/watch/watch.h"

#define PATH_LEN 4096

struct entering {
	const struct program *program;
	const char *folder;
	const struct watch_line *watched; /* NULL: it is not */
	int out, err;
	volatile int error; /* the child's last word */
};

/* Nothing blocked or ignored, in a process group of its own: as in
 * program.c. */
static int set_up(const struct entering *n)
{
	struct sigaction normal = { .sa_handler = SIG_DFL };
	sigset_t none;
	int in;

	sigemptyset(&none);
	sigaction(SIGPIPE, &normal, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	in = open("/dev/null", O_RDONLY);
	if (in < 0 || dup2(in, 0) < 0 || dup2(n->out, 1) < 0 ||
	    dup2(n->err, 2) < 0)
		return errno;
	if (in > 2)
		close(in);
	if (n->program->root &&
	    (chroot(n->program->root) < 0 || chdir(n->folder) < 0))
		return errno;
	return n->watched ? watch_enter(n->watched) : 0;
}

/* execve(2) in one folder after the other; what is said of the search is what
 * execvp(3) says. */
static int execute(const struct program *p)
{
	const char *dir = p->path + strlen("PATH=");
	size_t name = strlen(p->argv[0]);
	int error = ENOENT;
	char file[PATH_LEN];

	if (strchr(p->argv[0], '/')) {
		execve(p->argv[0], p->argv, p->envp);
		return errno;
	}
	while (*dir) {
		size_t len = strcspn(dir, ":");

		if (len + name + 2 <= sizeof(file)) {
			memcpy(file, dir, len);
			file[len] = '/';
			memcpy(file + len + 1, p->argv[0], name + 1);
			execve(file, p->argv, p->envp);
			if (errno == EACCES)
				error = EACCES;
			else if (errno != ENOENT && errno != ENOTDIR)
				return errno;
		}
		dir += len + (dir[len] == ':');
	}
	return error;
}

static __attribute__((noreturn, noinline)) void child(struct entering *n)
{
	n->error = set_up(n);
	if (!n->error)
		n->error = execute(n->program);
	_exit(127);
}

int enter(const struct program *p, int out, int err,
	  const struct watch_line *watched, pid_t *ret)
{
	struct entering n = {
		.program = p,
		.folder = image_folder() ? image_folder() : "/",
		.watched = watched,
		.out = out,
		.err = err,
	};
	pid_t pid = vfork();

	if (pid == 0)
		child(&n);
	if (pid < 0)
		return errno;
	if (!n.error)
		*ret = pid;
	return n.error;
}

#include "drive/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"

extern char **environ;

#define MAX_ARGS 20

struct args {
	char *argv[MAX_ARGS + 1];
	size_t n;
};

static void add(struct args *a, char *arg)
{
	if (a->n == MAX_ARGS)
		abort();
	a->argv[a->n++] = arg;
}

static void add_path(struct args *a, const char *key, const char *path)
{
	CLEANUP_FREE char *full = absolute_path(path);

	add(a, xasprintf("%s=%s", key, full));
}

char *absolute_path(const char *path)
{
	CLEANUP_FREE char *here = NULL;

	if (*path == '/')
		return xstrdup(path);
	here = getcwd(NULL, 0);
	return xasprintf("%s/%s", here ? here : ".", path);
}

/* nbdkit(1). No filters: each would stand between the drive and its log. */
static void make_args(struct args *a, const struct drive_config *c,
		      const char *nbd_socket, const char *control_socket)
{
	add(a, xstrdup("nbdkit"));
	add(a, xstrdup("--foreground"));
	add(a, xstrdup("--exit-with-parent"));
	add(a, xstrdup("--threads=16"));
	add(a, xstrdup("--unix"));
	add(a, xstrdup(nbd_socket));
	add(a, absolute_path(c->plugin));
	add(a, xasprintf("mode=%s",
			 c->mode == DRIVE_RECORD ? "record" : "state"));
	add(a, xasprintf("size=%" PRIu64, c->size));
	add(a, xasprintf("block=%" PRIu32, c->block));
	add_path(a, "control", control_socket);
	if (c->mode == DRIVE_RECORD) {
		add_path(a, "log", c->log);
		if (c->base)
			add_path(a, "base", c->base);
		add(a, xasprintf("latency=%" PRIu64, c->latency_ns));
	} else {
		add_path(a, "scratch", c->scratch_dir);
	}
}

int process_spawn(char *argv[], const char *err_path, pid_t *ret,
		  struct error *e)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int err;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
						POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, err_path,
					 O_WRONLY | O_CREAT | O_TRUNC, 0666);
	posix_spawn_file_actions_adddup2(&actions, 1, 2);
	err = posix_spawnp(ret, argv[0], &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (!err)
		return 0;
	error_errno(e, err, "cannot run %s", argv[0]);
	if (err == ENOENT)
		error_hint(e, "install the package %s", argv[0]);
	return -err;
}

int process_start(const struct drive_config *c, const char *nbd_socket,
		  const char *control_socket, const char *err_path,
		  pid_t *ret, struct error *e)
{
	struct args a = { .n = 0 };
	int err;

	make_args(&a, c, nbd_socket, control_socket);
	err = process_spawn(a.argv, err_path, ret, e);
	for (size_t i = 0; i < a.n; i++)
		free(a.argv[i]);
	return err;
}

int process_ended(pid_t *pid)
{
	if (*pid < 0)
		return 1;
	if (waitpid(*pid, NULL, WNOHANG) != *pid)
		return 0;
	*pid = -1;
	return 1;
}

void process_kill(pid_t *pid)
{
	if (*pid < 0)
		return;
	kill(*pid, SIGKILL);
	while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
		;
	*pid = -1;
}

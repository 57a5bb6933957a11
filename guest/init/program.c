#include "guest/init/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "guest/init/frames.h"

#define SEARCH "/pc/work:/pc/bin:/bin:/sbin:/usr/bin:/usr/sbin"
/* More strings than this in one request are a mistake, not a program. */
#define STRINGS_MAX 4096

void program_free(struct program *p)
{
	free(p->argv);
	free(p->envp);
	free(p->path);
}

static int take_strings(struct cursor *c, uint32_t n, char **ret)
{
	for (uint32_t i = 0; i < n; i++) {
		ret[i] = (char *)cursor_string(c);
		if (!ret[i])
			return -EPROTO;
	}
	return 0;
}

/*
 * The environment: ours first, then the request's, which overrides (a later
 * one of the same name would not: getenv takes the first). PATH is searched
 * from /pc/work on, always.
 */
static void complete_env(struct program *c, uint32_t n)
{
	static char *const ours[] = { "HOME=/root", "TERM=linux", "LANG=C" };
	char **end = c->envp + n;

	for (char **e = c->envp; *e; e++) {
		if (!strncmp(*e, "PATH=", 5))
			*e = c->path = xasprintf("PATH=/pc/work:/pc/bin:%s", *e + 5);
	}
	if (!c->path)
		*end++ = c->path = xstrdup("PATH=" SEARCH);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		*end++ = ours[i];
	*end = NULL;
}

int program_take(struct cursor *c, uint32_t argc, uint32_t envc,
		 struct program *ret)
{
	*ret = (struct program){ 0 };
	if (argc > STRINGS_MAX || envc > STRINGS_MAX)
		return -EPROTO;
	ret->argv = xcalloc(argc + 1, sizeof(char *));
	ret->envp = xcalloc(envc + 8, sizeof(char *));
	if (take_strings(c, argc, ret->argv) < 0 ||
	    take_strings(c, envc, ret->envp) < 0)
		return -EPROTO;
	complete_env(ret, envc);
	return 0;
}

/* Nothing blocked or ignored: a program must not inherit PID 1's ways. */
static void set_attributes(posix_spawnattr_t *attr)
{
	sigset_t set;

	posix_spawnattr_init(attr);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP |
					       POSIX_SPAWN_SETSIGMASK |
					       POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(attr, 0);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(attr, &set);
	sigaddset(&set, SIGPIPE);
	posix_spawnattr_setsigdefault(attr, &set);
}

/*
 * posix_spawn shares PID 1's memory with the child until it executes (vfork):
 * under TCG, copying it takes as long as all the rest. It searches the PATH of
 * this process and returns why the program could not be executed.
 */
int program_start(const struct program *c, int out, int err, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int error;

	setenv("PATH", c->path + strlen("PATH="), 1);
	set_attributes(&attr);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, err, 2);
	error = posix_spawnp(ret, c->argv[0], &actions, &attr, c->argv,
			     c->envp);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return error;
}

int program_pipe(int *ret_read, int *ret_write)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	*ret_read = fds[0];
	*ret_write = fds[1];
	return 0;
}

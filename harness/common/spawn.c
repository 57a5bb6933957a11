#include "common/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/error.h"

extern char **environ;

static int collect(int fd, struct buf *output)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (output)
			buf_add(output, chunk, (size_t)n);
	}
	return 0;
}

static int run(const char *const argv[], int take_error,
	       struct buf *ret_output, struct error *e)
{
	posix_spawn_file_actions_t actions;
	int pipes[2], status, err;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return error_errno(e, errno, "cannot make a pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
	if (take_error)
		posix_spawn_file_actions_adddup2(&actions, pipes[1], 2);
	err = posix_spawnp(&pid, argv[0], &actions, NULL, (char **)argv,
			   environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[1]);
	if (err) {
		close(pipes[0]);
		return error_errno(e, err, "cannot run %s", argv[0]);
	}
	collect(pipes[0], ret_output);
	close(pipes[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(e, errno, "cannot wait for %s",
					   argv[0]);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

int spawn_wait(const char *const argv[], struct buf *ret_output,
	       struct error *e)
{
	return run(argv, 1, ret_output, e);
}

int spawn_stdout(const char *const argv[], struct buf *ret_output,
		 struct error *e)
{
	return run(argv, 0, ret_output, e);
}

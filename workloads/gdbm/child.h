/*
 * Goes on in a child, since a library that maps its file dies of a damaged one
 * (SIGBUS behind the file's end, SIGSEGV, a failed assertion): that is the
 * store's fault and a violation. Any other end is the child's own verdict.
 */
#ifndef CHILD_H
#define CHILD_H

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "puts.h"

static inline void judge_in_child(void)
{
	pid_t pid = fork();
	int status, sig;

	if (pid < 0)
		end(2, "cannot fork: %s", strerror(errno));
	if (pid == 0)
		return;
	if (waitpid(pid, &status, 0) != pid)
		end(2, "cannot wait for the child: %s", strerror(errno));
	if (WIFEXITED(status))
		exit(WEXITSTATUS(status));
	sig = WTERMSIG(status);
	if (sig == SIGBUS || sig == SIGSEGV || sig == SIGABRT || sig == SIGFPE)
		end(1, "corrupt: the library died reading it: %s",
		    strsignal(sig));
	end(2, "the child died: %s", strsignal(sig));
}

#endif

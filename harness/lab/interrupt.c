#include "lab/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>
#include <fcntl.h>

#include "common/error.h"

static atomic_int count;
static int stop_pipe[2] = { -1, -1 }, abort_pipe[2] = { -1, -1 };

static void on_signal(int signal)
{
	int saved = errno;
	int n = atomic_fetch_add(&count, 1) + 1;
	ssize_t written = 0;

	(void)signal;
	if (n == 1)
		written = write(stop_pipe[1], "!", 1);
	if (n == 2)
		written = write(abort_pipe[1], "!", 1);
	(void)written;
	errno = saved;
}

int interrupt_init(struct error *e)
{
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = SA_RESTART };
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) < 0 ||
	    pipe2(abort_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_errno(e, errno, "cannot make a pipe");
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

int interrupt_count(void)
{
	return atomic_load(&count);
}

int interrupt_stop_fd(void)
{
	return stop_pipe[0];
}

int interrupt_abort_fd(void)
{
	return abort_pipe[0];
}

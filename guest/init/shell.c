#include "guest/init/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "guest/init/image.h"

/* /dev/console cannot be a controlling terminal (Linux: tty_io.c), so the
 * serial line itself comes first. */
static int open_console(void)
{
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY);

	return fd >= 0 ? fd : open("/dev/console", O_RDWR | O_NOCTTY);
}

static __attribute__((noreturn)) void shell(void)
{
	static char *const argv[] = { "-sh", NULL };
	static char *const envp[] = {
		"PATH=/pc/work:/pc/bin:/usr/local/bin:/usr/local/sbin:/bin:/sbin:"
		"/usr/bin:/usr/sbin",
		"HOME=/root",
		"TERM=vt100", "PS1=powercut:\\w# ", NULL,
	};
	sigset_t none;
	int fd;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	fd = open_console(); /* ours: the image's /dev is the same */
	if (image_root() && (chroot(image_root()) < 0 || chdir("/root") < 0))
		_exit(127);
	if (fd < 0)
		_exit(127);
	ioctl(fd, TIOCSCTTY, 1);
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	execve("/bin/sh", argv, envp);
	_exit(127);
}

pid_t shell_start(void)
{
	pid_t pid = fork();

	if (pid == 0)
		shell();
	return pid < 0 ? -errno : pid;
}

/*
 * log-writes [--log DEVICE] DISK COMMAND [ARGUMENT]...
 *
 * Runs a command while Linux's dm-log-writes records: /dev/logged is DISK, and
 * what is written there is logged on DEVICE; without --log on the second half of
 * DISK itself, and /dev/logged is its first half. The marks of powercut.h go
 * into that log, too. Then the target is removed, which completes the log.
 * Exit status: the command's; 2 if there is none.
 */
#include <sys/wait.h>

#include "kernel.h"

#define LOGGED "logged"
#define LOG "log"

struct options {
	const char *log; /* NULL: the second half */
	const char *disk;
	char **command;
};

static struct options parse(char **argv)
{
	struct options o = { 0 };

	argv++;
	if (argv[0] && argv[1] && !strcmp(argv[0], "--log")) {
		o.log = argv[1];
		argv += 2;
	}
	if (!argv[0] || !argv[1]) {
		fputs("usage: log-writes [--log DEVICE] DISK COMMAND "
		      "[ARGUMENT]...\n", stderr);
		exit(2);
	}
	o.disk = argv[0];
	o.command = argv + 1;
	return o;
}

static void set_up(const struct options *o)
{
	uint64_t sectors = device_sectors(o->disk);
	char parameters[256];

	load_modules("dm_log_writes", "");
	if (!o->log) {
		sectors /= 2;
		snprintf(parameters, sizeof(parameters), "%s %llu", o->disk,
			 (unsigned long long)sectors);
		dm_create(LOG, "linear", sectors, parameters);
	}
	snprintf(parameters, sizeof(parameters), "%s %s", o->disk,
		 o->log ? o->log : "/dev/" LOG);
	dm_create(LOGGED, "log-writes", sectors, parameters);
}

static int run(char **command)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setenv("PC_LOG_WRITES", LOGGED, 1);
		execvp(command[0], command);
		die("cannot run %s", command[0]);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("cannot run %s", command[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	struct options o = parse(argv);
	int status;

	(void)argc;
	set_up(&o);
	status = run(o.command);
	dm_remove(LOGGED);
	if (!o.log)
		dm_remove(LOG);
	return status;
}

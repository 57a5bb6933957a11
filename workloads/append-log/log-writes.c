/*
 * log-writes DISK COMMAND [ARGUMENT]...
 * log-writes --memory COMMAND [ARGUMENT]...
 *
 * Runs a command while Linux's dm-log-writes records: /dev/logged is the first
 * half of DISK, and what is written there is logged on its second half. With
 * --memory, both are disks of the kernel's in memory (null_blk): the whole of
 * /dev/nullb0, and /dev/nullb1. The marks of powercut.h go into that log, too.
 * Then the target is removed, which completes the log.
 * Exit status: the command's; 2 if there is none.
 */
#include <sys/wait.h>

#include "kernel.h"

#define LOGGED "logged"
#define LOG "log"

#define MEMORY_DISK "/dev/nullb0"
#define MEMORY_LOG "/dev/nullb1"
#define MEMORY "nr_devices=2 memory_backed=1 discard=1 gb=1 bs=512"

struct options {
	int memory;
	const char *disk;
	char **command;
};

static struct options parse(int argc, char **argv)
{
	if (argc < 3) {
		fputs("usage: log-writes DISK|--memory COMMAND "
		      "[ARGUMENT]...\n", stderr);
		exit(2);
	}
	return (struct options){ .memory = !strcmp(argv[1], "--memory"),
				 .disk = argv[1],
				 .command = argv + 2 };
}

static void set_up_in_memory(void)
{
	load_modules("null_blk", MEMORY);
	dm_create(LOGGED, "log-writes", device_sectors(MEMORY_DISK),
		  MEMORY_DISK " " MEMORY_LOG);
}

static void set_up_halves(const char *disk)
{
	uint64_t sectors = device_sectors(disk) / 2;
	char parameters[256];

	snprintf(parameters, sizeof(parameters), "%s %llu", disk,
		 (unsigned long long)sectors);
	dm_create(LOG, "linear", sectors, parameters);
	snprintf(parameters, sizeof(parameters), "%s /dev/" LOG, disk);
	dm_create(LOGGED, "log-writes", sectors, parameters);
}

static void set_up(const struct options *o)
{
	load_modules("dm_log_writes", "");
	if (o->memory)
		set_up_in_memory();
	else
		set_up_halves(o->disk);
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
	struct options o = parse(argc, argv);
	int status;

	set_up(&o);
	status = run(o.command);
	dm_remove(LOGGED);
	if (!o.memory)
		dm_remove(LOG);
	return status;
}

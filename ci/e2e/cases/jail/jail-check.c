/*
 * A check that tries what a check has no business with. Exit 1: something of it
 * worked, the last line says what. It leaves behind what the next state must
 * not see: a process that holds the mounted state, files.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int worked;

static void must_not(int did, const char *what)
{
	if (did) {
		printf("%s\n", what);
		worked = 1;
	}
}

static int can_open(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int can_create(const char *dir)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/powercut-jail-x", dir);
	return can_open(path, O_CREAT | O_WRONLY);
}

static int processes(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;
	int n = 0;

	while (proc && (d = readdir(proc)))
		n += isdigit((unsigned char)d->d_name[0]) != 0;
	return n;
}

static int can_reach(const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, address, &to.sin_addr);
	return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
}

static void try_files(void)
{
	static const char *const closed[] = { "/", "/etc", "/bin", "/dev",
					      "/pc", "/pc/bin", "/pc/work",
					      "/root", "/mnt/.." };
	static const char *const devices[] = { "/dev/loop-control", "/dev/kmsg",
					       "/dev/mem", "/dev/vda",
					       "/dev/fuse",
					       "/proc/sysrq-trigger" };

	for (size_t i = 0; i < sizeof(closed) / sizeof(*closed); i++)
		must_not(can_create(closed[i]), closed[i]);
	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		must_not(can_open(devices[i], O_WRONLY), devices[i]);
	must_not(can_open("/proc/1/environ", O_RDONLY), "PID 1 is readable");
}

static void try_powers(void)
{
	must_not(mount("none", "/tmp", "tmpfs", 0, "") == 0, "it can mount");
	must_not(umount2(getenv("PC_MOUNT"), MNT_DETACH) == 0,
		 "it can unmount");
	must_not(unshare(CLONE_NEWNS) == 0, "it can leave its namespace");
	must_not(mknod("/tmp/powercut-jail-node", S_IFBLK | 0600,
		       makedev(7, 0)) == 0, "it can make device nodes");
	must_not(ptrace(PTRACE_ATTACH, 1, 0, 0) == 0, "it can trace PID 1");
	must_not(sethostname("powercut-jail", 13) == 0, "it can rename hosts");
	must_not(can_reach("198.51.100.1"), "it has a network");
}

static void try_leftovers(void)
{
	char mine[256];

	snprintf(mine, sizeof(mine), "%s/powercut-jail-mine",
		 getenv("PC_MOUNT"));
	must_not(processes() != 2, "there are other processes");
	must_not(can_open(mine, O_RDONLY), "a file of the state before");
	must_not(can_open("/tmp/powercut-jail-mine", O_RDONLY),
		 "a file in /tmp from the state before");
	must_not(!can_open(mine, O_CREAT | O_RDWR), "the state is read only");
	must_not(!can_open("/tmp/powercut-jail-mine", O_CREAT | O_RDWR),
		 "/tmp is read only");
	if (fork() == 0) {
		int fd = open(mine, O_RDWR);

		setsid();
		signal(SIGTERM, SIG_IGN);
		for (;;)
			if (write(fd, "x", 1) != 1)
				pause();
	}
}

/* With an argument it leaves alone what a guest could not go on without. */
int main(int argc, char *argv[])
{
	(void)argv;
	try_files();
	if (argc == 1) {
		try_powers();
		try_leftovers();
	}
	return worked;
}

/*
 * every-call DIR: changes and syncs files in many ways between marks, in threads
 * and in a child that outlives its parent.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <powercut.h>

static void must(int done, const char *what)
{
	if (done)
		return;
	perror(what);
	exit(2);
}

static void write_and_sync(void)
{
	struct iovec v[2] = { { "one ", 4 }, { "two\n", 4 } };
	int fd = open("log", O_CREAT | O_EXCL | O_WRONLY | O_APPEND, 0644);

	must(fd >= 0, "open");
	must(write(fd, "hello\n", 6) == 6, "write");
	must(writev(fd, v, 2) == 8, "writev");
	must(fsync(fd) == 0, "fsync");
	must(pc_ack("written") == 0, "ack");
	close(fd);
}

static void rename_file(void)
{
	int fd = open("new", O_CREAT | O_WRONLY | O_DSYNC, 0644);

	must(pwrite(fd, "new", 3, 4096) == 3, "pwrite");
	must(ftruncate(fd, 5000) == 0, "ftruncate");
	must(rename("new", "log") == 0, "rename");
	must(link("log", "hard") == 0 && symlink("log", "soft") == 0, "link");
	must(unlink("hard") == 0, "unlink");
	must(pc_ack("renamed") == 0, "ack");
	close(fd);
}

static void store_in_map(void)
{
	int fd = open("map", O_CREAT | O_RDWR, 0644);
	char *at;

	must(fallocate(fd, 0, 0, 8192) == 0, "fallocate");
	at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(at != MAP_FAILED, "mmap");
	at[4096] = 1;
	must(msync(at + 4096, 4096, MS_SYNC) == 0, "msync");
	must(pc_mark("mapped") == 0, "mark");
	close(fd);
}

static void *in_thread(void *unused)
{
	int fd = open("thread", O_CREAT | O_WRONLY, 0644);

	must(write(fd, "thread", 6) == 6 && fdatasync(fd) == 0, "thread");
	close(fd);
	return unused;
}

static void be_daemon(int ready)
{
	while (getppid() != 1)
		usleep(1000);
	must(pc_mark("daemon") == 0, "mark");
	close(ready);
	for (;;)
		pause();
}

/* It has lost its parent when it speaks, and is still there at the end. */
static void leave_daemon(void)
{
	int ready[2];
	char c;

	must(pipe(ready) == 0, "pipe");
	if (fork() == 0) {
		close(ready[0]);
		setsid();
		if (fork() == 0)
			be_daemon(ready[1]);
		_exit(0);
	}
	close(ready[1]);
	wait(NULL);
	must(read(ready[0], &c, 1) == 0, "daemon");
}

int main(int argc, char **argv)
{
	pthread_t thread;

	must(argc == 2 && chdir(argv[1]) == 0, "chdir");
	write_and_sync();
	rename_file();
	store_in_map();
	pthread_create(&thread, NULL, in_thread, NULL);
	pthread_join(thread, NULL);
	must(mkdir("folder", 0755) == 0 && rmdir("folder") == 0, "mkdir");
	leave_daemon();
	return 0;
}

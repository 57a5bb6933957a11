/*
 * bare COUNT DEVICE DIR TYPE OPTIONS FOLDER FSCK CHECK [ARGUMENT...]
 *
 * The least that judging COUNT crash states takes: a loop of direct system
 * calls with nothing of powercut's in it. powercut bench compares the harness
 * with it, in the same guest, on the same states.
 *
 * The drive holds the states in a queue (drive.h); a write to the marks' disk
 * moves it to the next one. FOLDER has the promises of the i-th, i.acks and
 * i.begun. FSCK is 1 or 0. Each state must hold: exit 0, and the time in ns that
 * all took, mounts, checks, unmounts, fscks, on standard output. Exit 1: one did
 * not, or something failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest/include/mark-block.h"

enum { NEXT, MOUNT, CHECK, UMOUNT, FSCK, STEPS };

static uint64_t spent[STEPS]; /* ns */
static int marks = -1;
static char acks[256], begun[256];
static char *environment[] = { "PATH=/pc/work:/pc/bin:/bin:/sbin",
			       "HOME=/root", "LANG=C", "PC_SEED=1",
			       "PC_MOUNT=/mnt", acks, begun, NULL };

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "bare: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Adds what has passed since *at to the step. */
static void lap(int step, uint64_t *at)
{
	uint64_t t = now();

	spent[step] += t - *at;
	*at = t;
}

static void next_state(void)
{
	static _Alignas(MARK_BLOCK_SIZE) char block[MARK_BLOCK_SIZE];

	if (pwrite(marks, block, sizeof(block), 0) != sizeof(block))
		die("next state");
}

static void run(char **argv)
{
	posix_spawn_file_actions_t quiet;
	int status, err;
	pid_t pid;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	err = posix_spawnp(&pid, argv[0], &quiet, NULL, argv, environment);
	posix_spawn_file_actions_destroy(&quiet);
	if (err || waitpid(pid, &status, 0) != pid || status) {
		errno = err ? err : EPROTO;
		die(argv[0]);
	}
}

static void judge(char **argv, int number)
{
	char *fsck[] = { "e2fsck", "-f", "-n", argv[0], NULL };
	uint64_t at = now();

	snprintf(acks, sizeof(acks), "PC_ACKS=%s/%d.acks", argv[4], number);
	snprintf(begun, sizeof(begun), "PC_BEGUN=%s/%d.begun", argv[4],
		 number);
	next_state();
	lap(NEXT, &at);
	if (mount(argv[0], argv[1], argv[2], 0, argv[3]) < 0)
		die("mount");
	lap(MOUNT, &at);
	run(argv + 6);
	lap(CHECK, &at);
	if (umount2(argv[1], 0) < 0)
		die("umount");
	lap(UMOUNT, &at);
	if (!strcmp(argv[5], "1"))
		run(fsck);
	lap(FSCK, &at);
}

int main(int argc, char **argv)
{
	uint64_t start, all;

	if (argc < 9)
		die("usage: COUNT DEVICE DIR TYPE OPTIONS FOLDER FSCK CHECK...");
	setenv("PATH", environment[0] + 5, 1);
	marks = open(MARK_DEVICE, O_WRONLY | O_DIRECT | O_CLOEXEC);
	if (marks < 0)
		die(MARK_DEVICE);
	start = now();
	for (int i = 0; i < atoi(argv[1]); i++)
		judge(argv + 2, i);
	all = now() - start;
	printf("%llu %llu %llu %llu %llu\n", (unsigned long long)all,
	       (unsigned long long)spent[MOUNT],
	       (unsigned long long)spent[CHECK],
	       (unsigned long long)spent[UMOUNT],
	       (unsigned long long)spent[FSCK]);
	return 0;
}

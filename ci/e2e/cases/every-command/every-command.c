/*
 * Writes, FUA writes, flushes, discards and write-zeroes on the raw device, with
 * marks between, by several processes at once: each changes blocks of its own,
 * over and over; all of them flush.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/fs.h>
#include <linux/nvme_ioctl.h>

#include <powercut.h>

#define BLOCK 512
#define PROCESSES 3
#define REGION (512 * 1024) /* bytes, of a process */
#define BLOCKS 24           /* that it changes */
#define LONGEST 12          /* blocks */
#define STEPS 40

#define NVME_WRITE 1
#define NVME_FUA (1 << 14)

static unsigned char data[LONGEST * BLOCK] __attribute__((aligned(4096)));

static void must(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(2);
}

static void write_fua(int fd, uint64_t at, uint64_t length)
{
	struct nvme_user_io io = {
		.opcode = NVME_WRITE,
		.control = NVME_FUA,
		.addr = (uint64_t)(uintptr_t)data,
		.slba = at / BLOCK,
		.nblocks = (uint16_t)(length / BLOCK - 1),
	};

	must(ioctl(fd, NVME_IOCTL_SUBMIT_IO, &io) == 0, "FUA");
}

static void step(int fd, int process, int n)
{
	uint64_t first = (uint64_t)rand() % BLOCKS;
	uint64_t blocks = 1 + (uint64_t)rand() % LONGEST;
	uint64_t at = (uint64_t)process * REGION + first * BLOCK;
	uint64_t range[2] = { at, blocks * BLOCK };

	memset(data, 1 + process * STEPS + n, sizeof(data));
	switch (n % 7) {
	case 0:
	case 3:
		must(pwrite(fd, data, range[1], (off_t)at) ==
		     (ssize_t)range[1], "write");
		break;
	case 1:
		write_fua(fd, at, range[1]);
		break;
	case 2:
		must(ioctl(fd, BLKDISCARD, range) == 0, "discard");
		break;
	case 4:
		must(ioctl(fd, BLKZEROOUT, range) == 0, "write zeroes");
		break;
	case 5:
		must(fsync(fd) == 0, "flush");
		break;
	default:
		must(pc_mark("%d.%d", process, n) == 0, "mark");
	}
}

static int work(int process)
{
	int fd = open(getenv("PC_DEVICE"), O_RDWR | O_DIRECT | O_CLOEXEC);

	must(fd >= 0, "open");
	srand((unsigned)process + 1);
	for (int n = 0; n < STEPS; n++)
		step(fd, process, n);
	return 0;
}

int main(void)
{
	int status, failed = 0;

	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0)
			return work(i);
	while (wait(&status) > 0)
		failed |= status != 0;
	return failed;
}

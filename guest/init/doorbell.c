/*
 * With shadow doorbells the controller takes the tail from guest memory and
 * not from the value written, so 0, always smaller than the queue, is valid.
 * Without them the value counts, and writing would break the queue: so the
 * controller is asked first (NVMe 1.4, 5.15.2.2: OACS bit 8, Doorbell Buffer
 * Config). The doorbell of submission queue q is at 0x1000 + 8 * q while
 * CAP.DSTRD is 0 (NVMe 1.4, 3.1.16), as on QEMU.
 *
 * It rings whether or not I/O is in flight: a lone flush is not counted in
 * /sys/block/X/inflight, and looking costs more than ringing.
 */
#include "guest/init/doorbell.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/nvme_ioctl.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"

#define BUSY_NS 4000000
#define IDLE_NS 50000000
/* The next request often follows at once, and writeback lags behind. */
#define AFTER_TICKS 64
#define DOORBELLS 0x1000
#define OACS_OFFSET 256
#define OACS_DBBUF 0x100
#define ADMIN_IDENTIFY 0x06
#define CNS_CONTROLLER 1

static struct {
	volatile uint32_t *registers;
	unsigned int queues; /* I/O queues: 1 .. queues */
	atomic_int ticks; /* how often to ring soon */
} doorbell;

static int attribute_is(const char *controller, const char *name,
			const char *expect)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/nvme/%s/device/%s", controller,
		 name);
	return file_read(path, &b, NULL) == 0 &&
	       !strncmp(buf_text(&b), expect, strlen(expect));
}

static int shadow_doorbells(const char *controller)
{
	_Alignas(4096) uint8_t identity[4096] = { 0 };
	struct nvme_admin_cmd cmd = {
		.opcode = ADMIN_IDENTIFY,
		.addr = (uint64_t)(uintptr_t)identity,
		.data_len = sizeof(identity),
		.cdw10 = CNS_CONTROLLER,
	};
	CLEANUP_CLOSE int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "/dev/%s", controller);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, NVME_IOCTL_ADMIN_CMD, &cmd) != 0)
		return 0;
	return identity[OACS_OFFSET + 1] & (OACS_DBBUF >> 8);
}

/* All namespaces share the controller's queues. */
static unsigned int count_queues(const char *controller)
{
	unsigned int n = 0;
	struct stat st;
	char path[128];

	do {
		snprintf(path, sizeof(path), "/sys/block/%sn1/mq/%u",
			 controller, n);
	} while (stat(path, &st) == 0 && ++n);
	return n;
}

static int map_registers(const char *controller)
{
	CLEANUP_CLOSE int fd = -1;
	struct stat st;
	char path[128];
	void *p;

	snprintf(path, sizeof(path), "/sys/class/nvme/%s/device/resource0",
		 controller);
	fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < DOORBELLS + 8 * (doorbell.queues + 1))
		return -ERANGE;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		 fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	doorbell.registers = p;
	return 0;
}

static void *ring(void *unused)
{
	for (;;) {
		int soon = atomic_load(&doorbell.ticks) > 0 &&
			   atomic_fetch_sub(&doorbell.ticks, 1) > 0;
		long ns = soon ? BUSY_NS : IDLE_NS;

		nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL);
		for (unsigned int q = 1; q <= doorbell.queues; q++)
			doorbell.registers[(DOORBELLS + 8 * q) / 4] = 0;
	}
	return unused;
}

int doorbell_start(const char *controller)
{
	pthread_t thread;
	int r;

	if (!attribute_is(controller, "vendor", "0x1b36") ||
	    !attribute_is(controller, "device", "0x0010") ||
	    !shadow_doorbells(controller))
		return 0;
	doorbell.queues = count_queues(controller);
	if (doorbell.queues == 0)
		return -ENODEV;
	r = map_registers(controller);
	return r < 0 ? r : -pthread_create(&thread, NULL, ring, NULL);
}

void doorbell_busy(int busy)
{
	atomic_store(&doorbell.ticks, busy ? INT_MAX : AFTER_TICKS);
}

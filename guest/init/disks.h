/*
 * The drive as the guest sees it: two disks, on the bus that the kernel's
 * command line names (protocol.h).
 */
#ifndef GUEST_DISKS_H
#define GUEST_DISKS_H

#include <stddef.h>
#include <stdint.h>

/* The disk's name in /dev; the other one is MARK_DEVICE (mark-block.h). */
#define DISK_LINK "/dev/powercut-disk"

struct error;

struct disks {
	char bus[16];       /* nvme, virtio, scsi */
	char scheduler[32]; /* of the disk, "": the kernel's own */
	char disk[32], marks[32]; /* in /sys/block, once found */
};

/* The value of the word KEY=VALUE of a command line; `otherwise` if there is
 * none or it does not fit. key ends with '='. */
void disks_parameter(const char *cmdline, const char *key,
		     const char *otherwise, char *ret, size_t size);
/* Reads /proc/cmdline. */
int disks_parameters(struct disks *ret, struct error *e);
/* Waits for the virtio disk with this serial: its name in /sys/block. */
int disks_find_serial(const char *serial, char *ret, size_t size,
		      struct error *e);
/* Loads what the bus and the scheduler need, waits for both disks, sets them
 * up and gives them their names in /dev. */
int disks_start(struct disks *d, struct error *e);
/* The dev_t of the disk, as the kernel has it inside: DISKS_MINOR_BITS below
 * the major number (linux include/linux/kdev_t.h). -errno: there is none. */
#define DISKS_MINOR_BITS 20
int disks_number(uint32_t *ret);

#endif

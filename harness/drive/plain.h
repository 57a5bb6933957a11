/*
 * A plain memory disk in place of the drive: what a workload takes where
 * nothing is recorded. Two nbdkit processes with the memory plugin, one for
 * the disk and one for the marks: it serves one disk under every export name.
 *
 * They die with the thread that started them.
 */
#ifndef DRIVE_PLAIN_H
#define DRIVE_PLAIN_H

#include <stdint.h>

struct error;
struct plain_drive;

/* runtime_dir, name: as in struct drive_config. size in bytes. Blocks until
 * both can be connected to. */
int plain_drive_start(const char *runtime_dir, const char *name, uint64_t size,
		      struct plain_drive **ret, struct error *e);
/* For vm_config. Borrowed. */
const char *plain_drive_disk_socket(const struct plain_drive *d);
const char *plain_drive_marks_socket(const struct plain_drive *d);
/* As drive_stop. NULL is allowed. */
void plain_drive_stop(struct plain_drive *d);

#endif

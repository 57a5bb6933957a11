/*
 * A mark on its way: one O_DIRECT write of one block to the marks namespace.
 * Shared by libpowercut (writes it) and the drive (reads it). Little endian.
 */
#ifndef MARK_BLOCK_H
#define MARK_BLOCK_H

#include <stdint.h>

#define MARK_BLOCK_MAGIC "PCMARK1\n"
#define MARK_BLOCK_SIZE 4096 /* also the namespace's logical block size */
#define MARK_DISK_SIZE (1u << 20) /* of the marks namespace, bytes */
#define MARK_DEVICE "/dev/powercut-marks" /* made by PID 1 */

struct mark_block {
	char magic[8];
	uint32_t kind;   /* enum mark_kind: 1 begin, 2 ack, 3 mark */
	uint32_t length; /* of the text, at most 4000 */
	uint32_t pid;    /* of the writer */
	uint32_t reserved;
	char text[MARK_BLOCK_SIZE - 24];
};

#endif

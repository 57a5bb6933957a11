/*
 * The drive that serves crash states (DRIVE_STATE): base, log and units file
 * as the patches say, and over them what the guest wrote.
 *
 * Any number of threads may call. Until serve_load the disk is all zeroes.
 */
#ifndef DRIVE_SERVE_H
#define DRIVE_SERVE_H

#include <stddef.h>
#include <stdint.h>

#include "drive/drive.h"

struct error;
struct server;

int server_create(uint64_t size, uint32_t block, const char *scratch_dir,
		  struct server **ret, struct error *e);
void server_free(struct server *s);

/* From the guest; offsets and lengths in whole blocks, or -EINVAL. -EIO where
 * the device is dead. */
int server_read(struct server *s, void *data, uint64_t length,
		uint64_t offset);
int server_write(struct server *s, const void *data, uint64_t length,
		 uint64_t offset);
int server_zero(struct server *s, uint64_t length, uint64_t offset);
int server_flush(struct server *s);

/* -errno of the first read or write that failed here, on the host; 0: none. */
int server_health(struct server *s);

/* From the controller; as drive_load and drive_set_state. On failure nothing
 * has changed. */
int server_load(struct server *s, const char *base, const char *log,
		const char *units, uint32_t unit_size, struct error *e);
int server_set_state(struct server *s, const struct patch *patches, size_t n,
		     struct error *e);
/* As drive_set_access. */
void server_set_access(struct server *s, enum drive_access access);
/* As drive_queue_state; server_next is the guest's write. -ENODATA: the queue
 * has come to its end. */
int server_queue_state(struct server *s, const struct patch *patches,
		       size_t n, struct error *e);
int server_next(struct server *s);

/* As drive_mounted and drive_reads; the guest must be quiet meanwhile. Of the
 * runs there are at most SERVER_RUNS in each phase; the caller frees them. */
#define SERVER_RUNS 2048
int server_mounted(struct server *s, const struct unit_run *ask,
		   struct drive_written *ret, struct error *e);
void server_reads(struct server *s, struct unit_run *runs[DRIVE_PHASES],
		  size_t n[DRIVE_PHASES]);
/* The number of units, more patches than that make no sense. */
uint64_t server_units(struct server *s);

#endif

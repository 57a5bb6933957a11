/*
 * The log format of Linux's dm-log-writes, which QEMU's blklogwrites shares.
 *
 * Source: linux drivers/md/dm-log-writes.c and
 * Documentation/admin-guide/device-mapper/log-writes.rst; qemu
 * block/blklogwrites.c. All little endian, in sectors of .sectorsize bytes (the
 * logical block size of the logged device):
 *
 *   struct dmlog_super                        one sector, zero filled
 *   struct dmlog_record + text of a mark      one sector, zero filled
 *   data                                      nr_sectors, not of a discard
 *   struct dmlog_record ...                   nr_entries of them
 *
 * What stands behind the last entry that the super block counts is no part of
 * the log: a log device is larger than its log, and both writers update the
 * super block only now and then.
 */
#ifndef INTERCHANGE_DMLOG_H
#define INTERCHANGE_DMLOG_H

#include <stddef.h>
#include <stdint.h>

struct error;

#define DMLOG_MAGIC 0x6a736677736872ULL
#define DMLOG_VERSION 1ULL

enum dmlog_flag {
	DMLOG_FLUSH = 1 << 0,
	DMLOG_FUA = 1 << 1,
	DMLOG_DISCARD = 1 << 2,
	DMLOG_MARK = 1 << 3,
	DMLOG_METADATA = 1 << 4, /* REQ_META; not in QEMU */
};

/* What the kernel writes as the last entry when the target is removed. */
#define DMLOG_END_MARK "dm-log-writes-end"

struct dmlog_super {
	uint64_t magic;
	uint64_t version;
	uint64_t nr_entries;
	uint32_t sectorsize;
} __attribute__((packed));

struct dmlog_record {
	uint64_t sector;     /* in sectors of the log's size */
	uint64_t nr_sectors;
	uint64_t flags;      /* enum dmlog_flag */
	uint64_t data_len;   /* of a mark: bytes of its text */
} __attribute__((packed));

#define DMLOG_SECTOR_MIN 512u
#define DMLOG_SECTOR_MAX (1u << 23) /* QEMU: less than 1 << 24 */

/* An entry in bytes. */
struct dmlog_entry {
	uint64_t offset, length; /* on the device; of a flush or mark 0 */
	uint64_t flags;
	uint64_t data;           /* reading: offset of the data in the file */
	const char *mark;        /* of a mark: its text; when read, valid until
				  * the next one is */
};

/*
 * Reading. Nothing in the file is believed: dmlog_next gives 1 and an entry, 0
 * at the end, or -EBADMSG with the entry's number and what is wrong: a log that
 * ends before the entries that its super block counts, flags that are not
 * known, an entry of nothing but zeroes, data of no flag's kind.
 */
struct dmlog_reader;

int dmlog_open(const char *path, struct dmlog_reader **ret, struct error *e);
uint32_t dmlog_sector_size(const struct dmlog_reader *r);
uint64_t dmlog_entries(const struct dmlog_reader *r);
int dmlog_next(struct dmlog_reader *r, struct dmlog_entry *ret,
	       struct error *e);
/* A part of the data of an entry that was read. */
int dmlog_read(const struct dmlog_reader *r, uint64_t data, void *ret,
	       size_t length, struct error *e);
void dmlog_reader_free(struct dmlog_reader *r);

/* Writing. The super block comes with dmlog_finish; without it the file is no
 * log. */
struct dmlog_writer;

int dmlog_create(const char *path, uint32_t sector_size,
		 struct dmlog_writer **ret, struct error *e);
/* Bytes that the text of a mark may have: the kernel cuts off what is longer. */
size_t dmlog_mark_max(const struct dmlog_writer *w);
/* fd, at: where the data of a write stands; fd -1: zeroes, as a hole. */
int dmlog_add(struct dmlog_writer *w, const struct dmlog_entry *entry, int fd,
	      uint64_t at, struct error *e);
uint64_t dmlog_count(const struct dmlog_writer *w);
int dmlog_finish(struct dmlog_writer *w, struct error *e);
void dmlog_writer_free(struct dmlog_writer *w);

#endif

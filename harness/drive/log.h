/*
 * The drive's log: every command, mark and cut, in one order, with data.
 *
 * A file of fixed headers, each followed by its payload, all little endian:
 *
 *   struct log_file_header
 *   struct log_record, payload bytes, struct log_record, payload bytes, ...
 *
 * A record's position is its index: 0, 1, 2, ... It is the global order of
 * the crash model. A command that changes or flushes the media has two
 * records: the submit (WRITE, ZEROES, DISCARD, FLUSH) when the drive accepts
 * it, and COMPLETE right before the drive acknowledges it. The payload of a
 * WRITE is its data; of a MARK its text. The last record of a log that was
 * closed in order is END. Every header and payload carries an XXH3 hash:
 * what is damaged or torn is detected, never misread.
 */
#ifndef DRIVE_LOG_H
#define DRIVE_LOG_H

#include <stddef.h>
#include <stdint.h>

struct error;

#define LOG_MAGIC "PCUTLOG1"
#define LOG_RECORD_MAGIC 0x524c4350u /* "PCLR" */
#define LOG_VERSION 1

enum log_type {
	LOG_WRITE = 1,
	LOG_ZEROES = 2,
	LOG_DISCARD = 3,
	LOG_FLUSH = 4,
	LOG_COMPLETE = 5, /* of the command named in .command */
	LOG_MARK = 6,     /* a line from the guest; .detail is enum mark_kind */
	LOG_BASE = 7,     /* setup is done, the file system is unmounted */
	LOG_ARM = 8,      /* all before is durable; cuts count from here on */
	LOG_CUT = 9,      /* power failed here; only END may follow */
	LOG_END = 10,     /* the log was closed in order */
	LOG_STOP = 11,    /* the workload has ended: cuts are made up to here.
			   * What follows only brings the drive to rest, so
			   * that log and trace can be compared to the end */
};

enum log_flag {
	LOG_FUA = 1 << 0, /* the NBD command carried FUA (QEMU's NVMe
			   * never passes it on, so the trace must say it) */
};

enum mark_kind { MARK_BEGIN = 1, MARK_ACK = 2, MARK_MARK = 3 };

struct log_file_header {
	char magic[8];       /* LOG_MAGIC */
	uint32_t version;    /* LOG_VERSION */
	uint32_t block_size; /* logical block size in bytes */
	uint64_t disk_size;  /* bytes */
	uint64_t started_ns; /* CLOCK_REALTIME at creation */
	uint64_t hash;       /* XXH3_64bits of the bytes before */
};

struct log_record {
	uint32_t magic;        /* LOG_RECORD_MAGIC */
	uint8_t type;          /* enum log_type */
	uint8_t flags;         /* enum log_flag */
	uint16_t detail;       /* enum mark_kind of a MARK, else 0 */
	uint64_t position;     /* index of this record */
	uint64_t time_ns;      /* since the log was created, CLOCK_MONOTONIC */
	uint64_t command;      /* submit: its own position; COMPLETE: the
				* position of its submit; else 0 */
	uint64_t offset;       /* bytes, of the range on the disk; else 0 */
	uint64_t length;       /* bytes, of the range on the disk; else 0 */
	uint32_t payload;      /* bytes that follow */
	uint32_t reserved;     /* 0 */
	uint64_t payload_hash; /* XXH3_64bits of the payload */
	uint64_t hash;         /* XXH3_64bits of the bytes before */
};

/*
 * Writing. Not thread-safe: the drive holds its sequencer lock around it.
 * log_append fills magic, position, hashes; the caller sets the rest
 * (.time_ns included). It returns only when the record has reached the
 * kernel: kill -9 of the drive leaves all appended records readable.
 */
struct log_writer;

int log_create(const char *path, uint64_t disk_size, uint32_t block_size,
	       struct log_writer **ret, struct error *e);
/* Nanoseconds since log_create. */
uint64_t log_now(const struct log_writer *w);
/* ret_payload_offset (may be NULL): where in the file the payload stands. */
int log_append(struct log_writer *w, struct log_record *r, const void *payload,
	       uint64_t *ret_payload_offset);
uint64_t log_next_position(const struct log_writer *w);
/* A descriptor open for reading and writing on the log; borrowed. */
int log_fd(const struct log_writer *w);
/* Appends END if `seal`, closes. NULL is allowed. */
int log_close(struct log_writer *w, int seal);

/*
 * Reading, in order. log_next returns 1 with a record, 0 at the end, or
 * -EBADMSG with the position and file offset of what is damaged.
 * A log that ends without END (the drive was killed) ends with 0 and
 * log_sealed() 0, when the last record is whole; a torn last record too is
 * such an end if nothing follows it.
 */
struct log_reader;

int log_open(const char *path, struct log_reader **ret, struct error *e);
const struct log_file_header *log_header(const struct log_reader *r);
/* The payload stays in the file, at *ret_payload_offset; its hash is checked
 * here all the same. */
int log_next(struct log_reader *r, struct log_record *ret,
	     uint64_t *ret_payload_offset, struct error *e);
int log_sealed(const struct log_reader *r);
void log_reader_free(struct log_reader *r);

#endif

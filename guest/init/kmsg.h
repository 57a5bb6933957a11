/*
 * The kernel log (/dev/kmsg; Linux: Documentation/ABI/testing/dev-kmsg).
 */
#ifndef GUEST_KMSG_H
#define GUEST_KMSG_H

#include <stddef.h>
#include <stdint.h>

struct buf;

/* KERN_WARNING: this level or worse (smaller) is reported. */
#define KMSG_WARNING 4

struct kmsg_record {
	unsigned int level;
	uint64_t time_us;
	const char *text; /* not terminated */
	size_t length;    /* without continuation lines */
};

/* A record as read from /dev/kmsg: "PRIORITY,SEQUENCE,MICROS,...;TEXT\n...".
 * 0, or -EINVAL. */
int kmsg_parse(const char *record, size_t len, struct kmsg_record *ret);
/* Appends "LEVEL,SECONDS.MICROS,text\n". */
void kmsg_format(const struct kmsg_record *r, struct buf *b);

/* A nonblocking descriptor on what is logged from now on, or -1. */
int kmsg_open(void);
/* For a kernel that others use, too: only records that name the block device,
 * or jbd2, which names none, are ours. kmsg_open() gives this descriptor once,
 * then none. The name is borrowed. */
void kmsg_use(int fd, const char *device);
/* Whether a record is one of the device's. */
int kmsg_is_of(const struct kmsg_record *r, const char *device);
/* Appends all waiting records of warning level or worse. */
void kmsg_warnings(int fd, struct buf *b);
/* As kmsg_warnings, and those that name the word in any case, as text. */
void kmsg_about(int fd, const char *word, struct buf *b);

#endif

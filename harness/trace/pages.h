/*
 * Ring buffer pages of the guest's kernel into NVMe events. A request that the
 * block layer issues on another bus is told as the NVMe command that says the
 * same.
 *
 * Everything here comes from the guest and is checked before libtraceevent
 * sees it: its kbuffer trusts the page, and its parser was made for the text
 * of the own kernel.
 */
#ifndef TRACE_PAGES_H
#define TRACE_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"

/* Of any text or page in the trace file, bytes. */
#define TRACE_PAYLOAD_MAX 65536

struct error;
struct pages;

struct pages *pages_new(void);
void pages_free(struct pages *p);

/* The text of events/header_page, NUL-terminated. -EBADMSG. */
int pages_set_header(struct pages *p, const char *text, struct error *e);
/* The text of events/nvme/nvme_setup_cmd/format or that of
 * block/block_rq_issue, NUL-terminated. -EBADMSG. */
int pages_set_format(struct pages *p, const char *text, struct error *e);

/* Bytes that slba and blocks of its events count; 0: logical blocks. */
uint32_t pages_unit(const struct pages *p);

/* What the pages of one CPU have yielded; zeroes to begin with. */
struct cpu_events {
	struct nvme_event *events; /* owned, in the order of the buffer */
	size_t n, size;
	uint64_t records; /* of any kind, those left out of events too */
	uint64_t missed;  /* the pages say that so many were overwritten */
	uint64_t last_ns;
};

/*
 * Appends the commands of one page: those of I/O queues, without reads.
 * The page is 8-byte aligned and may be changed. -EBADMSG: it is malformed,
 * or its clock runs backwards.
 */
int pages_decode(struct pages *p, void *page, size_t len,
		 struct cpu_events *cpu, struct error *e);

#endif

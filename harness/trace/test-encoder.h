/*
 * A small encoder of trace files and ring buffer pages, for tests; the format
 * stands at the head of page.c. And ways to load what it made.
 */
#ifndef TRACE_TEST_ENCODER_H
#define TRACE_TEST_ENCODER_H

#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "trace/test-format.h"
#include "trace/trace.h"

#define PAGE 4096
#define CLEANUP_TRACE __attribute__((cleanup(trace_release)))

static inline void trace_release(struct trace **t)
{
	trace_free(*t);
}

/* A page under construction: data grows behind the 16 bytes of header. */
struct page {
	unsigned char bytes[PAGE];
	size_t used;
	uint64_t now;
};

static inline void put(void *at, uint64_t value, size_t size)
{
	value = htole64(value);
	memcpy(at, &value, size);
}

static inline void page_commit(struct page *p, uint64_t flags)
{
	put(p->bytes + 8, p->used | flags, 8);
}

static inline void page_begin(struct page *p, uint64_t now)
{
	memset(p, 0, sizeof(*p));
	put(p->bytes, now, 8);
	p->now = now;
}

static inline void page_word(struct page *p, uint32_t word)
{
	put(p->bytes + 16 + p->used, word, 4);
	p->used += 4;
	page_commit(p, 0);
}

static inline void page_head(struct page *p, uint32_t type, uint64_t delta)
{
	page_word(p, type | (uint32_t)(delta & 0x7ffffff) << 5);
}

/* As the kernel does: a time extend where 27 bits do not suffice. */
static inline void page_record(struct page *p, uint64_t now, const void *record,
			size_t len)
{
	uint64_t delta = now - p->now;

	if (delta >> 27) {
		page_head(p, 30, delta);
		page_word(p, (uint32_t)(delta >> 27));
		delta = 0;
	}
	page_head(p, (uint32_t)(len / 4), delta);
	memcpy(p->bytes + 16 + p->used, record, len);
	p->used += len;
	page_commit(p, 0);
	p->now = now;
}

struct cmd {
	int qid;
	uint8_t opcode;
	uint32_t nsid;
	uint64_t slba;
	uint16_t length, control;
};

#define RECORD 88
static inline void make_record(unsigned char *r, const struct cmd *c)
{
	memset(r, 0, RECORD);
	put(r, TEST_EVENT_ID, 2);
	strcpy((char *)r + 8, "nvme0n1");
	put(r + 44, (uint64_t)c->qid, 4);
	r[48] = c->opcode;
	put(r + 56, c->nsid, 4);
	put(r + 61, c->slba, 8);
	put(r + 69, c->length, 2);
	put(r + 71, c->control, 2);
}

static inline void page_cmd(struct page *p, uint64_t now, const struct cmd *c)
{
	unsigned char r[RECORD];

	make_record(r, c);
	page_record(p, now, r, sizeof(r));
}

/* A write of one block on namespace 1. */
static inline void page_write(struct page *p, uint64_t now, uint64_t slba)
{
	page_cmd(p, now, &(struct cmd){ 1, NVME_WRITE, 1, slba, 0, 0 });
}

static inline void chunk(struct buf *f, unsigned kind, unsigned cpu,
		  const void *data, size_t len)
{
	struct trace_chunk c = {
		.magic = htole32(TRACE_MAGIC),
		.kind = htole16((uint16_t)kind),
		.cpu = htole16((uint16_t)cpu),
		.length = htole32((uint32_t)len),
	};

	buf_add(f, &c, sizeof(c));
	buf_add(f, data, len);
}

static inline void add_page(struct buf *f, unsigned cpu, const struct page *p)
{
	chunk(f, TRACE_PAGE, cpu, p->bytes, PAGE);
}

static inline void begin(struct buf *f)
{
	chunk(f, TRACE_HEADER, 0, test_header, strlen(test_header));
	chunk(f, TRACE_FORMAT, 0, test_format, strlen(test_format));
}

static inline void drained(struct buf *f)
{
	chunk(f, TRACE_DRAINED, 0, "", 0);
}

static inline void stats(struct buf *f, unsigned cpu, unsigned overrun,
		  unsigned commit_overrun, unsigned dropped, unsigned read)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_printf(&b, "entries: 0\noverrun: %u\ncommit overrun: %u\n"
		   "bytes: 100\noldest event ts: 12.000001\n"
		   "now ts: 13.500000\ndropped events: %u\nread events: %u\n",
		   overrun, commit_overrun, dropped, read);
	chunk(f, TRACE_STATS, cpu, b.data, b.len);
}

static inline int load(const struct buf *f, struct trace **ret, struct error *e)
{
	CLEANUP_FCLOSE FILE *in = fmemopen(f->data, f->len, "r");

	assert_non_null(in);
	return trace_read(in, "test", ret, e);
}

/* The trace must load. */
static inline struct trace *loaded(const struct buf *f)
{
	struct trace *t = NULL;
	struct error e = { "", "" };

	if (load(f, &t, &e))
		print_error("%s\n", e.message);
	assert_non_null(t);
	return t;
}

static inline void refused(const struct buf *f, const char *why)
{
	struct trace *t = NULL;
	struct error e = { "", "" };

	assert_int_equal(load(f, &t, &e), -EBADMSG);
	assert_null(t);
	if (!strstr(e.message, why))
		print_error("got: %s\n", e.message);
	assert_non_null(strstr(e.message, why));
}

static inline void page_refused(const struct page *p, const char *why)
{
	CLEANUP_BUF struct buf f = BUF_INIT;

	begin(&f);
	add_page(&f, 0, p);
	refused(&f, why);
}

/* One page of CPU 0, drained. */
static inline struct trace *page_loaded(const struct page *p)
{
	CLEANUP_BUF struct buf f = BUF_INIT;

	begin(&f);
	add_page(&f, 0, p);
	drained(&f);
	return loaded(&f);
}

#endif

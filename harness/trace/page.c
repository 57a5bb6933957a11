/*
 * A page (linux include/linux/ring_buffer.h, kernel/trace/ring_buffer.c):
 *
 *	u64 timestamp, of the page
 *	u64 commit: bits 0..26 bytes of data, bit 31 events were lost before
 *	            this page, bit 30 their count stands behind the data
 *	data: events, each of u32 type_len:5 time_delta:27 and, by type_len:
 *	   0       u32 length of itself and what follows, the record
 *	   1..28   the record, type_len words
 *	   29      padding: u32 bytes from there on; with time_delta 0 there is
 *	           no length: nothing but filling follows on this page
 *	   30, 31  u32: upper bits of a time delta, of an absolute time
 *
 * kbuffer (libtraceevent 1.7.1, measured) walks exactly so, with the one
 * difference that it knows no padding without length, and checks nothing. So
 * page_check walks first, refuses what does not fit, and shortens the page to
 * end before such a padding; then kbuffer cannot leave the page.
 */
#include "trace/page.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <traceevent/kbuffer.h>

#include "common/bytes.h"
#include "common/error.h"

#define COMMIT_SIZE ((1u << 27) - 1)
#define COMMIT_STORED (1u << 30)
#define COMMIT_MISSED (1u << 31)

static void put64(unsigned char *at, uint64_t v)
{
	v = htole64(v);
	memcpy(at, &v, sizeof(v));
}

/* Length of the event in the `left` bytes from `at` on; 0 at a padding that
 * ends the page, -1 where it does not fit. */
static int64_t event_length(const unsigned char *at, size_t left)
{
	uint32_t head, type, word;

	if (left < 4)
		return -1;
	head = le32_at(at);
	type = head & 31;
	if (type == KBUFFER_TYPE_PADDING && !(head >> 5))
		return 0;
	if (type > 0 && type < KBUFFER_TYPE_PADDING)
		return 4 * ((int64_t)type + 1);
	if (left < 8)
		return -1;
	word = le32_at(at + 4);
	if (type == KBUFFER_TYPE_TIME_EXTEND || type == KBUFFER_TYPE_TIME_STAMP)
		return 8;
	/* Padding and long records: at least the word itself. */
	if (word < 4 || (type == KBUFFER_TYPE_PADDING && word % 4))
		return -1;
	return 4 + (((int64_t)word + 3) & ~3LL);
}

int page_check(unsigned char *page, size_t len, size_t max, struct error *e)
{
	uint64_t commit;
	size_t size, at;

	if (len < PAGE_HEADER || len > max || len % 4)
		return error_set(e, EBADMSG, "a page of %zu bytes", len);
	commit = le64_at(page + 8);
	size = commit & COMMIT_SIZE;
	if ((commit & ~(uint64_t)(COMMIT_SIZE | COMMIT_STORED | COMMIT_MISSED)) ||
	    size > len - PAGE_HEADER || size % 4)
		return error_set(e, EBADMSG, "commit field %#llx in a page of "
				 "%zu bytes", (unsigned long long)commit, len);
	if ((commit & COMMIT_STORED) && len - PAGE_HEADER - size < 8)
		return error_set(e, EBADMSG, "no room for the count of lost "
				 "events that the page announces");
	for (at = 0; at < size;) {
		int64_t n = event_length(page + PAGE_HEADER + at, size - at);

		if (!n) /* kbuffer would read a length where there is none */
			break;
		if (n < 0 || (uint64_t)n > size - at)
			return error_set(e, EBADMSG, "the event at byte %zu "
					 "does not fit in its page",
					 PAGE_HEADER + at);
		at += (size_t)n;
	}
	if (at < size && (commit & COMMIT_STORED))
		return error_set(e, EBADMSG, "padding before a lost count");
	put64(page + 8, (commit & ~(uint64_t)COMMIT_SIZE) | at);
	return 0;
}

int page_missed(const unsigned char *page)
{
	return !!(le64_at(page + 8) & COMMIT_MISSED);
}

/*
 * Decodes raw ring buffer pages, little endian, of a 64-bit kernel.
 *
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
 *
 * The parser of format texts gets the lines of fields only, each of the exact
 * shape that trace_events.c prints; the print format, a C expression over
 * functions inside the guest's kernel, is cut off.
 */
#include "trace/pages.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <traceevent/event-parse.h>
#include <traceevent/kbuffer.h>

#include "common/buf.h"
#include "common/error.h"

#define PAGE_HEADER 16
#define COMMIT_SIZE ((1u << 27) - 1)
#define COMMIT_STORED (1u << 30)
#define COMMIT_MISSED (1u << 31)

/* NVMe base specification 1.4, 6.15 (write) and 6.16 (write zeroes): dwords
 * 10 and 11 are the first block, 12 has the 0-based number of blocks in bits
 * 0..15 and FUA in bit 30. 6.7 (dataset management): bits 0..7 of dword 10
 * are the 0-based number of ranges. */
#define CDW10_SIZE 24
#define CONTROL_FUA (1u << 14)
#define NVME_READ 0x02
#define NVME_OTHER 0xff /* unknown: the join refuses it */
#define RWBS_MIN 8

/* block_rq_issue (linux include/trace/events/block.h) counts in sectors. Only
 * the disk is traced there, so every event is told as of namespace 1. */
#define SECTOR 512
#define BLOCK_NSID 1
#define RANGES_MAX 256

struct field {
	const char *name;
	int size; /* at least, for text; else exactly */
	int text;
};

struct pages;
struct kind {
	const char *system, *name;
	uint32_t unit; /* see pages_unit */
	struct field fields[5]; /* common_type first; up to a NULL name */
	/* 1 with an event, 0 if the record is of no interest. */
	int (*decode)(const struct pages *p, const unsigned char *record,
		      struct nvme_event *ret);
};

#define FIELDS_MAX 5
enum { TYPE };
enum { QID = 1, OPCODE, NSID, CDW10 };
enum { SECTOR_NR = 1, NR_SECTOR, RWBS };

static int decode_nvme(const struct pages *p, const unsigned char *record,
		       struct nvme_event *ret);
static int decode_block(const struct pages *p, const unsigned char *record,
			struct nvme_event *ret);

static const struct kind kinds[] = {
	{
		.system = "nvme",
		.name = "nvme_setup_cmd",
		.fields = {
			[TYPE] = { "common_type", 2, 0 },
			[QID] = { "qid", 4, 0 },
			[OPCODE] = { "opcode", 1, 0 },
			[NSID] = { "nsid", 4, 0 },
			[CDW10] = { "cdw10", CDW10_SIZE, 0 },
		},
		.decode = decode_nvme,
	},
	{
		.system = "block",
		.name = "block_rq_issue",
		.unit = SECTOR,
		.fields = {
			[TYPE] = { "common_type", 2, 0 },
			[SECTOR_NR] = { "sector", 8, 0 },
			[NR_SECTOR] = { "nr_sector", 4, 0 },
			[RWBS] = { "rwbs", RWBS_MIN, 1 },
		},
		.decode = decode_block,
	},
};

struct pages {
	struct tep_handle *tep;
	struct kbuffer *kbuffer;
	size_t page_max;           /* bytes; 0: no header yet */
	const struct tep_event *event; /* NULL: no format yet */
	const struct kind *kind;
	size_t offset[FIELDS_MAX]; /* within a record */
	size_t record_min;         /* bytes that hold all wanted fields */
};

struct pages *pages_new(void)
{
	struct pages *p = xcalloc(1, sizeof(*p));

	/* Library code does not print, nor do the libraries below it. */
	tep_set_loglevel(TEP_LOG_NONE);
	p->tep = tep_alloc();
	p->kbuffer = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
	if (!p->tep || !p->kbuffer) {
		pages_free(p);
		return NULL;
	}
	tep_set_file_bigendian(p->tep, TEP_LITTLE_ENDIAN);
	tep_set_long_size(p->tep, 8);
	return p;
}

void pages_free(struct pages *p)
{
	if (!p)
		return;
	kbuffer_free(p->kbuffer);
	tep_free(p->tep);
	free(p);
}

static int is_number(const char **p)
{
	size_t n = strspn(*p, "0123456789");

	*p += n;
	return n >= 1 && n <= 5;
}

static int is_text(const char **p, const char *text)
{
	size_t n = strlen(text);

	if (strncmp(*p, text, n))
		return 0;
	*p += n;
	return 1;
}

static int is_word(const char **p)
{
	size_t n = strspn(*p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU"
			      "VWXYZ0123456789_");

	/* No digit first; no underscore: __data_loc and its kin change what
	 * the parser expects. */
	if (!n || n > 64 || **p == '_' || (**p >= '0' && **p <= '9'))
		return 0;
	*p += n;
	return 1;
}

/* "TYPE NAME" or "TYPE NAME[N]", the type of one word or more. */
static int is_declaration(const char **p)
{
	int words = 0;

	do {
		if (!is_word(p))
			return 0;
		words++;
	} while (is_text(p, " "));
	if (is_text(p, "["))
		return words > 1 && is_number(p) && is_text(p, "]");
	return words > 1;
}

/* f_show() of linux kernel/trace/trace_events.c; with a blank behind "field:"
 * ring_buffer_print_page_header() of ring_buffer.c. */
static int is_field_line(const char **p)
{
	return is_text(p, "\tfield:") && (is_text(p, " "), is_declaration(p)) &&
	       is_text(p, ";\toffset:") && is_number(p) &&
	       is_text(p, ";\tsize:") && is_number(p) &&
	       is_text(p, ";\tsigned:") && is_number(p) && is_text(p, ";\n");
}

int pages_set_header(struct pages *p, const char *text, struct error *e)
{
	const char *at = text;
	int size;

	if (p->page_max)
		return error_set(e, EBADMSG, "a second page header");
	while (*at)
		if (!is_field_line(&at))
			return error_set(e, EBADMSG,
					 "no field line at byte %zu of the "
					 "page header", (size_t)(at - text));
	if (at == text ||
	    tep_parse_header_page(p->tep, (char *)text, strlen(text), 8))
		return error_set(e, EBADMSG, "the page header has no meaning");
	size = tep_get_sub_buffer_size(p->tep);
	if (tep_get_header_timestamp_size(p->tep) != 8 ||
	    tep_get_header_page_size(p->tep) != 8 || size <= PAGE_HEADER ||
	    size > TRACE_PAYLOAD_MAX)
		return error_set(e, EBADMSG, "ring buffer pages of %d bytes "
				 "with a commit field of %d bytes are not of a "
				 "64-bit kernel", size,
				 tep_get_header_page_size(p->tep));
	p->page_max = (size_t)size;
	return 0;
}

/* The kind of event whose format the text is, or NULL. */
static const struct kind *find_kind(const char *text)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *at = text;

		if (is_text(&at, "name: ") && is_text(&at, kinds[i].name) &&
		    *at == '\n')
			return &kinds[i];
	}
	return NULL;
}

static const char *behind_line(const char *at)
{
	const char *end = strchr(at, '\n');

	return end ? end + 1 : at + strlen(at);
}

/* Appends to `clean` what of the text may be parsed. Fields of a variable
 * length are left out: nobody asks for them. */
static int format_clean(const struct kind *kind, const char *text,
			struct buf *clean, struct error *e)
{
	const char *at = text, *start;

	if (!kind || !is_text(&at, "name: ") || !is_text(&at, kind->name) ||
	    !is_text(&at, "\nID: ") || !is_number(&at) ||
	    !is_text(&at, "\nformat:\n"))
		return error_set(e, EBADMSG,
				 "the format is not that of nvme_setup_cmd or "
				 "block_rq_issue");
	buf_add(clean, text, (size_t)(at - text));
	while (*at && strncmp(at, "print fmt:", 10)) {
		start = at;
		if (*at == '\n')
			at++;
		else if (is_text(&at, "\tfield:__data_loc "))
			start = at = behind_line(at);
		else if (!is_field_line(&at))
			return error_set(e, EBADMSG,
					 "no field line at byte %zu of the "
					 "format", (size_t)(at - text));
		buf_add(clean, start, (size_t)(at - start));
	}
	buf_puts(clean, "print fmt: \"\"\n");
	return 0;
}

static int find_fields(struct pages *p, struct tep_event *event,
		       struct error *e)
{
	const struct field *wanted = p->kind->fields;

	for (int i = 0; i < FIELDS_MAX && wanted[i].name; i++) {
		const struct tep_format_field *f =
			tep_find_any_field(event, wanted[i].name);

		if (!f || f->size < wanted[i].size ||
		    (f->size > wanted[i].size && !wanted[i].text) ||
		    f->offset < 0 || f->offset > TRACE_PAYLOAD_MAX)
			return error_set(e, EBADMSG,
					 "%s has no field %s of %d bytes",
					 p->kind->name, wanted[i].name,
					 wanted[i].size);
		p->offset[i] = (size_t)f->offset;
		if (p->record_min < p->offset[i] + (size_t)wanted[i].size)
			p->record_min = p->offset[i] + (size_t)wanted[i].size;
	}
	return 0;
}

int pages_set_format(struct pages *p, const char *text, struct error *e)
{
	CLEANUP_BUF struct buf clean = BUF_INIT;
	struct tep_event *event;
	int err;

	if (p->event)
		return error_set(e, EBADMSG, "a second format");
	p->kind = find_kind(text);
	err = format_clean(p->kind, text, &clean, e);
	if (err)
		return err;
	if (tep_parse_event(p->tep, clean.data, clean.len, p->kind->system))
		return error_set(e, EBADMSG, "the format has no meaning");
	event = tep_find_event_by_name(p->tep, p->kind->system, p->kind->name);
	if (!event)
		return error_set(e, EBADMSG, "the format has no event");
	err = find_fields(p, event, e);
	if (!err)
		p->event = event;
	return err;
}

static uint32_t get32(const unsigned char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return le32toh(v);
}

static uint64_t get64(const unsigned char *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return le64toh(v);
}

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
	head = get32(at);
	type = head & 31;
	if (type == KBUFFER_TYPE_PADDING && !(head >> 5))
		return 0;
	if (type > 0 && type < KBUFFER_TYPE_PADDING)
		return 4 * ((int64_t)type + 1);
	if (left < 8)
		return -1;
	word = get32(at + 4);
	if (type == KBUFFER_TYPE_TIME_EXTEND || type == KBUFFER_TYPE_TIME_STAMP)
		return 8;
	/* Padding and long records: at least the word itself. */
	if (word < 4 || (type == KBUFFER_TYPE_PADDING && word % 4))
		return -1;
	return 4 + (((int64_t)word + 3) & ~3LL);
}

static int page_check(const struct pages *p, unsigned char *page, size_t len,
		      struct error *e)
{
	uint64_t commit;
	size_t size, at;

	if (len < PAGE_HEADER || len > p->page_max || len % 4)
		return error_set(e, EBADMSG, "a page of %zu bytes", len);
	commit = get64(page + 8);
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

static uint64_t field_value(const struct pages *p, const unsigned char *record,
			    int i)
{
	return tep_read_number(p->tep, record + p->offset[i],
			       p->kind->fields[i].size);
}

static int decode_nvme(const struct pages *p, const unsigned char *record,
		       struct nvme_event *ret)
{
	const unsigned char *cdw10 = record + p->offset[CDW10];

	ret->opcode = (uint8_t)field_value(p, record, OPCODE);
	/* Queue 0 takes admin commands, whose opcodes mean other things. */
	if (!field_value(p, record, QID) || ret->opcode == NVME_READ)
		return 0;
	ret->nsid = (uint32_t)field_value(p, record, NSID);
	if (ret->opcode == NVME_WRITE || ret->opcode == NVME_WRITE_ZEROES) {
		ret->slba = get64(cdw10);
		ret->blocks = (get32(cdw10 + 8) & 0xffff) + 1;
		ret->fua = !!((get32(cdw10 + 8) >> 16) & CONTROL_FUA);
	} else if (ret->opcode == NVME_DSM) {
		ret->ranges = (get32(cdw10) & 0xff) + 1;
	}
	return 1;
}

static uint8_t block_opcode(char operation)
{
	switch (operation) {
	case 'W':
		return NVME_WRITE;
	case 'N':
		return NVME_WRITE_ZEROES;
	case 'D':
		return NVME_DSM;
	case 'F':
		return NVME_FLUSH;
	case 'R':
		return NVME_READ;
	}
	return NVME_OTHER;
}

/*
 * rwbs (linux kernel/trace/blktrace.c, blk_fill_rwbs): F for a flush before,
 * the operation (W write, D discard, F flush, R read, N any other), F for FUA,
 * more letters. N is write-zeroes, or a command of the driver's or the user's
 * own, which is told with no sectors: those of the driver do not write, and
 * those of a user that do are in the log and then miss in the trace. How many
 * ranges a discard has is not told.
 */
static int decode_block(const struct pages *p, const unsigned char *record,
			struct nvme_event *ret)
{
	const char *rwbs = (const char *)record + p->offset[RWBS];

	ret->nsid = BLOCK_NSID;
	if (rwbs[0] == 'F' && rwbs[1] && strchr("WDRNF", rwbs[1]))
		rwbs++;
	ret->opcode = block_opcode(rwbs[0]);
	if (ret->opcode == NVME_DSM)
		ret->ranges = RANGES_MAX;
	if (ret->opcode != NVME_WRITE && ret->opcode != NVME_WRITE_ZEROES)
		return ret->opcode != NVME_READ;
	ret->fua = rwbs[1] == 'F';
	ret->slba = field_value(p, record, SECTOR_NR);
	ret->blocks = (uint32_t)field_value(p, record, NR_SECTOR);
	return ret->blocks != 0;
}

uint32_t pages_unit(const struct pages *p)
{
	return p->kind ? p->kind->unit : 0;
}

static void add_event(struct cpu_events *cpu, const struct nvme_event *event)
{
	if (cpu->n == cpu->size) {
		cpu->size = cpu->size ? 2 * cpu->size : 256;
		cpu->events = xrealloc(cpu->events,
				       cpu->size * sizeof(*cpu->events));
	}
	cpu->events[cpu->n++] = *event;
}

static int add_record(const struct pages *p, const unsigned char *record,
		      size_t size, uint64_t time_ns, struct cpu_events *cpu,
		      struct error *e)
{
	struct nvme_event event = { .time_ns = time_ns };

	cpu->records++;
	if (size < p->offset[TYPE] + 2 ||
	    field_value(p, record, TYPE) != (uint64_t)p->event->id)
		return 0; /* another event, of no interest */
	if (size < p->record_min)
		return error_set(e, EBADMSG, "%s of %zu bytes",
				 p->kind->name, size);
	if (p->kind->decode(p, record, &event))
		add_event(cpu, &event);
	return 0;
}

/* The flag alone says that at least one was lost; the count may be absent, or
 * more than kbuffer's int can say. */
static void add_missed(struct cpu_events *cpu, int missed)
{
	if (__builtin_add_overflow(cpu->missed,
				   missed > 0 ? (uint64_t)missed : 1,
				   &cpu->missed))
		cpu->missed = UINT64_MAX;
}

int pages_decode(struct pages *p, void *page, size_t len,
		 struct cpu_events *cpu, struct error *e)
{
	unsigned long long ts;
	unsigned char *record;
	int err;

	if (!p->page_max || !p->event)
		return error_set(e, EBADMSG, "a page before its format");
	err = page_check(p, page, len, e);
	if (err)
		return err;
	if (kbuffer_load_subbuffer(p->kbuffer, page))
		return error_set(e, EBADMSG, "the page cannot be read");
	if (get64((unsigned char *)page + 8) & COMMIT_MISSED)
		add_missed(cpu, kbuffer_missed_events(p->kbuffer));
	for (record = kbuffer_read_event(p->kbuffer, &ts); record && !err;
	     record = kbuffer_next_event(p->kbuffer, &ts)) {
		if (ts < cpu->last_ns)
			return error_set(e, EBADMSG,
					 "the guest's trace clock went back");
		cpu->last_ns = ts;
		err = add_record(p, record,
				 (size_t)kbuffer_event_size(p->kbuffer), ts,
				 cpu, e);
	}
	return err;
}

/*
 * Decodes raw ring buffer pages, little endian, of a 64-bit kernel.
 *
 * kbuffer walks a page that page.c has checked; the parser gets of a format's text
 * what format.c has left of it.
 */
#include "trace/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <traceevent/event-parse.h>
#include <traceevent/kbuffer.h>

#include "common/buf.h"
#include "common/bytes.h"
#include "common/error.h"
#include "trace/format.h"
#include "trace/page.h"

#define IDS (UINT16_MAX + 1)

/* What the format of a kind of event says. */
struct format {
	const struct pages_kind *kind;
	size_t offset[PAGES_FIELDS_MAX]; /* within a record */
	size_t record_min;               /* bytes that hold all wanted fields */
};

struct pages {
	struct tep_handle *tep;
	struct kbuffer *kbuffer;
	size_t page_max;           /* bytes; 0: no header yet */
	const struct pages_set *set;
	struct format *formats;    /* one per kind of the set, in its order */
	size_t n_formats;          /* that have been told */
	struct format **by_id;     /* IDS of them; NULL: of no interest */
	size_t type;               /* offset of common_type, of all events */
};

struct pages *pages_new(const struct pages_set *set)
{
	struct pages *p = xcalloc(1, sizeof(*p));

	p->set = set;
	p->formats = xcalloc(set->n, sizeof(*p->formats));
	p->by_id = xcalloc(IDS, sizeof(*p->by_id));

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
	free(p->formats);
	free(p->by_id);
	free(p);
}

int pages_set_header(struct pages *p, const char *text, struct error *e)
{
	int size, err;

	if (p->page_max)
		return error_set(e, EBADMSG, "a second page header");
	err = format_check_header(text, e);
	if (err)
		return err;
	if (!*text ||
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

/* The format of the kind of event that the text is about, or NULL. */
static struct format *find_format(struct pages *p, const char *text)
{
	for (size_t i = 0; i < p->set->n; i++) {
		if (format_is_of(text, p->set->kinds[i].name)) {
			p->formats[i].kind = &p->set->kinds[i];
			return &p->formats[i];
		}
	}
	return NULL;
}

static int find_fields(struct format *f, struct tep_event *event,
		       struct error *e)
{
	const struct pages_field *wanted = f->kind->fields;

	for (int i = 0; i < PAGES_FIELDS_MAX && wanted[i].name; i++) {
		const struct tep_format_field *found =
			tep_find_any_field(event, wanted[i].name);
		size_t size = (size_t)wanted[i].size;

		if (!found || found->size < wanted[i].size ||
		    (found->size > wanted[i].size && !wanted[i].text) ||
		    found->offset < 0 || found->offset > TRACE_PAYLOAD_MAX)
			return error_set(e, EBADMSG,
					 "%s has no field %s of %d bytes",
					 f->kind->name, wanted[i].name,
					 wanted[i].size);
		f->offset[i] = (size_t)found->offset;
		if (f->record_min < f->offset[i] + size)
			f->record_min = f->offset[i] + size;
	}
	return 0;
}

/* Its ID tells a record's kind, at the same place in all records. */
static int add_format(struct pages *p, struct format *f,
		      const struct tep_event *event, struct error *e)
{
	if (event->id < 0 || event->id >= IDS || p->by_id[event->id])
		return error_set(e, EBADMSG, "%s has the ID %d, which is taken "
				 "or impossible", f->kind->name, event->id);
	if (p->n_formats && f->offset[0] != p->type)
		return error_set(e, EBADMSG, "%s has its type elsewhere",
				 f->kind->name);
	p->type = f->offset[0];
	p->by_id[event->id] = f;
	p->n_formats++;
	return 0;
}

int pages_set_format(struct pages *p, const char *text, struct error *e)
{
	CLEANUP_BUF struct buf clean = BUF_INIT;
	struct format *f = find_format(p, text);
	struct tep_event *event;
	int err;

	if (!f)
		return error_set(e, EBADMSG, "the format is not that of %s",
				 p->set->what);
	if (f->record_min || (p->set->single && p->n_formats))
		return error_set(e, EBADMSG, "a second format");
	err = format_clean(f->kind->name, text, &clean, e);
	if (err)
		return err;
	if (tep_parse_event(p->tep, clean.data, clean.len, f->kind->system))
		return error_set(e, EBADMSG, "the format has no meaning");
	event = tep_find_event_by_name(p->tep, f->kind->system, f->kind->name);
	if (!event)
		return error_set(e, EBADMSG, "the format has no event");
	err = find_fields(f, event, e);
	return err ? err : add_format(p, f, event, e);
}

int pages_knows(const struct pages *p, size_t kind)
{
	return p->formats[kind].record_min != 0;
}

const unsigned char *record_bytes(const struct record *r, int field)
{
	return r->bytes + r->offset[field];
}

uint64_t record_number(const struct record *r, int field)
{
	const unsigned char *at = record_bytes(r, field);

	switch (r->kind->fields[field].size) {
	case 1:
		return *at;
	case 2:
		return le16_at(at);
	case 4:
		return le32_at(at);
	case 8:
		return le64_at(at);
	}
	return 0; /* no number */
}

static void *event_room(const struct pages *p, struct cpu_events *cpu)
{
	size_t each = p->set->event_size;
	char *at;

	if (cpu->n == cpu->size) {
		cpu->size = cpu->size ? 2 * cpu->size : 256;
		cpu->events = xrealloc(cpu->events, cpu->size * each);
	}
	at = (char *)cpu->events + cpu->n * each;
	memset(at, 0, each);
	return at;
}

static int add_record(const struct pages *p, const unsigned char *bytes,
		      size_t size, uint64_t time_ns, struct cpu_events *cpu,
		      struct error *e)
{
	const struct format *f;
	struct record r = { .bytes = bytes, .time_ns = time_ns };

	cpu->records++;
	if (size < p->type + 2)
		return 0; /* another event, of no interest; so below */
	f = p->by_id[le16_at(bytes + p->type)];
	if (!f)
		return 0;
	if (size < f->record_min)
		return error_set(e, EBADMSG, "%s of %zu bytes", f->kind->name,
				 size);
	r.kind = f->kind;
	r.offset = f->offset;
	if (f->kind->decode(&r, event_room(p, cpu)))
		cpu->n++;
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

	if (!p->page_max || !p->n_formats)
		return error_set(e, EBADMSG, "a page before its format");
	err = page_check(page, len, p->page_max, e);
	if (err)
		return err;
	if (kbuffer_load_subbuffer(p->kbuffer, page))
		return error_set(e, EBADMSG, "the page cannot be read");
	if (page_missed(page))
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

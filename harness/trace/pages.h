/*
 * Ring buffer pages of the guest's kernel into events, of the kinds that the
 * caller names with the fields that it wants.
 *
 * Everything here comes from the guest and is checked before libtraceevent
 * sees it: its kbuffer trusts the page, and its parser was made for the text
 * of the own kernel.
 */
#ifndef TRACE_PAGES_H
#define TRACE_PAGES_H

#include <stddef.h>
#include <stdint.h>

/* Of any text or page in the trace file, bytes. */
#define TRACE_PAYLOAD_MAX 65536

struct error;
struct pages;
struct record;

/* A field of a tracepoint, as its format names it. */
struct pages_field {
	const char *name;
	int size; /* bytes; 1, 2, 4 or 8 of a number. At least, for text; else
		   * exactly */
	int text;
};

#define PAGES_FIELDS_MAX 6

struct pages_kind {
	const char *system, *name; /* of the tracepoint */
	int tag;                   /* the caller's */
	/* The first is common_type, of 2 bytes; up to a NULL name. */
	struct pages_field fields[PAGES_FIELDS_MAX];
	/* Fills in an event, all zeroes before. 0: the record is of no
	 * interest. */
	int (*decode)(const struct record *r, void *ret);
};

/* What one stream of the trace file may hold. */
struct pages_set {
	const struct pages_kind *kinds;
	size_t n;
	size_t event_size; /* bytes, of what decode() fills in */
	int single;        /* events of one kind only */
	const char *what;  /* "nvme_setup_cmd or ...", for messages */
};

/* One record while it is decoded. Fields by their index. */
struct record {
	const struct pages_kind *kind;
	const unsigned char *bytes;
	const size_t *offset; /* of each field */
	uint64_t time_ns;
};

/* The field's number, without sign. */
uint64_t record_number(const struct record *r, int field);
/* Its bytes, as many as were asked for. */
const unsigned char *record_bytes(const struct record *r, int field);

/* The set is borrowed. NULL: libtraceevent has no memory. */
struct pages *pages_new(const struct pages_set *set);
void pages_free(struct pages *p);

/* The text of events/header_page, NUL-terminated. -EBADMSG. */
int pages_set_header(struct pages *p, const char *text, struct error *e);
/* The text of a tracepoint's format, NUL-terminated. -EBADMSG, also where it is
 * none of the set. */
int pages_set_format(struct pages *p, const char *text, struct error *e);
/* Whether the format of set->kinds[kind] has been told. */
int pages_knows(const struct pages *p, size_t kind);

/* What the pages of one CPU have yielded; zeroes to begin with. */
struct cpu_events {
	void *events; /* owned, in the order of the buffer */
	size_t n, size;
	uint64_t records; /* of any kind, those left out of events too */
	uint64_t missed;  /* the pages say that so many were overwritten */
	uint64_t last_ns;
};

/*
 * Appends the events of one page.
 * The page is 8-byte aligned and may be changed. -EBADMSG: it is malformed,
 * or its clock runs backwards.
 */
int pages_decode(struct pages *p, void *page, size_t len,
		 struct cpu_events *cpu, struct error *e);

#endif

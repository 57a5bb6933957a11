/*
 * The texts by which a guest's kernel describes its ring buffer, before a parser
 * sees them. All are NUL-terminated.
 */
#ifndef TRACE_FORMAT_H
#define TRACE_FORMAT_H

struct buf;
struct error;

/* Whether events/header_page holds lines of fields and nothing else. -EBADMSG. */
int format_check_header(const char *text, struct error *e);
/* Whether the text is the format of the tracepoint with that name. */
int format_is_of(const char *text, const char *name);
/* Appends what of that tracepoint's format may be parsed. -EBADMSG. */
int format_clean(const char *name, const char *text, struct buf *ret,
		 struct error *e);

#endif

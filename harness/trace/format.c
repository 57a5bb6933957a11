/*
 * The parser of libtraceevent gets the lines of fields only, each of the exact
 * shape that trace_events.c prints; the print format, a C expression over
 * functions inside the guest's kernel, is cut off.
 */
#include "trace/format.h"

#include <errno.h>
#include <string.h>

#include "common/buf.h"
#include "common/error.h"

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

static const char *behind_line(const char *at)
{
	const char *end = strchr(at, '\n');

	return end ? end + 1 : at + strlen(at);
}

int format_is_of(const char *text, const char *name)
{
	const char *at = text;

	return is_text(&at, "name: ") && is_text(&at, name) && *at == '\n';
}

int format_check_header(const char *text, struct error *e)
{
	const char *at = text;

	while (*at)
		if (!is_field_line(&at))
			return error_set(e, EBADMSG,
					 "no field line at byte %zu of the "
					 "page header", (size_t)(at - text));
	return 0;
}

/* Fields of a variable length are left out: nobody asks for them. */
int format_clean(const char *name, const char *text, struct buf *ret,
		 struct error *e)
{
	const char *at = text, *start;

	if (!is_text(&at, "name: ") || !is_text(&at, name) ||
	    !is_text(&at, "\nID: ") || !is_number(&at) ||
	    !is_text(&at, "\nformat:\n"))
		return error_set(e, EBADMSG, "the format of %s has another "
				 "head", name);
	buf_add(ret, text, (size_t)(at - text));
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
		buf_add(ret, start, (size_t)(at - start));
	}
	buf_puts(ret, "print fmt: \"\"\n");
	return 0;
}

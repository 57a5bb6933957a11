#include "clean.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "report.h"

#define COLUMNS 80

/*
 * One character of UTF-8 as RFC 3629 section 4 allows it: shortest form, no
 * surrogates, at most U+10FFFF. Returns its length, or 0.
 */
static size_t decode(const unsigned char *p, uint32_t *ret)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = p[0] < 0x80 ? 1 :
		   (p[0] & 0xe0) == 0xc0 ? 2 :
		   (p[0] & 0xf0) == 0xe0 ? 3 :
		   (p[0] & 0xf8) == 0xf0 ? 4 : 0;
	uint32_t c = n == 1 ? p[0] : n ? p[0] & (0x7fu >> n) : 0;

	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80) /* the final NUL, too */
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (n == 0 || c < smallest[n] || c > 0x10ffff ||
	    (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

/* Shows itself, and changes nothing around it. */
static bool is_visible(uint32_t c)
{
	return c >= 0x20 && !(c >= 0x7f && c <= 0x9f) && /* C0, DEL, C1 */
	       !(c >= 0x200b && c <= 0x200f) && /* no width, direction */
	       !(c >= 0x2028 && c <= 0x202e) && /* lines, direction */
	       !(c >= 0x2060 && c <= 0x206f) && /* joiners, isolates */
	       !(c >= 0xd800 && c <= 0xdfff) && c != 0x61c && c != 0xfeff &&
	       !(c >= 0xfff0 && c <= 0xfffb) && (c & 0xfffe) != 0xfffe &&
	       !(c >= 0xe0000 && c <= 0xe0fff); /* tags */
}

void clean_add(struct buf *b, const char *text, enum clean_lines lines)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		uint32_t c = 0;
		size_t n = decode(p, &c);

		if (n && is_visible(c))
			buf_add(b, p, n);
		else if (*p == '\n' || *p == '\t')
			buf_add(b, lines == ONE_LINE ? " " : (const char *)p,
				1);
		else if (n > 1)
			buf_printf(b, "\\u{%" PRIX32 "}", c);
		else
			buf_printf(b, "\\x%02x", *p);
		p += n ? n : 1;
	}
}

char *clean(const char *text, enum clean_lines lines)
{
	struct buf b = BUF_INIT;

	clean_add(&b, text, lines);
	return buf_take(&b);
}

char *report_clean(const char *text)
{
	return clean(text, ONE_LINE);
}

void clean_html(struct buf *b, const char *text, enum clean_lines lines)
{
	CLEANUP_FREE char *safe = clean(text, lines);

	for (const char *p = safe; *p; p++) {
		switch (*p) {
		case '&':
			buf_puts(b, "&amp;");
			break;
		case '<':
			buf_puts(b, "&lt;");
			break;
		case '>':
			buf_puts(b, "&gt;");
			break;
		case '"':
			buf_puts(b, "&quot;");
			break;
		case '\'':
			buf_puts(b, "&#39;");
			break;
		default:
			buf_add(b, p, 1);
		}
	}
}

void clean_shell(struct buf *b, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789@%+=:,./-_";
	CLEANUP_FREE char *safe = clean(word, ONE_LINE);

	if (*safe && !safe[strspn(safe, plain)]) {
		buf_puts(b, safe);
		return;
	}
	buf_puts(b, "'");
	for (const char *p = safe; *p; p++) {
		if (*p == '\'')
			buf_puts(b, "'\\''");
		else
			buf_add(b, p, 1);
	}
	buf_puts(b, "'");
}

/* Characters, not bytes; wide ones count as one. */
static int width(const char *text, size_t len)
{
	int n = 0;

	for (size_t i = 0; i < len; i++)
		n += (text[i] & 0xc0) != 0x80;
	return n;
}

void clean_wrap(struct buf *b, const char *text, int column, int indent)
{
	CLEANUP_FREE char *safe = clean(text, ONE_LINE);
	const char *p = safe + strspn(safe, " ");
	bool first = true;

	while (*p) {
		size_t len = strcspn(p, " ");
		int w = width(p, len);

		if (!first && column + 1 + w > COLUMNS) {
			buf_printf(b, "\n%*s", indent, "");
			column = indent;
		} else if (!first) {
			buf_puts(b, " ");
			column++;
		}
		buf_add(b, p, len);
		column += w;
		first = false;
		p += len;
		p += strspn(p, " ");
	}
}

void clean_count(struct buf *b, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf_puts(b, ",");
		buf_add(b, digits + i, 1);
	}
}

void clean_legal(struct buf *b, double log2_states)
{
	if (log2_states < 53)
		clean_count(b, (uint64_t)llround(exp2(log2_states)));
	else
		buf_printf(b, "2^%.1f", log2_states);
}

void clean_seconds(struct buf *b, double seconds)
{
	uint64_t whole;

	if (!(seconds >= 0 && seconds < 1e9)) {
		buf_puts(b, "not known");
		return;
	}
	whole = (uint64_t)llround(seconds);
	if (seconds < 0.9995)
		buf_printf(b, "%.0f ms", seconds * 1e3);
	else if (seconds < 59.95)
		buf_printf(b, "%.1f s", seconds);
	else
		buf_printf(b, "%" PRIu64 " min %02d s", whole / 60,
			   (int)(whole % 60));
}

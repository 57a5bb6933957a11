/*
 * From violated states to findings.
 *
 * One cause shows in many states, each with its own numbers: "lost TXN-17 at
 * offset 4096". Two violations are taken for one cause when the same stage
 * said the same thing, apart from numbers. So a message becomes a pattern:
 *
 * - a hexadecimal word becomes N: 0x and hex digits; or a whole word of hex
 *   digits, at least four with a decimal digit among them (a checksum, a part
 *   of a UUID) or at least eight without;
 * - any other run of decimal digits becomes N: "TXN-17" is "TXN-N";
 * - a list of numbers becomes one N: "rows 3, 4, 9" is "rows N", as how many
 *   were lost is a number, too;
 * - blanks become one blank, for columns move when numbers grow.
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "common/buf.h"
#include "common/error.h"
#include "internal.h"

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static size_t run_of(const char *p, int (*is)(int))
{
	size_t n = 0;

	while (is((unsigned char)p[n]))
		n++;
	return n;
}

/* Length of the hexadecimal word that starts here, or 0. */
static size_t hex_word(const char *p)
{
	size_t n, digits = 0;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		n = run_of(p + 2, isxdigit);
		return n ? n + 2 : 0;
	}
	n = run_of(p, isxdigit);
	for (size_t i = 0; i < n; i++)
		digits += isdigit((unsigned char)p[i]) != 0;
	if (is_word(p[n]))
		return 0;
	return (n >= 4 && digits) || n >= 8 ? n : 0;
}

/* Length of the number that starts here, or 0. */
static size_t number_length(const char *start, const char *p)
{
	bool word_start = p == start || !is_word(p[-1]);
	size_t n = word_start ? hex_word(p) : 0;

	return n ? n : run_of(p, isdigit);
}

/* The number becomes N, except where it goes on with a list. */
static void add_number(struct buf *b)
{
	size_t keep = b->len;

	while (keep && strchr(", ", b->data[keep - 1]))
		keep--;
	if (keep < b->len && keep && b->data[keep - 1] == 'N' &&
	    (keep == 1 || !is_word(b->data[keep - 2]))) {
		b->len = keep;
		b->data[keep] = '\0';
		return;
	}
	buf_puts(b, "N");
}

char *store_pattern(const char *message)
{
	struct buf b = BUF_INIT;
	const char *p = message;

	while (*p) {
		size_t n = number_length(message, p);

		if (n) {
			add_number(&b);
		} else if (isspace((unsigned char)*p)) {
			n = run_of(p, isspace);
			buf_puts(&b, " ");
		} else {
			n = 1;
			buf_add(&b, p, 1);
		}
		p += n;
	}
	return buf_take(&b);
}

/*
 * Findings come in the order in which to look at them: what is violated before
 * what the scenario documents to lose, what a drive may do before what none may, what was lost with the fewest lost writes first, then
 * what shows most often.
 */
int store_find(struct store *s, struct error *e)
{
	int err = store_commit(s, e);

	if (err == 0)
		err = store_exec(
			s,
			"BEGIN IMMEDIATE;"
			"DELETE FROM finding;"
			"INSERT INTO finding (number, state, states, lost_ns)"
			" SELECT row_number() OVER"
			"  (ORDER BY verdict <> 'violated', fault <> '', lost,"
			"   states DESC, position, id),"
			"  id, states, oldest"
			" FROM (SELECT id, verdict, fault, lost, position,"
			"  row_number() OVER (PARTITION BY verdict, fault,"
			"   stage, pattern"
			"   ORDER BY s.equal <> '', lost, position, s.source <> 'replay',"
			"   length(survivors), id) AS rank,"
			"  count(*) OVER like_it AS states,"
			"  max(lost_ns) OVER like_it AS oldest"
			"  FROM state s LEFT JOIN cut c"
			"  ON s.source = c.source AND s.cut = c.name"
			"  WHERE verdict IN ('violated', 'loses')"
			"  WINDOW like_it AS"
			"   (PARTITION BY verdict, fault, stage, pattern))"
			" WHERE rank = 1;"
			"COMMIT",
			e);
	if (err < 0)
		store_exec(s, "ROLLBACK", NULL);
	return err;
}

/*
 * Text from the guest, made harmless. Private to this room.
 *
 * What a guest printed may be anything: terminal escapes, broken UTF-8, marks
 * that turn the reading direction, markup. Every report shows such text
 * through these functions and through nothing else.
 */
#ifndef REPORT_CLEAN_H
#define REPORT_CLEAN_H

#include <stdint.h>

struct buf;

enum clean_lines {
	ONE_LINE,   /* newlines and tabs become a blank */
	MANY_LINES, /* newlines and tabs stay */
};

/*
 * Appends the text as valid UTF-8 of visible characters, fit for a terminal,
 * for JSON and for XML 1.0 (section 2.2, Char). All else stands as \xNN (a
 * byte) or \u{N} (a character), so that it can still be told what was there.
 */
void clean_add(struct buf *b, const char *text, enum clean_lines lines);
/* As a string; caller frees. */
char *clean(const char *text, enum clean_lines lines);
/* clean_add, and the characters of markup as entities: for HTML, in text and
 * in quoted attributes. */
void clean_html(struct buf *b, const char *text, enum clean_lines lines);

/* Appends one word of a shell command: quoted unless it is plain. */
void clean_shell(struct buf *b, const char *word);

/* Appends the text broken at blanks, each line after the first with `indent`
 * blanks before it, so that it fits in 80 columns. `column` is where the first
 * line starts. */
void clean_wrap(struct buf *b, const char *text, int column, int indent);

/* 1,234,567 */
void clean_count(struct buf *b, uint64_t n);
/* A number of states by its log2: digits below 2^53, else 2^1234.5 */
void clean_legal(struct buf *b, double log2_states);
/* 40 ms, 48.2 s, 3 min 05 s */
void clean_seconds(struct buf *b, double seconds);

#endif

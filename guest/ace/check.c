/*
 * ace-check: judges what a crash left of a batch.
 *
 * The last sequence that was begun is the one in which power failed: what its
 * acks promise must be there (harness/ace/promise.c), and its directory must be
 * of use, which is tried last. The one before it was synced as a whole before
 * that began, so nothing of it may be missing or old. Still older ones were
 * looked at behind earlier cuts; after the last ack of the batch all are. What
 * was not begun is not judged.
 *
 * Exit 0: held; 1: violated; 2: cannot tell.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ace.h"
#include "batch.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "scan.h"

enum { HELD, VIOLATED, UNKNOWN };

/* Where the recording was when power failed. */
struct progress {
	const struct ace_sequence *last; /* begun last; NULL: none */
	int acked;			 /* persistence points of it */
	int ended;			 /* all sequences were, and synced */
};

static int cannot_tell(const char *what, const char *why)
{
	fprintf(stderr, "ace-check: %s: %s\n", what, why);
	return UNKNOWN;
}

static int violated(const struct ace_sequence *s, const char *what)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	ace_sequence_text(s, &text);
	printf("%s: %s [%s]\n", s->name, what, buf_text(&text));
	return VIOLATED;
}

/* ---- what was promised ---- */

static int read_lines(const char *variable, struct buf *ret)
{
	const char *path = getenv(variable);
	struct error e;

	if (!path)
		return cannot_tell(variable, "not in the environment");
	if (file_read(path, ret, &e))
		return cannot_tell(path, e.message);
	return HELD;
}

static int take_begun(const struct batch *b, char *text, struct progress *p)
{
	unsigned point;
	char *save;

	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		p->last = batch_find(b, line, &point);
		if (!p->last)
			return cannot_tell("begun", line);
	}
	return HELD;
}

static int take_acks(const struct batch *b, char *text, struct progress *p)
{
	char *save;

	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		const struct ace_sequence *s;
		unsigned point;

		if (!strcmp(line, ACE_END_TEXT)) {
			p->ended = 1;
			continue;
		}
		s = batch_find(b, line, &point);
		if (!s || !point)
			return cannot_tell("acknowledged", line);
		if (s == p->last)
			p->acked = (int)point;
	}
	return HELD;
}

static int read_progress(const struct batch *b, struct progress *p)
{
	CLEANUP_BUF struct buf begun = BUF_INIT, acks = BUF_INIT;
	int r = read_lines("PC_BEGUN", &begun);

	if (r == HELD)
		r = read_lines("PC_ACKS", &acks);
	if (r == HELD && begun.data)
		r = take_begun(b, begun.data, p);
	if (r == HELD && acks.data)
		r = take_acks(b, acks.data, p);
	return r;
}

/* ---- one sequence ---- */

static int is_ours(int err)
{
	return err == -ENOMEM || err == -EMFILE || err == -ENOSPC;
}

static int look(const struct ace_sequence *s, const char *folder,
		const struct ace_model *m, int strict, struct ace_seen *seen)
{
	CLEANUP_BUF struct buf why = BUF_INIT, line = BUF_INIT;
	struct error e;
	int err = scan(folder, seen, &e);

	if (is_ours(err))
		return cannot_tell(s->name, e.message);
	if (err)
		return violated(s, e.message);
	if (!ace_judge(m, seen, strict, &why))
		return HELD;
	if (m->last_promise) {
		buf_puts(&line, "after '");
		ace_op_text(&s->ops[m->last_promise - 1], &line);
		buf_puts(&line, "': ");
	}
	buf_puts(&line, buf_text(&why));
	return violated(s, buf_text(&line));
}

static int use(const struct ace_sequence *s, const char *folder, int last,
	       const struct ace_seen *seen)
{
	struct error e;
	int err = use_up(folder, seen, last, &e);

	if (is_ours(err))
		return cannot_tell(s->name, e.message);
	return err ? violated(s, e.message) : HELD;
}

static int judge(const struct batch *b, const struct ace_sequence *s, int acked,
		 int synced, int to_use)
{
	CLEANUP_FREE char *folder = batch_folder(b, s);
	struct ace_seen *seen = xcalloc(1, sizeof(*seen));
	struct ace_model *m = NULL;
	int r = ace_model_run(s, acked, &m, NULL)
			? cannot_tell(s->name, "cannot run")
			: HELD;

	if (r == HELD && synced)
		ace_promise_all(m);
	if (r == HELD)
		r = look(s, folder, m, b->strict, seen);
	if (r == HELD && to_use)
		r = use(s, folder, !b->here, seen);
	ace_model_free(m);
	ace_seen_release(seen);
	free(seen);
	return r;
}

static int judge_all(const struct batch *b, const struct progress *p)
{
	size_t last = p->last ? (size_t)(p->last - b->sequences) : 0;
	int r = HELD;

	if (!p->last)
		return HELD;
	for (size_t i = p->ended || !last ? 0 : last - 1; i < last; i++) {
		r = judge(b, &b->sequences[i], ACE_ALL, 1, 0);
		if (r != HELD)
			return r;
	}
	return judge(b, p->last, p->ended ? ACE_ALL : p->acked, p->ended, 1);
}

int ace_check_main(int argc, char **argv)
{
	struct progress p = {0};
	struct batch b;
	struct error e;
	int r;

	if (batch_read(argc, argv, &b, &e))
		return cannot_tell("arguments", e.message);
	r = read_progress(&b, &p);
	if (r == HELD)
		r = judge_all(&b, &p);
	batch_release(&b);
	return r;
}

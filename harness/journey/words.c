#include "journey/cause.h"

#include <inttypes.h>
#include <string.h>

#include "common/buf.h"

const char *layer_words(unsigned layer)
{
	static const char *const words[] = {
		"not known", "application buffer", "system call",
		"page cache", "file system and journal",
		"block layer", "drive cache",
	};

	return words[layer < 7 ? layer : 0];
}

static void caller_words(const struct call *c, const char *verb,
			 struct buf *ret)
{
	buf_printf(ret, ", %s by call %" PRIu64 " (%s of %s, thread %d)", verb,
		   c->number, c->name ? c->name : call_kind_name(c->kind),
		   *c->program ? c->program : "an unnamed program", c->tid);
}

static void file_words(const struct operation *o, struct buf *ret)
{
	if (o->path && *o->path)
		buf_puts(ret, o->path);
	else
		buf_printf(ret, "inode %" PRIu64, o->inode);
}

static void bytes_words(const struct operation *o, struct buf *ret)
{
	if (o->offset == CALL_NOWHERE)
		buf_printf(ret, "%" PRIu64 " bytes of ", o->length);
	else
		buf_printf(ret, "%" PRIu64 " bytes at %" PRIu64 " of ",
			   o->length, o->offset);
	file_words(o, ret);
}

static void name_words(const struct operation *o, struct buf *ret)
{
	const struct call *c = o->call;
	int removed = c->kind == CALL_UNLINK || c->kind == CALL_RMDIR;

	buf_puts(ret, removed ? "the removal of " : "the name ");
	file_words(o, ret);
	if (c->kind == CALL_RENAME) {
		caller_words(c, "given", ret);
		buf_printf(ret, " to what was %s", c->path);
		return;
	}
	caller_words(c, removed ? "made" : c->kind == CALL_LINK ? "given" :
				  "created", ret);
}

void operation_words(const struct operation *o, struct buf *ret)
{
	switch (o->kind) {
	case OPERATION_WRITE:
		bytes_words(o, ret);
		caller_words(o->call, "written", ret);
		return;
	case OPERATION_STORE:
		bytes_words(o, ret);
		caller_words(o->call, "stored through the mapping", ret);
		return;
	case OPERATION_SIZE:
		buf_printf(ret, "the size of ");
		file_words(o, ret);
		caller_words(o->call, "changed", ret);
		return;
	case OPERATION_NAME:
		name_words(o, ret);
		return;
	case OPERATION_ATTRIBUTE:
		buf_puts(ret, "an attribute of ");
		file_words(o, ret);
		caller_words(o->call, "changed", ret);
		return;
	}
}

static void command_words(const struct media *m, size_t command,
			  struct buf *ret)
{
	const struct command *c = command == NO_INDEX ? NULL :
		&m->journey->in.history->commands[command];

	if (c && c->number)
		buf_printf(ret, " as its write w%" PRIu64, c->number);
}

/* The journal's own writes are on their way, too. */
static void journal_words(const struct standing *s, struct buf *ret)
{
	if (s->part != PART_REACH)
		return;
	if (s->transaction)
		buf_printf(ret, "the journal's commit of transaction %" PRIu64
			   ", which was ", s->transaction);
	else
		buf_puts(ret, "the file system's own write, which was ");
}

void standing_words(const struct media *m, const struct standing *s,
		    struct buf *ret)
{
	switch (s->at) {
	case AT_CALL:
		buf_puts(ret, "in the system call, not copied yet (layer 2)");
		return;
	case AT_PAGES:
		buf_puts(ret, "in the page cache (layer 3)");
		return;
	case AT_JOURNAL:
		buf_puts(ret, "in the file system, ");
		if (s->transaction)
			buf_printf(ret, "in transaction %" PRIu64 " of the "
				   "journal, ", s->transaction);
		buf_puts(ret, "not committed (layer 4)");
		return;
	case AT_BLOCK:
		if (s->part == PART_REACH)
			buf_puts(ret, "behind ");
		journal_words(s, ret);
		buf_puts(ret, "in the block layer (layer 5), requested and "
			 "not acknowledged by the drive");
		command_words(m, s->command, ret);
		return;
	case AT_DRIVE:
		if (s->part == PART_REACH)
			buf_puts(ret, "behind ");
		journal_words(s, ret);
		buf_puts(ret, "in the drive's cache (layer 6)");
		command_words(m, s->command, ret);
		return;
	default:
		buf_puts(ret, "in a layer that is not known");
		return;
	}
}

void promise_words(const struct journey_mark *p, struct buf *ret)
{
	buf_printf(ret, "ack \"%s\" (mark m%" PRIu64, p->mark->text,
		   p->mark->number);
	if (p->call)
		buf_printf(ret, ", call %" PRIu64, p->call->number);
	buf_puts(ret, ")");
}

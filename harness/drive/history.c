#include "drive/history.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"

#define MARK_TEXT_MAX 4000 /* guest/include/mark-block.h */

/* A history while it is being read. */
struct loading {
	struct history *h;
	int fd; /* of the log, for the marks' texts */
	size_t commands_size, marks_size, times_size;
	uint64_t n_marks; /* after ARM */
	struct error *e;
};

static int malformed(struct loading *l, const struct log_record *r,
		     const char *what)
{
	return error_set(l->e, EBADMSG,
			 "log %s is malformed: record %" PRIu64 ": %s",
			 l->h->log_path, r->position, what);
}

/* Whether commands and marks count: between ARM and STOP. */
static int armed(const struct loading *l)
{
	return l->h->arm != POSITION_NEVER && l->h->stop == POSITION_NEVER;
}

static uint64_t number_of(struct loading *l, const struct log_record *r)
{
	if (!armed(l))
		return 0;
	return r->type == LOG_FLUSH ? ++l->h->n_flushes : ++l->h->n_writes;
}

static void add_command(struct loading *l, const struct log_record *r,
			uint64_t payload_offset)
{
	struct history *h = l->h;

	if (h->n_commands == l->commands_size) {
		l->commands_size = l->commands_size ? 2 * l->commands_size : 64;
		h->commands = xrealloc(h->commands, l->commands_size *
						    sizeof(*h->commands));
	}
	h->commands[h->n_commands++] = (struct command){
		.type = r->type,
		.fua = !!(r->flags & LOG_FUA),
		.submit = r->position,
		.complete = POSITION_NEVER,
		.submit_ns = h->times[r->position],
		.offset = r->offset,
		.length = r->length,
		.data = r->type == LOG_WRITE ? payload_offset : 0,
		.number = number_of(l, r),
	};
}

static int by_submit(const void *key, const void *element)
{
	uint64_t submit = *(const uint64_t *)key;
	const struct command *c = element;

	return submit < c->submit ? -1 : submit > c->submit;
}

static int complete_command(struct loading *l, const struct log_record *r)
{
	struct history *h = l->h;
	struct command *c = NULL;

	if (h->n_commands)
		c = bsearch(&r->command, h->commands, h->n_commands,
			    sizeof(*c), by_submit);
	if (!c)
		return malformed(l, r, "it completes an unknown command");
	if (c->complete != POSITION_NEVER)
		return malformed(l, r, "it completes a command again");
	c->complete = r->position;
	c->complete_ns = h->times[r->position];
	return 0;
}

static int add_mark(struct loading *l, const struct log_record *r,
		    uint64_t payload_offset)
{
	CLEANUP_FREE char *text = NULL;
	struct history *h = l->h;
	int err;

	if (r->payload > MARK_TEXT_MAX)
		return malformed(l, r, "its text is too long");
	text = xmalloc(r->payload + 1);
	err = pread_full(l->fd, text, r->payload, payload_offset);
	if (err < 0)
		return error_errno(l->e, -err, "cannot read the log %s",
				   h->log_path);
	text[r->payload] = '\0';
	if (memchr(text, '\0', r->payload) || memchr(text, '\n', r->payload))
		return malformed(l, r, "its text is not one line");
	if (h->n_marks == l->marks_size) {
		l->marks_size = l->marks_size ? 2 * l->marks_size : 64;
		h->marks = xrealloc(h->marks,
				    l->marks_size * sizeof(*h->marks));
	}
	h->marks[h->n_marks++] = (struct mark){
		.position = r->position,
		.number = armed(l) ? ++l->n_marks : 0,
		.time_ns = r->time_ns,
		.kind = (enum mark_kind)r->detail,
		.text = TAKE(text),
	};
	return 0;
}

static int set_once(struct loading *l, const struct log_record *r,
		    uint64_t *position)
{
	if (*position != POSITION_NEVER)
		return malformed(l, r, "it may come only once");
	*position = r->position;
	return 0;
}

/* The next position's time. The drive's clock only goes forward; a log that was
 * edited may say otherwise. */
static void add_time(struct loading *l, const struct log_record *r)
{
	struct history *h = l->h;
	uint64_t last = h->end ? h->times[h->end - 1] : 0;

	if (h->end == l->times_size) {
		l->times_size = l->times_size ? 2 * l->times_size : 256;
		h->times = xrealloc(h->times,
				    l->times_size * sizeof(*h->times));
	}
	h->times[h->end++] = r->time_ns > last ? r->time_ns : last;
}

static int take_record(struct loading *l, const struct log_record *r,
		       uint64_t payload_offset)
{
	if (l->h->cut != POSITION_NEVER && r->type != LOG_END)
		return malformed(l, r, "it stands behind the cut");
	add_time(l, r);
	switch ((enum log_type)r->type) {
	case LOG_WRITE:
	case LOG_ZEROES:
	case LOG_DISCARD:
	case LOG_FLUSH:
		add_command(l, r, payload_offset);
		return 0;
	case LOG_COMPLETE:
		return complete_command(l, r);
	case LOG_MARK:
		return add_mark(l, r, payload_offset);
	case LOG_BASE:
		return set_once(l, r, &l->h->base);
	case LOG_ARM:
		return set_once(l, r, &l->h->arm);
	case LOG_CUT:
		return set_once(l, r, &l->h->cut);
	case LOG_STOP:
		return set_once(l, r, &l->h->stop);
	case LOG_END:
		return 0;
	}
	return malformed(l, r, "it has an unknown type");
}

static int take_all(struct loading *l, struct log_reader *reader)
{
	struct log_record r;
	uint64_t payload_offset;
	int err;

	while ((err = log_next(reader, &r, &payload_offset, l->e)) > 0) {
		err = take_record(l, &r, payload_offset);
		if (err < 0)
			return err;
	}
	return err;
}

static struct history *history_new(const char *log_path,
				   const struct log_file_header *header)
{
	struct history *h = xcalloc(1, sizeof(*h));

	h->log_path = xstrdup(log_path);
	h->disk_size = header->disk_size;
	h->block_size = header->block_size;
	h->started_ns = header->started_ns;
	h->base = h->arm = h->cut = h->stop = POSITION_NEVER;
	return h;
}

int history_load(const char *log_path, struct history **ret, struct error *e)
{
	CLEANUP_CLOSE int fd = open(log_path, O_RDONLY | O_CLOEXEC);
	struct loading l = { .fd = fd, .e = e };
	struct log_reader *reader;
	int err;

	if (fd < 0)
		return error_errno(e, errno, "cannot open the log %s",
				   log_path);
	err = log_open(log_path, &reader, e);
	if (err < 0)
		return err;
	l.h = history_new(log_path, log_header(reader));
	err = take_all(&l, reader);
	l.h->sealed = log_sealed(reader);
	log_reader_free(reader);
	if (err < 0) {
		history_free(l.h);
		return err;
	}
	*ret = l.h;
	return 0;
}

void history_free(struct history *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n_marks; i++)
		free(h->marks[i].text);
	free(h->marks);
	free(h->times);
	free(h->commands);
	free(h->log_path);
	free(h);
}

/*
 * Histories made by hand, for tests of the crash model and the states.
 *
 * A test tells the events in their order; each takes the next position, as in
 * the log. Everything lives in fixed arrays: nothing to free but mark texts.
 */
#ifndef DRIVE_TEST_LOGS_H
#define DRIVE_TEST_LOGS_H

#include <stdlib.h>
#include <string.h>

#include "drive/history.h"

#define TEST_COMMANDS 64
#define TEST_MARKS 32
#define TEST_EVENTS 256

/* What stands at a position, for references that replay the log naively. */
struct test_event {
	enum log_type type;
	size_t command; /* index, of a submit or a COMPLETE */
};

struct test_log {
	struct history h;
	struct command commands[TEST_COMMANDS];
	struct mark marks[TEST_MARKS];
	struct test_event events[TEST_EVENTS];
	uint64_t times[TEST_EVENTS];
	uint64_t now_ns; /* of the events to come */
};

static inline void test_log_init(struct test_log *t, uint64_t disk_size,
				 const char *log_path)
{
	memset(t, 0, sizeof(*t));
	t->h = (struct history){ .log_path = (char *)log_path,
				 .disk_size = disk_size,
				 .block_size = 512,
				 .commands = t->commands,
				 .marks = t->marks,
				 .times = t->times,
				 .base = POSITION_NEVER,
				 .arm = POSITION_NEVER,
				 .cut = POSITION_NEVER,
				 .stop = POSITION_NEVER };
}

static inline uint64_t test_event(struct test_log *t, enum log_type type,
				  size_t command)
{
	if (t->h.end >= TEST_EVENTS)
		abort();
	t->events[t->h.end] = (struct test_event){ type, command };
	t->times[t->h.end] = t->now_ns;
	return t->h.end++;
}

/* Returns the command's index. */
static inline size_t test_submit(struct test_log *t, enum log_type type,
				 uint64_t offset, uint64_t length,
				 uint64_t data, int fua)
{
	struct history *h = &t->h;
	size_t i = h->n_commands++;
	struct command *c = &t->commands[i];

	if (i >= TEST_COMMANDS)
		abort();
	*c = (struct command){ .type = type,
			       .fua = fua,
			       .submit = test_event(t, type, i),
			       .complete = POSITION_NEVER,
			       .submit_ns = t->now_ns,
			       .offset = offset,
			       .length = length,
			       .data = data };
	if (h->arm != POSITION_NEVER)
		c->number = type == LOG_FLUSH ? ++h->n_flushes : ++h->n_writes;
	return i;
}

static inline void test_complete(struct test_log *t, size_t command)
{
	t->commands[command].complete = test_event(t, LOG_COMPLETE, command);
	t->commands[command].complete_ns = t->now_ns;
}

/* A write of 512-byte sectors that completes at once. */
static inline size_t test_write(struct test_log *t, uint64_t sector,
				uint64_t sectors)
{
	size_t i = test_submit(t, LOG_WRITE, sector * 512, sectors * 512, 0, 0);

	test_complete(t, i);
	return i;
}

static inline size_t test_flush(struct test_log *t)
{
	size_t i = test_submit(t, LOG_FLUSH, 0, 0, 0, 0);

	test_complete(t, i);
	return i;
}

static inline void test_arm(struct test_log *t)
{
	t->h.arm = test_event(t, LOG_ARM, 0);
}

static inline void test_cut(struct test_log *t)
{
	t->h.cut = test_event(t, LOG_CUT, 0);
}

static inline void test_seal(struct test_log *t)
{
	test_event(t, LOG_END, 0);
	t->h.sealed = 1;
}

static inline void test_mark(struct test_log *t, enum mark_kind kind,
			     const char *text)
{
	size_t i = t->h.n_marks++;
	uint64_t number = 0;

	if (i >= TEST_MARKS)
		abort();
	if (t->h.arm != POSITION_NEVER)
		number = i && t->marks[i - 1].number ?
				 t->marks[i - 1].number + 1 :
				 1;
	t->marks[i] = (struct mark){ .position = test_event(t, LOG_MARK, 0),
				     .number = number,
				     .kind = kind,
				     .text = (char *)text };
}

#endif

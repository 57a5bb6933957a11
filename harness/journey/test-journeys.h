/*
 * Journeys made by hand: a drive's log (drive/test-logs.h), the workload's calls
 * and the kernel's events on one clock. A test tells what happens in its order;
 * each step takes the next 10 ns of the guest.
 */
#ifndef JOURNEY_TEST_JOURNEYS_H
#define JOURNEY_TEST_JOURNEYS_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "drive/test-logs.h"
#include "journey/cause.h"

#define TEST_CALLS 64
#define TEST_LAYERS 128
#define TEST_EXTENTS 16
#define TEST_FILE 100 /* an inode */
#define TEST_DIRECTORY 50
#define TEST_PATH "/mnt/log"

struct test_journey {
	struct test_log log;
	struct cache_model model;
	struct call calls[TEST_CALLS];
	struct layer_event events[TEST_LAYERS];
	struct call_extent extents[TEST_EXTENTS];
	struct calls c;
	struct layers l;
	uint64_t now;
	char log_path[64], units[80];
	const char *filesystem, *mount_options;
	journal_read_fn *base;
	void *base_arg;
	struct state_space *space;
	struct journey journey;
	int made;
};

static inline void test_journey_init(struct test_journey *t)
{
	int fd;

	memset(t, 0, sizeof(*t));
	strcpy(t->log_path, "/tmp/test-journey-XXXXXX");
	fd = mkstemp(t->log_path);
	if (fd < 0 || ftruncate(fd, 1 << 20) < 0)
		abort();
	close(fd);
	snprintf(t->units, sizeof(t->units), "%s.units", t->log_path);
	test_log_init(&t->log, 64 * 512, t->log_path);
	test_arm(&t->log);
	t->model = (struct cache_model)CACHE_MODEL_HONEST;
	t->model.tear = 512;
	t->c = (struct calls){ .calls = t->calls, .extents = t->extents,
			       .traced = 1, .ended = 1 };
	t->l = (struct layers){ .events = t->events, .traced = 1,
			       .drained = 1 };
	t->now = 1000;
	t->filesystem = "f2fs";
	t->mount_options = "";
}

static inline uint64_t test_now(struct test_journey *t)
{
	t->now += 10;
	t->log.now_ns = t->now;
	return t->now;
}

/* A call that has been entered. */
static inline struct call *test_enter(struct test_journey *t,
				      enum call_kind kind, const char *name)
{
	struct call *c = &t->calls[t->c.n++];

	if (t->c.n > TEST_CALLS)
		abort();
	*c = (struct call){ .number = t->c.n,
			    .enter_ns = test_now(t),
			    .kind = kind,
			    .name = name,
			    .pid = 7,
			    .tid = 7,
			    .program = "writer",
			    .inode = TEST_FILE,
			    .parent = TEST_DIRECTORY,
			    .path = TEST_PATH,
			    .path2 = "" };
	return c;
}

static inline struct call *test_exit(struct test_journey *t, struct call *c,
				     int64_t result)
{
	c->exit_ns = test_now(t);
	c->result = result;
	return c;
}

static inline struct layer_event *test_layer(struct test_journey *t,
					     enum layer_kind kind)
{
	struct layer_event *ev = &t->events[t->l.n++];

	if (t->l.n > TEST_LAYERS)
		abort();
	*ev = (struct layer_event){ .time_ns = test_now(t),
				    .kind = kind,
				    .tid = 7 };
	return ev;
}

static inline void test_dirty(struct test_journey *t, uint64_t offset)
{
	struct layer_event *ev = test_layer(t, LAYER_DIRTY);

	ev->inode = TEST_FILE;
	ev->offset = offset;
	ev->length = 4096;
}

static inline struct call *test_write_call(struct test_journey *t,
					   uint64_t offset, const char *text)
{
	struct call *c = test_enter(t, CALL_WRITE, "pwrite64");

	c->offset = offset;
	c->length = strlen(text);
	c->head_length = (uint32_t)strlen(text);
	memcpy(c->head, text, strlen(text));
	test_dirty(t, offset / 4096 * 4096);
	return test_exit(t, c, (int64_t)strlen(text));
}

static inline struct call *test_sync_call(struct test_journey *t,
					  enum call_kind kind, uint64_t inode,
					  int64_t result)
{
	struct call *c = test_enter(t, kind, kind == CALL_DATASYNC ?
					     "fdatasync" : "fsync");

	c->inode = inode;
	return test_exit(t, c, result);
}

/* The mark stands in the log between entry and return. */
static inline struct call *test_mark_call(struct test_journey *t,
					  enum mark_kind kind,
					  const char *text)
{
	struct call *c = test_enter(t, CALL_MARK, "pwrite64");

	c->path = kind == MARK_BEGIN ? "begin" : kind == MARK_ACK ? "ack" :
								    "mark";
	c->path2 = (char *)text;
	c->inode = 0;
	test_mark(&t->log, kind, text);
	return test_exit(t, c, 0);
}

/* The kernel's request and the drive's write of it, of whole sectors. */
static inline void test_queue(struct test_journey *t, uint64_t offset,
			      uint64_t length)
{
	struct layer_event *ev = test_layer(t, LAYER_QUEUE);

	ev->write = 1;
	ev->offset = offset;
	ev->length = length;
}

static inline size_t test_drive_write(struct test_journey *t, uint64_t offset,
				      uint64_t length, int completes)
{
	size_t i;

	test_now(t);
	i = test_submit(&t->log, LOG_WRITE, offset, length, 0, 0);
	t->log.commands[i].guest_ns = t->now;
	if (completes)
		test_complete(&t->log, i);
	return i;
}

static inline void test_drive_flush(struct test_journey *t)
{
	struct layer_event *ev = test_layer(t, LAYER_ISSUE);

	ev->flush = ev->write = 1;
	test_flush(&t->log);
}

static inline void test_extent(struct test_journey *t, uint64_t logical,
			       uint64_t physical, uint64_t length)
{
	t->extents[t->c.n_extents++] = (struct call_extent){
		.time_ns = test_now(t), .inode = TEST_FILE,
		.logical = logical, .physical = physical, .length = length,
	};
}

/* All was told. */
static inline int test_journey_make(struct test_journey *t)
{
	struct journey_input in = { .history = &t->log.h,
				    .model = &t->model,
				    .calls = &t->c,
				    .layers = &t->l,
				    .filesystem = t->filesystem,
				    .mount_options = t->mount_options,
				    .base = t->base,
				    .base_arg = t->base_arg };

	if (!t->log.h.sealed)
		test_seal(&t->log);
	if (space_create(&t->log.h, NULL, t->units, &t->model, &t->space,
			 NULL))
		return -1;
	in.space = t->space;
	if (journey_make(&in, &t->journey, NULL))
		return -1;
	t->made = 1;
	return 0;
}

static inline void test_journey_release(struct test_journey *t)
{
	if (t->made)
		journey_release(&t->journey);
	space_free(t->space);
	unlink(t->units);
	unlink(t->log_path);
}

#endif

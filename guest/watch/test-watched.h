/*
 * For tests: a program of the test's with a watcher, on this machine, and what is
 * told of it. A folder's file system stands for the disk's, /dev/null for the
 * device of the marks.
 */
#ifndef GUEST_WATCH_TEST_WATCHED_H
#define GUEST_WATCH_TEST_WATCHED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/files.h"
#include "guest/watch/filter.h"
#include "guest/watch/loop.h"
#include "guest/watch/ring.h"
#include "guest/watch/watch.h"
#include "trace/calls-wire.h"
#include "trace/calls.h"
#include "trace/trace.h"

#define MARKS "/dev/null"

static char folder[] = "/tmp/pc-watch-XXXXXX";
static struct cure_list cures;
static int mapped;

static char *in(const char *name)
{
	return xasprintf("%s/%s", folder, name);
}

/* ---- a watched program ---- */

static void program(int tell, int wait, void (*work)(void))
{
	struct watch_line line = { tell, wait };

	/* Here it is not the watcher's child, and has no rights. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (chdir(folder) < 0 || watch_enter(&line))
		_exit(99);
	work();
	_exit(7);
}

static pid_t start_watcher(struct record_ring *records, int tell, int seized)
{
	struct watch_target target = { .shown = 5, .mapped = mapped,
				       .cures = cures };
	struct stat st;
	pid_t pid;

	assert_int_equal(stat(folder, &st), 0);
	target.device = st.st_dev;
	assert_int_equal(stat(MARKS, &st), 0);
	target.marks = st.st_rdev;
	strcpy(target.mount, folder);
	pid = fork();
	if (pid == 0)
		watch_loop(records, tell, seized, 3, &target);
	return pid;
}

static void collect(struct record_ring *records, struct buf *file)
{
	static char chunk[CALL_CHUNK_MAX];
	size_t n;

	while ((n = ring_take(records, chunk, sizeof(chunk))) > 0) {
		struct trace_chunk c = { TRACE_MAGIC, TRACE_RECORDS, 0,
					 (uint32_t)n, TRACE_CALLS };

		buf_add(file, &c, sizeof(c));
		buf_add(file, chunk, n);
	}
}

static struct calls *watched_program(void (*work)(void), int *ret_status)
{
	struct record_ring *records = ring_new();
	int tell[2], wait[2], status;
	struct buf file = BUF_INIT;
	struct calls *calls = NULL;
	struct error e = { 0 };
	pid_t child, watcher;
	FILE *f;

	watch_filter();
	assert_non_null(records);
	assert_int_equal(pipe(tell), 0);
	assert_int_equal(pipe(wait), 0);
	child = fork();
	if (child == 0)
		program(tell[1], wait[0], work);
	watcher = start_watcher(records, tell[0], wait[1]);
	close(tell[0]);
	close(tell[1]);
	close(wait[0]);
	close(wait[1]);
	assert_int_equal(waitpid(child, ret_status, 0), child);
	assert_int_equal(waitpid(watcher, &status, 0), watcher);
	collect(records, &file);
	ring_free(records);
	f = fmemopen(file.data, file.len, "r");
	assert_non_null(f);
	if (calls_read(f, "test", &calls, &e))
		fail_msg("%s", e.message);
	fclose(f);
	buf_free(&file);
	assert_true(calls->traced);
	return calls;
}

static struct calls *watched(void (*work)(void))
{
	struct calls *c;
	int status;

	c = watched_program(work, &status);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_true(c->ended);
	assert_int_equal(c->lost, 0);
	return c;
}

static int count(const struct calls *c, const char *name)
{
	int n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += !strcmp(c->calls[i].name, name);
	return n;
}

/* The n-th call of a name. */
__attribute__((unused)) static const struct call *call(const struct calls *c,
						       const char *name, int n)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->calls[i].name, name) && n-- == 0)
			return &c->calls[i];
	fail_msg("no such call: %s", name);
	return NULL;
}

/* Calls that could not be followed. */
__attribute__((unused)) static int opaque(const struct calls *c)
{
	int n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->calls[i].kind == CALL_OPAQUE;
	return n;
}

/* ---- the folder ---- */

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rm_rf(folder, NULL);
}

#endif

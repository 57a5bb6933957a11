/*
 * probe: speaks the agent protocol by hand, for trying a guest without the
 * harness.
 *
 *   probe SOCKET COMMAND... [-- COMMAND...]...
 *
 * Commands: run TIMEOUT_MS ARGV..., put MODE PATH FILE, mount DEV DIR TYPE
 * OPTIONS, umount DIR DEV, sync, trace-start, trace-drain, shell, poweroff,
 * repeat N (all that follow), wait (for one more reply). "start" before a
 * command goes on without its reply. Connects again until the socket exists.
 * Prints a line per reply with its time; trace chunks are counted, not kept.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "guest/init/protocol.h"

static uint64_t started_ns;
static size_t trace_bytes;
static int quiet;
static int no_wait;

static __attribute__((noreturn)) void die(const char *text)
{
	fprintf(stderr, "probe: %s\n", text);
	exit(1);
}

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static void show_reply(const struct frame *f, const struct buf *b)
{
	struct reply r;

	if (b->len < sizeof(r))
		die("short reply");
	memcpy(&r, b->data, sizeof(r));
	if (quiet && !r.error && !r.status)
		return;
	printf("%9.1f reply %u: error %d status %d signal %d timeout %u "
	       "elapsed %.1f trace %zu: %s\n",
	       ms(now_ns() - started_ns), f->id, r.error, r.status, r.signal,
	       r.timed_out, ms(r.elapsed_ns), trace_bytes, b->data + sizeof(r));
}

/* Shows frames until one of this type. */
static void wait_for(int fd, enum frame_type type)
{
	for (;;) {
		CLEANUP_BUF struct buf b = BUF_INIT;
		CLEANUP_FREE char *payload = NULL;
		struct frame f;

		if (read_full(fd, &f, sizeof(f)) < 0)
			die("the guest is gone");
		if (f.magic != AGENT_MAGIC || f.length > FRAME_MAX)
			die("not a frame");
		payload = xmalloc(f.length);
		if (read_full(fd, payload, f.length) < 0)
			die("the guest is gone");
		buf_add(&b, payload, f.length);
		if (f.type == FRAME_REPLY)
			show_reply(&f, &b);
		else if (f.type == FRAME_HELLO)
			printf("%9.1f hello %s\n", ms(now_ns() - started_ns),
			       b.data + sizeof(struct hello));
		else if (f.type == FRAME_TRACE)
			trace_bytes += b.len;
		else
			printf("%9.1f frame %u: %s\n",
			       ms(now_ns() - started_ns), f.type, buf_text(&b));
		fflush(stdout);
		if (f.type == type)
			return;
	}
}

static void request(int fd, enum frame_type type, const struct buf *payload)
{
	static uint32_t id;
	struct frame f = {
		.magic = AGENT_MAGIC,
		.type = (uint16_t)type,
		.version = AGENT_VERSION,
		.id = ++id,
		.length = (uint32_t)payload->len,
	};

	if (write_full(fd, &f, sizeof(f)) < 0 ||
	    write_full(fd, payload->data, payload->len) < 0)
		die("cannot send");
	if (type == FRAME_POWEROFF)
		exit(0);
	if (no_wait)
		return;
	wait_for(fd, FRAME_REPLY);
}

static void add_strings(struct buf *b, char **words, int n)
{
	for (int i = 0; i < n; i++)
		buf_add(b, words[i], strlen(words[i]) + 1);
}

static void command(int fd, char **w, int n)
{
	static const struct {
		const char *name;
		enum frame_type type;
		int words;
	} simple[] = {
		{ "mount", FRAME_MOUNT, 5 },
		{ "umount", FRAME_UMOUNT, 3 },
		{ "sync", FRAME_SYNC, 1 },
		{ "trace-start", FRAME_TRACE_START, 1 },
		{ "trace-drain", FRAME_TRACE_DRAIN, 1 },
		{ "poweroff", FRAME_POWEROFF, 1 },
		{ "shell", FRAME_SHELL, 1 },
	};
	CLEANUP_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++) {
		if (strcmp(w[0], simple[i].name) || n != simple[i].words)
			continue;
		add_strings(&b, w + 1, n - 1);
		request(fd, simple[i].type, &b);
		return;
	}
	if (!strcmp(w[0], "run") && n >= 3) {
		struct run run = { strtoull(w[1], NULL, 10) * 1000000,
				   (uint32_t)n - 2, 0 };

		buf_add(&b, &run, sizeof(run));
		add_strings(&b, w + 2, n - 2);
		request(fd, FRAME_RUN, &b);
	} else if (!strcmp(w[0], "put") && n == 4) {
		struct put put = { (uint32_t)strtoul(w[1], NULL, 8), 0 };

		buf_add(&b, &put, sizeof(put));
		add_strings(&b, w + 2, 1);
		if (file_read(w[3], &b, NULL) < 0)
			die("cannot read the file");
		request(fd, FRAME_PUT, &b);
	} else if (!strcmp(w[0], "wait")) {
		wait_for(fd, FRAME_REPLY);
	} else {
		die(w[0]);
	}
}

static void one(int fd, char **w, int n)
{
	no_wait = n > 1 && !strcmp(w[0], "start");
	command(fd, w + no_wait, n - no_wait);
}

static void commands(int fd, char **words)
{
	while (*words) {
		int n = 0;

		while (words[n] && strcmp(words[n], "--"))
			n++;
		if (!strcmp(words[0], "repeat") && n == 2) {
			quiet = 1;
			for (int i = atoi(words[1]); i > 0; i--)
				commands(fd, words + n + !!words[n]);
			printf("%9.1f repeated\n", ms(now_ns() - started_ns));
			return;
		}
		if (n > 0)
			one(fd, words, n);
		words += n + !!words[n];
	}
}

int main(int argc, char **argv)
{
	struct error e;
	int fd;

	if (argc < 2)
		die("usage: probe SOCKET COMMAND... [-- COMMAND...]...");
	started_ns = now_ns();
	fd = unix_connect(argv[1], started_ns + 5000000000ull, &e);
	if (fd < 0)
		die(e.message);
	wait_for(fd, FRAME_HELLO);
	commands(fd, argv + 2);
	return 0;
}

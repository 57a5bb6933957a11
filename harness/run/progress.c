#include "run/progress.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"

#define TERMINAL_INTERVAL_NS 100000000ULL
#define LOG_INTERVAL_NS 10000000000ULL

struct progress {
	pthread_mutex_t lock;
	int quiet, terminal;
	char *what;
	uint64_t total, done, bad;
	uint64_t began_ns, shown_ns;
	/* rounds */
	uint64_t job, jobs;
	uint64_t round, round_done, rounds_began_ns, stop_at_ns;
};

struct progress *progress_new(int quiet)
{
	struct progress *p = xcalloc(1, sizeof(*p));

	pthread_mutex_init(&p->lock, NULL);
	p->quiet = quiet;
	p->terminal = isatty(STDERR_FILENO);
	p->what = xstrdup("");
	return p;
}

void progress_free(struct progress *p)
{
	if (!p)
		return;
	progress_end(p);
	pthread_mutex_destroy(&p->lock);
	free(p->what);
	free(p);
}

/* "round 3, 1204 states, 38/s, 312 s left; " */
static void describe_round(const struct progress *p, struct buf *b)
{
	uint64_t now = now_ns();
	double seconds = (double)(now - p->rounds_began_ns) / 1e9;

	buf_printf(b, "round %" PRIu64 ", %" PRIu64 " states", p->round,
		   p->round_done);
	if (p->round_done && seconds > 0)
		buf_printf(b, ", %.0f/s", (double)p->round_done / seconds);
	if (p->stop_at_ns)
		buf_printf(b, ", %.0f s left",
			   now < p->stop_at_ns ?
				   (double)(p->stop_at_ns - now) / 1e9 :
				   0.0);
	buf_puts(b, "; ");
}

/* "append-log: 120/480 states, 3 violated, 41/s, 9 s left" */
static void describe(const struct progress *p, struct buf *b)
{
	double seconds = (double)(now_ns() - p->began_ns) / 1e9;
	double rate = seconds > 0 ? (double)p->done / seconds : 0;

	if (p->round)
		describe_round(p, b);
	if (p->job)
		buf_printf(b, "%" PRIu64 " of %" PRIu64 ": ", p->job, p->jobs);
	buf_puts(b, p->what);
	if (!p->total)
		return;
	buf_printf(b, ": %" PRIu64 "/%" PRIu64, p->done, p->total);
	if (p->bad)
		buf_printf(b, ", %" PRIu64 " violated", p->bad);
	if (p->done && rate > 0)
		buf_printf(b, ", %.0f/s, %.0f s left", rate,
			   (double)(p->total - p->done) / rate);
}

static void show(struct progress *p, int force)
{
	uint64_t now = now_ns();
	uint64_t interval =
		p->terminal ? TERMINAL_INTERVAL_NS : LOG_INTERVAL_NS;
	CLEANUP_BUF struct buf line = BUF_INIT;

	if (p->quiet || (!force && now - p->shown_ns < interval))
		return;
	p->shown_ns = now;
	describe(p, &line);
	if (p->terminal)
		fprintf(stderr, "\r\033[K%s", buf_text(&line));
	else
		fprintf(stderr, "%s\n", buf_text(&line));
}

void progress_begin(struct progress *p, uint64_t total, const char *fmt, ...)
{
	LOCKED(&p->lock);
	va_list ap;

	free(p->what);
	va_start(ap, fmt);
	if (vasprintf(&p->what, fmt, ap) < 0)
		abort();
	va_end(ap);
	p->total = total;
	p->done = p->bad = 0;
	p->began_ns = now_ns();
	p->shown_ns = p->terminal ? 0 : p->began_ns;
	show(p, p->terminal);
}

void progress_step(struct progress *p, int bad)
{
	LOCKED(&p->lock);

	p->done++;
	p->round_done++;
	p->bad += bad != 0;
	show(p, 0);
}

void progress_round(struct progress *p, uint64_t round, uint64_t stop_at_ns)
{
	LOCKED(&p->lock);

	if (!p->round) {
		p->round_done = 0;
		p->rounds_began_ns = now_ns();
	}
	p->round = round;
	p->stop_at_ns = stop_at_ns;
}

void progress_job(struct progress *p, uint64_t number, uint64_t total,
		  const char *fmt, ...)
{
	LOCKED(&p->lock);
	va_list ap;

	p->job = number;
	p->jobs = total;
	if (p->quiet || p->terminal)
		return;
	fprintf(stderr, "%" PRIu64 " of %" PRIu64 ": ", number, total);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void progress_end(struct progress *p)
{
	LOCKED(&p->lock);

	if (p->terminal && !p->quiet && p->shown_ns)
		fprintf(stderr, "\r\033[K");
	p->shown_ns = 0;
}

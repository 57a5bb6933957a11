#include "check/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/equality.h"
#include "check/shares.h"
#include "check/watched.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "lab/interrupt.h"

struct job {
	const struct subject *subject;
	const struct item *items;
	size_t n, judged;
	struct shares shares;
	struct canaries canaries;
	const struct item **equal; /* told as equal to others; owned */
	size_t n_equal;
	judged_fn fn;
	void *arg;
	unsigned active; /* workers that work on it */
	int stopped;
	int enough; /* pool_enough() */
};

struct worker {
	struct pool *pool;
	pthread_t thread;
	unsigned number;
	char name[16];
};

struct pool {
	struct pool_config config;
	char *dir, *scratch;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job job;
	struct pool_watch watch; /* of the job */
	int stop;
	unsigned alive; /* workers that have not failed */
	struct error error; /* of the last that failed */
	struct worker *workers;
	unsigned started;
};

/* Once an audit has refuted that, those that were equal to others are items like
 * any. */
static int items_left(struct job *job)
{
	if (job->n_equal && equality_stopped(job->subject->equality)) {
		job->judged -= job->n_equal;
		while (job->n_equal)
			shares_give_back(&job->shares,
					 (size_t)(job->equal[--job->n_equal] -
						  job->items));
	}
	return shares_left(&job->shares) != 0;
}

/* The next item to judge, or NULL: none left, or the user said stop. */
static const struct item *take_item(struct worker *w)
{
	struct pool *p = w->pool;
	size_t i;

	LOCKED(&p->lock);
	if (interrupt_count())
		p->job.stopped = p->job.stopped || items_left(&p->job);
	if (p->job.stopped || !items_left(&p->job) ||
	    !shares_take(&p->job.shares, w->number, &i))
		return NULL;
	return &p->job.items[i];
}

static void report(const struct item *item, const struct state *state,
		   const struct judgement *j, void *arg)
{
	struct pool *p = ((struct worker *)arg)->pool;

	LOCKED(&p->lock);
	if (j->equal && !p->job.enough)
		p->job.equal[p->job.n_equal++] = item;
	p->job.judged++;
	p->job.fn(item, state, j, p->job.arg);
}

static void give_back(const struct item *item, void *arg)
{
	struct pool *p = ((struct worker *)arg)->pool;

	LOCKED(&p->lock);
	if (!p->job.enough)
		shares_give_back(&p->job.shares,
				 (size_t)(item - p->job.items));
}

static void add_counts(struct pool *p, const struct watched *watched)
{
	LOCKED(&p->lock);

	watched_count(watched, &p->watch.counts);
}

/* Works on the job until nothing is left. An error: this worker is done for;
 * what it has not told is for the others. */
static int work(struct worker *w, void *checker, struct error *e)
{
	struct pool *p = w->pool;
	const struct watched_config c = {
		.ops = p->config.ops,
		.checker = checker,
		.subject = p->job.subject,
		.canaries = &p->job.canaries,
		.report = report,
		.arg = w,
	};
	struct watched *watched = NULL;
	const struct item *item;
	int err = p->config.ops->load(checker, p->job.subject, e);

	if (err)
		return err;
	err = watched_start(&c, &watched, e);
	while (!err && (item = take_item(w)))
		err = watched_judge(watched, item, e);
	if (!err)
		err = watched_settle(watched, e);
	add_counts(p, watched);
	watched_free(watched, give_back, w);
	return err;
}

static int work_waits(struct pool *p)
{
	return !p->job.stopped && items_left(&p->job);
}

/* Waits for items to judge and joins in; 0: the pool stops. */
static int join_job(struct pool *p)
{
	LOCKED(&p->lock);

	while (!p->stop && !work_waits(p))
		pthread_cond_wait(&p->changed, &p->lock);
	if (p->stop)
		return 0;
	p->job.active++;
	return 1;
}

/* err: why this worker works no more, or 0. Cancelled is the user's wish. */
static void leave(struct pool *p, int was_active, int err,
		  const struct error *e)
{
	LOCKED(&p->lock);

	p->job.active -= was_active != 0;
	if (err)
		p->alive--;
	if (err == -ECANCELED)
		p->job.stopped = 1;
	else if (err)
		p->error = *e;
	pthread_cond_broadcast(&p->changed);
}

static void work_until_stopped(struct worker *w, void *checker)
{
	struct pool *p = w->pool;
	int err = 0;

	while (!err && join_job(p)) {
		struct error e = { 0 };

		err = work(w, checker, &e);
		leave(p, 1, err, &e);
	}
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct pool *p = w->pool;
	struct checker_config c = {
		.lab = p->config.lab,
		.image = p->config.image,
		.memory = p->config.memory,
		.disk_size = p->config.disk_size,
		.disk_block = p->config.disk_block,
		.bus = p->config.bus,
		.name = w->name,
		.dir = p->dir,
		.scratch = p->scratch,
	};
	const struct checker_ops *ops = p->config.ops;
	void *checker = NULL;
	struct error e = { 0 };
	int err = ops->start(&c, &checker, &e);

	if (err)
		leave(p, 0, err, &e);
	else
		work_until_stopped(w, checker);
	ops->stop(checker);
	return NULL;
}

static int start_worker(struct pool *p, unsigned i, struct error *e)
{
	struct worker *w = &p->workers[i];
	int err;

	w->pool = p;
	w->number = i;
	snprintf(w->name, sizeof(w->name), "%s%u",
		 p->config.name ? p->config.name : "chk", i);
	err = pthread_create(&w->thread, NULL, worker_main, w);
	if (err)
		return error_errno(e, err, "cannot start a thread");
	p->started++;
	return 0;
}

int pool_start(const struct pool_config *c, struct pool **ret, struct error *e)
{
	struct pool *p = xcalloc(1, sizeof(*p));
	int err = 0;

	p->config = *c;
	p->dir = xstrdup(c->dir);
	p->scratch = xstrdup(c->scratch);
	p->alive = c->checkers;
	p->workers = xcalloc(c->checkers, sizeof(*p->workers));
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	for (unsigned i = 0; i < c->checkers && !err; i++)
		err = start_worker(p, i, e);
	if (err) {
		pool_stop(p);
		return err;
	}
	*ret = p;
	return 0;
}

static void ask_to_stop(struct pool *p)
{
	LOCKED(&p->lock);

	p->stop = 1;
	pthread_cond_broadcast(&p->changed);
}

void pool_stop(struct pool *p)
{
	if (!p)
		return;
	ask_to_stop(p);
	for (unsigned i = 0; i < p->started; i++)
		pthread_join(p->workers[i].thread, NULL);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->changed);
	free(p->workers);
	free(p->dir);
	free(p->scratch);
	free(p);
}

static int job_ended(struct pool *p)
{
	return p->job.active == 0 && (!work_waits(p) || p->alive == 0);
}

static int job_result(const struct pool *p, struct error *e)
{
	if (p->job.stopped)
		return error_set(e, ECANCELED, "interrupted");
	if (p->job.judged < p->job.n && !p->job.enough) {
		*e = p->error;
		error_prefix(e, "no checker works any more");
		return -EIO;
	}
	return 0;
}

/* report() holds the lock. */
void pool_enough(struct pool *p)
{
	p->job.enough = 1;
	p->job.n_equal = 0;
	shares_clear(&p->job.shares);
}

int pool_healthy(struct pool *p)
{
	LOCKED(&p->lock);

	return p->alive == p->config.checkers;
}

static void begin_job(struct pool *p, const struct subject *subject,
		      const struct item *items, size_t n)
{
	p->job = (struct job){ .subject = subject, .items = items, .n = n };
	p->job.equal = xcalloc(n, sizeof(*p->job.equal));
	p->watch = (struct pool_watch){ 0 };
	shares_init(&p->job.shares, p->config.checkers, n);
	/* One state is judged by a guest that has judged nothing else since it
	 * was last good. */
	if (n > 1 && p->config.ops->renew)
		canaries_init(&p->job.canaries, subject, &items[0].cut,
			      &items[n - 1].cut);
	else
		canaries_none(&p->job.canaries);
}

static void end_job(struct pool *p)
{
	struct canaries *c = &p->job.canaries;

	p->watch.canaries = c->judged;
	if (c->unsure)
		snprintf(p->watch.unsure, sizeof(p->watch.unsure), "%s",
			 c->unsure);
	canaries_release(c);
	shares_release(&p->job.shares);
	free(TAKE(p->job.equal));
	p->job.n_equal = 0;
}

int pool_judge(struct pool *p, const struct subject *subject,
	       const struct item *items, size_t n,
	       judged_fn fn, void *arg, struct error *e)
{
	int err;

	LOCKED(&p->lock);
	begin_job(p, subject, items, n);
	p->job.fn = fn;
	p->job.arg = arg;
	pthread_cond_broadcast(&p->changed);
	while (!job_ended(p))
		pthread_cond_wait(&p->changed, &p->lock);
	err = job_result(p, e);
	end_job(p);
	return err;
}

void pool_watch(struct pool *p, struct pool_watch *ret)
{
	LOCKED(&p->lock);

	*ret = p->watch;
}

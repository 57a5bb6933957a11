#include "check/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "lab/interrupt.h"

/* A checker that could not judge this many states in a row gives up: what is
 * wrong is not the states. */
#define GIVE_UP_AFTER 3

struct job {
	const struct subject *subject;
	const struct item *items;
	size_t n, next, judged;
	judged_fn fn;
	void *arg;
	unsigned active; /* workers that work on it */
	int stopped;
};

struct worker {
	struct pool *pool;
	pthread_t thread;
	char name[16];
};

struct pool {
	struct pool_config config;
	char *dir, *scratch;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job job;
	int stop;
	unsigned alive; /* workers that have not failed */
	struct error error; /* of the last that failed */
	struct worker *workers;
	unsigned started;
};

/* The next item to judge, or NULL: none left, or the user said stop. */
static const struct item *take_item(struct pool *p)
{
	LOCKED(&p->lock);

	if (interrupt_count())
		p->job.stopped = p->job.stopped || p->job.next < p->job.n;
	if (p->job.stopped || p->job.next == p->job.n)
		return NULL;
	return &p->job.items[p->job.next++];
}

static void report(struct pool *p, const struct item *item,
		   const struct state *state, const struct judgement *j)
{
	LOCKED(&p->lock);

	p->job.judged++;
	p->job.fn(item, state, j, p->job.arg);
}

static int is_dead(const struct state *state)
{
	return state->fault == FAULT_READ_ONLY || state->fault == FAULT_GONE;
}

/* A place that serves a dead device as a living one would judge another state. */
static int judge_state(struct pool *p, void *checker, const struct state *state,
		       const struct buf *acks, const struct buf *begun,
		       struct judgement *ret)
{
	if (!is_dead(state) || p->config.ops->shows_dead)
		return p->config.ops->judge(checker, state, acks, begun, ret);
	*ret = (struct judgement){
		.verdict = VERDICT_UNKNOWN,
		.stage = STAGE_CHECK,
		.message = xstrdup("a dead device can only be judged in a "
				   "guest"),
	};
	return 0;
}

static int judge_item(struct pool *p, void *checker, struct cursor *cursor,
		      const struct item *item, int *ret_undecided,
		      struct error *e)
{
	CLEANUP_BUF struct buf acks = BUF_INIT, begun = BUF_INIT;
	struct judgement j = { 0 };
	struct state state = { 0 };
	int err = cursor_state(cursor, &item->cut, item->survivors, &state, e);

	if (err)
		return err;
	p->job.subject->promises(p->job.subject->promises_arg, &item->cut,
				 &acks, &begun);
	err = judge_state(p, checker, &state, &acks, &begun, &j);
	if (!err) {
		*ret_undecided = j.verdict == VERDICT_UNKNOWN &&
				 j.stage == STAGE_NONE;
		if (*ret_undecided)
			error_set(e, EIO, "%s", j.message);
		report(p, item, &state, &j);
		judgement_release(&j);
	}
	state_free(&state);
	return err;
}

static int judge_items(struct pool *p, void *checker, struct cursor *cursor,
		       struct error *e)
{
	const struct item *item;
	int undecided_in_a_row = 0, err = 0;

	while (!err && (item = take_item(p))) {
		int undecided = 0;

		err = judge_item(p, checker, cursor, item, &undecided, e);
		undecided_in_a_row = undecided ? undecided_in_a_row + 1 : 0;
		if (undecided_in_a_row == GIVE_UP_AFTER)
			return -EIO;
	}
	return err;
}

/* Works on the job until nothing is left, with a cursor of its own. An error:
 * this worker is done for. */
static int work(struct pool *p, void *checker, struct error *e)
{
	struct cursor *cursor;
	int err = p->config.ops->load(checker, p->job.subject, e);

	if (err)
		return err;
	cursor = cursor_new(p->job.subject->space);
	err = judge_items(p, checker, cursor, e);
	cursor_free(cursor);
	return err;
}

static int work_waits(const struct pool *p)
{
	return p->job.next < p->job.n && !p->job.stopped;
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

static void work_until_stopped(struct pool *p, void *checker)
{
	int err = 0;

	while (!err && join_job(p)) {
		struct error e = { 0 };

		err = work(p, checker, &e);
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
		work_until_stopped(p, checker);
	ops->stop(checker);
	return NULL;
}

static int start_worker(struct pool *p, unsigned i, struct error *e)
{
	struct worker *w = &p->workers[i];
	int err;

	w->pool = p;
	snprintf(w->name, sizeof(w->name), "chk%u", i);
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

static int job_ended(const struct pool *p)
{
	return p->job.active == 0 && (!work_waits(p) || p->alive == 0);
}

static int job_result(const struct pool *p, struct error *e)
{
	if (p->job.stopped)
		return error_set(e, ECANCELED, "interrupted");
	if (p->job.judged < p->job.n) {
		*e = p->error;
		error_prefix(e, "no checker works any more");
		return -EIO;
	}
	return 0;
}

/* report() holds the lock. */
void pool_enough(struct pool *p)
{
	p->job.n = p->job.next;
}

int pool_healthy(struct pool *p)
{
	LOCKED(&p->lock);

	return p->alive == p->config.checkers;
}

int pool_judge(struct pool *p, const struct subject *subject,
	       const struct item *items, size_t n,
	       judged_fn fn, void *arg, struct error *e)
{
	LOCKED(&p->lock);

	p->job = (struct job){ .subject = subject, .items = items, .n = n, .fn = fn, .arg = arg };
	pthread_cond_broadcast(&p->changed);
	while (!job_ended(p))
		pthread_cond_wait(&p->changed, &p->lock);
	return job_result(p, e);
}

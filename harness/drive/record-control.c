#include "drive/record.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "drive/record-internal.h"

#define SECOND 1000000000ULL

/* Why the controller cannot have what it asks for. */
static int usable(const struct recorder *r, struct error *e)
{
	switch (recorder_state(r)) {
	case 0:
		return 0;
	case -EHOSTDOWN:
		return error_set(e, EHOSTDOWN, "the drive has been cut at "
				 "position %" PRIu64, r->cut_position);
	case -ESHUTDOWN:
		return error_set(e, ESHUTDOWN, "the log is sealed");
	default:
		return error_errno(e, -r->failed, "the drive could not write "
				   "its log");
	}
}

static int append_bare(struct recorder *r, enum log_type type,
		       uint64_t *ret_position, struct error *e)
{
	struct log_record rec = { .type = (uint8_t)type };
	int err = usable(r, e);

	if (err < 0)
		return err;
	err = recorder_append(r, &rec, NULL, NULL);
	if (err < 0)
		return usable(r, e);
	*ret_position = rec.position;
	return 0;
}

int recorder_base(struct recorder *r, uint64_t *ret_position, struct error *e)
{
	LOCKED(&r->lock);
	if (r->based)
		return error_set(e, EALREADY, "the base is marked already");
	r->based = 1;
	return append_bare(r, LOG_BASE, ret_position, e);
}

int recorder_stop(struct recorder *r, uint64_t *ret_position, struct error *e)
{
	LOCKED(&r->lock);
	if (!r->armed || r->stopped)
		return error_set(e, EALREADY, r->armed ?
				 "the end of the workload is marked already" :
				 "the drive is not armed");
	r->stopped = 1;
	return append_bare(r, LOG_STOP, ret_position, e);
}

static int timer_is_void(const struct recorder *r)
{
	return r->timer_stop || r->stopped || recorder_state(r);
}

/* Cuts at the deadline, unless the cut or the end comes first. */
static void *run_timer(void *arg)
{
	struct recorder *r = arg;
	struct timespec deadline;
	int err = 0;

	/* recorder_arm holds it until ARM stands and the deadline is set. */
	LOCKED(&r->lock);
	deadline.tv_sec = (time_t)(r->timer_deadline_ns / SECOND);
	deadline.tv_nsec = (long)(r->timer_deadline_ns % SECOND);
	while (!timer_is_void(r) && err != ETIMEDOUT)
		err = pthread_cond_clockwait(&r->timer_wake, &r->lock,
					     CLOCK_MONOTONIC, &deadline);
	if (!timer_is_void(r))
		recorder_power_off(r);
	return NULL;
}

static int start_timer(struct recorder *r, struct error *e)
{
	int err = pthread_create(&r->timer, NULL, run_timer, r);

	if (err)
		return error_errno(e, err, "cannot start the timer");
	r->timer_runs = 1;
	return 0;
}

static void set_deadline(struct recorder *r, uint64_t after_ns)
{
	uint64_t now = now_ns();

	if (after_ns > INT64_MAX - now)
		after_ns = INT64_MAX - now;
	r->timer_deadline_ns = now + after_ns;
}

int recorder_arm(struct recorder *r, const struct cut_trigger *t,
		 uint64_t *ret_position, struct error *e)
{
	int err;

	LOCKED(&r->lock);
	if (r->armed)
		return error_set(e, EALREADY, "the drive is armed already");
	err = usable(r, e);
	if (!err)
		err = trigger_init(&r->trigger, t, e);
	if (!err && t->kind == CUT_TIME)
		err = start_timer(r, e);
	if (!err)
		err = append_bare(r, LOG_ARM, ret_position, e);
	if (err < 0)
		return err;
	set_deadline(r, t->time_ns);
	r->armed = 1;
	cache_settle(&r->cache);
	return 0;
}

int recorder_cut(struct recorder *r, uint64_t *ret_position, struct error *e)
{
	int err;

	LOCKED(&r->lock);
	if (!r->frozen) {
		err = usable(r, e);
		if (err < 0)
			return err;
		recorder_power_off(r);
	}
	if (r->failed)
		return usable(r, e);
	*ret_position = r->cut_position;
	return 0;
}

int recorder_was_cut(struct recorder *r, int *ret_cut, uint64_t *ret_position,
		     struct error *e)
{
	LOCKED(&r->lock);
	if (r->failed)
		return usable(r, e);
	*ret_cut = r->frozen;
	*ret_position = r->cut_position;
	return 0;
}

int recorder_dump(struct recorder *r, int durable, const char *path,
		  struct error *e)
{
	LOCKED(&r->lock);
	if (r->failed)
		return usable(r, e);
	return media_export(&r->media, durable ? &r->cache.durable : &r->latest,
			    path, e);
}

int recorder_stats(struct recorder *r, struct drive_stats *ret,
		   struct error *e)
{
	LOCKED(&r->lock);
	if (r->failed)
		return usable(r, e);
	r->stats.volatile_writes = r->cache.n;
	*ret = r->stats;
	return 0;
}

int recorder_seal(struct recorder *r, struct error *e)
{
	int err;

	LOCKED(&r->lock);
	if (r->failed)
		return usable(r, e);
	if (!r->log)
		return error_set(e, EALREADY, "the log is sealed already");
	err = log_close(TAKE(r->log), 1);
	if (err < 0) {
		r->failed = err;
		return usable(r, e);
	}
	return 0;
}

int recorder_cut_fd(const struct recorder *r)
{
	return r->cut_fd;
}

#include "drive/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "drive/record-internal.h"
#include "guest/include/mark-block.h"

#define MARK_TEXT_MAX 4000

static int check_geometry(uint64_t size, uint32_t block, struct error *e)
{
	if (block < 512 || block > 65536 || (block & (block - 1)))
		return error_set(e, EINVAL, "block size %u is not a power of "
				 "two from 512 to 65536", block);
	if (!size || size % block || size > INT64_MAX)
		return error_set(e, EINVAL, "the disk's size is not a number "
				 "of blocks of %u bytes", block);
	return 0;
}

static int open_files(struct recorder *r, const char *log, const char *base,
		      struct error *e)
{
	int err = media_open(base, &r->media.base, e);

	if (err < 0)
		return err;
	err = log_create(log, r->size, r->block, &r->log, e);
	if (err < 0)
		return err;
	/* Reads go on after the log has been sealed. */
	r->media.log = fcntl(log_fd(r->log), F_DUPFD_CLOEXEC, 0);
	r->cut_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->media.log < 0 || r->cut_fd < 0)
		return error_errno(e, errno, "cannot open the log %s", log);
	return 0;
}

int recorder_create(const char *log, const char *base, uint64_t size,
		    uint32_t block, struct recorder **ret, struct error *e)
{
	struct recorder *r;
	int err = check_geometry(size, block, e);

	if (err < 0)
		return err;
	r = xcalloc(1, sizeof(*r));
	r->media = (struct media)MEDIA_NONE;
	r->cut_fd = -1;
	r->size = size;
	r->block = block;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->timer_wake, NULL);
	map_init(&r->latest, size, block);
	cache_init(&r->cache, size, block);
	err = open_files(r, log, base, e);
	if (err < 0) {
		recorder_free(r);
		return err;
	}
	*ret = r;
	return 0;
}

static void stop_timer(struct recorder *r)
{
	if (!r->timer_runs)
		return;
	pthread_mutex_lock(&r->lock);
	r->timer_stop = 1;
	pthread_cond_signal(&r->timer_wake);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->timer, NULL);
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	stop_timer(r);
	log_close(r->log, 0);
	media_close(&r->media);
	if (r->cut_fd >= 0)
		close(r->cut_fd);
	map_free(&r->latest);
	cache_free(&r->cache);
	trigger_free(&r->trigger);
	pthread_cond_destroy(&r->timer_wake);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

int recorder_state(const struct recorder *r)
{
	if (r->failed)
		return r->failed;
	if (r->frozen)
		return -EHOSTDOWN;
	return r->log ? 0 : -ESHUTDOWN;
}

int recorder_append(struct recorder *r, struct log_record *rec,
		    const void *payload, uint64_t *ret_payload_offset)
{
	int err;

	rec->time_ns = log_now(r->log);
	err = log_append(r->log, rec, payload, ret_payload_offset);
	if (err < 0)
		r->failed = err;
	return err;
}

void recorder_power_off(struct recorder *r)
{
	struct log_record rec = { .type = LOG_CUT };
	uint64_t one = 1;

	r->cut_position = log_next_position(r->log);
	recorder_append(r, &rec, NULL, NULL);
	r->frozen = 1;
	r->stats.frozen = 1;
	/* Cannot fail: the counter is 0. */
	if (write(r->cut_fd, &one, sizeof(one)) < 0)
		abort();
	pthread_cond_signal(&r->timer_wake);
}

/* Right behind the record: is it the one to cut at? */
static int pull_trigger(struct recorder *r, const struct log_record *rec,
			const char *text)
{
	if (!r->armed || r->stopped || !trigger_sees(&r->trigger, rec, text))
		return 0;
	recorder_power_off(r);
	return -EHOSTDOWN;
}

static int on_the_disk(const struct recorder *r, uint64_t offset,
		       uint64_t length)
{
	return length && length <= r->size && offset <= r->size - length &&
	       offset % r->block == 0 && length % r->block == 0;
}

int recorder_read(struct recorder *r, void *data, uint64_t length,
		  uint64_t offset)
{
	CLEANUP_FREE struct run *runs = NULL;
	size_t n;
	int err;

	if (!on_the_disk(r, offset, length))
		return -EINVAL;
	pthread_mutex_lock(&r->lock);
	err = r->frozen ? -EHOSTDOWN : r->failed;
	n = err ? 0 : map_runs(&r->latest, offset, length, &runs);
	pthread_mutex_unlock(&r->lock);
	if (err)
		return err;
	/* What stands in the log stays there: no lock needed. */
	err = media_read(&r->media, runs, n, data);
	LOCKED(&r->lock);
	r->stats.reads++;
	r->stats.bytes_read += length;
	return r->frozen ? -EHOSTDOWN : err;
}

static void count(struct recorder *r, const struct request *q)
{
	struct drive_stats *s = &r->stats;

	s->in_flight++;
	s->fua += !!q->fua;
	switch (q->type) {
	case LOG_WRITE:
		s->writes++;
		s->bytes_written += q->length;
		break;
	case LOG_ZEROES:
		s->zeroes++;
		break;
	case LOG_DISCARD:
		s->discards++;
		break;
	default:
		s->flushes++;
	}
}

static void take_effect(struct recorder *r, const struct request *q,
			uint64_t submit, uint64_t payload_offset)
{
	struct volatile_write w = {
		.submit = submit,
		.complete = UINT64_MAX,
		.first = q->offset / r->block,
		.count = q->length / r->block,
		.source = payload_offset |
			  (q->type == LOG_WRITE ? SOURCE_LOG : SOURCE_ZERO),
		.fua = q->fua,
	};

	map_set(&r->latest, w.first, w.count, w.source);
	cache_submit(&r->cache, &w);
}

int recorder_submit(struct recorder *r, const struct request *q,
		    uint64_t *ret_position)
{
	struct log_record rec = {
		.type = (uint8_t)q->type,
		.flags = q->fua ? LOG_FUA : 0,
		.offset = q->offset,
		.length = q->length,
		.payload = q->type == LOG_WRITE ? (uint32_t)q->length : 0,
	};
	uint64_t payload_offset;
	int err;

	if (q->type != LOG_FLUSH && !on_the_disk(r, q->offset, q->length))
		return -EINVAL;
	LOCKED(&r->lock);
	err = recorder_state(r);
	if (err < 0)
		return err;
	rec.command = log_next_position(r->log);
	err = recorder_append(r, &rec, q->data, &payload_offset);
	if (err < 0)
		return err;
	count(r, q);
	if (q->type != LOG_FLUSH)
		take_effect(r, q, rec.position, payload_offset);
	err = pull_trigger(r, &rec, NULL);
	if (!err)
		*ret_position = rec.position;
	return err;
}

int recorder_complete(struct recorder *r, enum log_type type,
		      uint64_t position)
{
	struct log_record rec = { .type = LOG_COMPLETE, .command = position };
	int err;

	LOCKED(&r->lock);
	err = recorder_state(r);
	if (!err)
		err = recorder_append(r, &rec, NULL, NULL);
	if (err < 0)
		return err;
	r->stats.in_flight--;
	if (type == LOG_FLUSH)
		cache_flushed(&r->cache, position);
	else
		cache_complete(&r->cache, position, rec.position);
	return 0;
}

void recorder_set_latency(struct recorder *r, uint64_t ns)
{
	r->latency_ns = ns;
}

static int is_slow_now(struct recorder *r)
{
	int slow;

	if (!r->latency_ns)
		return 0;
	pthread_mutex_lock(&r->lock);
	slow = r->armed && !r->stopped && !r->frozen;
	pthread_mutex_unlock(&r->lock);
	return slow;
}

static void take_time(struct recorder *r)
{
	struct timespec left = {
		.tv_sec = (time_t)(r->latency_ns / 1000000000),
		.tv_nsec = (long)(r->latency_ns % 1000000000),
	};

	if (is_slow_now(r))
		while (nanosleep(&left, &left) < 0 && errno == EINTR)
			;
}

int recorder_do(struct recorder *r, const struct request *q)
{
	uint64_t position;
	int err = recorder_submit(r, q, &position);

	if (err < 0)
		return err;
	take_time(r);
	return recorder_complete(r, q->type, position);
}

static int is_mark(const struct mark_block *m)
{
	return !memcmp(m->magic, MARK_BLOCK_MAGIC, sizeof(m->magic)) &&
	       m->kind >= MARK_BEGIN && m->kind <= MARK_MARK &&
	       m->length <= MARK_TEXT_MAX &&
	       !memchr(m->text, '\n', m->length) &&
	       !memchr(m->text, '\0', m->length);
}

int recorder_mark(struct recorder *r, const void *data, uint64_t length)
{
	struct mark_block m;
	struct log_record rec = { .type = LOG_MARK };
	int err;

	if (length != sizeof(m))
		return -EINVAL;
	memcpy(&m, data, sizeof(m));
	if (!is_mark(&m))
		return -EINVAL;
	rec.detail = (uint16_t)m.kind;
	rec.payload = m.length;
	LOCKED(&r->lock);
	err = recorder_state(r);
	if (!err)
		err = recorder_append(r, &rec, m.text, NULL);
	if (err < 0)
		return err;
	r->stats.marks++;
	return pull_trigger(r, &rec, m.text);
}

int recorder_alive(struct recorder *r)
{
	LOCKED(&r->lock);
	return r->frozen ? -EHOSTDOWN : 0;
}

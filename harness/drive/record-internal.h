/* Shared by record.c (the guest's side) and record-control.c (the
 * controller's). */
#ifndef DRIVE_RECORD_INTERNAL_H
#define DRIVE_RECORD_INTERNAL_H

#include <pthread.h>

#include "drive/cache.h"
#include "drive/map.h"
#include "drive/media.h"
#include "drive/record.h"
#include "drive/trigger.h"

struct recorder {
	pthread_mutex_t lock; /* the sequencer: guards everything below */
	struct log_writer *log; /* NULL once sealed */
	struct media media;     /* never changes; read without the lock */
	uint32_t block;
	uint64_t size;
	uint64_t latency_ns; /* never changes; read without the lock */
	struct map latest; /* what reads return */
	struct cache cache;
	struct trigger trigger;
	struct drive_stats stats;
	int based, armed, stopped;
	int frozen; /* power is gone */
	int failed; /* -errno: the log could not be written */
	uint64_t cut_position;
	int cut_fd;
	/* CUT_TIME */
	pthread_t timer;
	pthread_cond_t timer_wake;
	int timer_runs, timer_stop;
	uint64_t timer_deadline_ns; /* CLOCK_MONOTONIC */
};

/* All with the lock held. */
int recorder_state(const struct recorder *r); /* 0, or why nothing works */
int recorder_append(struct recorder *r, struct log_record *rec,
		    const void *payload, uint64_t *ret_payload_offset);
void recorder_power_off(struct recorder *r);

#endif

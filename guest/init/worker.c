#include "guest/init/worker.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int done_fd;
	worker_job *job; /* NULL: idle, or done */
	struct buf payload;
	struct buf text;
	int error;
	int done;
} worker = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.wake = PTHREAD_COND_INITIALIZER,
};

static worker_job *wait_for_job(void)
{
	LOCKED(&worker.lock);

	while (!worker.job)
		pthread_cond_wait(&worker.wake, &worker.lock);
	return worker.job;
}

static void finish(int error, struct buf *text)
{
	LOCKED(&worker.lock);

	worker.job = NULL;
	worker.error = error;
	worker.text = *text;
	worker.done = 1;
	eventfd_write(worker.done_fd, 1);
}

/* While a job is set, nobody else touches the payload. */
static void *work(void *unused)
{
	for (;;) {
		worker_job *job = wait_for_job();
		struct buf text = BUF_INIT;
		int error = job(worker.payload.data, worker.payload.len, &text);

		finish(error, &text);
	}
	return unused;
}

int worker_start(void)
{
	pthread_t thread;

	worker.done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker.done_fd >= 0 && pthread_create(&thread, NULL, work, NULL))
		return -1;
	return worker.done_fd;
}

void worker_begin(worker_job *job, const char *payload, size_t len)
{
	LOCKED(&worker.lock);

	buf_clear(&worker.payload);
	buf_add(&worker.payload, payload, len);
	worker.job = job;
	pthread_cond_signal(&worker.wake);
}

int worker_take(int *ret_error, struct buf *ret_text)
{
	LOCKED(&worker.lock);
	eventfd_t n;

	eventfd_read(worker.done_fd, &n);
	if (!worker.done)
		return 0;
	worker.done = 0;
	*ret_error = worker.error;
	*ret_text = worker.text;
	return 1;
}

#include "drive/drive.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "drive/process.h"
#include "drive/request.h"

#define START_TIMEOUT_NS 20000000000ULL
#define TRY_NS 20000000ULL
#define ERROR_TAIL 400 /* bytes of nbdkit's stderr in a message */

struct drive {
	pid_t pid;
	char *nbd_socket, *control_socket, *err_path;
	int control; /* connection for requests */
	int cut_fd;  /* connection that waits for the cut, or -1 */
};

/* The last lines that nbdkit said, for a message. Never NULL; caller frees. */
static char *last_words(const struct drive *d)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	const char *text;

	if (file_read(d->err_path, &b, NULL) < 0)
		return xstrdup("nothing");
	while (b.len && b.data[b.len - 1] == '\n')
		b.data[--b.len] = '\0';
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] == '\n' || b.data[i] == '\0')
			b.data[i] = ' ';
	text = buf_text(&b);
	return xstrdup(b.len > ERROR_TAIL ? text + b.len - ERROR_TAIL :
		       b.len ? text : "nothing");
}

static int died(struct drive *d, struct error *e)
{
	CLEANUP_FREE char *words = last_words(d);

	return error_set(e, ECONNRESET, "the drive's nbdkit has ended; it "
			 "said: %s", words);
}

static int ask_for(struct drive *d, const char *line, const void *bulk,
		   size_t bulk_len, uint64_t numbers[], size_t want,
		   struct answer_bulk *ret, struct error *e)
{
	int err = request(d->control, line, bulk, bulk_len, numbers, want, ret,
			  e);

	return err > 0 ? died(d, e) : err;
}

static int ask(struct drive *d, const char *line, const void *bulk,
	       size_t bulk_len, uint64_t numbers[], size_t want,
	       struct error *e)
{
	return ask_for(d, line, bulk, bulk_len, numbers, want, NULL, e);
}

static int ask_position(struct drive *d, const char *line,
			uint64_t *ret_position, struct error *e)
{
	uint64_t position;
	int err = ask(d, line, NULL, 0, &position, 1, e);

	if (!err && ret_position)
		*ret_position = position;
	return err;
}

/* Fields are separated by tabs, requests by newlines. */
static int check_field(const char *text, struct error *e)
{
	if (!strpbrk(text, "\t\n"))
		return 0;
	return error_set(e, EINVAL, "'%s': a path must not contain a tab or a "
			 "newline", text);
}

/* ---- life ---- */

static void drive_free(struct drive *d)
{
	if (d->cut_fd >= 0)
		close(d->cut_fd);
	if (d->control >= 0)
		close(d->control);
	free(d->nbd_socket);
	free(d->control_socket);
	free(d->err_path);
	free(d);
}

void drive_stop(struct drive *d)
{
	if (!d)
		return;
	process_kill(&d->pid);
	unlink(d->nbd_socket);
	unlink(d->control_socket);
	drive_free(d);
}

/* The control socket comes last: when it accepts, so does the other. */
static int wait_until_up(struct drive *d, struct error *e)
{
	uint64_t deadline = now_ns() + START_TIMEOUT_NS;
	int ended, fd;

	for (;;) {
		ended = process_ended(&d->pid);
		if (ended)
			return died(d, e);
		fd = unix_connect(d->control_socket, now_ns() + TRY_NS, e);
		if (fd >= 0)
			break;
		if (now_ns() > deadline)
			return fd;
	}
	d->control = fd;
	return 0;
}

static int check_config(const struct drive_config *c, const struct drive *d,
			struct error *e)
{
	struct sockaddr_un addr;
	int err;

	if (strlen(d->control_socket) < sizeof(addr.sun_path))
		return 0;
	err = error_set(e, ENAMETOOLONG, "socket path %s is too long",
			d->control_socket);
	error_hint(e, "at most %zu bytes; choose a shorter folder than %s",
		   sizeof(addr.sun_path) - 1, c->runtime_dir);
	return err;
}

int drive_start(const struct drive_config *c, struct drive **ret,
		struct error *e)
{
	CLEANUP_FREE char *dir = absolute_path(c->runtime_dir);
	struct drive *d = xcalloc(1, sizeof(*d));
	int err;

	*d = (struct drive){ .pid = -1, .control = -1, .cut_fd = -1 };
	d->nbd_socket = xasprintf("%s/%s.nbd", dir, c->name);
	d->control_socket = xasprintf("%s/%s.control", dir, c->name);
	d->err_path = xasprintf("%s/%s.err", dir, c->name);
	err = check_config(c, d, e);
	if (err < 0) {
		drive_free(d);
		return err;
	}
	unlink(d->nbd_socket);
	unlink(d->control_socket);
	err = process_start(c, d->nbd_socket, d->control_socket, d->err_path,
			    &d->pid, e);
	if (!err)
		err = wait_until_up(d, e);
	if (err < 0) {
		drive_stop(d);
		return err;
	}
	*ret = d;
	return 0;
}

const char *drive_nbd_socket(const struct drive *d)
{
	return d->nbd_socket;
}

/* ---- RECORD ---- */

int drive_seal(struct drive *d, struct error *e)
{
	return ask(d, "seal\n", NULL, 0, NULL, 0, e);
}

int drive_mark_base(struct drive *d, uint64_t *ret_position, struct error *e)
{
	return ask_position(d, "base\n", ret_position, e);
}

int drive_mark_stop(struct drive *d, uint64_t *ret_position, struct error *e)
{
	return ask_position(d, "stop\n", ret_position, e);
}

static int open_cut_fd(struct drive *d, struct error *e)
{
	int fd;

	if (d->cut_fd >= 0)
		return 0;
	fd = unix_connect(d->control_socket, now_ns() + START_TIMEOUT_NS, e);
	if (fd < 0)
		return fd;
	if (request_send(fd, "wait\n", strlen("wait\n")) < 0) {
		close(fd);
		return died(d, e);
	}
	d->cut_fd = fd;
	return 0;
}

int drive_arm(struct drive *d, const struct cut_trigger *t,
	      uint64_t *ret_position, struct error *e)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	int err;

	if (t->mark && strchr(t->mark, '\n'))
		return error_set(e, EINVAL, "a mark is one line: no mark will "
				 "ever have the text '%s'", t->mark);
	err = open_cut_fd(d, e);
	if (err < 0)
		return err;
	buf_printf(&line, "arm\t%d\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\n",
		   (int)t->kind, t->nth, t->time_ns, t->seed,
		   t->mark ? t->mark : "");
	return ask_position(d, buf_text(&line), ret_position, e);
}

int drive_cut(struct drive *d, uint64_t *ret_position, struct error *e)
{
	return ask_position(d, "cut\n", ret_position, e);
}

int drive_cut_fd(const struct drive *d)
{
	return d->cut_fd;
}

int drive_was_cut(struct drive *d, int *ret_cut, uint64_t *ret_position,
		  struct error *e)
{
	uint64_t n[2];
	int err = ask(d, "was-cut\n", NULL, 0, n, 2, e);

	if (err < 0)
		return err;
	*ret_cut = !!n[0];
	if (ret_position)
		*ret_position = n[1];
	return 0;
}

int drive_dump(struct drive *d, int durable, const char *path,
	       struct error *e)
{
	CLEANUP_FREE char *full = absolute_path(path), *line = NULL;
	int err = check_field(full, e);

	if (err < 0)
		return err;
	line = xasprintf("dump\t%s\t%s\n", durable ? "durable" : "latest",
			 full);
	return ask(d, line, NULL, 0, NULL, 0, e);
}

int drive_stats(struct drive *d, struct drive_stats *ret, struct error *e)
{
	uint64_t n[12];
	int err = ask(d, "stats\n", NULL, 0, n, 12, e);

	if (err < 0)
		return err;
	*ret = (struct drive_stats){
		.reads = n[0], .writes = n[1], .zeroes = n[2],
		.discards = n[3], .flushes = n[4], .marks = n[5],
		.fua = n[6], .bytes_written = n[7], .bytes_read = n[8],
		.volatile_writes = n[9], .in_flight = n[10],
		.frozen = !!n[11],
	};
	return 0;
}

/* ---- STATE ---- */

int drive_load(struct drive *d, const char *base, const char *log,
	       const char *units, uint32_t unit_size, struct error *e)
{
	const char *paths[] = { base, log, units };
	CLEANUP_BUF struct buf line = BUF_INIT;

	buf_printf(&line, "load\t%" PRIu32, unit_size);
	for (size_t i = 0; i < 3; i++) {
		CLEANUP_FREE char *full = paths[i] && *paths[i] ?
						  absolute_path(paths[i]) :
						  xstrdup("");
		int err = check_field(full, e);

		if (err < 0)
			return err;
		buf_printf(&line, "\t%s", full);
	}
	buf_puts(&line, "\n");
	return ask(d, buf_text(&line), NULL, 0, NULL, 0, e);
}

static int send_state(struct drive *d, const char *verb,
		      const struct patch *patches, size_t n, struct error *e)
{
	CLEANUP_FREE char *line = xasprintf("%s\t%zu\n", verb, n);

	return ask(d, line, patches, n * sizeof(*patches), NULL, 0, e);
}

int drive_set_state(struct drive *d, const struct patch *patches, size_t n,
		    struct error *e)
{
	return send_state(d, "state", patches, n, e);
}

int drive_queue_state(struct drive *d, const struct patch *patches, size_t n,
		      struct error *e)
{
	return send_state(d, "queue", patches, n, e);
}

int drive_set_access(struct drive *d, enum drive_access access,
		     struct error *e)
{
	CLEANUP_FREE char *line = xasprintf("access\t%d\n", (int)access);

	return ask(d, line, NULL, 0, NULL, 0, e);
}

int drive_health(struct drive *d, struct error *e)
{
	uint64_t failed = 0;
	int err = ask(d, "health\n", NULL, 0, &failed, 1, e);

	if (err || !failed)
		return err;
	error_errno(e, (int)failed, "the drive could not serve the state");
	error_hint(e, "its scratch file lies in the folder of all runs: is "
		   "that disk full?");
	return -EIO;
}

int drive_mounted(struct drive *d, const struct unit_run *asked,
		  struct drive_written *ret, struct error *e)
{
	CLEANUP_FREE char *line = xasprintf(
		"mounted\t%" PRIu64 "\t%" PRIu64 "\n", asked->first,
		asked->count);
	uint64_t n[4];
	int err = ask(d, line, NULL, 0, n, 4, e);

	if (!err)
		*ret = (struct drive_written){ n[0], n[1], n[2], n[3] };
	return err;
}

/* More than ANSWER_BULK_MAX where the numbers make no sense. */
static size_t runs_length(const uint64_t numbers[])
{
	const size_t size = sizeof(struct unit_run), most = ANSWER_BULK_MAX / size;

	if (numbers[0] > most || numbers[1] > most)
		return ANSWER_BULK_MAX + 1;
	return (size_t)(numbers[0] + numbers[1]) * size;
}

int drive_reads(struct drive *d, struct drive_reads *ret, struct error *e)
{
	struct answer_bulk bulk = { .length = runs_length };
	uint64_t n[DRIVE_PHASES];
	const char *from;
	int err = ask_for(d, "reads\n", NULL, 0, n, DRIVE_PHASES, &bulk, e);

	from = bulk.data;
	for (int i = 0; i < DRIVE_PHASES && !err; i++) {
		size_t size = (size_t)n[i] * sizeof(struct unit_run);

		ret->n[i] = (size_t)n[i];
		ret->runs[i] = memcpy(xmalloc(size + 1), from, size);
		from += size;
	}
	free(bulk.data);
	return err;
}

void drive_reads_release(struct drive_reads *r)
{
	for (int i = 0; i < DRIVE_PHASES; i++)
		free(r->runs[i]);
	*r = (struct drive_reads){ 0 };
}

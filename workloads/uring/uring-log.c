/*
 * uring-log [--init] --ack=MODE [--count N] DIR
 *
 * Writes N records, a block each, to DIR/log through io_uring or aio, and acknowledges
 * each when it believes it durable:
 *   linked    write and fsync are submitted together, linked: the fsync starts
 *             when the write is complete (right)
 *   waited    the fsync is submitted after the write's completion (right)
 *   write     the write is complete: the record is in the page cache
 *   together  as linked, with O_DIRECT, and without the link: requests have no
 *             order of their own, so the fsync may be over before the write
 *   aio-waited, aio-together  as these, with O_DIRECT and io_submit(2)
 * Every completion is waited for and its result checked, in all modes. --init
 * writes the log, full of zeroes, durably, and ends: later only data matters.
 */
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>

#include <powercut.h>
#include <powercut-check.h>

#include "aio.h"
#include "record.h"
#include "ring.h"

struct writer {
	struct ring ring;
	struct aio aio;
	int fd;
};

struct mode {
	const char *name;
	int flags; /* of the log's open(2) */
	void (*store)(struct writer *, unsigned int n);
};

struct options {
	int init;
	const struct mode *mode;
	unsigned int count;
	const char *dir;
};

static void __attribute__((noreturn)) usage(void)
{
	pc_end(2, "usage: uring-log [--init] "
		  "--ack=linked|waited|write|together|aio-waited|"
		  "aio-together [--count N] DIR");
}

static void check(int result, const char *what)
{
	if (result < 0)
		pc_end(2, "cannot %s: %s", what, strerror(errno));
}

static int open_in_dir(const char *dir, const char *name, int flags)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags | O_CLOEXEC, 0644);
	if (fd < 0)
		pc_end(2, "cannot open %s: %s", path, strerror(errno));
	return fd;
}

/* ---- requests ---- */

/* The record stays in memory until the write is complete: all that is queued is
 * waited for before the next. */
static _Alignas(RECORD_SIZE) char record[RECORD_SIZE];

static void queue_write(struct writer *w, unsigned int n, uint8_t flags)
{
	struct io_uring_sqe request = {
		.opcode = IORING_OP_WRITE,
		.flags = flags,
		.fd = w->fd,
		.off = (uint64_t)record_offset(n),
		.addr = (uintptr_t)record,
		.len = RECORD_SIZE,
		.user_data = RECORD_SIZE,
	};

	record_make(n, record);
	ring_queue(&w->ring, &request);
}

static void queue_sync(struct writer *w)
{
	struct io_uring_sqe request = {
		.opcode = IORING_OP_FSYNC,
		.fd = w->fd,
		.fsync_flags = IORING_FSYNC_DATASYNC,
	};

	ring_queue(&w->ring, &request);
}

static void queue_aio_write(struct writer *w, unsigned int n)
{
	struct iocb request = {
		.aio_data = RECORD_SIZE,
		.aio_lio_opcode = IOCB_CMD_PWRITE,
		.aio_fildes = (uint32_t)w->fd,
		.aio_buf = (uintptr_t)record,
		.aio_nbytes = RECORD_SIZE,
		.aio_offset = record_offset(n),
	};

	record_make(n, record);
	aio_queue(&w->aio, &request);
}

static void queue_aio_sync(struct writer *w)
{
	struct iocb request = {
		.aio_lio_opcode = IOCB_CMD_FDSYNC,
		.aio_fildes = (uint32_t)w->fd,
	};

	aio_queue(&w->aio, &request);
}

/* ---- modes ---- */

/* A write that fails or falls short breaks the link: no fsync. */
static void store_linked(struct writer *w, unsigned int n)
{
	queue_write(w, n, IOSQE_IO_LINK);
	queue_sync(w);
	ring_submit(&w->ring);
}

static void store_waited(struct writer *w, unsigned int n)
{
	queue_write(w, n, 0);
	ring_submit(&w->ring);
	queue_sync(w);
	ring_submit(&w->ring);
}

static void store_unsynced(struct writer *w, unsigned int n)
{
	queue_write(w, n, 0);
	ring_submit(&w->ring);
}

static void store_together(struct writer *w, unsigned int n)
{
	queue_write(w, n, 0);
	queue_sync(w);
	ring_submit(&w->ring);
}

static void store_aio_waited(struct writer *w, unsigned int n)
{
	queue_aio_write(w, n);
	aio_submit(&w->aio);
	queue_aio_sync(w);
	aio_submit(&w->aio);
}

static void store_aio_together(struct writer *w, unsigned int n)
{
	queue_aio_write(w, n);
	queue_aio_sync(w);
	aio_submit(&w->aio);
}

static const struct mode modes[] = {
	{ "linked", 0, store_linked },
	{ "waited", 0, store_waited },
	{ "write", 0, store_unsynced },
	{ "together", O_DIRECT, store_together },
	{ "aio-waited", O_DIRECT, store_aio_waited },
	{ "aio-together", O_DIRECT, store_aio_together },
};

/* ---- */

static const struct mode *parse_mode(const char *text)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(text, modes[i].name))
			return &modes[i];
	usage();
}

static unsigned int parse_count(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || n > RECORDS_MAX)
		usage();
	return (unsigned int)n;
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "init", no_argument, NULL, 'i' },
		{ "ack", required_argument, NULL, 'a' },
		{ "count", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .count = 6 };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'i')
			o.init = 1;
		else if (c == 'a')
			o.mode = parse_mode(optarg);
		else if (c == 'c')
			o.count = parse_count(optarg);
		else
			usage();
	}
	if (optind != argc - 1 || (!o.mode && !o.init))
		usage();
	o.dir = argv[optind];
	return o;
}

/* A name is durable when its directory is. */
static void sync_dir(const char *dir)
{
	int fd = open_in_dir(dir, ".", O_RDONLY | O_DIRECTORY);

	check(fsync(fd), "sync the directory");
	check(close(fd), "close the directory");
}

static void init(const struct options *o)
{
	static const char zeroes[RECORD_SIZE];
	int fd = open_in_dir(o->dir, LOG_NAME, O_WRONLY | O_CREAT | O_TRUNC);

	for (unsigned int n = 1; n <= o->count; n++)
		if (write(fd, zeroes, sizeof(zeroes)) != sizeof(zeroes))
			pc_end(2, "cannot fill the log: %s", strerror(errno));
	check(fsync(fd), "sync the log");
	check(close(fd), "close the log");
	sync_dir(o->dir);
}

static void run(const struct options *o)
{
	struct writer w = {
		.fd = open_in_dir(o->dir, LOG_NAME, O_WRONLY | o->mode->flags),
	};

	ring_init(&w.ring);
	aio_init(&w.aio);
	for (unsigned int n = 1; n <= o->count; n++) {
		check(pc_begin(RECORD_KIND "%u", n), "begin");
		o->mode->store(&w, n);
		check(pc_ack(RECORD_KIND "%u", n), "acknowledge");
	}
	aio_release(&w.aio);
	ring_release(&w.ring);
	check(close(w.fd), "close the log");
}

int main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);

	if (o.init)
		init(&o);
	else
		run(&o);
	return 0;
}

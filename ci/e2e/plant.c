/*
 * Plants a fault of the harness into a copy of a recording, as if the harness
 * had made it: what the tests must notice.
 *
 *	plant no-fua FOLDER       the trace says FUA of no write
 *	plant drop-tail FOLDER N  the log lacks its last N commands, sealed
 *	plant early-acks FOLDER   each ack stands where its begin stands
 *
 * FOLDER is a recording's (with drive.log and trace.bin); it is changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "drive/log.h"
#include "drive/pack.h"

struct record {
	struct log_record r;
	char *payload;
};

struct records {
	struct record *list;
	size_t n;
	size_t positions; /* in the log as it was read */
	struct log_file_header header;
};

static __attribute__((noreturn)) void fail(const struct error *e)
{
	fprintf(stderr, "plant: %s\n", e->message);
	exit(1);
}

static void read_log(const char *path, struct records *ret)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY);
	struct log_reader *reader;
	struct log_record r;
	struct error e = { 0 };
	uint64_t at;
	int err;

	if (fd < 0 || log_open(path, &reader, &e))
		fail(&e);
	ret->header = *log_header(reader);
	while ((err = log_next(reader, &r, &at, &e)) > 0) {
		struct record *one;

		ret->list = xrealloc(ret->list,
				     (ret->n + 1) * sizeof(*ret->list));
		one = &ret->list[ret->n++];
		one->r = r;
		one->payload = xmalloc(r.payload);
		if (pread_full(fd, one->payload, r.payload, at))
			fail(&e);
	}
	if (err)
		fail(&e);
	ret->positions = ret->n;
	log_reader_free(reader);
}

/* Positions are counted anew, so references to commands are moved too. */
static void write_log(const char *path, struct records *all)
{
	uint64_t *moved = xcalloc(all->positions, sizeof(*moved));
	struct log_writer *w;
	struct error e = { 0 };

	unlink(path);
	if (log_create(path, all->header.disk_size, all->header.block_size, &w,
		       &e))
		fail(&e);
	for (size_t i = 0; i < all->n; i++) {
		struct log_record r = all->list[i].r;
		uint64_t old = r.position;

		if (r.type == LOG_END)
			continue;
		moved[old] = log_next_position(w);
		if (r.type >= LOG_WRITE && r.type <= LOG_FLUSH)
			r.command = moved[old];
		else if (r.type == LOG_COMPLETE)
			r.command = moved[r.command];
		if (log_append(w, &r, all->list[i].payload, NULL))
			fail(&e);
	}
	log_close(w, 1);
	free(moved);
}

static int is_write(const struct record *r)
{
	return r->r.type == LOG_WRITE || r->r.type == LOG_ZEROES;
}

/* The last n commands that change the media, with their completions. */
static void drop_tail(struct records *all, size_t n)
{
	for (size_t i = all->n; i-- > 0 && n;) {
		uint64_t command = all->list[i].r.command;
		size_t kept = 0;

		if (!is_write(&all->list[i]))
			continue;
		for (size_t k = 0; k < all->n; k++)
			if (all->list[k].r.command != command ||
			    all->list[k].r.type == LOG_MARK)
				all->list[kept++] = all->list[k];
		all->n = kept;
		n--;
	}
}

/* An ack is moved to directly behind the begin before it. */
static void early_acks(struct records *all)
{
	size_t begin = 0;

	for (size_t i = 0; i < all->n; i++) {
		struct record r = all->list[i];

		if (r.r.type == LOG_MARK && r.r.detail == MARK_BEGIN)
			begin = i;
		if (r.r.type != LOG_MARK || r.r.detail != MARK_ACK)
			continue;
		memmove(&all->list[begin + 2], &all->list[begin + 1],
			(i - begin - 1) * sizeof(r));
		all->list[begin + 1] = r;
	}
}

/*
 * In each nvme_setup_cmd of a write, control (cdw12 bits 16 to 31) follows slba
 * and length in cdw10. The event's type and size are not parsed here: the write
 * is found by its own slba and length, as the log has them, and FUA is the bit
 * 0x40 of the byte behind.
 */
static void clear_fua(const char *path, const struct records *all)
{
	struct buf trace = BUF_INIT;
	struct error e = { 0 };
	size_t cleared = 0;

	if (file_read(path, &trace, &e))
		fail(&e);
	for (size_t i = 0; i < all->n; i++) {
		uint64_t slba = all->list[i].r.offset / all->header.block_size;
		uint16_t blocks = (uint16_t)(all->list[i].r.length /
					     all->header.block_size - 1);
		char key[12];
		char *at = trace.data;

		if (!is_write(&all->list[i]))
			continue;
		memcpy(key, &slba, 8);
		memcpy(key + 8, &blocks, 2);
		memcpy(key + 10, "\0\x40", 2);
		while ((at = memmem(at, (size_t)(trace.data + trace.len - at),
				    key, sizeof(key)))) {
			at[11] = 0;
			cleared++;
		}
	}
	if (!cleared) {
		fprintf(stderr, "plant: the trace has no FUA\n");
		exit(1);
	}
	if (file_write(path, trace.data, trace.len, &e))
		fail(&e);
	buf_free(&trace);
}

/* What was compressed when the run ended. */
static void unpack(const char *log)
{
	char *packed = xasprintf("%s.zst", log);
	struct error e;

	if (access(log, F_OK) < 0) {
		if (log_unpack(log, log, &e))
			fail(&e);
		unlink(packed);
	}
	free(packed);
}

int main(int argc, char **argv)
{
	struct records all = { 0 };
	char *log, *trace;

	if (argc < 3) {
		fprintf(stderr, "usage: plant FAULT FOLDER [N]\n");
		return 4;
	}
	log = xasprintf("%s/drive.log", argv[2]);
	trace = xasprintf("%s/trace.bin", argv[2]);
	unpack(log);
	read_log(log, &all);
	if (!strcmp(argv[1], "no-fua"))
		clear_fua(trace, &all);
	else if (!strcmp(argv[1], "drop-tail"))
		drop_tail(&all, argc > 3 ? strtoul(argv[3], NULL, 10) : 1);
	else if (!strcmp(argv[1], "early-acks"))
		early_acks(&all);
	write_log(log, &all);
	free(log);
	free(trace);
	return 0;
}

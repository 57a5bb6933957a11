/*
 * Makes up a run for tests of reports: `invent DIR EVENTS` writes DIR's
 * results.sqlite, with about so many events and three explained findings.
 *
 * The workload that is invented appends records: each is a write, then a sync
 * that makes it durable, then an ack. The last one of each tenth is told wrong:
 * the sync of its file is missing (lost in the page cache), of its directory (in
 * the journal), or the drive's flush (in the drive cache).
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "results/store/store.h"

#define EVENTS_PER_RECORD 13

static struct store *s;
static uint64_t number, calls, marks, now = 1000000;

static void must(int err)
{
	if (err < 0)
		exit(1);
}

static uint64_t add(enum store_lane lane, uint64_t after, uint64_t length,
		    const char *kind, const char *pieces, const char *label)
{
	const uint64_t n = ++number;
	const struct store_event ev = {
		"replay", n, lane, now + after,
		length == UINT64_MAX ? 0 : now + after + length,
		lane >= STORE_LANE_DRIVE ? n : UINT64_MAX,
		kind, label, pieces,
	};

	must(store_add_event(s, &ev, NULL));
	return ev.start_ns;
}

static void mark(const char *kind, const char *text, uint64_t after)
{
	const struct store_mark m = { "replay", number + 1, ++marks, kind,
				      text };

	must(store_add_mark(s, &m, NULL));
	add(STORE_LANE_APPLICATION, after, 0, kind, "", text);
}

enum fate { SYNCED, NO_SYNC, NO_COMMIT, NO_FLUSH };

/* Returns when its ack was made. */
static uint64_t record(uint64_t n, enum fate fate)
{
	CLEANUP_FREE char *text = xasprintf("TXN-%" PRIu64, n);
	CLEANUP_FREE char *piece = xasprintf("%" PRIu64, ++calls);
	CLEANUP_FREE char *both =
		xasprintf("%" PRIu64 ",%" PRIu64, calls ? calls - 1 : 0, calls);
	CLEANUP_FREE char *write = xasprintf("pwrite64 /mnt/log %" PRIu64
					     "+512", n * 512);
	CLEANUP_FREE char *page = xasprintf("/mnt/log page %" PRIu64, n / 8);
	CLEANUP_FREE char *sector = xasprintf("%" PRIu64 "+4096",
					      1048576 + n / 8 * 4096);
	CLEANUP_FREE char *journal = xasprintf("transaction %" PRIu64, n + 2);
	uint64_t at = 61000 + n * 2654435761u % 9000;

	mark("begin", text, 0);
	add(STORE_LANE_APPLICATION, 1500, 800, "fill", piece, "record");
	add(STORE_LANE_CALL, 3000, 11000, "write", piece, write);
	add(STORE_LANE_PAGES, 9000, fate == NO_SYNC ? UINT64_MAX : 21000,
	    "dirty", piece, page);
	if (fate != NO_SYNC) {
		add(STORE_LANE_CALL, 16000, at + 60000, "fdatasync", piece,
		    "fdatasync /mnt/log");
		add(STORE_LANE_JOURNAL, 24000, at + 30000,
		    fate == NO_COMMIT ? "join" : "commit", piece, journal);
	}
	if (fate == SYNCED || fate == NO_FLUSH) {
		add(STORE_LANE_BLOCK, 30000, 9000, "queue", both, sector);
		add(STORE_LANE_BLOCK, 35000, 14000, "issue", both, sector);
		add(STORE_LANE_DRIVE, 41000, fate == NO_FLUSH ? UINT64_MAX :
		    at - 20000, "write", both, sector);
	}
	if (fate == SYNCED) {
		add(STORE_LANE_BLOCK, 52000, 20000, "issue", piece, "flush");
		add(STORE_LANE_DRIVE, 55000, 14000, "flush", "", "flush");
		add(STORE_LANE_MEDIA, 72000, 0, "durable", both, sector);
	}
	mark("ack", text, at + 90000);
	now += at + 120000 + n * 40503 % 60000 + (n % 37 ? 0 : 2500000);
	return now;
}

/* A state per cut behind it. */
static void state(int i, uint64_t n, int k)
{
	static const char *const said[][2] = {
		{ "lost TXN-", ": promised, but not in the log" },
		{ "/mnt/log ends early: size of inode ", " is wrong" },
		{ "damaged: TXN-", ", its checksum is wrong" },
	};
	CLEANUP_FREE char *cut = xasprintf("w%" PRIu64, n + (uint64_t)k);
	CLEANUP_FREE char *survivors = xasprintf("all-%d", i + 1);
	char message[100];
	const struct store_cut c = {
		.source = "replay", .name = cut,
		.position = (n + (uint64_t)k) * 10, .volatile_writes = 3,
		.legal_log2 = 3, .acks = n, .states = 8, .legal = "8",
		.complete = 1, .losses = 2, .reach = (unsigned)k & 7,
	};
	const struct store_state st = {
		.source = "replay", .cut = cut, .survivors = survivors,
		.hash = "00112233445566778899aabbccddeeff",
		.lost = (uint64_t)(i + k),
		.verdict = k % 5 == 4 ? VERDICT_UNKNOWN : VERDICT_VIOLATED,
		.stage = i == 1 ? STAGE_FSCK : STAGE_CHECK,
		.message = k % 5 == 4 ? "the guest stopped answering" : message,
		.detail = message, .elapsed_ns = 40000000,
	};

	snprintf(message, sizeof(message), "%s%" PRIu64 "%s", said[i][0],
		 n + (uint64_t)k, said[i][1]);
	must(store_add_cut(s, &c, NULL));
	must(store_add_state(s, &st, NULL));
}

static void finding(int i, uint64_t cut_ns, uint64_t n)
{
	static const struct {
		unsigned layer;
		const char *sentence, *missing;
	} known[] = {
		{ 3, "The record stood in the page cache only: no sync of "
		     "/mnt/log came between its write and its ack.",
		  "fdatasync of /mnt/log between the write and the ack" },
		{ 4, "The transaction that makes the record reachable was open "
		     "and not committed when the ack was made.",
		  "fsync of /mnt between the write and the ack" },
		{ 6, "The drive had accepted the record and not written it to "
		     "its media: no flush followed.",
		  "a flush of the drive after the write" },
	};
	CLEANUP_FREE char *cut = xasprintf("w%" PRIu64, n);
	CLEANUP_FREE char *name = xasprintf("%s:all-%d", cut, i + 1);
	CLEANUP_FREE char *promise = xasprintf("TXN-%" PRIu64, n);
	CLEANUP_FREE char *operation = NULL;
	struct store_cause c = { .source = "replay", .state = name,
				 .layer = known[i].layer,
				 .sentence = known[i].sentence,
				 .missing = known[i].missing,
				 .file = "/mnt/log", .offset = n * 512,
				 .length = 512, .call = calls,
				 .program = "append-log", .thread = 112,
				 .promise = promise, .promise_mark = marks,
				 .stack = "pwrite64 (libc.so.6)\n"
					  "append at append-log.c:41\n"
					  "main at append-log.c:97",
				 .cut_ns = cut_ns };

	operation = xasprintf("pwrite64 of 512 bytes at %" PRIu64, n * 512);
	c.operation = operation;
	if (i == 1)
		c.doubt = "the tracer lost 2 records before this one";
	must(store_add_cause(s, &c, NULL));
	for (int k = 0; k < 12; k++)
		state(i, n, k);
}

static void facts(void)
{
	static const char *const known[][2] = {
		{ "scenario", "append-log" },
		{ "about", "Appends records with fdatasync and acknowledges "
			   "each." },
		{ "expect", "held" }, { "verdict", "violated" },
		{ "phase", "done" }, { "seed", "7" }, { "accel", "kvm" },
		{ "checked_on", "guest" }, { "filesystem", "ext4" },
		{ "kernel", "6.1.0-28-cloud-amd64" },
		{ "started", "2025-01-02T03:04:05Z" }, { "seconds", "48.25" },
		{ "distinct", "21" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		must(store_set(s, known[i][0], known[i][1], NULL));
}

int main(int argc, char **argv)
{
	uint64_t records = argc == 3 ? strtoull(argv[2], NULL, 10) /
					       EVENTS_PER_RECORD : 0;
	CLEANUP_FREE char *path = NULL;
	int i = 0;

	if (records < 10) {
		fprintf(stderr, "usage: invent DIR EVENTS\n");
		return 4;
	}
	path = xasprintf("%s/results.sqlite", argv[1]);
	must(mkdir_p(argv[1], NULL));
	must(store_create(path, &s, NULL));
	facts();
	for (uint64_t n = 1; n <= records; n++) {
		bool lost = i < 3 && n == records * (uint64_t)(3 * i + 3) / 10;
		uint64_t cut_ns = record(n, lost ? (enum fate)(i + 1) : SYNCED);

		if (lost)
			finding(i++, cut_ns - 10000, n);
	}
	must(store_find(s, NULL));
	store_close(s);
	return 0;
}

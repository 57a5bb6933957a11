/*
 * The stream that is joined with the log. A request that the block layer issues
 * on another bus than nvme is told as the NVMe command that says the same.
 */
#include "trace/trace.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/bytes.h"
#include "common/cleanup.h"
#include "trace/pages.h"
#include "trace/stream.h"

/* NVMe base specification 1.4, 6.15 (write) and 6.16 (write zeroes): dwords
 * 10 and 11 are the first block, 12 has the 0-based number of blocks in bits
 * 0..15 and FUA in bit 30. 6.7 (dataset management): bits 0..7 of dword 10
 * are the 0-based number of ranges. */
#define CDW10_SIZE 24
#define CONTROL_FUA (1u << 14)
#define NVME_READ 0x02
#define NVME_OTHER 0xff /* unknown: the join refuses it */
#define RWBS_MIN 8

/* block_rq_issue (linux include/trace/events/block.h) counts in sectors. Only
 * the disk is traced there, so every event is told as of namespace 1. */
#define SECTOR 512
#define BLOCK_NSID 1
#define RANGES_MAX 256

enum { QID = 1, OPCODE, NSID, CDW10 };
enum { SECTOR_NR = 1, NR_SECTOR, RWBS };

static int decode_nvme(const struct record *r, void *event)
{
	const unsigned char *cdw10 = record_bytes(r, CDW10);
	struct nvme_event *ret = event;

	ret->time_ns = r->time_ns;
	ret->opcode = (uint8_t)record_number(r, OPCODE);
	/* Queue 0 takes admin commands, whose opcodes mean other things. */
	if (!record_number(r, QID) || ret->opcode == NVME_READ)
		return 0;
	ret->nsid = (uint32_t)record_number(r, NSID);
	if (ret->opcode == NVME_WRITE || ret->opcode == NVME_WRITE_ZEROES) {
		ret->slba = le32_at(cdw10) | (uint64_t)le32_at(cdw10 + 4) << 32;
		ret->blocks = (le32_at(cdw10 + 8) & 0xffff) + 1;
		ret->fua = !!((le32_at(cdw10 + 8) >> 16) & CONTROL_FUA);
	} else if (ret->opcode == NVME_DSM) {
		ret->ranges = (le32_at(cdw10) & 0xff) + 1;
	}
	return 1;
}

static uint8_t block_opcode(char operation)
{
	switch (operation) {
	case 'W':
		return NVME_WRITE;
	case 'N':
		return NVME_WRITE_ZEROES;
	case 'D':
		return NVME_DSM;
	case 'F':
		return NVME_FLUSH;
	case 'R':
		return NVME_READ;
	}
	return NVME_OTHER;
}

/*
 * rwbs (linux kernel/trace/blktrace.c, blk_fill_rwbs): F for a flush before,
 * the operation (W write, D discard, F flush, R read, N any other), F for FUA,
 * more letters. N is write-zeroes, or a command of the driver's or the user's
 * own, which is told with no sectors: those of the driver do not write, and
 * those of a user that do are in the log and then miss in the trace. How many
 * ranges a discard has is not told.
 */
static int decode_block(const struct record *r, void *event)
{
	const char *rwbs = (const char *)record_bytes(r, RWBS);
	struct nvme_event *ret = event;

	ret->time_ns = r->time_ns;
	ret->nsid = BLOCK_NSID;
	if (rwbs[0] == 'F' && rwbs[1] && strchr("WDRNF", rwbs[1]))
		rwbs++;
	ret->opcode = block_opcode(rwbs[0]);
	if (ret->opcode == NVME_DSM)
		ret->ranges = RANGES_MAX;
	if (ret->opcode != NVME_WRITE && ret->opcode != NVME_WRITE_ZEROES)
		return ret->opcode != NVME_READ;
	ret->fua = rwbs[1] == 'F';
	ret->slba = record_number(r, SECTOR_NR);
	ret->blocks = (uint32_t)record_number(r, NR_SECTOR);
	return ret->blocks != 0;
}

enum { KIND_NVME, KIND_BLOCK, KINDS };

static const struct pages_kind kinds[KINDS] = {
	[KIND_NVME] = {
		.system = "nvme",
		.name = "nvme_setup_cmd",
		.fields = {
			{ "common_type", 2, 0 },
			[QID] = { "qid", 4, 0 },
			[OPCODE] = { "opcode", 1, 0 },
			[NSID] = { "nsid", 4, 0 },
			[CDW10] = { "cdw10", CDW10_SIZE, 0 },
		},
		.decode = decode_nvme,
	},
	[KIND_BLOCK] = {
		.system = "block",
		.name = "block_rq_issue",
		.fields = {
			{ "common_type", 2, 0 },
			[SECTOR_NR] = { "sector", 8, 0 },
			[NR_SECTOR] = { "nr_sector", 4, 0 },
			[RWBS] = { "rwbs", RWBS_MIN, 1 },
		},
		.decode = decode_block,
	},
};

static const struct pages_set commands = {
	.kinds = kinds,
	.n = KINDS,
	.event_size = sizeof(struct nvme_event),
	.single = 1,
	.what = "nvme_setup_cmd or block_rq_issue",
};

int trace_read(FILE *f, const char *name, struct trace **ret, struct error *e)
{
	struct stream s = { 0 };
	struct trace *t;
	int err = stream_read(f, name, TRACE_COMMANDS, &commands, &s, e);

	if (err)
		return err;
	t = xcalloc(1, sizeof(*t));
	t->events = s.events;
	s.events = NULL;
	t->n_events = s.n;
	t->lost = s.lost;
	t->drained = s.drained;
	t->unit = s.kinds & 1 << KIND_BLOCK ? SECTOR : 0;
	stream_release(&s);
	*ret = t;
	return 0;
}

int trace_load(const char *path, struct trace **ret, struct error *e)
{
	CLEANUP_FCLOSE FILE *f = NULL;
	int err = stream_open(path, &f, e);

	return err ? err : trace_read(f, path, ret, e);
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	free(t->events);
	free(t);
}

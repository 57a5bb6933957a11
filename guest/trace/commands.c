/*
 * On nvme the commands as the driver sets them up, elsewhere the requests as the
 * block layer issues them to the driver. The filters drop reads and what is not
 * for the disk (nvme: the admin queue, qid 0; the marks are told apart by their
 * nsid later): they say nothing about durability and would only fill the
 * buffer.
 */
#include "guest/trace/commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "guest/init/disks.h"
#include "guest/init/setup.h"

#define NVME_DISK "/dev/" NVME_CONTROLLER

struct tracer trace_commands(void)
{
	return (struct tracer){
		.name = "powercut",
		.stream = TRACE_COMMANDS,
		.buffer_kb = "8192", /* more than 50,000 commands */
	};
}

static int add_block(struct tracer *t, struct frames *f, struct buf *text)
{
	char filter[64];
	uint32_t dev;
	int r = disks_number(&dev);

	if (r < 0) {
		buf_printf(text, "no " DISK_LINK ": %s", strerror(-r));
		return -r;
	}
	snprintf(filter, sizeof(filter), "dev == %u && !(rwbs ~ \"R*\")", dev);
	return tracer_add(t, f, "block/block_rq_issue", filter, text);
}

int trace_commands_start(struct tracer *t, struct frames *f,
			 struct buf *ret_text)
{
	int r;

	if (t->cpus > 0)
		return 0;
	r = tracer_open(t, f, ret_text);
	if (r)
		return r;
	if (access(NVME_DISK, F_OK) == 0)
		r = tracer_add(t, f, "nvme/nvme_setup_cmd",
			       "qid != 0 && opcode != 2", ret_text);
	else
		r = add_block(t, f, ret_text);
	if (r)
		tracer_stop(t);
	return r;
}

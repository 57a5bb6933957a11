/*
 * Traces what the guest asks of the disk: the tracepoint nvme:nvme_setup_cmd,
 * on other buses block:block_rq_issue. QEMU's NVMe controller drops FUA, so
 * only this tells which writes carried it; on any bus it tells whether the
 * drive has received all that was sent.
 */
#ifndef GUEST_TRACE_COMMANDS_H
#define GUEST_TRACE_COMMANDS_H

#include "guest/trace/tracer.h"

struct tracer trace_commands(void);
/* 0, or a positive errno with details in ret_text. Started already: 0. */
int trace_commands_start(struct tracer *t, struct frames *f,
			 struct buf *ret_text);

#endif

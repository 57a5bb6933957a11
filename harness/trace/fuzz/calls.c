/*
 * libFuzzer entry: any bytes as records of system calls. With an odd first byte
 * as one whole chunk of them, else as a trace file.
 */
#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "trace/calls.h"
#include "trace/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace_chunk c = {
		.magic = htole32(TRACE_MAGIC),
		.kind = htole16(TRACE_RECORDS),
		.length = htole32((uint32_t)(size - 1)),
		.stream = htole32(TRACE_CALLS),
	};
	CLEANUP_BUF struct buf b = BUF_INIT;
	CLEANUP_FCLOSE FILE *f = NULL;
	struct calls *calls = NULL;
	struct error e;

	if (size < 2)
		return 0;
	if (data[0] % 2)
		buf_add(&b, &c, sizeof(c));
	buf_add(&b, data + 1, size - 1);
	f = fmemopen(b.data, b.len, "r");
	if (f && !calls_read(f, "fuzz", &calls, &e))
		calls_free(calls);
	return 0;
}

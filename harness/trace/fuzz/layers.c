/*
 * libFuzzer entry: any bytes as a trace file, for what it tells of the layers.
 *
 * The first byte chooses what comes before the rest, as in trace.c: nothing, or
 * the header and some formats; and then whether the rest is one page.
 */
#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "trace/layers.h"
#include "trace/test-format.h"
#include "trace/test-layer-formats.h"
#include "trace/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void chunk(struct buf *f, uint16_t kind, const void *data, size_t len)
{
	struct trace_chunk c = {
		.magic = htole32(TRACE_MAGIC),
		.kind = htole16(kind),
		.length = htole32((uint32_t)len),
		.stream = htole32(TRACE_LAYERS),
	};

	buf_add(f, &c, sizeof(c));
	buf_add(f, data, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	CLEANUP_FCLOSE FILE *f = NULL;
	struct layers *l = NULL;
	struct error e;

	if (size < 2)
		return 0;
	if (data[0] % 3) {
		chunk(&b, TRACE_HEADER, test_header, strlen(test_header));
		for (size_t i = 0; i < N_LAYER_FORMATS; i++)
			chunk(&b, TRACE_FORMAT, layer_formats[i],
			      strlen(layer_formats[i]));
	}
	if (data[0] % 3 == 2) /* one page, whole */
		chunk(&b, TRACE_PAGE, data + 1, size - 1);
	else
		buf_add(&b, data + 1, size - 1);
	f = fmemopen(b.data, b.len, "r");
	if (f && !layers_read(f, "fuzz", &l, &e))
		layers_free(l);
	return 0;
}

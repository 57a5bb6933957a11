/*
 * Fuzz target for the log's readers: any file gives records, the end, or
 * -EBADMSG, never a crash. Hashes hide most of the reader from a fuzzer, so a
 * second run sees the same bytes with the hashes of headers made right.
 *
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iharness \
 *     harness/drive/fuzz/log.c harness/drive/{log-read,history}.c \
 *     harness/common/{buf,error,files}.c -lxxhash -o /tmp/fuzz-log
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include "common/buf.h"
#include "common/files.h"
#include "drive/history.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load(const void *data, size_t size)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct history *h;
	char path[64];

	if (fd < 0 || write_full(fd, data, size) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (history_load(path, &h, NULL) == 0)
		history_free(h);
	close(fd);
}

/* Follows the records as the reader would and rights magic and hashes. */
static void make_right(uint8_t *data, size_t size)
{
	struct log_file_header header;
	struct log_record r;
	uint64_t position = 0;

	if (size < sizeof(header))
		return;
	memcpy(&header, data, sizeof(header));
	memcpy(header.magic, LOG_MAGIC, sizeof(header.magic));
	header.version = LOG_VERSION;
	header.hash =
		XXH3_64bits(&header, offsetof(struct log_file_header, hash));
	memcpy(data, &header, sizeof(header));
	for (size_t at = sizeof(header); size - at >= sizeof(r);) {
		memcpy(&r, data + at, sizeof(r));
		r.magic = LOG_RECORD_MAGIC;
		r.position = position++;
		if (r.payload <= size - at - sizeof(r))
			r.payload_hash = XXH3_64bits(data + at + sizeof(r),
						     r.payload);
		r.hash = XXH3_64bits(&r, offsetof(struct log_record, hash));
		memcpy(data + at, &r, sizeof(r));
		if (r.payload > size - at - sizeof(r))
			return;
		at += sizeof(r) + r.payload;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = xmalloc(size);

	load(data, size);
	if (size)
		memcpy(copy, data, size);
	make_right(copy, size);
	load(copy, size);
	free(copy);
	return 0;
}

/*
 * Logs at rest: PATH.zst instead of PATH.
 *
 * One zstd frame with the content's size and a checksum. A log is full of data
 * that is written again and again with little changed (file system blocks,
 * journal, database pages), so a window of WINDOW_LOG bits over all of it makes
 * it many times smaller. Reading at random needs the file as it was: it is
 * unpacked as a whole, which costs less than verifying its hashes. So no
 * seekable frames, no index, and no second reader of the format.
 */
#include "drive/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zstd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"

#define LEVEL 3
#define WINDOW_LOG 25
#define CHUNK (256 * 1024)

/* From one file to another; done at the end of the first. */
struct stream {
	int from, to;
	const char *from_path, *to_path;
	unsigned char in[CHUNK], out[CHUNK];
	struct error *e;
};

/* Bytes read, 0 at the end. */
static ssize_t fill(struct stream *s)
{
	ssize_t n;

	do {
		n = read(s->from, s->in, CHUNK);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? error_errno(s->e, errno, "cannot read %s",
				   s->from_path) : n;
}

static int drain(struct stream *s, size_t len)
{
	int err = write_full(s->to, s->out, len);

	return err ? error_errno(s->e, -err, "cannot write %s", s->to_path) :
		     0;
}

static int broken(const struct stream *s, const char *why)
{
	return error_set(s->e, EBADMSG, "log %s is damaged: %s", s->from_path,
			 why);
}

static int compress_chunk(struct stream *s, ZSTD_CCtx *z, size_t len)
{
	ZSTD_EndDirective mode = len ? ZSTD_e_continue : ZSTD_e_end;
	ZSTD_inBuffer in = { s->in, len, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { s->out, CHUNK, 0 };
		int err;

		left = ZSTD_compressStream2(z, &out, &in, mode);
		if (ZSTD_isError(left))
			return error_set(s->e, EIO, "cannot compress %s: %s",
					 s->from_path,
					 ZSTD_getErrorName(left));
		err = drain(s, out.pos);
		if (err)
			return err;
	} while (in.pos < in.size || (!len && left));
	return 0;
}

static int compress_all(struct stream *s, uint64_t size)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();
	ssize_t n;
	int err = 0;

	if (!z)
		abort();
	ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, WINDOW_LOG);
	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	ZSTD_CCtx_setPledgedSrcSize(z, size);
	while (!err && (n = fill(s)) > 0)
		err = compress_chunk(s, z, (size_t)n);
	if (!err && n < 0)
		err = (int)n;
	if (!err)
		err = compress_chunk(s, z, 0);
	ZSTD_freeCCtx(z);
	return err;
}

static int decompress_chunk(struct stream *s, ZSTD_DCtx *z, size_t len,
			    size_t *ret_left)
{
	ZSTD_inBuffer in = { s->in, len, 0 };
	ZSTD_outBuffer out;

	do {
		int err;

		if (!*ret_left)
			return broken(s, "something stands behind its end");
		out = (ZSTD_outBuffer){ s->out, CHUNK, 0 };
		*ret_left = ZSTD_decompressStream(z, &out, &in);
		if (ZSTD_isError(*ret_left))
			return broken(s, ZSTD_getErrorName(*ret_left));
		err = drain(s, out.pos);
		if (err)
			return err;
	} while (in.pos < in.size || (*ret_left && out.pos == out.size));
	return 0;
}

static int decompress_all(struct stream *s)
{
	ZSTD_DCtx *z = ZSTD_createDCtx();
	size_t left = 1;
	ssize_t n;
	int err = 0;

	if (!z)
		abort();
	while (!err && (n = fill(s)) > 0)
		err = decompress_chunk(s, z, (size_t)n, &left);
	if (!err && n < 0)
		err = (int)n;
	if (!err && left)
		err = broken(s, "its end is missing");
	ZSTD_freeDCtx(z);
	return err;
}

static int stream_open(const char *from, const char *to, struct stream **ret,
		       struct error *e)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	*ret = s;
	s->e = e;
	s->from_path = from;
	s->to_path = to;
	s->to = -1;
	s->from = open(from, O_RDONLY | O_CLOEXEC);
	if (s->from < 0)
		return error_errno(e, errno, "cannot open the log %s", from);
	s->to = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (s->to < 0)
		return error_errno(e, errno, "cannot create %s", to);
	return 0;
}

static int stream_close(struct stream *s, int err)
{
	if (s->from >= 0)
		close(s->from);
	if (s->to >= 0 && close(s->to) < 0 && !err)
		err = error_errno(s->e, errno, "cannot write %s", s->to_path);
	if (s->to >= 0 && err)
		unlink(s->to_path);
	free(s);
	return err;
}

int log_pack(const char *path, struct error *e)
{
	CLEANUP_FREE char *packed = xasprintf("%s.zst", path);
	CLEANUP_FREE char *tmp = xasprintf("%s.tmp", packed);
	struct stream *s;
	struct stat st;
	int err = stream_open(path, tmp, &s, e);

	if (!err && fstat(s->from, &st) < 0)
		err = error_errno(e, errno, "cannot read %s", path);
	if (!err)
		err = compress_all(s, (uint64_t)st.st_size);
	err = stream_close(s, err);
	if (err)
		return err;
	if (rename(tmp, packed) < 0 || unlink(path) < 0)
		return error_errno(e, errno, "cannot replace %s", path);
	return 0;
}

int log_unpack(const char *path, const char *to, struct error *e)
{
	CLEANUP_FREE char *packed = xasprintf("%s.zst", path);
	struct stream *s;
	int err = stream_open(packed, to, &s, e);

	if (!err)
		err = decompress_all(s);
	return stream_close(s, err);
}

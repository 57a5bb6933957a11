/*
 * gz-check DIR
 *
 * DIR/backup.gz must unpack to one whole backup (backup.h), not older than the
 * last that was acknowledged. Exit 0: held, 1: violated, 2: cannot tell.
 */
#include <unistd.h>

#include <zlib.h>

#include "backup.h"

/* Unpacks all of it, up to one byte more than there should be. */
static void unpack(gzFile gz, char text[TEXT_LEN + 2])
{
	int len = gzread(gz, text, TEXT_LEN + 1), code = Z_OK;
	const char *what = gzerror(gz, &code);

	if (code == Z_ERRNO)
		pc_end(2, "cannot read " GZ_NAME ": %s", strerror(errno));
	if (len < 0 || (code != Z_OK && code != Z_STREAM_END))
		pc_end(1, "corrupt: %s", what);
	if (gzdirect(gz) && len > 0)
		pc_end(1, "corrupt: it is not compressed data");
	if (len != TEXT_LEN)
		pc_end(1, "corrupt: the backup has %d bytes", len);
	text[len] = '\0';
}

static void open_and_unpack(char text[TEXT_LEN + 2])
{
	gzFile gz = gzopen(GZ_NAME, "rb");

	if (!gz)
		pc_end(errno == ENOENT ? 1 : 2,
		       "corrupt: cannot open " GZ_NAME ": %s", strerror(errno));
	unpack(gz, text);
	gzclose(gz);
}

int main(int argc, char **argv)
{
	char text[TEXT_LEN + 2], expect[TEXT_LEN + 1];
	unsigned int acked, n;

	if (argc != 2)
		pc_end(2, "usage: gz-check DIR");
	acked = last_acked();
	if (chdir(argv[1]) < 0)
		pc_end(2, "cannot go to %s: %s", argv[1], strerror(errno));
	open_and_unpack(text);
	if (sscanf(text, "backup %5u", &n) != 1 || n > BACKUP_MAX)
		pc_end(1, "corrupt: the text is no backup");
	text_make(n, expect);
	if (memcmp(text, expect, TEXT_LEN))
		pc_end(1, "corrupt: it is not the text of backup %u", n);
	if (n < acked)
		pc_end(1, "lost: the archive is backup %u, %u was acknowledged",
		       n, acked);
	pc_end(0, "backup %u, %u acknowledged, whole", n, acked);
}

/*
 * gz-writer [--init] [--mode=in-place|rename|careful] [--count N] DIR
 *
 * Writes DIR/backup.gz N times (backup.h) with zlib and acknowledges each.
 *   --mode=in-place  over the old one, as `gzip -c >FILE`
 *   --mode=rename    to another file that is renamed over it; nothing is synced
 *   --mode=careful   so, but the file is synced before and the folder after
 *                    the rename (the default)
 * --init writes backup 0 with care and ends.
 */
#include <fcntl.h>
#include <getopt.h>
#include <unistd.h>

#include <powercut.h>
#include <zlib.h>

#include "backup.h"

struct options {
	int init;
	const char *mode;
	unsigned int count;
	const char *dir;
};

static void __attribute__((noreturn)) usage(void)
{
	pc_end(2, "usage: gz-writer [--init] [--mode=in-place|rename|careful] "
		  "[--count N] DIR");
}

static unsigned int parse_count(const char *text)
{
	char *rest;
	unsigned long n = strtoul(text, &rest, 10);

	if (rest == text || *rest || n > BACKUP_MAX)
		usage();
	return (unsigned int)n;
}

static const char *parse_mode(const char *text)
{
	if (strcmp(text, "in-place") && strcmp(text, "rename") &&
	    strcmp(text, "careful"))
		usage();
	return text;
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "init", no_argument, NULL, 'i' },
		{ "mode", required_argument, NULL, 'm' },
		{ "count", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .mode = "careful", .count = 5 };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'i')
			o.init = 1;
		else if (c == 'm')
			o.mode = parse_mode(optarg);
		else if (c == 'c')
			o.count = parse_count(optarg);
		else
			usage();
	}
	if (optind != argc - 1)
		usage();
	o.dir = argv[optind];
	return o;
}

static void must_call(int rc, const char *what)
{
	if (rc < 0)
		pc_end(2, "%s: %s", what, strerror(errno));
}

static void write_gz(const char *path, unsigned int n, int sync)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	char text[TEXT_LEN + 1];
	gzFile gz;
	int copy;

	must_call(fd, path);
	copy = dup(fd); /* gzclose() writes the last block, and closes */
	must_call(copy, "dup");
	gz = gzdopen(fd, "wb");
	text_make(n, text);
	if (!gz || gzwrite(gz, text, TEXT_LEN) != TEXT_LEN ||
	    gzclose(gz) != Z_OK)
		pc_end(2, "cannot write %s", path);
	if (sync)
		must_call(fsync(copy), "fsync");
	must_call(close(copy), "close");
}

static void sync_folder(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	must_call(fd, "open the folder");
	must_call(fsync(fd), "sync the folder");
	must_call(close(fd), "close the folder");
}

static void backup(const char *mode, unsigned int n)
{
	int careful = !strcmp(mode, "careful");

	if (!strcmp(mode, "in-place")) {
		write_gz(GZ_NAME, n, 0);
		return;
	}
	write_gz(TMP_NAME, n, careful);
	must_call(rename(TMP_NAME, GZ_NAME), "rename");
	if (careful)
		sync_folder();
}

int main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);

	must_call(chdir(o.dir), o.dir);
	if (o.init)
		backup("careful", 0);
	for (unsigned int n = 1; n <= o.count && !o.init; n++) {
		must_call(pc_begin("backup %u", n), "begin");
		backup(o.mode, n);
		must_call(pc_ack("backup %u", n), "ack");
	}
	return 0;
}

/*
 * hdf5-writer [--init] [--mode=flush|sync|replace] [--count N] DIR
 *
 * Appends to a dataset of DIR/data.h5 N times (puts.h) and acknowledges each.
 *   --mode=flush    after H5Fflush(), which syncs nothing
 *   --mode=sync     after H5Fflush() and fsync of the file's descriptor
 *   --mode=replace  a copy is changed, closed, synced and renamed over the
 *                   file, and the folder synced (the default)
 * --init creates the file and ends.
 */
#include <fcntl.h>
#include <getopt.h>
#include <unistd.h>

#include <hdf5.h>
#include <powercut.h>

#include "puts.h"

struct options {
	int init;
	const char *mode;
	unsigned int count;
	const char *dir;
};

static void __attribute__((noreturn)) usage(void)
{
	pc_end(2, "usage: hdf5-writer [--init] [--mode=flush|sync|replace] "
		  "[--count N] DIR");
}

static unsigned int parse_count(const char *text)
{
	char *rest;
	unsigned long n = strtoul(text, &rest, 10);

	if (rest == text || *rest || n > PUT_MAX)
		usage();
	return (unsigned int)n;
}

static const char *parse_mode(const char *text)
{
	if (strcmp(text, "flush") && strcmp(text, "sync") &&
	    strcmp(text, "replace"))
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
	struct options o = { .mode = "replace", .count = 6 };
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

static hid_t must(hid_t id, const char *what)
{
	if (id < 0)
		pc_end(2, "%s failed", what);
	return id;
}

static void must_call(int rc, const char *what)
{
	if (rc < 0)
		pc_end(2, "%s: %s", what, strerror(errno));
}

static void create(void)
{
	hsize_t none = 0, any = H5S_UNLIMITED, chunk = CHUNK;
	hid_t file = must(H5Fcreate(FILE_NAME, H5F_ACC_TRUNC, H5P_DEFAULT,
				    H5P_DEFAULT), "H5Fcreate");
	hid_t space = must(H5Screate_simple(1, &none, &any), "H5Screate");
	hid_t plist = must(H5Pcreate(H5P_DATASET_CREATE), "H5Pcreate");
	hid_t set;

	must(H5Pset_chunk(plist, 1, &chunk), "H5Pset_chunk");
	set = must(H5Dcreate2(file, DATASET, H5T_STD_I64LE, space, H5P_DEFAULT,
			      plist, H5P_DEFAULT), "H5Dcreate2");
	must(H5Dclose(set), "H5Dclose");
	must(H5Pclose(plist), "H5Pclose");
	must(H5Sclose(space), "H5Sclose");
	must(H5Fclose(file), "H5Fclose");
}

static void append(hid_t file, unsigned int n)
{
	hsize_t size = (hsize_t)n * ROWS, start = size - ROWS, rows = ROWS;
	hid_t set = must(H5Dopen2(file, DATASET, H5P_DEFAULT), "H5Dopen2");
	hid_t disk, memory;
	int64_t data[ROWS];

	for (unsigned int i = 0; i < ROWS; i++)
		data[i] = number_make(start + i);
	must(H5Dset_extent(set, &size), "H5Dset_extent");
	disk = must(H5Dget_space(set), "H5Dget_space");
	must(H5Sselect_hyperslab(disk, H5S_SELECT_SET, &start, NULL, &rows,
				 NULL), "H5Sselect_hyperslab");
	memory = must(H5Screate_simple(1, &rows, NULL), "H5Screate");
	must(H5Dwrite(set, H5T_NATIVE_INT64, memory, disk, H5P_DEFAULT, data),
	     "H5Dwrite");
	must(H5Sclose(memory), "H5Sclose");
	must(H5Sclose(disk), "H5Sclose");
	must(H5Dclose(set), "H5Dclose");
}

static void append_in_place(hid_t file, unsigned int n, int sync)
{
	int *fd = NULL;

	append(file, n);
	must(H5Fflush(file, H5F_SCOPE_GLOBAL), "H5Fflush");
	if (!sync)
		return;
	must(H5Fget_vfd_handle(file, H5P_DEFAULT, (void **)&fd),
	     "H5Fget_vfd_handle");
	must_call(fsync(*fd), "fsync");
}

static void sync_path(const char *path, int flags)
{
	int fd = open(path, flags);

	must_call(fd, path);
	must_call(fsync(fd), path);
	must_call(close(fd), path);
}

static void copy(const char *from, const char *to)
{
	char data[1 << 16];
	int in = open(from, O_RDONLY), out;
	ssize_t len;

	must_call(in, from);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	must_call(out, to);
	while ((len = read(in, data, sizeof(data))) > 0)
		if (write(out, data, (size_t)len) != len)
			pc_end(2, "cannot write %s", to);
	must_call((int)len, from);
	must_call(close(in), from);
	must_call(close(out), to);
}

static void append_by_replacing(unsigned int n)
{
	hid_t file;

	copy(FILE_NAME, TMP_NAME);
	file = must(H5Fopen(TMP_NAME, H5F_ACC_RDWR, H5P_DEFAULT), "H5Fopen");
	append(file, n);
	must(H5Fclose(file), "H5Fclose");
	sync_path(TMP_NAME, O_RDWR);
	must_call(rename(TMP_NAME, FILE_NAME), "rename");
	sync_path(".", O_RDONLY | O_DIRECTORY);
}

static void run(const struct options *o)
{
	int replace = !strcmp(o->mode, "replace");
	int sync = !strcmp(o->mode, "sync");
	hid_t file = -1;

	if (!replace)
		file = must(H5Fopen(FILE_NAME, H5F_ACC_RDWR, H5P_DEFAULT),
			    "H5Fopen");
	for (unsigned int n = 1; n <= o->count; n++) {
		must_call(pc_begin("put %u", n), "begin");
		if (replace)
			append_by_replacing(n);
		else
			append_in_place(file, n, sync);
		must_call(pc_ack("put %u", n), "ack");
	}
	if (!replace)
		must(H5Fclose(file), "H5Fclose");
}

int main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);

	must_call(chdir(o.dir), o.dir);
	if (o.init)
		create();
	else
		run(&o);
	return 0;
}

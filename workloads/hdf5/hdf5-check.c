/*
 * hdf5-check DIR
 *
 * DIR/data.h5 must open, and its dataset be what some number of puts makes
 * (puts.h), not fewer than acknowledged. Exit 0: held, 1: violated, 2: cannot
 * tell.
 */
#include <fcntl.h>
#include <unistd.h>

#include <hdf5.h>

#include "puts.h"

/* A failure of the library is damage only where the file itself can be read. */
static hid_t must(hid_t id, const char *what)
{
	char data[1 << 16];
	ssize_t len;
	int fd;

	if (id >= 0)
		return id;
	fd = open(FILE_NAME, O_RDONLY);
	if (fd < 0 && errno == ENOENT)
		pc_end(1, "corrupt: the file is missing");
	if (fd < 0)
		pc_end(2, "cannot open " FILE_NAME ": %s", strerror(errno));
	while ((len = read(fd, data, sizeof(data))) > 0)
		;
	if (len < 0)
		pc_end(2, "cannot read " FILE_NAME ": %s", strerror(errno));
	pc_end(1, "corrupt: %s failed", what);
}

static unsigned int count_numbers(hid_t set)
{
	hid_t space = must(H5Dget_space(set), "H5Dget_space");
	hsize_t size = 0;

	if (H5Sget_simple_extent_ndims(space) != 1 ||
	    H5Sget_simple_extent_dims(space, &size, NULL) != 1 ||
	    size > PUT_MAX * ROWS)
		pc_end(1, "corrupt: the dataset has another shape");
	return (unsigned int)size;
}

int main(int argc, char **argv)
{
	static int64_t data[PUT_MAX * ROWS];
	unsigned int acked, n;
	hid_t file, set;

	if (argc != 2)
		pc_end(2, "usage: hdf5-check DIR");
	acked = last_acked();
	if (chdir(argv[1]) < 0)
		pc_end(2, "cannot go to %s: %s", argv[1], strerror(errno));
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	file = must(H5Fopen(FILE_NAME, H5F_ACC_RDONLY, H5P_DEFAULT),
		    "H5Fopen");
	set = must(H5Dopen2(file, DATASET, H5P_DEFAULT), "H5Dopen2");
	n = count_numbers(set);
	must(H5Dread(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT,
		     data), "H5Dread");
	for (unsigned int i = 0; i < n; i++)
		if (data[i] != number_make(i))
			pc_end(1, "corrupt: number %u of %u is wrong", i, n);
	if (n % ROWS)
		pc_end(1, "corrupt: %u numbers are no whole puts", n);
	if (n / ROWS < acked)
		pc_end(1, "lost: the last put is %u, %u was acknowledged",
		       n / ROWS, acked);
	pc_end(0, "%u puts, %u acknowledged, all whole", n / ROWS, acked);
}

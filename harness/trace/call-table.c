#include "trace/call-table.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* Since Linux 6.6: the headers may be older. */
#define NR_FCHMODAT2 452
/* O_TMPFILE without O_DIRECTORY. */
#define CREATES (O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

#define CALL(call, what, ...)                                                  \
	{ .number = SYS_##call, .kind = what, .name = #call, __VA_ARGS__ }

const struct call_type call_types[] = {
	CALL(open, CALL_OPEN, .path = 1, .flags = 2, .follow = 1, .test = 2,
	     .bits = CREATES),
	CALL(openat, CALL_OPEN, .at = 1, .path = 2, .flags = 3, .follow = 1,
	     .test = 3, .bits = CREATES),
	CALL(openat2, CALL_OPEN, .at = 1, .path = 2, .follow = 1),
	CALL(creat, CALL_OPEN, .path = 1, .follow = 1),
	CALL(mknod, CALL_OPEN, .path = 1),
	CALL(mknodat, CALL_OPEN, .at = 1, .path = 2),

	CALL(write, CALL_WRITE, .fd = 1, .buffer = 2, .length = 3),
	CALL(pwrite64, CALL_WRITE, .fd = 1, .buffer = 2, .length = 3,
	     .offset = 4),
	CALL(writev, CALL_WRITE, .fd = 1, .vector = 2),
	CALL(pwritev, CALL_WRITE, .fd = 1, .vector = 2, .offset = 4),
	CALL(pwritev2, CALL_WRITE, .fd = 1, .vector = 2, .offset = 4,
	     .flags = 6),
	CALL(sendfile, CALL_WRITE, .fd = 1, .length = 4),
	CALL(copy_file_range, CALL_WRITE, .fd = 3, .offset_pointer = 4,
	     .length = 5, .flags = 6),
	CALL(splice, CALL_WRITE, .fd = 3, .offset_pointer = 4, .length = 5,
	     .flags = 6),

	CALL(mmap, CALL_MAP, .fd = 5, .length = 2, .offset = 6, .flags = 4),
	CALL(msync, CALL_MSYNC, .length = 2, .flags = 3),
	CALL(fsync, CALL_SYNC, .fd = 1),
	CALL(fdatasync, CALL_DATASYNC, .fd = 1),
	CALL(sync_file_range, CALL_SYNC_RANGE, .fd = 1, .offset = 2,
	     .length = 3, .flags = 4),
	CALL(syncfs, CALL_SYNC_FS, .fd = 1),
	CALL(sync, CALL_SYNC_FS),

	CALL(rename, CALL_RENAME, .path = 1, .path2 = 2),
	CALL(renameat, CALL_RENAME, .at = 1, .path = 2, .at2 = 3, .path2 = 4),
	CALL(renameat2, CALL_RENAME, .at = 1, .path = 2, .at2 = 3, .path2 = 4,
	     .flags = 5),
	CALL(link, CALL_LINK, .path = 1, .path2 = 2),
	CALL(linkat, CALL_LINK, .at = 1, .path = 2, .at2 = 3, .path2 = 4,
	     .flags = 5),
	CALL(unlink, CALL_UNLINK, .path = 1),
	CALL(unlinkat, CALL_UNLINK, .at = 1, .path = 2, .flags = 3),
	CALL(symlink, CALL_SYMLINK, .text = 1, .path = 2),
	CALL(symlinkat, CALL_SYMLINK, .text = 1, .at = 2, .path = 3),
	CALL(mkdir, CALL_MKDIR, .path = 1, .flags = 2),
	CALL(mkdirat, CALL_MKDIR, .at = 1, .path = 2, .flags = 3),
	CALL(rmdir, CALL_RMDIR, .path = 1),
	CALL(truncate, CALL_TRUNCATE, .path = 1, .length = 2, .follow = 1),
	CALL(ftruncate, CALL_TRUNCATE, .fd = 1, .length = 2),
	CALL(fallocate, CALL_ALLOCATE, .fd = 1, .flags = 2, .offset = 3,
	     .length = 4),

	CALL(chmod, CALL_ATTRIBUTE, .path = 1, .flags = 2, .follow = 1),
	CALL(fchmod, CALL_ATTRIBUTE, .fd = 1, .flags = 2),
	CALL(fchmodat, CALL_ATTRIBUTE, .at = 1, .path = 2, .flags = 3,
	     .follow = 1),
	{ .number = NR_FCHMODAT2, .kind = CALL_ATTRIBUTE, .name = "fchmodat2",
	  .at = 1, .path = 2, .flags = 3, .follow = 1 },
	CALL(chown, CALL_ATTRIBUTE, .path = 1, .follow = 1),
	CALL(fchown, CALL_ATTRIBUTE, .fd = 1),
	CALL(lchown, CALL_ATTRIBUTE, .path = 1),
	CALL(fchownat, CALL_ATTRIBUTE, .at = 1, .path = 2, .follow = 1),
	CALL(utime, CALL_ATTRIBUTE, .path = 1, .follow = 1),
	CALL(utimes, CALL_ATTRIBUTE, .path = 1, .follow = 1),
	CALL(futimesat, CALL_ATTRIBUTE, .at = 1, .path = 2, .follow = 1),
	CALL(utimensat, CALL_ATTRIBUTE, .at = 1, .path = 2, .follow = 1),
	CALL(setxattr, CALL_ATTRIBUTE, .path = 1, .follow = 1),
	CALL(lsetxattr, CALL_ATTRIBUTE, .path = 1),
	CALL(fsetxattr, CALL_ATTRIBUTE, .fd = 1),
	CALL(removexattr, CALL_ATTRIBUTE, .path = 1, .follow = 1),
	CALL(lremovexattr, CALL_ATTRIBUTE, .path = 1),
	CALL(fremovexattr, CALL_ATTRIBUTE, .fd = 1),

	CALL(io_uring_setup, CALL_OPAQUE),
	CALL(io_uring_enter, CALL_OPAQUE, .fd = 1),
	CALL(io_submit, CALL_OPAQUE),
};
const size_t n_call_types = sizeof(call_types) / sizeof(*call_types);

const struct call_type *call_type_find(uint32_t number)
{
	for (size_t i = 0; i < n_call_types; i++)
		if (call_types[i].number == number)
			return &call_types[i];
	return NULL;
}

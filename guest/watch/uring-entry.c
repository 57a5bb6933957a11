/* Linux: io_uring/opdef.c and the prep functions that it names. */
#include "guest/watch/uring-entry.h"

#include <string.h>
#include <sys/syscall.h>

#include <linux/io_uring.h>

#include "guest/watch/requests.h"

/* Headers may be older than the guest's kernel. */
#define OP_FTRUNCATE 55 /* Linux 6.9 */

static int changes_no_file(unsigned int op)
{
	switch (op) {
	case IORING_OP_NOP:
	case IORING_OP_READV:
	case IORING_OP_READ_FIXED:
	case IORING_OP_POLL_ADD:
	case IORING_OP_POLL_REMOVE:
	case IORING_OP_SENDMSG:
	case IORING_OP_RECVMSG:
	case IORING_OP_TIMEOUT:
	case IORING_OP_TIMEOUT_REMOVE:
	case IORING_OP_ACCEPT:
	case IORING_OP_ASYNC_CANCEL:
	case IORING_OP_LINK_TIMEOUT:
	case IORING_OP_CONNECT:
	case IORING_OP_CLOSE:
	case IORING_OP_STATX:
	case IORING_OP_READ:
	case IORING_OP_FADVISE:
	case IORING_OP_MADVISE:
	case IORING_OP_SEND:
	case IORING_OP_RECV:
	case IORING_OP_EPOLL_CTL:
	case IORING_OP_PROVIDE_BUFFERS:
	case IORING_OP_REMOVE_BUFFERS:
	case IORING_OP_SHUTDOWN:
	case IORING_OP_FGETXATTR:
	case IORING_OP_GETXATTR:
	case IORING_OP_SOCKET:
	case IORING_OP_SEND_ZC:
	case IORING_OP_SENDMSG_ZC:
		return 1;
	}
	return 0;
}

static int set(struct entry_call *c, uint32_t number, const uint64_t args[6])
{
	c->number = number;
	memcpy(c->args, args, sizeof(c->args));
	return 1;
}

#define CALL(c, call, ...) set(c, SYS_##call, (const uint64_t[6]){ __VA_ARGS__ })

/* An offset of -1 is the file's own position. */
static int write_call(const struct io_uring_sqe *e, struct entry_call *c)
{
	uint64_t fd = (uint64_t)e->fd;
	int vector = e->opcode == IORING_OP_WRITEV;

	if ((uint32_t)e->rw_flags & ~REQUEST_SAME_EFFECT)
		return 0;
	if (e->off == UINT64_MAX)
		return vector ? CALL(c, writev, fd, e->addr, e->len) :
				CALL(c, write, fd, e->addr, e->len);
	return vector ? CALL(c, pwritev, fd, e->addr, e->len, e->off) :
			CALL(c, pwrite64, fd, e->addr, e->len, e->off);
}

/* Of a part of the file: no system call does that. */
static int sync_call(const struct io_uring_sqe *e, struct entry_call *c)
{
	if (e->off || e->len)
		return 0;
	return e->fsync_flags & IORING_FSYNC_DATASYNC ?
		       CALL(c, fdatasync, (uint64_t)e->fd) :
		       CALL(c, fsync, (uint64_t)e->fd);
}

/* file_index: it gets no descriptor. */
static int open_call(const struct io_uring_sqe *e, struct entry_call *c)
{
	if (e->file_index)
		return 0;
	return e->opcode == IORING_OP_OPENAT2 ?
		       CALL(c, openat2, (uint64_t)e->fd, e->addr, e->addr2,
			    e->len) :
		       CALL(c, openat, (uint64_t)e->fd, e->addr, e->open_flags,
			    e->len);
}

static int name_call(const struct io_uring_sqe *e, struct entry_call *c)
{
	uint64_t at = (uint64_t)e->fd, at2 = (uint64_t)(int32_t)e->len;

	switch (e->opcode) {
	case IORING_OP_RENAMEAT:
		return CALL(c, renameat2, at, e->addr, at2, e->addr2,
			    e->rename_flags);
	case IORING_OP_UNLINKAT:
		return CALL(c, unlinkat, at, e->addr, e->unlink_flags);
	case IORING_OP_MKDIRAT:
		return CALL(c, mkdirat, at, e->addr, e->len);
	case IORING_OP_SYMLINKAT:
		return CALL(c, symlinkat, e->addr, at, e->addr2);
	case IORING_OP_LINKAT:
		return CALL(c, linkat, at, e->addr, at2, e->addr2,
			    e->hardlink_flags);
	}
	return 0;
}

static int file_call(const struct io_uring_sqe *e, struct entry_call *c)
{
	uint64_t fd = (uint64_t)e->fd;

	switch (e->opcode) {
	case IORING_OP_WRITE:
	case IORING_OP_WRITE_FIXED:
	case IORING_OP_WRITEV:
		return write_call(e, c);
	case IORING_OP_FSYNC:
		return sync_call(e, c);
	case IORING_OP_SYNC_FILE_RANGE:
		return CALL(c, sync_file_range, fd, e->off, e->len,
			    e->sync_range_flags);
	case IORING_OP_FALLOCATE:
		return CALL(c, fallocate, fd, e->len, e->off, e->addr);
	case OP_FTRUNCATE:
		return CALL(c, ftruncate, fd, e->off);
	case IORING_OP_OPENAT:
	case IORING_OP_OPENAT2:
		return open_call(e, c);
	}
	return name_call(e, c);
}

int entry_call(const struct io_uring_sqe *e, struct entry_call *ret)
{
	*ret = (struct entry_call){ .number = 0 };
	if (changes_no_file(e->opcode))
		return 1;
	/* Of the registered files none has a descriptor. */
	return !(e->flags & IOSQE_FIXED_FILE) && file_call(e, ret);
}

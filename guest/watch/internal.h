/* What the files of the watcher's process share; see watch.h. */
#ifndef GUEST_WATCH_INTERNAL_H
#define GUEST_WATCH_INTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "guest/watch/watch.h"
#include "trace/call-table.h"
#include "trace/calls-wire.h"

struct buf;
struct context;
struct flushing;
struct functions;
struct object;
struct proc_stack;
struct record_ring;
struct returns;
struct ring;
struct space;

/* A file to be found again later, whatever its names are then. */
struct extents_file {
	uint32_t length; /* of the handle, 0: there is none */
	int32_t type;
	unsigned char handle[64];
};

/* A call that has been told and has not returned. */
struct pending {
	const struct call_type *type; /* NULL: none */
	enum call_kind kind;
	uint64_t sequence;
	uint64_t args[6];
	uint32_t file_flags;
	uint64_t length, offset;
	int makes_inode; /* which is known once it has returned */
	int quiet; /* the thread is not stopped at its return */
	uint64_t hash;
	struct extents_file file; /* of a sync, where it is quiet */
	char *path, *path2; /* where they are needed, or NULL */
};

/* Of a thread through which buffers are to be flushed; see flush.c. */
enum flush_state {
	FLUSH_NONE, /* or it is not waited for any more */
	FLUSH_WANTED,
	FLUSH_RUNNING,
};

#define TASK_PATHS 8

/* The path of an open file; see open.c. */
struct task_path {
	char *path; /* NULL: none */
	int number;
	uint64_t names, inode;
	dev_t device;
};

/* A call about requests, until it has returned; see uring.c, aio.c. */
struct asked {
	uint32_t number; /* 0: none */
	int fd;
	uint64_t offset;
	uint64_t address; /* of io_uring's parameters, of aio's context */
	uint64_t first;   /* number of the first request */
};

struct task {
	pid_t tid;
	pid_t process; /* 0: not known yet */
	char name[16];
	int named; /* name is right */
	int foreign; /* told already that its calls cannot be read */
	int renames; /* is in a call that may change paths */
	int executed; /* since it was forked */
	pid_t forked_from; /* process, unless executed; or 0 */
	enum flush_state flush;
	struct flushing *flushing; /* NULL: none, nor a late one */
	uint64_t ticket; /* stands before an ack as this one in a row; 0 */
	int flushed; /* all is flushed for the ack to come */
	int pidfd; /* of the process; 0: not asked yet, -1: not to be had */
	struct task_path paths[TASK_PATHS];
	struct pending pending;
	struct asked asked;
	struct task *next;
};

#define TASK_LISTS 256

struct watcher {
	struct record_ring *records; /* to PID 1 */
	uint64_t id, sequence, sent, lost;
	uint64_t names; /* goes up when a path may have changed */
	unsigned int n_pidfds;
	struct watch_target target;
	struct returns *returns; /* NULL: every return is stopped at */
	struct task *tasks[TASK_LISTS];
	unsigned int n_tasks; /* at least as many as there are threads */
	struct space *spaces;
	struct object *objects;
	struct functions *functions;
	struct ring *rings;
	struct context *contexts; /* of aio */
	uint64_t queues; /* of requests, so many so far */
	unsigned int n_asked; /* requests that are told and under way */
	struct {
		pid_t tid, process; /* whose ack it is for; 0: none */
		unsigned int left; /* threads that are waited for */
		uint64_t deadline_ns;
		unsigned int waited; /* how often in vain */
		unsigned int standing; /* threads with a ticket */
		uint64_t tickets;
	} flush;
};

/* ---- records.c ---- */

/* Sends a record. */
void records_send(struct watcher *w, enum call_record_kind kind,
		  const void *head, size_t head_len, const void *data,
		  size_t len);

/* ---- tasks.c ---- */

struct task *task_find(struct watcher *w, pid_t tid);
/* Found or made. */
struct task *task_get(struct watcher *w, pid_t tid);
/* Its process; 0: it is gone. */
pid_t task_process(struct task *t);
/* Its process and its name are known afterwards. */
void task_name(struct task *t);
void task_forget(struct watcher *w, pid_t tid);
void pending_clear(struct pending *p);

/* ---- calls.c ---- */

enum calls_then {
	CALLS_LET_GO,
	CALLS_SEE_RETURN,
	CALLS_HOLD, /* it stays stopped; this is asked again (flush_next()) */
};
/* The task is stopped before a call: what is to be done with it. */
enum calls_then calls_enter(struct watcher *w, struct task *t,
		const struct user_regs_struct *regs);
/* Its success may change paths. */
int calls_changes_names(const struct call_type *t);

/* What the task has asked for without calling it. */
struct calls_entry {
	const struct call_type *type;
	const uint64_t *args;
	enum record_by by;
	int alone; /* nobody else can write at the same time */
	int blank; /* its data are not in memory yet */
};
/* The record of its begin, which has no time yet, and what is needed when it ends:
 * for calls_exit(), as the task's. Nothing, if nothing is to be told. */
void calls_enter_entry(struct watcher *w, struct task *t,
		       const struct calls_entry *e,
		       const struct user_regs_struct *regs,
		       struct pending *ret, struct buf *ret_record);

/* ---- outcome.c ---- */

/* It has returned. */
void calls_exit(struct watcher *w, struct task *t, int64_t result,
		uint64_t time_ns);
/* All quiet calls that have returned so far. */
void calls_take_returns(struct watcher *w);

/* ---- cure.c ---- */

/* A call has succeeded: what is to be done after it. */
void cures_after(struct watcher *w, struct task *t, enum call_kind call,
		 const char *path, const char *path2);
/* The task is stopped before an ack. */
void cures_before_ack(struct watcher *w, struct task *t);

/* ---- extents.c ---- */

/* Tells where the bytes of the file stand. It is only read. */
void extents_tell(struct watcher *w, int fd);
/* Of one that is found again: 0, or -errno: it cannot be. fd: of the open file. */
int extents_file_of(int fd, struct extents_file *ret);
void extents_tell_file(struct watcher *w, const struct extents_file *f);
/* Of what the path names below the task's root, if it is a regular file. */
void extents_tell_path(struct watcher *w, pid_t tid, const char *path);
/* Of all files of the file system. */
void extents_tell_all(struct watcher *w);

/* ---- stack.c ---- */

struct stack {
	struct record_frame frames[WATCH_FRAMES];
	const char *objects[WATCH_FRAMES]; /* until the next call */
	uint32_t n_frames, n_objects;
};

/* The stack of a stopped task. What cannot be followed ends it. memory: it is read
 * unless it has been. */
void stack_walk(struct watcher *w, struct task *t,
		const struct user_regs_struct *regs,
		struct proc_stack *memory, struct stack *ret);
/* What is mapped in the process has changed. */
void stack_forget(struct watcher *w, pid_t process);
/* The file mapped at an address: where the mapping starts, in memory and in the
 * file, and the file's link in the process's folder of /proc. 0 or -ENOENT. */
int stack_file(struct watcher *w, struct task *t, uint64_t address,
	       uint64_t *ret_start, uint64_t *ret_offset, char *ret_link,
	       size_t size);

#endif

/*
 * Which functions of a program hand its buffers to the kernel: the C library's
 * fflush(NULL), and CPython's own run of a few lines that flush every open file
 * object. Others' buffers (C++ streams that are not stdio's, Java, Rust,
 * databases) have no such function, and are not found.
 */
#ifndef GUEST_WATCH_BUFFERS_H
#define GUEST_WATCH_BUFFERS_H

#include <stdint.h>
#include <sys/types.h>

struct watcher;

/* Addresses in the process; 0: there is none. */
struct buffers {
	uint64_t flush_stdio; /* int (FILE *): NULL is all */
	struct {
		uint64_t is_ready; /* int Py_IsInitialized(void) */
		uint64_t is_held;  /* int PyGILState_Check(void) */
		uint64_t hold;	   /* PyGILState_STATE PyGILState_Ensure(void) */
		uint64_t run;	   /* int PyRun_SimpleString(const char *) */
		uint64_t let_go;   /* void PyGILState_Release(state) */
	} python; /* all or none */
};

/* Python that flushes all files of the process; raises nothing and leaves no
 * name behind. */
extern const char buffers_python[];

/* 1: there are such functions. */
int buffers_find(struct watcher *w, pid_t process, struct buffers *ret);

#endif

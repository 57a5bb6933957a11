/*
 * The agent protocol: the controller and PID 1 over one virtio-serial port
 * (name: AGENT_PORT).
 *
 * Frames: struct frame, then .length bytes. Little endian. The guest speaks
 * first, with HELLO. The controller sends requests, numbered by .id (from 1,
 * never again the same on one connection); the guest answers each with the
 * frames named below, the last one being REPLY with the same id. Requests are
 * served one after the other, but for TRACE_DRAIN, POWEROFF and GO: these do
 * not wait for a request that is being served (it may hang on a drive whose
 * power is gone). TRACE and KMSG frames (id 0) may come at any time. A frame that is
 * longer than FRAME_MAX, of an unknown type or with the wrong magic ends the
 * connection, the guest powers off: never guess where the next one starts.
 *
 * Strings in payloads are NUL-terminated and follow each other.
 */
#ifndef GUEST_PROTOCOL_H
#define GUEST_PROTOCOL_H

#include <stdint.h>

#include "guest/init/steps.h"

#define AGENT_PORT "org.powercut.agent.0"
#define AGENT_MAGIC 0x41435750u /* "PWCA" */
#define AGENT_VERSION 3
#define FRAME_MAX (4u << 20)

/* Words on the kernel's command line for PID 1. */
#define PARAMETER_BUS "powercut.bus="	     /* virtio, scsi; without it: nvme */
#define PARAMETER_SCHEDULER "powercut.scheduler=" /* of the disk */
#define PARAMETER_IMAGE "powercut.image=" /* file system of the image, where
					   * there is one */
#define IMAGE_SERIAL "powercut-image"	  /* of its disk, virtio-blk */

struct frame {
	uint32_t magic; /* AGENT_MAGIC */
	uint16_t type;  /* enum frame_type */
	uint16_t version; /* AGENT_VERSION */
	uint32_t id;
	uint32_t length; /* of the payload, at most FRAME_MAX */
};

enum frame_type {
	/* guest to controller */
	FRAME_HELLO = 1,  /* struct hello, kernel release string */
	FRAME_REPLY = 2,  /* struct reply, then text (an error's detail) */
	FRAME_OUT = 3,    /* bytes of the running program's standard output */
	FRAME_ERR = 4,    /* bytes of its standard error */
	FRAME_TRACE = 5,  /* struct trace_chunk + payload, trace/trace.h */
	FRAME_KMSG = 6,   /* records of /dev/kmsg as text, one a line:
			   * "LEVEL,SECONDS.MICROS,text" */
	FRAME_STEP = 7,   /* struct step: how far a JUDGE is, below */

	/* controller to guest */
	FRAME_RUN = 16,   /* struct run, argv strings, env strings, cures */
	FRAME_PUT = 17,   /* struct put, path string, content */
	FRAME_MOUNT = 18, /* strings device, dir, type, options */
	FRAME_UMOUNT = 19, /* strings dir ("": nothing is mounted), device. Ends
			    * all programs; what they left in memory (/tmp,
			    * /run, ...) is gone, too */
	FRAME_SYNC = 20,
	FRAME_TRACE_START = 21, /* of the commands, trace/trace.h */
	FRAME_TRACE_DRAIN = 22, /* of all that was started */
	FRAME_POWEROFF = 23, /* no reply */
	FRAME_SHELL = 24, /* runs /bin/sh on the console; replies at once */
	FRAME_JUDGE = 25, /* struct judge, strings device, dir, type, options,
			   * the check's argv and env, fsck's argv; then the
			   * bytes of the two files of promises */
	FRAME_GO = 26,	  /* struct go, with the id of the JUDGE that waits; no
			   * reply of its own */
	FRAME_TRACE_LAYERS = 27, /* starts what it can of trace/layers.h, and
				  * never fails */
	FRAME_CALLS_REST = 28, /* ends all watched programs and writes back what
			    * they left; then tells where all files stand on
			    * the disk */
};

struct hello {
	uint16_t version; /* AGENT_VERSION */
	uint16_t cpus;
	uint32_t page_size; /* of ring buffer pages, bytes */
};

struct reply {
	int32_t error;      /* 0 or a positive errno: the request failed */
	int32_t status;     /* RUN: exit status, -1 if it did not exit */
	int32_t signal;     /* RUN: that ended it, or 0 */
	uint32_t timed_out; /* RUN: killed at its time limit */
	uint64_t elapsed_ns; /* RUN, JUDGE: of the program */
	uint32_t step;       /* JUDGE: that decided, enum judge_step */
	uint32_t reserved;   /* 0 */
};

struct run {
	uint64_t timeout_ns; /* 0: none */
	uint32_t argc;
	uint32_t envc;
	uint32_t flags; /* enum run_flag */
	uint32_t n_cures; /* at most CURES_MAX; only with RUN_CALLS */
};

/* Of a struct cure (trace/cure.h); its path follows, "": any. */
struct run_cure {
	uint32_t when, what, call;
	uint32_t reserved; /* 0 */
};

enum run_flag {
	RUN_TOOL = 1, /* a tool of ours: never in the image */
	RUN_CALLS = 2, /* its system calls are told: stream TRACE_CALLS */
};

enum put_flag {
	PUT_APPEND = 1, /* to the end of the file: content above FRAME_MAX */
	PUT_FRESH = 2, /* first empties the folder that the file stands in */
};

/*
 * JUDGE does all that one crash state needs, in one request: sets the clock,
 * writes the promises, mounts, runs the check, unmounts as UMOUNT does, and runs
 * fsck if all that went well. The first step that did not decides: the reply
 * names it and ends the request (a check that failed still unmounts, and what
 * fails then decides instead). What the deciding program said comes before the
 * reply, in one OUT and one ERR frame; of a state that held, nothing comes.
 *
 *   step          the reply says
 *   STEP_NONE     all went well
 *   STEP_MOUNT    error: mount(2)'s errno, with the kernel's reason as text
 *   STEP_MOUNTED  it was told to skip the rest; all is unmounted
 *   STEP_CHECK    status, signal, timed_out as of RUN, not 0; or error: the
 *                 program could not be started (ENOENT: there is none)
 *   STEP_UMOUNT   error: the guest is not clean any more
 *   STEP_FSCK     as STEP_CHECK
 *
 * Where there is an image, the check runs in it and fsck does not. ELIBACC says
 * that a program is there, but what it needs to be executed is not.
 *
 * With JUDGE_ASK the guest announces STEP_MOUNTED once the state is mounted
 * (without a file system: before the check is run) and waits for GO, which lets
 * it go on or skip check and fsck. Without the flag there is no such exchange.
 *
 * A step that takes longer than STEP_LATE_NS is told by STEP while it goes on,
 * once each, so that the controller can tell a slow step from a dead guest, and
 * knows in which step a silent one was.
 */
#define STEP_LATE_NS 1000000000ull

enum judge_flag {
	JUDGE_ASK = 1,	    /* announce STEP_MOUNTED, wait for GO */
	JUDGE_PROMISES = 2, /* the files of promises are new; else those of the
			     * JUDGE before are still right */
};

struct judge {
	uint64_t clock_ns; /* CLOCK_REALTIME is set to it before the mount, so
			    * that what a mount writes does not depend on when
			    * it runs; 0: goes on as it is */
	uint64_t check_timeout_ns; /* 0: none */
	uint64_t fsck_timeout_ns;
	uint32_t flags; /* enum judge_flag */
	uint32_t argc, envc; /* of the check; argc 0: there is none */
	uint32_t fsck_argc;  /* 0: no fsck */
	uint32_t acks, begun; /* bytes of the two files */
};
/* dir "": there is no file system; neither mounts nor unmounts. */

struct step {
	uint32_t step; /* enum judge_step */
};

struct go {
	uint32_t skip; /* 1: neither check nor fsck */
};

struct put {
	uint32_t mode; /* permission bits */
	uint32_t flags; /* enum put_flag */
};

#endif

/*
 * The agent protocol: the controller and PID 1 over one virtio-serial port
 * (name: AGENT_PORT).
 *
 * Frames: struct frame, then .length bytes. Little endian. The guest speaks
 * first, with HELLO. The controller sends requests, numbered by .id (from 1,
 * never again the same on one connection); the guest answers each with the
 * frames named below, the last one being REPLY with the same id. Requests are
 * served one after the other, but for TRACE_DRAIN and POWEROFF: these do not
 * wait for a request that is being served (it may hang on a drive whose power
 * is gone). TRACE and KMSG frames (id 0) may come at any time. A frame that is
 * longer than FRAME_MAX, of an unknown type or with the wrong magic ends the
 * connection, the guest powers off: never guess where the next one starts.
 *
 * Strings in payloads are NUL-terminated and follow each other.
 */
#ifndef GUEST_PROTOCOL_H
#define GUEST_PROTOCOL_H

#include <stdint.h>

#define AGENT_PORT "org.powercut.agent.0"
#define AGENT_MAGIC 0x41435750u /* "PWCA" */
#define AGENT_VERSION 1
#define FRAME_MAX (4u << 20)

/* Words on the kernel's command line for PID 1. */
#define PARAMETER_BUS "powercut.bus="	     /* virtio, scsi; without it: nvme */
#define PARAMETER_SCHEDULER "powercut.scheduler=" /* of the disk */

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

	/* controller to guest */
	FRAME_RUN = 16,   /* struct run, argv strings, env strings */
	FRAME_PUT = 17,   /* struct put, path string, content */
	FRAME_MOUNT = 18, /* strings device, dir, type, options */
	FRAME_UMOUNT = 19, /* strings dir ("": nothing is mounted), device. Ends
			    * all programs; what they left in memory (/tmp,
			    * /run, ...) is gone, too */
	FRAME_SYNC = 20,
	FRAME_TRACE_START = 21,
	FRAME_TRACE_DRAIN = 22,
	FRAME_POWEROFF = 23, /* no reply */
	FRAME_SHELL = 24, /* runs /bin/sh on the console; replies at once */
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
	uint64_t elapsed_ns; /* RUN */
};

struct run {
	uint64_t timeout_ns; /* 0: none */
	uint32_t argc;
	uint32_t envc;
};

enum put_flag {
	PUT_APPEND = 1, /* to the end of the file: content above FRAME_MAX */
	PUT_FRESH = 2, /* first empties the folder that the file stands in */
};

struct put {
	uint32_t mode; /* permission bits */
	uint32_t flags; /* enum put_flag */
};

#endif

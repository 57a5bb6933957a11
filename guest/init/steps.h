/* The part of JUDGE (protocol.h) that its callers share. */
#ifndef GUEST_STEPS_H
#define GUEST_STEPS_H

enum judge_step {
	STEP_NONE,
	STEP_MOUNT,
	STEP_MOUNTED, /* announced always, when JUDGE_ASK wants it */
	STEP_CHECK,
	STEP_UMOUNT,
	STEP_FSCK,
};

/* Where the promises stand. */
#define ACKS_FILE "/pc/acks"
#define BEGUN_FILE "/pc/begun"

#endif

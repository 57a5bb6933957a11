/*
 * QEMU 7.2's NVMe controller can miss a submission when shadow doorbells are
 * in use: the guest skips the MMIO write on a stale event index while QEMU
 * reads a stale tail, and the command waits for the 30 s timeout. Any write to
 * the queue's doorbell makes QEMU read the true tail again; this thread writes
 * one every few ms.
 */
#ifndef GUEST_DOORBELL_H
#define GUEST_DOORBELL_H

/* Starts the thread if the controller is QEMU's and uses shadow doorbells; else
 * there is nothing to do. 0, or -errno: it is needed and cannot be. */
int doorbell_start(const char *controller);
/* Whether a request is being served: then the doorbells ring often. */
void doorbell_busy(int busy);

#endif

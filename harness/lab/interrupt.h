/*
 * Ctrl-C: the first one asks to finish what is being done and to report, the
 * second one to stop now. SIGTERM and SIGHUP count as Ctrl-C.
 */
#ifndef LAB_INTERRUPT_H
#define LAB_INTERRUPT_H

struct error;

/* Installs the handlers. Call once, before any thread is started. */
int interrupt_init(struct error *e);
/* How many came so far. */
int interrupt_count(void);
/* Readable from the first (second) one on; for poll() only. */
int interrupt_stop_fd(void);
int interrupt_abort_fd(void);

#endif

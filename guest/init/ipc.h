/* System V's shared memory, semaphores and message queues. */
#ifndef GUEST_IPC_H
#define GUEST_IPC_H

/* Removes all of them: they outlive the programs that made them, and a server
 * that was killed on one state must not find them on the next one. */
void ipc_clear(void);

#endif

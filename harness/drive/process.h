/* Starts and kills the nbdkit processes of drives. */
#ifndef DRIVE_PROCESS_H
#define DRIVE_PROCESS_H

#include <sys/types.h>

#include "drive/drive.h"

struct buf;
struct error;

/* Starts a program, found through PATH, with stdin from nowhere and stdout and
 * stderr to the file err_path. In a process group of its own: Ctrl-C on the
 * terminal is the controller's to handle. No signal is blocked, whatever the
 * calling thread blocks. */
int process_spawn(char *argv[], const char *err_path, pid_t *ret,
		  struct error *e);
/* Starts nbdkit with the sockets given and stderr to the file err_path. */
int process_start(const struct drive_config *c, const char *nbd_socket,
		  const char *control_socket, const char *err_path,
		  pid_t *ret, struct error *e);
/* Whether it has ended by itself; then it is reaped and *pid is -1. */
int process_ended(pid_t *pid);
/* SIGKILL, reaped. */
void process_kill(pid_t *pid);

/* A path that does not depend on the working directory. Caller frees. */
char *absolute_path(const char *path);

#endif

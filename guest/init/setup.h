/* What must be there before requests can be served. */
#ifndef GUEST_SETUP_H
#define GUEST_SETUP_H

/* The controller's name in /sys/class/nvme. */
#define NVME_CONTROLLER "nvme0"

struct error;

/* /proc, /sys, /dev with what programs expect in it, tracefs; the host's
 * name. */
int setup_mounts(struct error *e);
/* Fresh, empty /run, /tmp, /var/tmp and /dev/shm; those before are gone. */
int setup_scratch(struct error *e);
/* All else in memory is read only from here on, but /pc: PUT's folder. */
int setup_read_only_root(struct error *e);
/* Loads the kernel modules that are listed, one path a line, in order. Goes
 * on after a failure; the error is the last one. No list: nothing to do. */
int setup_modules(const char *list, struct error *e);
/* Brings up the loopback interface: servers under test listen there. */
int setup_loopback(struct error *e);
/* Waits for the port AGENT_PORT. Returns a nonblocking descriptor or -errno. */
int setup_port(struct error *e);

#endif

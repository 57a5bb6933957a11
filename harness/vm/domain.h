/* Inside of the room: what the domain XML needs besides vm_config. */
#ifndef VM_DOMAIN_H
#define VM_DOMAIN_H

#include <stdint.h>

#include "vm/accel.h"

struct vm_config;

struct domain_host {
	enum accel accel;
	const char *agent_socket; /* path that QEMU listens on */
	const char *pidfile;      /* for QEMU to write, or NULL */
	const char *firmware;     /* path of qboot, or NULL: QEMU's default */
	int dbcs;                 /* see vm_host */
	uint64_t tsc_khz;         /* of the host, for TCG; 0: not known */
};

/* Never NULL; caller frees. */
char *domain_xml(const struct vm_config *c, const struct domain_host *h);

/* Path of the console's pty in a running domain's XML, or NULL. Caller
 * frees. */
char *domain_pty(const char *xml);

#endif

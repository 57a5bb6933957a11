/* Inside of the room: what vm.c needs of an open host. */
#ifndef VM_HOST_H
#define VM_HOST_H

#include <libvirt/libvirt.h>
#include <stdint.h>

#include "vm/accel.h"

struct error;

/* A firmware for direct kernel boot only, part of QEMU (pc-bios/qboot.rom). */
#define QBOOT "/usr/share/qemu/qboot.rom"

struct vm_host {
	virConnectPtr conn;
	char *runtime_dir;
	struct accel_choice accel;
	int dbcs;  /* QEMU's nvme can switch doorbell buffers off */
	int qboot; /* it is installed */
	uint64_t tsc_khz; /* where QEMU runs; 0: not known */
	int embed; /* QEMU runs as this user, with files of this user */
	char qemu[32], libvirt[32]; /* versions */
	unsigned int booted; /* guests, for their names; atomic */
};

/* libvirt's last error, with a next step where we know one. -errno. */
int virt_error(struct error *e, const char *what);

#endif

/*
 * What `powercut doctor` found, as its checks say it one after the other.
 */
#ifndef CMD_DOCTOR_H
#define CMD_DOCTOR_H

#include <stddef.h>

struct home;

enum health {
	HEALTH_OK,
	HEALTH_NOTE,    /* works, could be better */
	HEALTH_WARNING, /* may fail later */
	HEALTH_FAILED,  /* powercut cannot run */
};

struct finding {
	enum health health;
	const char *check; /* short name */
	char *message;     /* what is so; owned */
	char *fix;         /* what to do; NULL when nothing; owned */
};

struct diagnosis {
	struct finding *findings;
	size_t n;
};

/* message: printf format. fix: text or NULL. */
void diagnosis_add(struct diagnosis *d, enum health health, const char *check,
		   const char *fix, const char *message, ...)
	__attribute__((format(printf, 5, 6)));

/* Programs and libraries: doctor-software.c. */
void check_kvm(struct diagnosis *d);
void check_qemu(struct diagnosis *d);
void check_libvirt(struct diagnosis *d);
void check_nbdkit(struct diagnosis *d);
void check_compiler(struct diagnosis *d);
void check_images(struct diagnosis *d);
void check_plugin(struct diagnosis *d, const struct home *home);
void check_guest(struct diagnosis *d, const struct home *home);

/* Judging on the host: doctor-host.c. */
void check_host(struct diagnosis *d);

/* Room and remains: doctor-machine.c. */
void check_disk(struct diagnosis *d, const char *results);
void check_memory(struct diagnosis *d);
void check_remains(struct diagnosis *d);

#endif

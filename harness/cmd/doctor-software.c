/* Doctor: the programs, libraries and built parts that powercut needs. */
#include <glob.h>
#include <libvirt/libvirt.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/doctor.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/spawn.h"
#include "lab/lab.h"
#include "scenario/scenario.h"
#include "vm/accel.h"

#define QEMU "qemu-system-x86_64"
#define DEPS "make deps"

void check_kvm(struct diagnosis *d)
{
	struct accel_choice choice;
	struct error e = { 0 };

	if (accel_choose(&choice, &e))
		diagnosis_add(d, HEALTH_FAILED, "kvm", e.hint, "%s",
			      e.message);
	else if (choice.accel == ACCEL_KVM)
		diagnosis_add(d, HEALTH_OK, "kvm", NULL, "usable");
	else
		diagnosis_add(d, HEALTH_NOTE, "kvm", NULL,
			      "not used: %s; guests run under TCG, which is "
			      "slower", choice.reason);
}

/* The first line that the program prints, or NULL when it cannot be run.
 * Caller frees. */
static char *first_line(const char *const argv[], struct error *e)
{
	CLEANUP_BUF struct buf output = BUF_INIT;
	const char *text;
	int status = spawn_wait(argv, &output, e);

	text = buf_text(&output);
	if (status == 0)
		return xasprintf("%.*s", (int)strcspn(text, "\n"), text);
	if (status > 0)
		error_set(e, status, "%s: exit status %d: %.*s", argv[0],
			  status, (int)strcspn(text, "\n"), text);
	return NULL;
}

static int has_nvme(void)
{
	const char *const argv[] = { QEMU, "-device", "help", NULL };
	CLEANUP_BUF struct buf output = BUF_INIT;

	return spawn_wait(argv, &output, NULL) == 0 &&
	       strstr(buf_text(&output), "\"nvme-ns\"");
}

void check_qemu(struct diagnosis *d)
{
	const char *const argv[] = { QEMU, "--version", NULL };
	struct error e = { 0 };
	CLEANUP_FREE char *version = first_line(argv, &e);

	if (!version)
		diagnosis_add(d, HEALTH_FAILED, "qemu", DEPS, "%s", e.message);
	else if (!has_nvme())
		diagnosis_add(d, HEALTH_FAILED, "qemu", DEPS,
			      "%s has no NVMe drives (device nvme-ns)",
			      version);
	else
		diagnosis_add(d, HEALTH_OK, "qemu", NULL, "%s", version);
}

/* libvirt loads it when qemu:///embed is opened; it is not linked to. */
static int has_qemu_driver(void)
{
	static const char *const places[] = {
		"/usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so",
		"/usr/lib*/libvirt/connection-driver/libvirt_driver_qemu.so",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		glob_t found;

		if (glob(places[i], 0, NULL, &found) == 0) {
			globfree(&found);
			return 1;
		}
	}
	return 0;
}

void check_libvirt(struct diagnosis *d)
{
	unsigned long v = 0;

	virGetVersion(&v, NULL, NULL);
	if (!has_qemu_driver())
		diagnosis_add(d, HEALTH_FAILED, "libvirt", DEPS,
			      "its QEMU driver is not installed");
	else if (geteuid() == 0 && !getpwnam("libvirt-qemu"))
		diagnosis_add(d, HEALTH_FAILED, "libvirt", DEPS,
			      "there is no user libvirt-qemu, which the QEMU "
			      "driver wants when run by root");
	else
		diagnosis_add(d, HEALTH_OK, "libvirt", NULL,
			      "libvirt %lu.%lu.%lu with its QEMU driver",
			      v / 1000000, v / 1000 % 1000, v % 1000);
}

void check_nbdkit(struct diagnosis *d)
{
	const char *const argv[] = { "nbdkit", "--version", NULL };
	struct error e = { 0 };
	CLEANUP_FREE char *version = first_line(argv, &e);

	if (version)
		diagnosis_add(d, HEALTH_OK, "nbdkit", NULL, "%s", version);
	else
		diagnosis_add(d, HEALTH_FAILED, "nbdkit", DEPS, "%s",
			      e.message);
}

/* Programs of a workload are built when it is run, static. */
void check_compiler(struct diagnosis *d)
{
	const char *cc = getenv("CC");
	const char *const argv[] = { cc && *cc ? cc : "cc", "--version", NULL };
	struct error e = { 0 };
	CLEANUP_FREE char *version = first_line(argv, &e);

	if (version)
		diagnosis_add(d, HEALTH_OK, "compiler", NULL, "%s", version);
	else
		diagnosis_add(d, HEALTH_FAILED, "compiler", DEPS,
			      "workloads cannot be built: %s", e.message);
}

void check_plugin(struct diagnosis *d, const struct home *home)
{
	const char *const argv[] = { "nbdkit", "--dump-plugin", home->plugin,
				     NULL };
	struct error e = { 0 };
	CLEANUP_FREE char *line = NULL;

	if (access(home->plugin, R_OK) < 0) {
		diagnosis_add(d, HEALTH_FAILED, "drive", "make",
			      "not built: %s", home->plugin);
		return;
	}
	line = first_line(argv, &e);
	if (line)
		diagnosis_add(d, HEALTH_OK, "drive", NULL,
			      "nbdkit loads %s", home->plugin);
	else
		diagnosis_add(d, HEALTH_FAILED, "drive", "make clean, make",
			      "nbdkit does not load %s: %s", home->plugin,
			      e.message);
}

/* Only who names another image needs them. */
void check_images(struct diagnosis *d)
{
	static const char *const programs[][2] = {
		{ "mmdebstrap", "guest.image: debian" },
		{ "mkfs.erofs", "guest.image: debian and oci:ARCHIVE" },
	};
	size_t missing = 0;

	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		const char *const argv[] = {
			"sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; "
			"command -v \"$0\"", programs[i][0], NULL };

		if (spawn_wait(argv, NULL, NULL) == 0)
			continue;
		missing++;
		diagnosis_add(d, HEALTH_NOTE, "images", DEPS,
			      "%s is missing: %s needs it", programs[i][0],
			      programs[i][1]);
	}
	if (!missing)
		diagnosis_add(d, HEALTH_OK, "images", NULL,
			      "guest.image: debian and oci:ARCHIVE can be "
			      "built");
}

/* The image that a scenario gets when it names none. */
void check_guest(struct diagnosis *d, const struct home *home)
{
	struct scenario s = { .guest = { .kernel = (char *)"debian-6.1",
					 .image = (char *)"micro" },
			      .filesystem = { .type = (char *)"ext4" } };
	struct lab lab = { .home = *home };
	struct guest_image image = { 0 };
	struct error e = { 0 };

	if (lab_image(&lab, &s, &image, &e))
		diagnosis_add(d, HEALTH_FAILED, "guest", "make guest",
			      "its image is not built: %s", e.message);
	else if (access(image.kernel, R_OK) || access(image.initrd, R_OK))
		diagnosis_add(d, HEALTH_FAILED, "guest", "make guest",
			      "its image is not complete: %s, %s",
			      image.kernel, image.initrd);
	else
		diagnosis_add(d, HEALTH_OK, "guest", NULL,
			      "image with kernel %s", image.release);
	guest_image_release(&image);
}

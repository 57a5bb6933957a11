/*
 * The image: a root file system for the programs under test and their checks,
 * in a read-only disk that all guests share. PID 1 and the tools of the file
 * systems stay in the initramfs.
 *
 * Programs see an overlay over it, in memory, with this machine's /proc, /dev
 * and so on in it, and the disk under test. It is a new one for each state, so
 * nothing that one leaves behind is there for the next one.
 *
 * Without an image all this does nothing, and programs run in the initramfs.
 */
#ifndef GUEST_IMAGE_H
#define GUEST_IMAGE_H

struct error;

/* Loads what it needs, mounts it, if the kernel's command line names one. */
int image_start(struct error *e);
/* A new overlay; the one before is gone. After setup_scratch(), whose folders
 * are in it, too. */
int image_renew(struct error *e);

/* Where programs have their root, or NULL: no image. */
const char *image_root(void);
/* What the image says itself, NULL without: its variables "K=V" (a list that
 * ends with NULL; PATH may be among them), and the folder to start in. */
char *const *image_environment(void);
const char *image_folder(void);

/* The path at which `dir` of a program is seen from here. Caller frees. */
char *image_path(const char *dir);

#endif

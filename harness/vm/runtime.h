/*
 * The runtime directory: sockets, pid files and libvirt's root of one
 * controller process, short enough for socket paths, mode 0700, and the
 * reaper that removes what a killed controller leaves behind.
 *
 * The reaper is a small process forked at creation (before any thread): it
 * holds the read end of a pipe; when the controller ends, in whatever way, it
 * kills every QEMU and nbdkit whose command line names the directory, and
 * removes the directory, once more after the controller's death. Directories of
 * dead controllers whose reaper was killed too are removed by the next
 * runtime_create (each holds a lock file).
 */
#ifndef VM_RUNTIME_H
#define VM_RUNTIME_H

struct error;
struct runtime;

/* parent NULL: $XDG_RUNTIME_DIR, else /run, else /tmp, the first writable.
 * Must be called before any thread is started. */
int runtime_create(const char *parent, struct runtime **ret, struct error *e);
const char *runtime_path(const struct runtime *r);
/* Kills, removes, frees; waits until the reaper has done it (at most 5 s). */
void runtime_free(struct runtime *r);

#endif

/*
 * oci-unpack ARCHIVE FOLDER: the root file system of a container's image, as a
 * folder, with what guest/init/image.c wants to know of it in /.powercut.
 *
 * The layers are unpacked with the folder as the root of this process, so that
 * no link in them leads out of it. Who is not root becomes it in a user
 * namespace of one user; who owns what is lost then.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "guest/oci/layer.h"
#include "guest/oci/manifest.h"
#include "guest/oci/outer.h"

#define HOSTS "127.0.0.1 localhost powercut\n::1 localhost ip6-localhost\n"

static int become_root(struct error *e)
{
	CLEANUP_FREE char *uids = xasprintf("0 %d 1\n", (int)geteuid());
	CLEANUP_FREE char *gids = xasprintf("0 %d 1\n", (int)getegid());
	const char *const files[][2] = { { "/proc/self/setgroups", "deny" },
					 { "/proc/self/uid_map", uids },
					 { "/proc/self/gid_map", gids } };

	if (geteuid() == 0)
		return 0;
	if (unshare(CLONE_NEWUSER) < 0)
		return error_errno(e, errno, "cannot unpack without root: no "
				   "user namespace");
	for (size_t i = 0; i < 3; i++) {
		CLEANUP_CLOSE int fd = open(files[i][0], O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write_full(fd, files[i][1],
					 strlen(files[i][1])) < 0)
			return error_errno(e, errno, "cannot write %s",
					   files[i][0]);
	}
	return 0;
}

static int enter(const char *folder, struct error *e)
{
	int err = become_root(e);

	if (err)
		return err;
	if (chroot(folder) < 0 || chdir("/") < 0)
		return error_errno(e, errno, "cannot enter %s", folder);
	umask(022);
	return 0;
}

/* What a container's engine would give it. */
static int add_missing(struct error *e)
{
	static const char *const dirs[] = { "/etc", "/mnt", "/pc", "/proc",
					    "/sys", "/dev", "/run", "/tmp",
					    "/root", "/var/tmp" };
	struct stat st;
	int err = 0;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs) && !err; i++)
		err = mkdir_p(dirs[i], e);
	if (!err && (stat("/etc/hosts", &st) < 0 || st.st_size == 0))
		err = file_write("/etc/hosts", HOSTS, strlen(HOSTS), e);
	return err;
}

static int add_own(const struct manifest *m, struct error *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int err = mkdir_p("/.powercut", e);

	for (size_t i = 0; i < m->n_environment; i++)
		buf_add(&text, m->environment[i],
			strlen(m->environment[i]) + 1);
	if (!err)
		err = file_write("/.powercut/environment", buf_text(&text),
				 text.len, e);
	if (err || !m->folder)
		return err;
	err = mkdir_p(m->folder, e);
	return err ? err : file_write("/.powercut/folder", m->folder,
				      strlen(m->folder), e);
}

static int unpack(const struct outer *o, const char *folder, struct error *e)
{
	struct manifest m = { 0 };
	int err = manifest_read(o, &m, e);

	if (!err)
		err = enter(folder, e);
	for (size_t i = 0; i < m.n_layers && !err; i++)
		err = layer_apply(o, m.layers[i], e);
	if (!err)
		err = add_missing(e);
	if (!err)
		err = add_own(&m, e);
	manifest_release(&m);
	return err;
}

int main(int argc, char *argv[])
{
	struct outer o = { .fd = -1 };
	struct error e = { .message = "" };
	int err;

	if (argc != 3) {
		fputs("usage: oci-unpack ARCHIVE FOLDER\n", stderr);
		return 4;
	}
	/* Names in layers are UTF-8 (pax). */
	setlocale(LC_ALL, "C.UTF-8");
	err = outer_open(argv[1], &o, &e);
	if (!err)
		err = unpack(&o, argv[2], &e);
	outer_close(&o);
	if (err)
		puts(e.message);
	return err ? 1 : 0;
}

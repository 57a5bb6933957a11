/*
 * What `powercut try` makes of two commands. Each is a script of /bin/sh as it was
 * typed (try-writer, try-checker, try-setup), run in the mounted file system. Two
 * more scripts stand around them:
 *
 * try-write    for each round: begin, the writer, ack. The ack is a promise: the
 *              writer has ended with status 0, so whoever waited for it relies on
 *              what it wrote. Another status is an error of the writer: then the
 *              run proves nothing.
 *
 * try-check    Before the first ack nothing was promised to anybody: an archive
 *              that `zip` has half written when power fails may be broken, and
 *              nobody was told that it is there. So there the check is not run, and
 *              the state holds. From the first ack on it must pass at every cut,
 *              also inside the rounds that follow, since what is promised once must
 *              stay. With --always it must pass from the start: for a writer
 *              that replaces what was there, and must leave the old or the new.
 *
 * Programs say that something is broken by many statuses (`unzip -t`: 2, 3, 9, ...),
 * so each but 0 is a violation, except those by which the shell tells that there
 * was no answer: 126 and 127, it cannot be run; 129 to 192, it died of a signal.
 * Then the state is unknown. The last line of the check's output says what was
 * wrong; where it says nothing, its status does.
 */
#include "try/try.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "scenario/parse.h"
#include "scenario/scenario.h"

/* ---- scripts ---- */

#define ENTER                                                                  \
	"#!/bin/sh\n"                                                          \
	"cd \"$PC_MOUNT\" || exit 2\n"

/* A command as it was typed. */
static char *as_typed(const char *command)
{
	return xasprintf(ENTER "%s\n", command);
}

static char *write_script(const struct trial *t)
{
	return xasprintf(
		"#!/bin/sh\n"
		"# Each round is begun, written by try-writer, and acknowledged.\n"
		"PC_ROUND=1\n"
		"export PC_ROUND\n"
		"while [ \"$PC_ROUND\" -le %llu ]; do\n"
		"\tpc begin \"write $PC_ROUND\" || exit 2\n"
		"\ttry-writer\n"
		"\tstatus=$?\n"
		"\tif [ $status != 0 ]; then\n"
		"\t\techo \"the writer ended with status $status\" >&2\n"
		"\t\texit 1\n"
		"\tfi\n"
		"\tpc ack \"write $PC_ROUND\" || exit 2\n"
		"\tPC_ROUND=$((PC_ROUND + 1))\n"
		"done\n", (unsigned long long)t->count);
}

static char *check_script(const struct trial *t)
{
	return xasprintf(
		"#!/bin/sh\n"
		"# try-checker's answer as powercut wants it: 0 held, 1 violated, "
		"2 cannot tell.\n"
		"%s"
		"PC_ROUND=$(wc -l <\"$PC_ACKS\") || exit 2\n"
		"PC_ROUND=$((PC_ROUND))\n"
		"export PC_ROUND\n"
		"said=$(try-checker 2>&1)\n"
		"status=$?\n"
		"[ -z \"$said\" ] || printf '%%s\\n' \"$said\"\n"
		"[ $status != 0 ] || exit 0\n"
		"if [ $status = 126 ] || [ $status = 127 ]; then\n"
		"\techo \"the check cannot be run: status $status\"\n"
		"\texit 2\n"
		"fi\n"
		"if [ $status -gt 128 ] && [ $status -le 192 ]; then\n"
		"\techo \"the check died of signal $((status - 128))\"\n"
		"\texit 2\n"
		"fi\n"
		"[ -n \"$said\" ] || echo \"the check ended with status "
		"$status\"\n"
		"exit 1\n",
		t->always ? "" :
			    "# Before the first ack nothing is promised.\n"
			    "[ -s \"$PC_ACKS\" ] || exit 0\n");
}

static int put_script(const char *folder, const char *name, char *text,
		      struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", folder, name);
	CLEANUP_FREE char *owned = text;
	int err = file_write(path, owned, strlen(owned), e);

	if (!err && chmod(path, 0755) < 0)
		err = error_errno(e, errno, "cannot change %s", path);
	return err;
}

/* ---- the scenario ---- */

/* A double-quoted scalar. */
static void quote(struct buf *b, const char *text)
{
	buf_puts(b, "\"");
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\x%02x", c);
		else
			buf_add(b, text, 1);
	}
	buf_puts(b, "\"");
}

static void put(struct buf *b, const char *key, const char *text)
{
	buf_puts(b, key);
	quote(b, text);
	buf_puts(b, "\n");
}

static void put_packages(struct buf *b, const char *list)
{
	buf_puts(b, "  packages: [");
	for (;;) {
		size_t len = strcspn(list, ",");
		CLEANUP_FREE char *one = xasprintf("%.*s", (int)len, list);

		quote(b, one);
		if (!list[len])
			break;
		buf_puts(b, ", ");
		list += len + 1;
	}
	buf_puts(b, "]\n");
}

static void put_scenario(const struct trial *t, struct buf *b)
{
	CLEANUP_FREE char *about = xasprintf("Writes: %s Checks: %s", t->write,
					     t->check);

	put(b, "name: ", t->name);
	put(b, "about: ", about);
	buf_puts(b, "guest:\n");
	put(b, "  image: ", t->image);
	if (t->packages)
		put_packages(b, t->packages);
	buf_puts(b, "filesystem:\n");
	put(b, "  type: ", t->filesystem);
	buf_puts(b, "workload:\n");
	if (t->setup)
		buf_puts(b, "  setup: [try-setup]\n");
	buf_puts(b, "  run: [try-write]\n"
		    "check:\n"
		    "  run: [try-check]\n"
		    "expect: held\n");
}

int trial_check(const struct trial *t, struct error *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct scenario *s = NULL;
	int err;

	put_scenario(t, &text);
	err = scenario_parse("what is tried", "/try/scenario.yaml",
			     buf_text(&text), text.len, &s, e);
	if (!err && !scenario_has_filesystem(s))
		err = error_set(e, EINVAL, "a file system is needed; expected "
				"--fs ext4, or another one");
	scenario_free(s);
	return err;
}

int trial_write(const struct trial *t, const char *folder, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/scenario.yaml", folder);
	CLEANUP_BUF struct buf text = BUF_INIT;
	int err = mkdir_p(folder, e);

	put_scenario(t, &text);
	if (!err)
		err = file_write(path, buf_text(&text), text.len, e);
	if (!err && t->setup)
		err = put_script(folder, "try-setup", as_typed(t->setup), e);
	if (!err)
		err = put_script(folder, "try-writer", as_typed(t->write), e);
	if (!err)
		err = put_script(folder, "try-checker", as_typed(t->check), e);
	if (!err)
		err = put_script(folder, "try-write", write_script(t), e);
	if (!err)
		err = put_script(folder, "try-check", check_script(t), e);
	return err;
}

#include "record/workload.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/spawn.h"
#include "lab/home.h"
#include "vm/agent.h"

/* All programs lie in the guest's memory. */
#define SCRIPT_MAX (32u << 20) /* bytes */

/* Frame pointers, symbols and lines: for the stacks of system calls. */
#define FLAGS                                                                  \
	"-std=gnu11 -O2 -g -fno-omit-frame-pointer -static -D_GNU_SOURCE "     \
	"-pthread"

/* By these the watcher finds what flushes (guest/watch/buffers.h). */
#define KEEP_FFLUSH "--keep-symbol=fflush"
#define KEEP_FLUSH_ALL "--keep-symbol=_IO_flush_all"

static int ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len > n && name[0] != '.' && !strcmp(name + len - n, end);
}

static int is_source(const char *name)
{
	return ends_with(name, ".c");
}

/* An executable beside the source of its name was built by hand. */
static int has_source(const char *folder, const char *name)
{
	CLEANUP_FREE char *source = xasprintf("%s/%s.c", folder, name);

	return access(source, F_OK) == 0;
}

/* What is executed as it is. 1, 0, or -errno: it is too large. */
static int is_script(const char *folder, const char *name, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", folder, name);
	struct stat st;

	if (name[0] == '.' || is_source(name) || ends_with(name, ".h") ||
	    ends_with(name, ".yaml") || stat(path, &st) < 0 ||
	    !S_ISREG(st.st_mode) || !(st.st_mode & 0111) ||
	    has_source(folder, name))
		return 0;
	if (st.st_size <= (off_t)SCRIPT_MAX)
		return 1;
	error_set(e, EFBIG, "%s: an executable of the workload may have %u "
		  "MiB", path, SCRIPT_MAX >> 20);
	error_hint(e, "move it to another folder, or make it not executable");
	return -EFBIG;
}

/* The LIBS line of the folder's workload.mk, "" without one. */
static int read_libs(const char *folder, char **ret, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/workload.mk", folder);
	CLEANUP_BUF struct buf text = BUF_INIT;
	char *save, *line;

	*ret = xstrdup("");
	if (access(path, F_OK) < 0)
		return 0;
	if (file_read(path, &text, e))
		return -EIO;
	if (!text.data)
		return 0;
	for (line = strtok_r(text.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "LIBS", 4))
			continue;
		line += 4 + strspn(line + 4, " \t");
		if (*line != '=')
			continue;
		free(*ret);
		*ret = xstrdup(line + 1);
	}
	return 0;
}

/* The compiler's arguments; `out` gets pointers into `words`, which lives. */
static void compiler_arguments(const struct home *home, char *source,
			       char *target, char *libs, struct buf *words,
			       const char **out, size_t max)
{
	const char *cc = getenv("CC");
	char *save, *word;
	size_t n = 0;

	buf_printf(words, "%s " FLAGS, cc && *cc ? cc : "cc");
	for (word = strtok_r(words->data, " ", &save); word && n < max / 2;
	     word = strtok_r(NULL, " ", &save))
		out[n++] = word;
	out[n++] = "-I";
	out[n++] = home->include;
	out[n++] = "-o";
	out[n++] = target;
	out[n++] = source;
	out[n++] = "-L";
	out[n++] = home->lib;
	for (word = strtok_r(libs, " \t", &save); word && n < max - 3;
	     word = strtok_r(NULL, " \t", &save))
		out[n++] = word;
	out[n++] = "-lpowercut";
	out[n] = NULL;
}

#define GUEST_FOLDER "/pc/work"
#define ARGUMENTS_MAX 64

/* Debug information is for this machine alone: in the guest it is memory. */
static int strip(const char *from, const char *to, struct error *e)
{
	const char *const argv[] = { "strip", KEEP_FFLUSH, KEEP_FLUSH_ALL,
				     "-o", to, from, NULL };
	CLEANUP_BUF struct buf output = BUF_INIT;
	int status = spawn_wait(argv, &output, e);

	if (status > 0)
		return error_set(e, EIO, "cannot strip %s:\n%s", from,
				 buf_text(&output));
	return status;
}

static int build(const struct home *home, char *source, char *target,
		 const char *libs_line, struct error *e)
{
	CLEANUP_FREE char *libs = xstrdup(libs_line);
	CLEANUP_BUF struct buf words = BUF_INIT, output = BUF_INIT;
	const char *argv[ARGUMENTS_MAX];
	int status;

	compiler_arguments(home, source, target, libs, &words, argv,
			   ARGUMENTS_MAX);
	status = spawn_wait(argv, &output, e);
	if (status > 0)
		return error_set(e, EINVAL, "%s does not compile:\n%s", source,
				 buf_text(&output));
	return status;
}

/* The program comes last: where it is, its symbols are. */
static int compile(const struct home *home, char *source,
		   const struct program *p, const char *libs, struct error *e)
{
	CLEANUP_FREE char *full = xasprintf("%s.%d", p->symbols, (int)getpid());
	CLEANUP_FREE char *tmp = xasprintf("%s.%d", p->path, (int)getpid());
	int err = build(home, source, full, libs, e);

	if (!err)
		err = strip(full, tmp, e);
	if (!err && (rename(full, p->symbols) < 0 || rename(tmp, p->path) < 0))
		err = error_errno(e, errno, "cannot rename %s", tmp);
	if (err) {
		unlink(full);
		unlink(tmp);
	}
	return err;
}

/* Libraries of ours in the LIBS line are content of the program, too. */
static int add_own_libraries(const struct home *home, const char *libs,
			     struct buf *all, struct error *e)
{
	CLEANUP_FREE char *words = xstrdup(libs);
	int err = 0;
	char *save;

	for (char *word = strtok_r(words, " \t", &save); word && !err;
	     word = strtok_r(NULL, " \t", &save)) {
		CLEANUP_FREE char *path = NULL;

		if (strncmp(word, "-l", 2))
			continue;
		path = xasprintf("%s/lib%s.a", home->lib, word + 2);
		if (access(path, F_OK) == 0)
			err = file_read(path, all, e);
	}
	return err;
}

/* What a program may include of ours. */
static int add_own_headers(const struct home *home, struct buf *all,
			   struct error *e)
{
	static const char *const names[] = { "powercut.h", "powercut-check.h" };
	int err = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !err; i++) {
		CLEANUP_FREE char *path =
			xasprintf("%s/%s", home->include, names[i]);

		err = file_read(path, all, e);
	}
	return err;
}

static int is_input(const char *name)
{
	return is_source(name) || ends_with(name, ".h");
}

/* The key of a built program: the content of all that goes into it. */
static int content_key(const struct home *home, const char *folder,
		       struct dirent **names, int n, const char *libs,
		       XXH64_hash_t *ret, struct error *e)
{
	CLEANUP_FREE char *lib = xasprintf("%s/libpowercut.a", home->lib);
	CLEANUP_BUF struct buf all = BUF_INIT;
	int err;

	for (int i = 0; i < n; i++) {
		CLEANUP_FREE char *path =
			xasprintf("%s/%s", folder, names[i]->d_name);
		int script = is_script(folder, names[i]->d_name, e);

		if (script < 0)
			return script;
		if (!script && !is_input(names[i]->d_name))
			continue;
		buf_puts(&all, names[i]->d_name);
		err = file_read(path, &all, e);
		if (err)
			return err;
	}
	buf_puts(&all, libs);
	buf_puts(&all, FLAGS);
	buf_puts(&all, KEEP_FFLUSH KEEP_FLUSH_ALL);
	err = add_own_libraries(home, libs, &all, e);
	if (err)
		return err;
	if (file_read(lib, &all, e) || add_own_headers(home, &all, e)) {
		error_hint(e, "run: make");
		return -ENOENT;
	}
	*ret = XXH3_64bits(all.data, all.len);
	return 0;
}

static int list_folder(const char *folder, struct dirent ***names,
		       struct error *e)
{
	int n = scandir(folder, names, NULL, alphasort);

	return n < 0 ? error_errno(e, errno, "cannot read folder %s", folder) :
		       n;
}

/* A program of this name more; its file in the cache is not there yet. */
static struct program *add_program(struct workload *w, const char *cache,
				   const char *name, size_t len)
{
	struct program *p;

	w->programs = xrealloc(w->programs,
			       (w->n_programs + 1) * sizeof(*w->programs));
	p = &w->programs[w->n_programs++];
	p->name = xasprintf("%.*s", (int)len, name);
	p->path = xasprintf("%s/%s", cache, p->name);
	p->symbols = NULL;
	return p;
}

static int build_one(const struct home *home, const char *folder,
		     const char *cache, const char *file, const char *libs,
		     struct workload *w, struct error *e)
{
	CLEANUP_FREE char *source = xasprintf("%s/%s", folder, file);
	struct program *p = add_program(w, cache, file, strlen(file) - 2);

	p->symbols = xasprintf("%s.symbols", p->path);
	return access(p->path, X_OK) < 0 || access(p->symbols, R_OK) < 0 ?
		       compile(home, source, p, libs, e) :
		       0;
}

/* A copy: what is changed during a run changes only the next one. */
static int copy_one(const char *folder, const char *cache, const char *file,
		    struct workload *w, struct error *e)
{
	CLEANUP_FREE char *source = xasprintf("%s/%s", folder, file);
	CLEANUP_BUF struct buf content = BUF_INIT;
	struct program *p = add_program(w, cache, file, strlen(file));
	int err;

	if (access(p->path, F_OK) == 0)
		return 0;
	err = file_read(source, &content, e);
	return err ? err : file_write(p->path, content.data, content.len, e);
}

static int take_one(const struct home *home, const char *folder,
		    const char *cache, const char *file, const char *libs,
		    struct workload *w, struct error *e)
{
	int script;

	if (is_source(file))
		return build_one(home, folder, cache, file, libs, w, e);
	script = is_script(folder, file, e);
	return script > 0 ? copy_one(folder, cache, file, w, e) : script;
}

int workload_build(const struct home *home, const char *folder,
		   struct workload *ret, struct error *e)
{
	CLEANUP_FREE char *libs = NULL, *cache = NULL;
	struct workload w = { 0 };
	struct dirent **names;
	XXH64_hash_t key;
	int n, err;

	err = read_libs(folder, &libs, e);
	if (err)
		return err;
	n = list_folder(folder, &names, e);
	if (n < 0)
		return n;
	err = content_key(home, folder, names, n, libs, &key, e);
	if (!err) {
		cache = xasprintf("%s/workloads/%016" PRIx64, home->built,
				  (uint64_t)key);
		err = mkdir_p(cache, e);
	}
	for (int i = 0; i < n && !err; i++)
		err = take_one(home, folder, cache, names[i]->d_name, libs, &w,
			       e);
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	if (err) {
		workload_release(&w);
		return err;
	}
	*ret = w;
	return 0;
}

void workload_release(struct workload *w)
{
	for (size_t i = 0; i < w->n_programs; i++) {
		free(w->programs[i].name);
		free(w->programs[i].path);
		free(w->programs[i].symbols);
	}
	free(w->programs);
	*w = (struct workload){ 0 };
}

static int put_program(struct agent *a, const char *path,
		       const struct buf *content, struct error *e)
{
	return agent_put(a, path, 0755, content->data, content->len, e);
}

int workload_install(const struct workload *w, struct agent *a,
		     struct error *e)
{
	int err = agent_put_fresh(a, GUEST_FOLDER "/.fresh", 0444, "", 0, e);

	for (size_t i = 0; i < w->n_programs && !err; i++) {
		CLEANUP_BUF struct buf content = BUF_INIT;
		CLEANUP_FREE char *path = xasprintf(GUEST_FOLDER "/%s",
						    w->programs[i].name);

		err = file_read(w->programs[i].path, &content, e);
		if (!err)
			err = put_program(a, path, &content, e);
	}
	return err;
}

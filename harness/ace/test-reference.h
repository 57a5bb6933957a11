/*
 * The same file system a second time, without history: paths in a table, files
 * in another. It shares no code with model.c. What a crash leaves on a file
 * system that keeps all operations in order is one of its moments.
 */
#ifndef ACE_TEST_REFERENCE_H
#define ACE_TEST_REFERENCE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ace/judge.h"

#define REF_MAX 16

struct ref_file {
	enum ace_type type;
	unsigned char bytes[1 << 15];
	uint32_t size;
	char target[ACE_PATH_MAX];
	char attr[4][2][ACE_PATH_MAX];
	int n_attrs;
};

struct ref {
	struct {
		char path[2 * ACE_PATH_MAX]; /* "" : none */
		int file;
	} names[REF_MAX];
	struct ref_file files[REF_MAX];
	int n_files;
};

static inline int ref_find(const struct ref *r, const char *path)
{
	for (int i = 0; i < REF_MAX; i++)
		if (r->names[i].path[0] && !strcmp(r->names[i].path, path))
			return i;
	return -1;
}

static inline void ref_name(struct ref *r, const char *path, int file)
{
	int i = ref_find(r, path);

	for (int k = 0; i < 0 && k < REF_MAX; k++)
		if (!r->names[k].path[0])
			i = k;
	strcpy(r->names[i].path, path);
	r->names[i].file = file;
}

static inline struct ref_file *ref_new(struct ref *r, const char *path,
				       enum ace_type type)
{
	struct ref_file *f = &r->files[r->n_files];

	memset(f, 0, sizeof(*f));
	f->type = type;
	ref_name(r, path, r->n_files++);
	return f;
}

static inline struct ref_file *ref_file(struct ref *r, const char *path)
{
	return &r->files[r->names[ref_find(r, path)].file];
}

static inline void ref_resize(struct ref_file *f, uint32_t size)
{
	if (size < f->size)
		memset(f->bytes + size, 0, f->size - size);
	f->size = size;
}

static inline void ref_data(struct ref *r, const struct ace_op *op, int fill)
{
	struct ref_file *f = ref_file(r, op->path);
	uint32_t end = op->offset + op->length;
	int zero = op->kind == ACE_FALLOC;

	if (zero && (op->mode == ACE_ALLOC || op->mode == ACE_KEEP))
		fill = -1;
	if (fill >= 0)
		memset(f->bytes + op->offset, zero ? 0 : fill, op->length);
	if (end > f->size &&
	    (!zero || op->mode == ACE_ALLOC || op->mode == ACE_ZERO))
		f->size = end;
}

/* All below a directory move with it. */
static inline void ref_rename(struct ref *r, const char *from, const char *to)
{
	size_t len = strlen(from);
	int over = ref_find(r, to);

	if (over >= 0 &&
	    r->names[over].file == r->names[ref_find(r, from)].file)
		return;
	if (over >= 0)
		r->names[over].path[0] = '\0';
	for (int i = 0; i < REF_MAX; i++) {
		char *path = r->names[i].path;
		char tail[2 * ACE_PATH_MAX];

		if (strncmp(path, from, len) || (path[len] && path[len] != '/'))
			continue;
		strcpy(tail, path + len);
		strcpy(path, to);
		strcat(path, tail);
	}
}

static inline void ref_attr(struct ref *r, const struct ace_op *op)
{
	struct ref_file *f = ref_file(r, op->path);
	int i = 0;

	while (i < f->n_attrs && strcmp(f->attr[i][0], op->other))
		i++;
	if (op->kind == ACE_REMOVEXATTR) {
		memmove(f->attr[i], f->attr[i + 1],
			sizeof(f->attr[0]) * (size_t)(f->n_attrs - i - 1));
		f->n_attrs--;
		return;
	}
	f->n_attrs += i == f->n_attrs;
	strcpy(f->attr[i][0], op->other);
	strcpy(f->attr[i][1], op->value);
}

static inline void ref_do(struct ref *r, const struct ace_op *op, int moment)
{
	switch (op->kind) {
	case ACE_CREAT:
		ref_new(r, op->path, ACE_FILE);
		break;
	case ACE_MKDIR:
		ref_new(r, op->path, ACE_DIRECTORY);
		break;
	case ACE_SYMLINK:
		strcpy(ref_new(r, op->path, ACE_LINK_SYMBOLIC)->target,
		       op->other);
		break;
	case ACE_WRITE:
	case ACE_DWRITE:
	case ACE_MMAPWRITE:
	case ACE_FALLOC:
		ref_data(r, op, ace_fill(moment));
		break;
	case ACE_TRUNCATE:
		ref_resize(ref_file(r, op->path), op->length);
		break;
	case ACE_LINK:
		ref_name(r, op->other, r->names[ref_find(r, op->path)].file);
		break;
	case ACE_RENAME:
		ref_rename(r, op->path, op->other);
		break;
	case ACE_UNLINK:
	case ACE_RMDIR:
		r->names[ref_find(r, op->path)].path[0] = '\0';
		break;
	case ACE_SETXATTR:
	case ACE_REMOVEXATTR:
		ref_attr(r, op);
		break;
	default:
		break;
	}
}

/* ---- as a crash would show it ---- */

static inline int ref_parent(const struct ace_seen *s, const struct ref *r,
			     const int *entry_of, const char *path,
			     const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char parent[2 * ACE_PATH_MAX];

	(void)s;
	*ret_name = slash ? slash + 1 : path;
	if (!slash)
		return ACE_SEEN_ROOT;
	memcpy(parent, path, (size_t)(slash - path));
	parent[slash - path] = '\0';
	return entry_of[ref_find(r, parent)];
}

static inline void ref_show_one(const struct ref *r, int name, int *entry_of,
				struct ace_seen *s)
{
	const struct ref_file *f = &r->files[r->names[name].file];
	struct ace_seen_entry *e = &s->entries[s->n];
	const char *last;

	*e = (struct ace_seen_entry){.number = 100u +
					       (unsigned)r->names[name].file,
				     .type = f->type,
				     .size = f->size};
	e->parent = ref_parent(s, r, entry_of, r->names[name].path, &last);
	strcpy(e->name, last);
	strcpy(e->target, f->target);
	if (f->type == ACE_FILE) {
		e->bytes = malloc(f->size + 1);
		memcpy(e->bytes, f->bytes, f->size);
	}
	for (int i = 0; i < f->n_attrs; i++) {
		strcpy(e->attrs[i].name, f->attr[i][0]);
		strcpy(e->attrs[i].value, f->attr[i][1]);
	}
	e->n_attrs = (size_t)f->n_attrs;
	for (int i = 0; i < REF_MAX; i++)
		e->links += r->names[i].path[0] &&
			    r->names[i].file == r->names[name].file;
	entry_of[name] = (int)s->n++;
}

static inline int ref_level(const char *path)
{
	int n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* Directories before what is in them. */
static inline void ref_show(const struct ref *r, struct ace_seen *ret)
{
	int entry_of[REF_MAX];

	memset(ret, 0, sizeof(*ret));
	for (int level = 0; level < 8; level++)
		for (int i = 0; i < REF_MAX; i++)
			if (r->names[i].path[0] &&
			    ref_level(r->names[i].path) == level)
				ref_show_one(r, i, entry_of, ret);
}

/* What the first n operations make. */
static inline void ref_at(const struct ace_sequence *s, size_t n,
			  struct ace_seen *ret)
{
	struct ref *r = calloc(1, sizeof(*r));

	for (size_t i = 0; i < n; i++)
		ref_do(r, &s->ops[i], (int)i + 1);
	ref_show(r, ret);
	free(r);
}

#endif

/*
 * Numbers and sequences. The list of operations is made from tables; a number
 * is taken apart into places in it: for seq-1 (operation, point), for seq-2
 * (operation, point or none, operation, point). The setup is found by asking
 * the model what is missing, until it is content.
 */
#include "ace/generate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ace/model.h"

/* ---- the operations ---- */

#define SIZE 16384 /* of each file that the setup makes */

static const struct range {
	uint32_t offset, length;
} ranges[] =
	{
		{SIZE, 4096},	     /* behind the end */
		{8000, 4096},	     /* inside, unaligned */
		{SIZE - 2000, 4096}, /* over the end */
},
  direct_ranges[] =
	  {
		  {SIZE, 4096},
		  {8192, 4096},
},
  mapped_ranges[] = {
	  {0, 4096},
	  {8000, 4096},
};
static const uint32_t sizes[] = {8192, 10000};

/* Each first name with each second one, unless they are the same. */
static const char *const first[] = {"foo", "A/foo"};
static const char *const second[] = {"bar", "A/bar"};
static const char *const all[] = {"foo", "A/foo", "bar", "A/bar"};

#define OPS_MAX 128
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

struct list {
	struct ace_op ops[OPS_MAX];
	size_t n;
};

static struct ace_op *add(struct list *l, enum ace_kind kind, const char *path)
{
	struct ace_op *op = &l->ops[l->n++];

	*op = (struct ace_op){.kind = kind};
	strcpy(op->path, path);
	return op;
}

static void add_range(struct list *l, enum ace_kind kind, const char *path,
		      enum ace_falloc mode, const struct range *r)
{
	struct ace_op *op = add(l, kind, path);

	op->mode = mode;
	op->offset = r->offset;
	op->length = r->length;
}

static void add_data(struct list *l, const char *path)
{
	for (int mode = 0; mode < ACE_FALLOCS; mode++)
		for (size_t i = 0; i < COUNT(ranges); i++)
			add_range(l, ACE_FALLOC, path, (enum ace_falloc)mode,
				  &ranges[i]);
	for (size_t i = 0; i < COUNT(ranges); i++)
		add_range(l, ACE_WRITE, path, ACE_ALLOC, &ranges[i]);
	for (size_t i = 0; i < COUNT(direct_ranges); i++)
		add_range(l, ACE_DWRITE, path, ACE_ALLOC, &direct_ranges[i]);
	for (size_t i = 0; i < COUNT(mapped_ranges); i++)
		add_range(l, ACE_MMAPWRITE, path, ACE_ALLOC, &mapped_ranges[i]);
	for (size_t i = 0; i < COUNT(sizes); i++)
		add(l, ACE_TRUNCATE, path)->length = sizes[i];
}

static void add_attrs(struct list *l, const char *path)
{
	struct ace_op *op = add(l, ACE_SETXATTR, path);

	strcpy(op->other, "one");
	strcpy(op->value, "set");
	op = add(l, ACE_REMOVEXATTR, path);
	strcpy(op->other, "one");
}

static void add_pair(struct list *l, enum ace_kind kind, const char *from,
		     const char *to)
{
	struct ace_op *op;

	if (!strcmp(from, to))
		return;
	if (kind == ACE_SYMLINK) {
		op = add(l, kind, to);
		strcpy(op->other, from);
		return;
	}
	op = add(l, kind, from);
	strcpy(op->other, to);
}

static void add_pairs(struct list *l, enum ace_kind kind)
{
	for (size_t i = 0; i < COUNT(all); i++)
		for (size_t k = 0; k < COUNT(second); k++)
			add_pair(l, kind, all[i], second[k]);
}

static void make_list(struct list *l)
{
	l->n = 0;
	for (size_t i = 0; i < COUNT(first); i++)
		add(l, ACE_CREAT, first[i]);
	add(l, ACE_MKDIR, "A");
	add(l, ACE_MKDIR, "A/C");
	for (size_t i = 0; i < COUNT(first); i++)
		add_data(l, first[i]);
	add_pairs(l, ACE_LINK);
	add_pairs(l, ACE_SYMLINK);
	add_pairs(l, ACE_RENAME);
	add_pair(l, ACE_RENAME, "A", "B");
	for (size_t i = 0; i < COUNT(all); i++)
		add(l, ACE_UNLINK, all[i]);
	add(l, ACE_RMDIR, "A");
	for (size_t i = 0; i < COUNT(first); i++)
		add_attrs(l, first[i]);
}

/* ---- persistence points ---- */

/* In this order: sync; of each name the operation has: fsync, fdatasync, fsync
 * of its directory; fsync of the file that it opened before. */
enum point {
	SYNC,
	FSYNC,
	FDATASYNC,
	FSYNC_PARENT,
	FSYNC_SECOND,
	FSYNC_SECOND_PARENT,
	FSYNC_OPEN,
	POINTS
};

static void parent_of(const char *path, char ret[ACE_PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	snprintf(ret, ACE_PATH_MAX, "%.*s", slash ? (int)(slash - path) : 1,
		 slash ? path : ".");
}

static int is_data(const struct ace_op *op)
{
	return op->kind >= ACE_WRITE && op->kind <= ACE_TRUNCATE;
}

/* The names of an operation, the one that it makes last. */
static const char *second_name(const struct ace_op *op)
{
	return op->kind == ACE_LINK || op->kind == ACE_RENAME ? op->other
							      : NULL;
}

/* 0: the operation has no such point, or an earlier one is the same. */
static int make_point(const struct ace_op *op, enum point p, struct ace_op *ret)
{
	const char *other = second_name(op);
	char parent[ACE_PATH_MAX];
	int gone = op->kind == ACE_UNLINK || op->kind == ACE_RMDIR ||
		   op->kind == ACE_RENAME;

	parent_of(op->path, parent);
	*ret = (struct ace_op){.kind = ACE_FSYNC};
	switch (p) {
	case SYNC:
		ret->kind = ACE_SYNC;
		return 1;
	case FDATASYNC:
		ret->kind = ACE_FDATASYNC;
		strcpy(ret->path, op->path);
		return is_data(op);
	case FSYNC:
		/* There is no fsync of a symbolic link: of what it leads to. */
		strcpy(ret->path,
		       op->kind == ACE_SYMLINK ? op->other : op->path);
		return !gone;
	case FSYNC_PARENT:
		strcpy(ret->path, parent);
		return 1;
	case FSYNC_SECOND:
		strcpy(ret->path, other ? other : "");
		return other != NULL;
	case FSYNC_SECOND_PARENT:
		if (other)
			parent_of(other, ret->path);
		return other && strcmp(ret->path, parent);
	case FSYNC_OPEN:
		strcpy(ret->path, "@"); /* add_open gives it a name */
		return op->kind == ACE_UNLINK;
	default:
		return 0;
	}
}

/* ---- sequences ---- */

/* What fsync of an unlinked file needs. */
static void add_open(struct ace_sequence *s, const struct ace_op *op,
		     struct ace_op *point)
{
	struct ace_op *o = &s->ops[s->n];

	if (point->path[0] != '@')
		return;
	*o = (struct ace_op){.kind = ACE_OPEN};
	strcpy(o->path, op->path);
	snprintf(o->other, sizeof(o->other), "h%zu", s->n++);
	snprintf(point->path, sizeof(point->path), "@h%zu", s->n - 1);
}

/* An operation and its point; point POINTS: none. */
static int add_step(struct ace_sequence *s, const struct ace_op *op,
		    unsigned point)
{
	struct ace_op sync = {0};

	if (point < POINTS && !make_point(op, (enum point)point, &sync))
		return -ENOENT;
	if (point < POINTS)
		add_open(s, op, &sync);
	s->ops[s->n++] = *op;
	if (point < POINTS)
		s->ops[s->n++] = sync;
	return 0;
}

static void add_setup(struct ace_sequence *s, struct ace_op op)
{
	memmove(&s->ops[s->n_setup + 1], &s->ops[s->n_setup],
		(s->n - s->n_setup) * sizeof(op));
	s->ops[s->n_setup++] = op;
	s->n++;
}

static int was_made(const struct ace_sequence *s, const char *path)
{
	for (size_t i = 0; i < s->n_setup; i++)
		if (!strcmp(s->ops[i].path, path))
			return 1;
	return 0;
}

static void add_file(struct ace_sequence *s, const char *path)
{
	struct ace_op op = {.kind = ACE_CREAT};

	strcpy(op.path, path);
	add_setup(s, op);
	op.kind = ACE_WRITE;
	op.length = SIZE;
	add_setup(s, op);
}

/* Makes what is missing; 0: cannot be mended so. */
static int mend(struct ace_sequence *s, const struct ace_refusal *r)
{
	struct ace_op op = {.kind = ACE_MKDIR};
	char parent[ACE_PATH_MAX];

	if (r->code == ENODATA) {
		op = *r->op;
		op.kind = ACE_SETXATTR;
		strcpy(op.value, "before");
		add_setup(s, op);
		return 1;
	}
	if (r->code != ENOENT || r->path[0] == '@')
		return 0;
	parent_of(r->path, parent);
	strcpy(op.path, strcmp(parent, ".") ? parent : r->path);
	if (strcmp(parent, ".") && !was_made(s, parent)) {
		add_setup(s, op);
		return 1;
	}
	/* The new name of a link or rename lacks no more than its folder. */
	if (was_made(s, r->path) || !strcmp(r->op->other, r->path))
		return 0;
	if (!strcmp(r->path, "A"))
		add_setup(s, op);
	else
		add_file(s, r->path);
	return 1;
}

#define MENDED_MAX 12

/* A symbolic link may lead to nothing, but then there is nothing to sync. */
static int complete(struct ace_sequence *s)
{
	for (int i = 0; i < MENDED_MAX; i++) {
		struct ace_refusal r;
		struct ace_model *m;

		if (!ace_model_run(s, ACE_ALL, &m, &r)) {
			ace_model_free(m);
			return 0;
		}
		if (!mend(s, &r))
			break;
	}
	return -ENOENT;
}

uint64_t ace_numbers(unsigned operations)
{
	struct list l;
	uint64_t one;

	make_list(&l);
	one = l.n * POINTS;
	return operations == 1 ? one : one * l.n * (POINTS + 1);
}

int ace_generate(unsigned operations, uint64_t number, struct ace_sequence *ret)
{
	struct ace_sequence s = {.n = 0};
	struct list l;
	uint64_t rest = number, steps;
	int err = 0;

	if (number >= ace_numbers(operations))
		return -ENOENT;
	make_list(&l);
	steps = l.n * (POINTS + 1);
	snprintf(s.name, sizeof(s.name), "seq%u-%llu", operations,
		 (unsigned long long)number);
	if (operations == 2) {
		uint64_t step = rest % steps;

		rest /= steps;
		err = add_step(&s, &l.ops[step / (POINTS + 1)],
			       (unsigned)(step % (POINTS + 1)));
	}
	if (!err)
		err = add_step(&s, &l.ops[rest / POINTS],
			       (unsigned)(rest % POINTS));
	if (!err)
		err = complete(&s);
	if (!err)
		*ret = s;
	return err;
}

unsigned ace_suite_operations(const char *suite)
{
	return !strcmp(suite, "ace-seq1")   ? 1
	       : !strcmp(suite, "ace-seq2") ? 2
					    : 0;
}

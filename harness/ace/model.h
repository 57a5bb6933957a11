/*
 * What a sequence makes of its directory, moment by moment, and from which
 * moment on each part of it is promised.
 *
 * Moment 0 is the empty directory; moment i is behind operation i (the first is
 * 1). Every part of the directory, a cell, has a history: which value it had
 * from which moment on. A crash may show, of each cell, any value that it had
 * between the moment up to which it is promised and the last that was reached.
 * promise.c has the rules, judge.c compares.
 */
#ifndef ACE_MODEL_H
#define ACE_MODEL_H

#include <stdint.h>

#include "ace/sequence.h"

#define ACE_INODES_MAX 40
#define ACE_SLOTS_MAX 64
#define ACE_ATTRS_MAX 16
#define ACE_VERSIONS_MAX (ACE_OPS_MAX + 2)
#define ACE_NONE (-1)  /* no inode: the name is not there */
#define ACE_ROOT 0     /* the sequence's directory */
#define ACE_NEVER (-1) /* nothing was promised */

enum ace_type { ACE_FILE, ACE_DIRECTORY, ACE_LINK_SYMBOLIC };

/* A file's content from a moment on. */
struct ace_data {
	int since;
	uint32_t size;
	unsigned char *bytes; /* owned; NULL: size 0 */
};

struct ace_inode {
	enum ace_type type;
	int born;		   /* moment */
	char target[ACE_PATH_MAX]; /* of a symbolic link */
	struct ace_data *data;	   /* of a file; n_data versions */
	size_t n_data;
	/* Moments up to which something is promised, or ACE_NEVER. */
	int data_promised;
	int names_promised; /* a name that it lost before is not its again */
	int exists;	    /* it is there, under one of its names since */
};

/* A name in a directory, whatever it leads to. */
struct ace_slot {
	int parent; /* inode */
	char name[ACE_PATH_MAX];
	struct {
		int since, inode;
	} v[ACE_VERSIONS_MAX];
	size_t n;
	int promised;
};

/* An extended attribute of an inode. */
struct ace_attr {
	int inode;
	char name[ACE_PATH_MAX];
	struct {
		int since;
		const char *value; /* in the sequence; NULL: not there */
	} v[ACE_VERSIONS_MAX];
	size_t n;
	int promised;
};

struct ace_handle {
	const char *name; /* in the sequence */
	int inode;
};

struct ace_model {
	const struct ace_sequence *s; /* borrowed */
	int now;		      /* the last moment reached */
	int last_promise; /* operation (from 1) of the last one kept, 0: none */
	struct ace_inode inodes[ACE_INODES_MAX];
	struct ace_slot slots[ACE_SLOTS_MAX];
	struct ace_attr attrs[ACE_ATTRS_MAX];
	struct ace_handle handles[ACE_ATTRS_MAX];
	size_t n_inodes, n_slots, n_attrs, n_handles;
};

/* Why an operation cannot be done: like errno, and of which path. */
struct ace_refusal {
	int code; /* positive errno */
	const char *path;
	const struct ace_op *op;
};

/*
 * The setup, then everything up to the persistence point behind the last
 * acknowledged one (or to the end): what can have happened when that is what
 * was acknowledged. acked counts persistence points behind `begin`;
 * ACE_SETUP: only the setup was done. -EINVAL: an operation that would fail;
 * refusal (may be NULL) says which. On failure nothing is to release.
 */
#define ACE_SETUP (-1)
#define ACE_ALL 1000
int ace_model_run(const struct ace_sequence *s, int acked,
		  struct ace_model **ret, struct ace_refusal *refusal);
void ace_model_free(struct ace_model *m);
/* Says it as "FILE:LINE:COLUMN: ...". Returns -EINVAL. */
int ace_refused(const struct ace_refusal *r, const char *file, struct error *e);

/* What an operation whose moment this is writes: never zero. */
static inline unsigned char ace_fill(int moment)
{
	return (unsigned char)('A' + moment % 57);
}

/* As ace_lookup, also of an open file's "@H". */
int ace_inode_of(const struct ace_model *m, const char *path);
/* The inode that a path leads to now, ACE_NONE if there is none. */
int ace_lookup(const struct ace_model *m, const char *path);
/* The slot of a path now, perhaps empty; NULL: its directory is not there, or
 * nothing ever had that name. */
const struct ace_slot *ace_slot_find(const struct ace_model *m,
				     const char *path);
/* What it led to at a moment. */
int ace_slot_at(const struct ace_slot *s, int moment);
const char *ace_attr_at(const struct ace_attr *a, int moment);
const struct ace_data *ace_data_at(const struct ace_inode *i, int moment);
/* Whether any name leads to it at the moment. */
int ace_has_name(const struct ace_model *m, int inode, int moment);

/* ---- promise.c ---- */

/* The persistence point at m->now, or everything. */
void ace_promise(struct ace_model *m, const struct ace_op *op);
void ace_promise_all(struct ace_model *m);

#endif

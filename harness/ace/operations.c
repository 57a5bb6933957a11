/*
 * What each operation does to the model: a file system in memory that forgets
 * nothing, for each operation adds to the histories of the cells that it
 * changes. What a real file system refuses is refused here (the errors of
 * Linux 6.1), so a sequence that passes here runs.
 */
#include "ace/operations.h"

#include <errno.h>
#include <string.h>

#include "common/buf.h"

/* ---- writing histories ---- */

static void set_slot(struct ace_model *m, struct ace_slot *s, int inode)
{
	s->v[s->n].since = m->now;
	s->v[s->n++].inode = inode;
}

int ace_new_inode(struct ace_model *m, enum ace_type type)
{
	int n = (int)m->n_inodes++;
	struct ace_inode *i = &m->inodes[n];

	*i = (struct ace_inode){.type = type,
				.born = m->now,
				.data_promised = ACE_NEVER,
				.names_promised = ACE_NEVER,
				.exists = ACE_NEVER};
	if (type != ACE_FILE)
		return n;
	i->data = xcalloc(1, sizeof(*i->data));
	i->data[0].since = m->now;
	i->n_data = 1;
	return n;
}

/* A version to change, of the size; what is new in it is zero. */
static struct ace_data *new_data(struct ace_model *m, int inode, uint32_t size)
{
	struct ace_inode *i = &m->inodes[inode];
	struct ace_data *old, *d;

	i->data = xrealloc(i->data, (i->n_data + 1) * sizeof(*i->data));
	old = &i->data[i->n_data - 1];
	d = &i->data[i->n_data++];
	*d = (struct ace_data){.since = m->now, .size = size};
	if (size)
		d->bytes = xcalloc(1, size);
	if (size && old->size)
		memcpy(d->bytes, old->bytes,
		       size < old->size ? size : old->size);
	return d;
}

static const struct ace_data *last_data(const struct ace_model *m, int inode)
{
	const struct ace_inode *i = &m->inodes[inode];

	return &i->data[i->n_data - 1];
}

/* ---- operations; each returns a positive errno or 0 ---- */

static int make(struct ace_model *m, const char *path, enum ace_type type,
		int *ret)
{
	struct ace_slot *s = ace_slot_make(m, path);

	if (!s)
		return strcmp(path, ".") ? ENOENT : EEXIST;
	if (ace_slot_at(s, m->now) != ACE_NONE)
		return EEXIST;
	if (m->n_inodes == ACE_INODES_MAX)
		return ENOSPC;
	*ret = ace_new_inode(m, type);
	set_slot(m, s, *ret);
	return 0;
}

static int file_of(const struct ace_model *m, const char *path, int *ret)
{
	int inode = ace_lookup(m, path);

	if (inode == ACE_NONE)
		return ENOENT;
	if (m->inodes[inode].type == ACE_DIRECTORY)
		return EISDIR;
	if (m->inodes[inode].type != ACE_FILE)
		return ELOOP;
	*ret = inode;
	return 0;
}

static int do_write(struct ace_model *m, const struct ace_op *op, int inode)
{
	uint32_t end = op->offset + op->length;
	uint32_t size = last_data(m, inode)->size;
	struct ace_data *d;

	if (op->kind == ACE_MMAPWRITE && end > size)
		return EFAULT;
	d = new_data(m, inode, end > size ? end : size);
	memset(d->bytes + op->offset, ace_fill(m->now), op->length);
	return 0;
}

static int do_falloc(struct ace_model *m, const struct ace_op *op, int inode)
{
	uint32_t end = op->offset + op->length;
	uint32_t size = last_data(m, inode)->size;
	int grows = op->mode == ACE_ALLOC || op->mode == ACE_ZERO;
	struct ace_data *d =
		new_data(m, inode, grows && end > size ? end : size);

	if (op->mode == ACE_ALLOC || op->mode == ACE_KEEP ||
	    op->offset >= d->size)
		return 0;
	memset(d->bytes + op->offset, 0,
	       (end < d->size ? end : d->size) - op->offset);
	return 0;
}

static int do_data(struct ace_model *m, const struct ace_op *op)
{
	int inode, err = file_of(m, op->path, &inode);

	if (err)
		return err;
	if (op->kind == ACE_FALLOC)
		return do_falloc(m, op, inode);
	if (op->kind != ACE_TRUNCATE)
		return do_write(m, op, inode);
	new_data(m, inode, op->length);
	return 0;
}

static int do_link(struct ace_model *m, const struct ace_op *op)
{
	int inode = ace_lookup(m, op->path);
	struct ace_slot *to;

	if (inode == ACE_NONE)
		return ENOENT;
	if (m->inodes[inode].type == ACE_DIRECTORY)
		return EPERM;
	to = ace_slot_make(m, op->other);
	if (!to)
		return ENOENT;
	if (ace_slot_at(to, m->now) != ACE_NONE)
		return EEXIST;
	set_slot(m, to, inode);
	return 0;
}

static int is_empty(const struct ace_model *m, int dir)
{
	for (size_t i = 0; i < m->n_slots; i++)
		if (m->slots[i].parent == dir &&
		    ace_slot_at(&m->slots[i], m->now) != ACE_NONE)
			return 0;
	return 1;
}

static int is_inside(const struct ace_model *m, int inode, int dir)
{
	for (; inode != ACE_ROOT;) {
		size_t i = 0;

		if (inode == dir)
			return 1;
		while (i < m->n_slots &&
		       ace_slot_at(&m->slots[i], m->now) != inode)
			i++;
		if (i == m->n_slots)
			return 0;
		inode = m->slots[i].parent;
	}
	return 0;
}

static int may_replace(const struct ace_model *m, int inode, int old)
{
	int dir = m->inodes[inode].type == ACE_DIRECTORY;

	if (dir && m->inodes[old].type != ACE_DIRECTORY)
		return ENOTDIR;
	if (!dir && m->inodes[old].type == ACE_DIRECTORY)
		return EISDIR;
	return dir && !is_empty(m, old) ? ENOTEMPTY : 0;
}

/* A rename between two names of one file does nothing. */
static int do_rename(struct ace_model *m, const struct ace_op *op)
{
	int inode = ace_lookup(m, op->path), old, err;
	struct ace_slot *from, *to;

	if (inode == ACE_NONE)
		return ENOENT;
	from = ace_slot_make(m, op->path);
	to = ace_slot_make(m, op->other);
	if (!from || !to)
		return !from || !strcmp(op->other, ".") ? EBUSY : ENOENT;
	if (is_inside(m, to->parent, inode))
		return EINVAL;
	old = ace_slot_at(to, m->now);
	if (old == inode)
		return 0;
	err = old == ACE_NONE ? 0 : may_replace(m, inode, old);
	if (err)
		return err;
	set_slot(m, from, ACE_NONE);
	set_slot(m, to, inode);
	return 0;
}

static int do_remove(struct ace_model *m, const struct ace_op *op)
{
	int inode = ace_lookup(m, op->path);
	int dir = inode != ACE_NONE && m->inodes[inode].type == ACE_DIRECTORY;
	struct ace_slot *s;

	if (inode == ACE_NONE)
		return ENOENT;
	if (dir != (op->kind == ACE_RMDIR))
		return dir ? EISDIR : ENOTDIR;
	s = ace_slot_make(m, op->path);
	if (!s)
		return EBUSY;
	if (dir && !is_empty(m, inode))
		return ENOTEMPTY;
	set_slot(m, s, ACE_NONE);
	return 0;
}

static struct ace_attr *attr_of(struct ace_model *m, int inode,
				const char *name)
{
	struct ace_attr *a;

	for (size_t i = 0; i < m->n_attrs; i++)
		if (m->attrs[i].inode == inode &&
		    !strcmp(m->attrs[i].name, name))
			return &m->attrs[i];
	if (m->n_attrs == ACE_ATTRS_MAX)
		return NULL;
	a = &m->attrs[m->n_attrs++];
	a->inode = inode;
	a->promised = ACE_NEVER;
	strcpy(a->name, name);
	return a;
}

static int do_attr(struct ace_model *m, const struct ace_op *op)
{
	int inode = ace_lookup(m, op->path);
	struct ace_attr *a;

	if (inode == ACE_NONE)
		return ENOENT;
	if (m->inodes[inode].type == ACE_LINK_SYMBOLIC)
		return EPERM;
	a = attr_of(m, inode, op->other);
	if (!a)
		return ENOSPC;
	if (op->kind == ACE_REMOVEXATTR && !ace_attr_at(a, m->now))
		return ENODATA;
	a->v[a->n].since = m->now;
	a->v[a->n++].value = op->kind == ACE_SETXATTR ? op->value : NULL;
	return 0;
}

static int do_open(struct ace_model *m, const struct ace_op *op)
{
	int inode, err = file_of(m, op->path, &inode);

	if (err)
		return err;
	for (size_t i = 0; i < m->n_handles; i++)
		if (!strcmp(m->handles[i].name, op->other))
			return EEXIST;
	if (m->n_handles == ACE_ATTRS_MAX)
		return EMFILE;
	m->handles[m->n_handles++] =
		(struct ace_handle){.name = op->other, .inode = inode};
	return 0;
}

static int check_sync(const struct ace_model *m, const struct ace_op *op)
{
	int inode;

	if (op->kind == ACE_SYNC || op->kind == ACE_SYNCFS)
		return 0;
	inode = ace_inode_of(m, op->path);
	if (inode == ACE_NONE)
		return op->path[0] == '@' ? EBADF : ENOENT;
	if (m->inodes[inode].type == ACE_LINK_SYMBOLIC)
		return ELOOP;
	return op->kind == ACE_FDATASYNC && m->inodes[inode].type != ACE_FILE
		       ? EISDIR
		       : 0;
}

int ace_do(struct ace_model *m, const struct ace_op *op)
{
	int inode, err;

	switch (op->kind) {
	case ACE_CREAT:
		return make(m, op->path, ACE_FILE, &inode);
	case ACE_MKDIR:
		return make(m, op->path, ACE_DIRECTORY, &inode);
	case ACE_SYMLINK:
		err = make(m, op->path, ACE_LINK_SYMBOLIC, &inode);
		if (!err)
			strcpy(m->inodes[inode].target, op->other);
		return err;
	case ACE_WRITE:
	case ACE_DWRITE:
	case ACE_MMAPWRITE:
	case ACE_FALLOC:
	case ACE_TRUNCATE:
		return do_data(m, op);
	case ACE_LINK:
		return do_link(m, op);
	case ACE_RENAME:
		return do_rename(m, op);
	case ACE_UNLINK:
	case ACE_RMDIR:
		return do_remove(m, op);
	case ACE_SETXATTR:
	case ACE_REMOVEXATTR:
		return do_attr(m, op);
	case ACE_OPEN:
		return do_open(m, op);
	default:
		return check_sync(m, op);
	}
}

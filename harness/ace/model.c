/* Histories and paths, and a sequence run from its setup to what was reached.
 */
#include "ace/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ace/operations.h"
#include "common/buf.h"
#include "common/error.h"

/* ---- reading histories ---- */

int ace_slot_at(const struct ace_slot *s, int moment)
{
	int inode = ACE_NONE;

	for (size_t i = 0; i < s->n && s->v[i].since <= moment; i++)
		inode = s->v[i].inode;
	return inode;
}

const char *ace_attr_at(const struct ace_attr *a, int moment)
{
	const char *value = NULL;

	for (size_t i = 0; i < a->n && a->v[i].since <= moment; i++)
		value = a->v[i].value;
	return value;
}

const struct ace_data *ace_data_at(const struct ace_inode *i, int moment)
{
	const struct ace_data *d = &i->data[0];

	for (size_t k = 0; k < i->n_data && i->data[k].since <= moment; k++)
		d = &i->data[k];
	return d;
}

int ace_has_name(const struct ace_model *m, int inode, int moment)
{
	for (size_t i = 0; i < m->n_slots; i++)
		if (ace_slot_at(&m->slots[i], moment) == inode)
			return 1;
	return inode == ACE_ROOT;
}

/* ---- paths ---- */

static struct ace_slot *find_slot(struct ace_model *m, int parent,
				  const char *name, size_t len)
{
	for (size_t i = 0; i < m->n_slots; i++) {
		struct ace_slot *s = &m->slots[i];

		if (s->parent == parent && strlen(s->name) == len &&
		    !memcmp(s->name, name, len))
			return s;
	}
	return NULL;
}

/* The directory of a path and its last name. */
static int find_parent(const struct ace_model *m, const char *path,
		       const char **ret_name)
{
	int dir = ACE_ROOT;

	for (;;) {
		size_t len = strcspn(path, "/");
		const struct ace_slot *s;

		if (!path[len]) {
			*ret_name = path;
			return dir;
		}
		s = find_slot((struct ace_model *)m, dir, path, len);
		dir = s ? ace_slot_at(s, m->now) : ACE_NONE;
		if (dir == ACE_NONE || m->inodes[dir].type != ACE_DIRECTORY)
			return ACE_NONE;
		path += len + 1;
	}
}

const struct ace_slot *ace_slot_find(const struct ace_model *m,
				     const char *path)
{
	const char *name;
	int parent = find_parent(m, path, &name);

	return parent == ACE_NONE ? NULL
				  : find_slot((struct ace_model *)m, parent,
					      name, strlen(name));
}

int ace_lookup(const struct ace_model *m, const char *path)
{
	const struct ace_slot *s;

	if (!strcmp(path, "."))
		return ACE_ROOT;
	s = ace_slot_find(m, path);
	return s ? ace_slot_at(s, m->now) : ACE_NONE;
}

/* The slot of a path, made if need be; NULL: no such directory. */
struct ace_slot *ace_slot_make(struct ace_model *m, const char *path)
{
	const char *name;
	int parent = find_parent(m, path, &name);
	struct ace_slot *s;

	if (parent == ACE_NONE || !strcmp(path, "."))
		return NULL;
	s = find_slot(m, parent, name, strlen(name));
	if (s || m->n_slots == ACE_SLOTS_MAX)
		return s;
	s = &m->slots[m->n_slots++];
	s->parent = parent;
	s->promised = 0;
	strcpy(s->name, name);
	return s;
}

int ace_inode_of(const struct ace_model *m, const char *path)
{
	if (path[0] != '@')
		return ace_lookup(m, path);
	for (size_t i = 0; i < m->n_handles; i++)
		if (!strcmp(m->handles[i].name, path + 1))
			return m->handles[i].inode;
	return ACE_NONE;
}

/* ---- a whole sequence ---- */

static void refuse(struct ace_refusal *r, int code, const struct ace_model *m,
		   const struct ace_op *op)
{
	const char *path = op->path;

	/* Of two names it is the new one, unless the old one is missing. */
	if ((op->kind == ACE_LINK || op->kind == ACE_RENAME) &&
	    ace_lookup(m, op->path) != ACE_NONE)
		path = op->other;
	if (r)
		*r = (struct ace_refusal){code, path, op};
}

static int run(struct ace_model *m, int acked, struct ace_refusal *r)
{
	int points = 0;

	for (size_t i = 0; i < m->s->n; i++) {
		const struct ace_op *op = &m->s->ops[i];
		int code;

		if (i == m->s->n_setup)
			ace_promise_all(m);
		if (i >= m->s->n_setup &&
		    (acked == ACE_SETUP || points > acked))
			break;
		m->now = (int)i + 1;
		code = ace_do(m, op);
		if (code) {
			refuse(r, code, m, op);
			return -EINVAL;
		}
		if (i < m->s->n_setup || !ace_is_persistence(op))
			continue;
		if (points++ >= acked)
			continue;
		ace_promise(m, op);
		m->last_promise = m->now;
	}
	return 0;
}

int ace_model_run(const struct ace_sequence *s, int acked,
		  struct ace_model **ret, struct ace_refusal *refusal)
{
	struct ace_model *m = xcalloc(1, sizeof(*m));
	int err;

	m->s = s;
	ace_new_inode(m, ACE_DIRECTORY);
	m->inodes[ACE_ROOT].exists = 0;
	err = run(m, acked, refusal);
	if (err)
		ace_model_free(m);
	else
		*ret = m;
	return err;
}

void ace_model_free(struct ace_model *m)
{
	for (size_t i = 0; m && i < m->n_inodes; i++) {
		for (size_t k = 0; k < m->inodes[i].n_data; k++)
			free(m->inodes[i].data[k].bytes);
		free(m->inodes[i].data);
	}
	free(m);
}

int ace_refused(const struct ace_refusal *r, const char *file, struct error *e)
{
	struct buf text = BUF_INIT;
	int err;

	ace_op_text(r->op, &text);
	err = error_set(e, EINVAL, "%s:%u:%u: '%s' would fail: %s: %s", file,
			r->op->line, r->op->column, buf_text(&text), r->path,
			strerror(r->code));
	buf_free(&text);
	return err;
}

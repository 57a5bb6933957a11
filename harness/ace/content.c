/*
 * Whether a file, as found, can be an inode of the model: rules 5 and 8, and
 * the attributes. What it is called is judge.c's.
 */
#include "ace/content.h"

#include <string.h>

#include "common/buf.h"

static int since(const struct ace_inode *i)
{
	return i->data_promised > i->born ? i->data_promised : i->born;
}

/* Each version that the promise leaves open, in turn. */
static const struct ace_data *version(const struct ace_inode *i, size_t k)
{
	const struct ace_data *first = ace_data_at(i, since(i));
	size_t n = (size_t)(first - i->data) + k;

	return n < i->n_data ? &i->data[n] : NULL;
}

static int check_size(const struct ace_inode *i, uint32_t size, struct buf *why)
{
	uint32_t least = UINT32_MAX, most = 0;
	const struct ace_data *d;

	for (size_t k = 0; (d = version(i, k)); k++) {
		least = d->size < least ? d->size : least;
		most = d->size > most ? d->size : most;
	}
	if (size >= least && size <= most)
		return 0;
	buf_printf(why, "has %u bytes, not %u", size, least);
	if (most > least)
		buf_printf(why, " to %u", most);
	return 1;
}

static int byte_at(const struct ace_data *d, uint32_t at)
{
	return at < d->size ? d->bytes[at] : 0;
}

static int may_be(const struct ace_inode *i, uint32_t at, int byte)
{
	const struct ace_data *d;

	for (size_t k = 0; (d = version(i, k)); k++)
		if (byte_at(d, at) == byte)
			return 1;
	return 0;
}

static int check_bytes(const struct ace_inode *i,
		       const struct ace_seen_entry *s, struct buf *why)
{
	for (uint32_t at = 0; at < s->size; at++) {
		if (may_be(i, at, s->bytes[at]))
			continue;
		buf_printf(why, "holds 0x%02x at byte %u, not 0x%02x",
			   s->bytes[at], at, byte_at(version(i, 0), at));
		return 1;
	}
	return 0;
}

static const char *seen_attr(const struct ace_seen_entry *s, const char *name)
{
	for (size_t i = 0; i < s->n_attrs; i++)
		if (!strcmp(s->attrs[i].name, name))
			return s->attrs[i].value;
	return NULL;
}

static int is_same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static int check_attr(const struct ace_model *m, const struct ace_attr *a,
		      const struct ace_seen_entry *s, struct buf *why)
{
	const char *value = seen_attr(s, a->name);
	int from = a->promised > 0 ? a->promised : 0;
	const char *wanted = ace_attr_at(a, from);

	for (int t = from; t <= m->now; t++)
		if (is_same(value, ace_attr_at(a, t)))
			return 0;
	buf_printf(why, "has attribute user.%s %s%s, not %s", a->name,
		   value ? "" : "(", value ? value : "missing)",
		   wanted ? wanted : "(none)");
	return 1;
}

static int is_known(const struct ace_model *m, int inode, const char *name)
{
	for (size_t i = 0; i < m->n_attrs; i++)
		if (m->attrs[i].inode == inode &&
		    !strcmp(m->attrs[i].name, name))
			return 1;
	return 0;
}

static int check_attrs(const struct ace_model *m, int inode,
		       const struct ace_seen_entry *s, struct buf *why)
{
	for (size_t i = 0; i < m->n_attrs; i++)
		if (m->attrs[i].inode == inode &&
		    check_attr(m, &m->attrs[i], s, why))
			return 1;
	for (size_t i = 0; i < s->n_attrs; i++) {
		if (is_known(m, inode, s->attrs[i].name))
			continue;
		buf_printf(why, "has an attribute user.%s that it never had",
			   s->attrs[i].name);
		return 1;
	}
	return 0;
}

int ace_content_fits(const struct ace_model *m, int inode,
		     const struct ace_seen_entry *s, struct buf *why)
{
	const struct ace_inode *i = &m->inodes[inode];

	if (s->type != i->type) {
		buf_puts(why, "is of another type");
		return 0;
	}
	if (i->type == ACE_LINK_SYMBOLIC && strcmp(s->target, i->target)) {
		buf_printf(why, "leads to '%s', not '%s'", s->target,
			   i->target);
		return 0;
	}
	if (i->type == ACE_FILE &&
	    (check_size(i, s->size, why) || check_bytes(i, s, why)))
		return 0;
	return !check_attrs(m, inode, s, why);
}

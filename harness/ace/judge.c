/*
 * The comparison. The rules are at the head of promise.c.
 *
 * What was found has numbers, the model has inodes, and which is which has to
 * be found: a name may lead to an older or a newer file, and two files may look
 * alike. So every assignment of found files to inodes is tried, name after
 * name, that keeps the rules of each name by itself: the name may lead there
 * (5, 2c), the file may look so (8), and no two found files are one inode or
 * the other way round. Where all names have found their inode, the rules about
 * inodes are asked: nothing that is promised is missing (6), names that go
 * together could (7). The directory is allowed if one assignment passes. There
 * are at most a handful of files, and nearly always one candidate for a name.
 *
 * If none passes, the one that came furthest says why.
 */
#include "ace/judge.h"

#include <stdlib.h>
#include <string.h>

#include "ace/content.h"
#include "common/buf.h"

/* A pair of directories whose entries are compared. */
struct pair {
	int seen, model;
};

struct judge {
	const struct ace_model *m;
	const struct ace_seen *seen;
	int strict;
	int inode[ACE_SEEN_MAX]; /* of each entry; ACE_NONE: not yet */
	struct pair pairs[ACE_SEEN_MAX + 1];
	size_t n_pairs;
	size_t depth, furthest; /* of the search */
	struct buf *why;	/* of the furthest */
};

/* ---- telling why ---- */

static void put_path(const struct judge *j, int entry, struct buf *out)
{
	const struct ace_seen_entry *s = &j->seen->entries[entry];

	if (s->parent != ACE_SEEN_ROOT) {
		put_path(j, s->parent, out);
		buf_puts(out, "/");
	}
	buf_puts(out, s->name);
}

static void put_name(const struct judge *j, int dir, const char *name,
		     struct buf *out)
{
	if (dir != ACE_SEEN_ROOT) {
		put_path(j, dir, out);
		buf_puts(out, "/");
	}
	buf_puts(out, name);
}

/* Whether this is further than any reason before; clears the way for it. */
static int is_furthest(struct judge *j)
{
	if (j->furthest && j->depth < j->furthest)
		return 0;
	j->furthest = j->depth;
	buf_clear(j->why);
	return 1;
}

/* ---- one name ---- */

static int from_of(const struct judge *j, const struct ace_slot *s, int inode)
{
	int names = inode == ACE_NONE ? ACE_NEVER
				      : j->m->inodes[inode].names_promised;

	return names > s->promised ? names : s->promised;
}

/* Rules 5 and 2c. */
static int may_lead_to(const struct judge *j, const struct ace_slot *s,
		       int inode)
{
	for (int t = from_of(j, s, inode); t <= j->m->now; t++)
		if (ace_slot_at(s, t) == inode)
			return 1;
	return 0;
}

static const struct ace_slot *slot_in(const struct judge *j, int dir,
				      const char *name)
{
	for (size_t i = 0; i < j->m->n_slots; i++)
		if (j->m->slots[i].parent == dir &&
		    !strcmp(j->m->slots[i].name, name))
			return &j->m->slots[i];
	return NULL;
}

/* An inode is one number, and a number one inode. */
static int may_be(const struct judge *j, int entry, int inode)
{
	const struct ace_seen_entry *s = &j->seen->entries[entry];

	for (size_t i = 0; i < j->seen->n; i++) {
		int same = j->seen->entries[i].number == s->number;

		if (j->inode[i] != ACE_NONE && same != (j->inode[i] == inode))
			return 0;
	}
	return 1;
}

/* ---- rules about inodes ---- */

static int is_seen(const struct judge *j, int inode)
{
	for (size_t i = 0; i < j->seen->n; i++)
		if (j->inode[i] == inode)
			return 1;
	return inode == ACE_ROOT;
}

static int always_named(const struct judge *j, int inode)
{
	for (int t = j->m->inodes[inode].exists; t <= j->m->now; t++)
		if (!ace_has_name(j->m, inode, t))
			return 0;
	return 1;
}

/* What a slot of the inode was called last. */
static const char *last_name(const struct judge *j, int inode)
{
	for (int t = j->m->now; t >= 0; t--)
		for (size_t i = 0; i < j->m->n_slots; i++)
			if (ace_slot_at(&j->m->slots[i], t) == inode)
				return j->m->slots[i].name;
	return "?";
}

/* Rule 6. */
static int check_existence(struct judge *j)
{
	for (size_t i = 0; i < j->m->n_inodes; i++) {
		if (j->m->inodes[i].exists == ACE_NEVER || is_seen(j, (int)i) ||
		    !always_named(j, (int)i))
			continue;
		if (is_furthest(j))
			buf_printf(j->why,
				   "the %s that was last called %s is gone, "
				   "under every name it had",
				   j->m->inodes[i].type == ACE_DIRECTORY
					   ? "directory"
					   : "file",
				   last_name(j, (int)i));
		return 1;
	}
	return 0;
}

/* The slot of a found entry: its directory has its inode by now. */
static const struct ace_slot *slot_of(const struct judge *j, size_t entry)
{
	const struct ace_seen_entry *s = &j->seen->entries[entry];
	int dir = s->parent == ACE_SEEN_ROOT ? ACE_ROOT : j->inode[s->parent];

	return slot_in(j, dir, s->name);
}

static int went_together(const struct judge *j, size_t a, size_t b)
{
	const struct ace_slot *s = slot_of(j, a), *t = slot_of(j, b);

	for (int now = 0; now <= j->m->now; now++)
		if (ace_slot_at(s, now) == j->inode[a] &&
		    ace_slot_at(t, now) == j->inode[a])
			return 1;
	return 0;
}

/* Rule 7: a and every other name of it. */
static int check_names(struct judge *j, size_t a)
{
	const struct ace_seen_entry *s = &j->seen->entries[a];
	uint64_t names = 0;

	for (size_t b = 0; b < j->seen->n; b++) {
		if (j->seen->entries[b].number != s->number)
			continue;
		names++;
		if (b <= a || (s->type == ACE_FILE && !j->strict) ||
		    went_together(j, a, b))
			continue;
		if (is_furthest(j)) {
			put_path(j, (int)a, j->why);
			buf_puts(j->why, " and ");
			put_path(j, (int)b, j->why);
			buf_puts(j->why, " are one file, which they never "
					 "were");
		}
		return 1;
	}
	if (s->type == ACE_DIRECTORY || names == s->links)
		return 0;
	if (is_furthest(j)) {
		put_path(j, (int)a, j->why);
		buf_printf(j->why, " has a link count of %llu and %llu names",
			   (unsigned long long)s->links,
			   (unsigned long long)names);
	}
	return 1;
}

static int check_inodes(struct judge *j)
{
	if (check_existence(j))
		return 0;
	for (size_t i = 0; i < j->seen->n; i++)
		if (check_names(j, i))
			return 0;
	return 1;
}

/* ---- the search ---- */

static int match_pair(struct judge *j, size_t pair, size_t k);

static void tell_missing(struct judge *j, const struct pair *p,
			 const struct ace_slot *s)
{
	if (!is_furthest(j))
		return;
	put_name(j, p->seen, s->name, j->why);
	buf_puts(j->why, " is missing");
}

static void tell_surplus(struct judge *j, int entry, const struct ace_slot *s)
{
	if (!is_furthest(j))
		return;
	put_path(j, entry, j->why);
	buf_puts(j->why,
		 !s ? " was never made there"
		 : may_lead_to(j, s, ACE_NONE)
			 ? " is there, with a file that had lost that name"
			 : " leads to another file");
}

/* A name of the model that nothing was found under, then the next. */
static int match_absent(struct judge *j, size_t pair, size_t k,
			const struct ace_slot *s)
{
	if (may_lead_to(j, s, ACE_NONE))
		return match_pair(j, pair, k + 1);
	tell_missing(j, &j->pairs[pair], s);
	return 0;
}

/* The entry is taken to be the inode; does the rest go with that? */
static int try_inode(struct judge *j, size_t pair, size_t k, int entry,
		     int inode)
{
	struct buf why = BUF_INIT;
	int ok = 0;

	if (!ace_content_fits(j->m, inode, &j->seen->entries[entry], &why)) {
		if (is_furthest(j)) {
			put_path(j, entry, j->why);
			buf_printf(j->why, " %s", buf_text(&why));
		}
		buf_free(&why);
		return 0;
	}
	buf_free(&why);
	j->inode[entry] = inode;
	if (j->m->inodes[inode].type == ACE_DIRECTORY)
		j->pairs[j->n_pairs++] = (struct pair){entry, inode};
	j->depth++;
	ok = match_pair(j, pair, k + 1);
	j->depth--;
	if (ok)
		return 1;
	if (j->m->inodes[inode].type == ACE_DIRECTORY)
		j->n_pairs--;
	j->inode[entry] = ACE_NONE;
	return 0;
}

static int match_entry(struct judge *j, size_t pair, size_t k, int entry)
{
	const struct ace_slot *s =
		slot_in(j, j->pairs[pair].model, j->seen->entries[entry].name);
	int candidates = 0;

	for (int inode = 0; s && inode < (int)j->m->n_inodes; inode++) {
		if (!may_lead_to(j, s, inode) || !may_be(j, entry, inode))
			continue;
		candidates++;
		if (try_inode(j, pair, k, entry, inode))
			return 1;
	}
	if (!candidates)
		tell_surplus(j, entry, s);
	return 0;
}

static int is_found(const struct judge *j, int dir, const char *name)
{
	for (size_t i = 0; i < j->seen->n; i++)
		if (j->seen->entries[i].parent == dir &&
		    !strcmp(j->seen->entries[i].name, name))
			return 1;
	return 0;
}

/* What stands at place k of a pair: the found entries, then the slots. */
static int match_pair(struct judge *j, size_t pair, size_t k)
{
	const struct pair *p = &j->pairs[pair];

	if (pair == j->n_pairs)
		return check_inodes(j);
	for (; k < j->seen->n; k++)
		if (j->seen->entries[k].parent == p->seen)
			return match_entry(j, pair, k, (int)k);
	for (; k - j->seen->n < j->m->n_slots; k++) {
		const struct ace_slot *s = &j->m->slots[k - j->seen->n];

		if (s->parent == p->model && !is_found(j, p->seen, s->name))
			return match_absent(j, pair, k, s);
	}
	return match_pair(j, pair + 1, 0);
}

int ace_judge(const struct ace_model *m, const struct ace_seen *seen,
	      int strict, struct buf *why)
{
	struct judge j = {.m = m,
			  .seen = seen,
			  .why = why,
			   .strict = strict,
			  .pairs = {{ACE_SEEN_ROOT, ACE_ROOT}},
			  .n_pairs = 1};
	int allowed;

	for (size_t i = 0; i < ACE_SEEN_MAX; i++)
		j.inode[i] = ACE_NONE;
	j.depth = 1;
	allowed = match_pair(&j, 0, 0);
	if (allowed)
		buf_clear(why);
	return !allowed;
}

void ace_seen_release(struct ace_seen *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->entries[i].bytes);
	s->n = 0;
}

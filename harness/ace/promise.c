/*
 * What a persistence point promises.
 *
 * POSIX and the manual pages promise little: fsync(2) says that a file's data
 * and metadata reach the disk and adds that its directory entry may not. The
 * file systems promise more, and their authors treat less as a bug. These rules
 * are what all of ext4, XFS and btrfs hold up; each says where it is from. What
 * only some of them do is no rule: SOMC (below) for operations that the synced
 * file has no part in, blocks allocated behind the end of a file, and the time
 * stamps.
 *
 *  [man]   fsync(2), fdatasync(2), sync(2), fallocate(2), rename(2).
 *  [somc]  "Strictly ordered metadata consistency": if fsync makes a change to
 *an inode durable, then also all changes before it that this one depends on.
 *Dave Chinner for XFS, Filipe Manana for btrfs, on the lists fstests and
 *linux-btrfs (2018 to 2025). ext4 and XFS commit the whole running transaction,
 *which is more. [xfst]  What the generic tests of xfstests expect of every file
 *system with a journal; the number is the test's. [cm]    Mohan and others,
 *"CrashMonkey and ACE" (ACM TOS 15, 2019), and the discussion "Documenting the
 *crash consistency guarantees of file systems" on fstests, 2019.
 *
 * 1. sync, syncfs: everything before it [man]. The setup of a sequence ends
 *with one.
 * 2. fsync of a file, at moment t:
 *    a. its data, its size and its attributes are those of t, or later [man];
 *    b. every name that it has at t is there, or what the name led to later
 *	 [somc, xfst 104, 343]; so is a directory on the way to it, under one of
 *	 the names that the directory has since: an old name does, for renaming
 *a directory does not change what is in it [xfst 322, 335]; c. a name that it
 *lost before t does not lead to it any more, also if it has no name left [xfst
 *039, 106, 764].
 * 3. fsync of a directory:
 *    a. every name in it, there or not, is as at t, or later [man, somc, xfst
 *	 034, 348, 779]. Of a file that such a name leads to, only that it is
 *	 there: its data and attributes may be any that it had;
 *    b. the same of directories in it that are not durable yet [xfst 782, 785]: with
 *	 no persistence point since they were made. With one, ext4 may have made
 *	 them durable by itself (it commits all there is), and then a sync of the
 *	 directory above has nothing to do;
 *    c. its own names and the way to it, as for a file.
 * 4. fdatasync of a file: data and size [man]; the file is there, under one of
 *    its names since, for else the data could not be read. Nothing else.
 *
 * And always, whatever was synced:
 * 5. What a name leads to is what it led to at one moment between its promise
 *and the crash; a symbolic link has its target [xfst 348].
 * 6. A file that is promised and was never without a name since is there: it
 *may be under an old or a new name, but a rename does not lose it [man:
 *rename(2), "there will be no point at which ..."; somc].
 * 7. Two names lead to one directory only if they did so at one moment: it is not
 *    under its old and its new name [xfst 343]. The link count of a file is the
 *    number of its names. That a file is under its old and its new name after
 *    a crash, with both counted, is no alarm: rename(2) says that there may be
 *    a time at which both lead to it, and btrfs leaves that behind where only
 *    the new directory was synced. SOMC forbids it, and so does a judge that is
 *    asked to be strict [cm, "rename not atomic: file in both locations"].
 * 8. Data that is not promised may be any mix, byte by byte, of the versions
 *    since its promise (behind the end of a shorter one: zero), and the size
 *    may be any between the smallest and the largest of them. Bytes that all
 *    versions agree on are there.
 */
#include "ace/model.h"

#include <string.h>

static int later(int a, int b)
{
	return a > b ? a : b;
}

void ace_promise_all(struct ace_model *m)
{
	for (size_t i = 0; i < m->n_inodes; i++) {
		m->inodes[i].data_promised = m->now;
		m->inodes[i].names_promised = m->now;
		m->inodes[i].exists = m->now;
	}
	for (size_t i = 0; i < m->n_slots; i++)
		m->slots[i].promised = m->now;
	for (size_t i = 0; i < m->n_attrs; i++)
		m->attrs[i].promised = m->now;
}

/* Rule 2b: the directory and those above it. */
static void promise_way(struct ace_model *m, int dir)
{
	m->inodes[dir].exists = later(m->inodes[dir].exists, m->now);
	for (size_t i = 0; dir != ACE_ROOT && i < m->n_slots; i++)
		if (ace_slot_at(&m->slots[i], m->now) == dir)
			promise_way(m, m->slots[i].parent);
}

/* Rules 2b and 2c. */
static void promise_names(struct ace_model *m, int inode)
{
	m->inodes[inode].names_promised = m->now;
	m->inodes[inode].exists = m->now;
	for (size_t i = 0; i < m->n_slots; i++) {
		struct ace_slot *s = &m->slots[i];

		if (ace_slot_at(s, m->now) != inode)
			continue;
		s->promised = m->now;
		promise_way(m, s->parent);
	}
}

static void promise_attrs(struct ace_model *m, int inode)
{
	for (size_t i = 0; i < m->n_attrs; i++)
		if (m->attrs[i].inode == inode)
			m->attrs[i].promised = m->now;
}

/* Rules 3a and 3b. */
static void promise_entries(struct ace_model *m, int dir)
{
	for (size_t i = 0; i < m->n_slots; i++) {
		struct ace_slot *s = &m->slots[i];
		int inode =
			s->parent == dir ? ace_slot_at(s, m->now) : ACE_NONE;
		int is_new;

		if (s->parent == dir)
			s->promised = m->now;
		if (inode == ACE_NONE)
			continue;
		is_new = m->inodes[inode].exists == ACE_NEVER &&
			 m->inodes[inode].born > m->last_promise;
		m->inodes[inode].exists = m->now;
		if (is_new && m->inodes[inode].type == ACE_DIRECTORY)
			promise_entries(m, inode);
	}
}

static void promise_fsync(struct ace_model *m, int inode)
{
	promise_names(m, inode);
	promise_attrs(m, inode);
	if (m->inodes[inode].type == ACE_DIRECTORY)
		promise_entries(m, inode);
	else
		m->inodes[inode].data_promised = m->now;
}

static void promise_fdatasync(struct ace_model *m, int inode)
{
	m->inodes[inode].data_promised = m->now;
	if (!ace_has_name(m, inode, m->now))
		return;
	promise_way(m, inode);
}

void ace_promise(struct ace_model *m, const struct ace_op *op)
{
	switch (op->kind) {
	case ACE_SYNC:
	case ACE_SYNCFS:
		ace_promise_all(m);
		break;
	case ACE_FSYNC:
		promise_fsync(m, ace_inode_of(m, op->path));
		break;
	case ACE_FDATASYNC:
		promise_fdatasync(m, ace_inode_of(m, op->path));
		break;
	default:
		break;
	}
}

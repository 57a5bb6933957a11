/*
 * libext2fs on a disk that is no file, such as a crash state: read only.
 */
#ifndef EQUAL_EXT4_SOURCE_H
#define EQUAL_EXT4_SOURCE_H

#include <ext2fs/ext2fs.h>

#include "equal/journal.h"

/* 0, or libext2fs's error. Whatever it reads comes through read(arg), which
 * must outlive it. ext2fs_free() it. */
errcode_t ext4_source_open(journal_read_fn *read, void *arg,
			   ext2_filsys *ret);

#endif

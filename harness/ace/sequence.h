/*
 * Sequences of file system operations, as text and as data.
 *
 *	sequence moved		# optional; more than one may follow another
 *	mkdir A
 *	creat A/foo
 *	begin			# what stands above is made and synced before
 *	rename A/foo A/bar
 *	fsync A/bar
 *
 * One operation a line, or several with ';' between them; '#' begins a comment.
 * The table in ops.c has every operation. Paths are relative to the directory
 * that the sequence has for itself, which is "."; a name in them has letters,
 * digits, '.', '-', '_'. `open H PATH` keeps a file open as "@H", which fsync
 * and fdatasync take in place of a path.
 *
 * The parser is strict: what it takes can run, as far as syntax goes. Whether a
 * file is there to be renamed, model.h says.
 *
 * This room is linked into programs of the guest, too: it needs nothing but
 * harness/common.
 */
#ifndef ACE_SEQUENCE_H
#define ACE_SEQUENCE_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;

#define ACE_PATH_MAX 48	     /* bytes, with the NUL */
#define ACE_OPS_MAX 64	     /* of one sequence */
#define ACE_FILE_MAX 262144u /* bytes, where an operation may end */

enum ace_kind {
	ACE_CREAT,
	ACE_MKDIR,
	ACE_WRITE,
	ACE_DWRITE,
	ACE_MMAPWRITE,
	ACE_FALLOC,
	ACE_TRUNCATE,
	ACE_LINK,
	ACE_SYMLINK,
	ACE_RENAME,
	ACE_UNLINK,
	ACE_RMDIR,
	ACE_SETXATTR,
	ACE_REMOVEXATTR,
	ACE_OPEN,
	ACE_FSYNC,
	ACE_FDATASYNC,
	ACE_SYNC,
	ACE_SYNCFS,
	ACE_KINDS
};

/* fallocate(2): plain, KEEP_SIZE, ZERO_RANGE, both, PUNCH_HOLE | KEEP_SIZE. */
enum ace_falloc {
	ACE_ALLOC,
	ACE_KEEP,
	ACE_ZERO,
	ACE_ZERO_KEEP,
	ACE_PUNCH,
	ACE_FALLOCS
};

struct ace_op {
	enum ace_kind kind;
	char path[ACE_PATH_MAX];  /* or "@H" */
	char other[ACE_PATH_MAX]; /* second path, target, handle, attribute */
	char value[ACE_PATH_MAX]; /* of an attribute */
	enum ace_falloc mode;
	uint32_t offset, length; /* bytes; truncate: length is the new size */
	unsigned line, column;	 /* in the text, from 1 */
};

struct ace_sequence {
	char name[ACE_PATH_MAX];
	struct ace_op ops[ACE_OPS_MAX];
	size_t n;
	size_t n_setup; /* of them: before `begin` */
};

/* What an operation takes, in the order of the words behind its name. */
enum ace_word {
	ACE_END,
	ACE_PATH,	 /* op->path */
	ACE_PATH_OR_FD,	 /* op->path */
	ACE_SECOND_PATH, /* op->other */
	ACE_TARGET,	 /* of a symlink, op->other: free text without blanks */
	ACE_HANDLE,	 /* op->other */
	ACE_ATTRIBUTE,	 /* op->other */
	ACE_VALUE,	 /* op->value */
	ACE_MODE,	 /* op->mode */
	ACE_OFFSET,
	ACE_LENGTH,
};

struct ace_op_type {
	const char *name;
	enum ace_word words[5];
	const char *usage; /* behind the name, "" without words */
	const char *about; /* what it does, one line */
};
extern const struct ace_op_type ace_op_types[ACE_KINDS];
extern const char *const ace_falloc_names[ACE_FALLOCS];

/* fsync, fdatasync, sync, syncfs: a persistence point. */
int ace_is_persistence(const struct ace_op *op);

/*
 * Reads sequences. `file` is for messages: "FILE:LINE:COLUMN: ...". The first
 * may lack its `sequence NAME` and is then called `name`. -EINVAL: not a
 * sequence, or without a persistence point behind `begin`. *ret is the
 * caller's to free.
 */
int ace_parse(const char *file, const char *name, const char *text,
	      struct ace_sequence **ret, size_t *ret_n, struct error *e);

/* Without its indentation and newline. */
void ace_op_text(const struct ace_op *op, struct buf *ret);
/* "mkdir A; begin; creat A/foo; fsync A/foo": on one line, reads back to the
 * same. The name is left out. */
void ace_sequence_text(const struct ace_sequence *s, struct buf *ret);

#endif

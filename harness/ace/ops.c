/* The operations: what each is called, takes and does. */
#include "ace/sequence.h"

#include <string.h>

#include "common/buf.h"

const char *const ace_falloc_names[ACE_FALLOCS] = {
	[ACE_ALLOC] = "alloc", [ACE_KEEP] = "keep",
	[ACE_ZERO] = "zero",   [ACE_ZERO_KEEP] = "zero-keep",
	[ACE_PUNCH] = "punch",
};

const struct ace_op_type ace_op_types[ACE_KINDS] = {
	[ACE_CREAT] = {"creat",
		       {ACE_PATH},
		       "PATH",
		       "makes an empty file that was not there"},
	[ACE_MKDIR] = {"mkdir", {ACE_PATH}, "PATH", "makes a directory"},
	[ACE_WRITE] = {"write",
		       {ACE_PATH, ACE_OFFSET, ACE_LENGTH},
		       "PATH OFFSET LENGTH",
		       "writes a byte of its own to a range"},
	[ACE_DWRITE] = {"dwrite",
			{ACE_PATH, ACE_OFFSET, ACE_LENGTH},
			"PATH OFFSET LENGTH",
			"the same with O_DIRECT; both multiples of 4096"},
	[ACE_MMAPWRITE] = {"mmapwrite",
			   {ACE_PATH, ACE_OFFSET, ACE_LENGTH},
			   "PATH OFFSET LENGTH",
			   "the same through a shared mapping, inside the "
			   "file"},
	[ACE_FALLOC] = {"falloc",
			{ACE_PATH, ACE_MODE, ACE_OFFSET, ACE_LENGTH},
			"PATH alloc|keep|zero|zero-keep|punch OFFSET LENGTH",
			"fallocate(2) of a range"},
	[ACE_TRUNCATE] = {"truncate",
			  {ACE_PATH, ACE_LENGTH},
			  "PATH SIZE",
			  "sets a file's size"},
	[ACE_LINK] = {"link",
		      {ACE_PATH, ACE_SECOND_PATH},
		      "PATH NEW",
		      "gives a file a second name"},
	[ACE_SYMLINK] = {"symlink",
			 {ACE_TARGET, ACE_PATH},
			 "TARGET PATH",
			 "makes a symbolic link"},
	[ACE_RENAME] = {"rename",
			{ACE_PATH, ACE_SECOND_PATH},
			"PATH NEW",
			"renames a file or directory, perhaps over another"},
	[ACE_UNLINK] = {"unlink",
			{ACE_PATH},
			"PATH",
			"removes a name of a file or symbolic link"},
	[ACE_RMDIR] = {"rmdir",
		       {ACE_PATH},
		       "PATH",
		       "removes an empty directory"},
	[ACE_SETXATTR] = {"setxattr",
			  {ACE_PATH, ACE_ATTRIBUTE, ACE_VALUE},
			  "PATH NAME VALUE",
			  "sets the attribute user.NAME"},
	[ACE_REMOVEXATTR] = {"removexattr",
			     {ACE_PATH, ACE_ATTRIBUTE},
			     "PATH NAME",
			     "removes the attribute user.NAME"},
	[ACE_OPEN] = {"open",
		      {ACE_HANDLE, ACE_PATH},
		      "H PATH",
		      "keeps a file open, as @H"},
	[ACE_FSYNC] = {"fsync",
		       {ACE_PATH_OR_FD},
		       "PATH|@H",
		       "fsync(2), a persistence point"},
	[ACE_FDATASYNC] = {"fdatasync",
			   {ACE_PATH_OR_FD},
			   "PATH|@H",
			   "fdatasync(2) of a file, a persistence point"},
	[ACE_SYNC] = {"sync", {ACE_END}, "", "sync(2), a persistence point"},
	[ACE_SYNCFS] = {"syncfs",
			{ACE_END},
			"",
			"syncfs(2), a persistence point"},
};

int ace_is_persistence(const struct ace_op *op)
{
	return op->kind == ACE_FSYNC || op->kind == ACE_FDATASYNC ||
	       op->kind == ACE_SYNC || op->kind == ACE_SYNCFS;
}

static void put_word(const struct ace_op *op, enum ace_word word,
		     struct buf *ret)
{
	switch (word) {
	case ACE_PATH:
	case ACE_PATH_OR_FD:
		buf_printf(ret, " %s", op->path);
		break;
	case ACE_SECOND_PATH:
	case ACE_TARGET:
	case ACE_HANDLE:
	case ACE_ATTRIBUTE:
		buf_printf(ret, " %s", op->other);
		break;
	case ACE_VALUE:
		buf_printf(ret, " %s", op->value);
		break;
	case ACE_MODE:
		buf_printf(ret, " %s", ace_falloc_names[op->mode]);
		break;
	case ACE_OFFSET:
		buf_printf(ret, " %u", op->offset);
		break;
	case ACE_LENGTH:
		buf_printf(ret, " %u", op->length);
		break;
	case ACE_END:
		break;
	}
}

void ace_op_text(const struct ace_op *op, struct buf *ret)
{
	const struct ace_op_type *t = &ace_op_types[op->kind];

	buf_puts(ret, t->name);
	for (const enum ace_word *w = t->words; *w != ACE_END; w++)
		put_word(op, *w, ret);
}

void ace_sequence_text(const struct ace_sequence *s, struct buf *ret)
{
	for (size_t i = 0; i < s->n; i++) {
		if (i == s->n_setup && i)
			buf_puts(ret, "; begin");
		if (i)
			buf_puts(ret, "; ");
		ace_op_text(&s->ops[i], ret);
	}
}

#include "guest/watch/object.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"

#define HEADERS_MAX 64
#define SECTIONS_MAX 256
#define FRAMES_MAX (16u << 20) /* bytes of .eh_frame */

static int is_ours(const Elf64_Ehdr *h)
{
	return !memcmp(h->e_ident, ELFMAG, SELFMAG) &&
	       h->e_ident[EI_CLASS] == ELFCLASS64 &&
	       h->e_phentsize == sizeof(Elf64_Phdr) &&
	       h->e_phnum <= HEADERS_MAX;
}

static int read_at(int fd, void *ret, size_t size, uint64_t offset)
{
	return pread(fd, ret, size, (off_t)offset) == (ssize_t)size;
}

static void read_segments(struct object *o, int fd, const Elf64_Ehdr *h)
{
	Elf64_Phdr list[HEADERS_MAX];

	if (!read_at(fd, list, h->e_phnum * sizeof(*list), h->e_phoff))
		return;
	for (unsigned int i = 0; i < h->e_phnum; i++) {
		if (list[i].p_type != PT_LOAD ||
		    o->n_segments == OBJECT_SEGMENTS)
			continue;
		o->segments[o->n_segments].offset = list[i].p_offset;
		o->segments[o->n_segments].address = list[i].p_vaddr;
		o->segments[o->n_segments++].size = list[i].p_filesz;
	}
}

static int is_named(int fd, const Elf64_Shdr *names, const Elf64_Shdr *s,
		    const char *name)
{
	char text[16] = "";

	return s->sh_name < names->sh_size &&
	       pread(fd, text, sizeof(text) - 1,
		     (off_t)(names->sh_offset + s->sh_name)) > 0 &&
	       !strcmp(text, name);
}

static void read_section(struct object *o, int fd, const Elf64_Shdr *s)
{
	unsigned char *data;

	if (s->sh_type == SHT_NOBITS || s->sh_size > FRAMES_MAX)
		return;
	data = xmalloc(s->sh_size + 1);
	if (read_at(fd, data, s->sh_size, s->sh_offset))
		unwind_table_init(&o->frames, data, s->sh_size, s->sh_addr);
	else
		free(data);
}

static void read_frames(struct object *o, int fd, const Elf64_Ehdr *h)
{
	static Elf64_Shdr list[SECTIONS_MAX];

	if (h->e_shentsize != sizeof(*list) || h->e_shnum > SECTIONS_MAX ||
	    h->e_shstrndx >= h->e_shnum ||
	    !read_at(fd, list, h->e_shnum * sizeof(*list), h->e_shoff))
		return;
	for (unsigned int i = 0; i < h->e_shnum; i++) {
		if (!is_named(fd, &list[h->e_shstrndx], &list[i], ".eh_frame"))
			continue;
		read_section(o, fd, &list[i]);
		return;
	}
}

void object_read(struct object *o, int fd)
{
	Elf64_Ehdr h;

	if (!read_at(fd, &h, sizeof(h), 0) || !is_ours(&h))
		return;
	read_segments(o, fd, &h);
	read_frames(o, fd, &h);
}

uint64_t object_address(const struct object *o, uint64_t offset)
{
	for (unsigned int i = 0; i < o->n_segments; i++)
		if (offset >= o->segments[i].offset &&
		    offset - o->segments[i].offset < o->segments[i].size)
			return offset - o->segments[i].offset +
			       o->segments[i].address;
	return UINT64_MAX;
}

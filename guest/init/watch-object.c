#include "guest/init/watch-object.h"

#include <elf.h>
#include <string.h>
#include <unistd.h>

#define HEADERS_MAX 64

static int is_ours(const Elf64_Ehdr *h)
{
	return !memcmp(h->e_ident, ELFMAG, SELFMAG) &&
	       h->e_ident[EI_CLASS] == ELFCLASS64 &&
	       h->e_phentsize == sizeof(Elf64_Phdr) &&
	       h->e_phnum <= HEADERS_MAX;
}

void object_read(struct object *o, int fd)
{
	Elf64_Phdr list[HEADERS_MAX];
	Elf64_Ehdr h;
	size_t size;

	o->n_segments = 0;
	if (pread(fd, &h, sizeof(h), 0) != sizeof(h) || !is_ours(&h))
		return;
	size = h.e_phnum * sizeof(*list);
	if (pread(fd, list, size, (off_t)h.e_phoff) != (ssize_t)size)
		return;
	for (unsigned int i = 0; i < h.e_phnum; i++) {
		if (list[i].p_type != PT_LOAD ||
		    o->n_segments == OBJECT_SEGMENTS)
			continue;
		o->segments[o->n_segments].offset = list[i].p_offset;
		o->segments[o->n_segments].address = list[i].p_vaddr;
		o->segments[o->n_segments++].size = list[i].p_filesz;
	}
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

/*
 * Elf64_Sym of System V ABI, chapter 4. Both tables are read: a library that was
 * stripped has .dynsym, a static program has .symtab only. The file is the
 * workload's: no offset in it is believed.
 */
#include "guest/watch/symbols.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"

#define HEADERS_MAX 64
#define SECTIONS_MAX 256
#define TABLE_MAX (32u << 20) /* bytes */
#define GO_TABLE ".gopclntab"

struct elf {
	int fd;
	Elf64_Ehdr head;
	Elf64_Phdr segments[HEADERS_MAX];
	Elf64_Shdr sections[SECTIONS_MAX];
};

static int read_at(int fd, void *ret, size_t size, uint64_t offset)
{
	return pread(fd, ret, size, (off_t)offset) == (ssize_t)size;
}

static int is_ours(const Elf64_Ehdr *h)
{
	return !memcmp(h->e_ident, ELFMAG, SELFMAG) &&
	       h->e_ident[EI_CLASS] == ELFCLASS64 &&
	       h->e_phentsize == sizeof(Elf64_Phdr) &&
	       h->e_phnum <= HEADERS_MAX &&
	       h->e_shentsize == sizeof(Elf64_Shdr) &&
	       h->e_shnum <= SECTIONS_MAX && h->e_shstrndx < h->e_shnum;
}

static int read_heads(struct elf *f)
{
	const Elf64_Ehdr *h = &f->head;

	return read_at(f->fd, &f->head, sizeof(f->head), 0) && is_ours(h) &&
	       read_at(f->fd, f->segments,
		       h->e_phnum * sizeof(f->segments[0]), h->e_phoff) &&
	       read_at(f->fd, f->sections,
		       h->e_shnum * sizeof(f->sections[0]), h->e_shoff);
}

/* A section with a NUL behind it. NULL: it cannot be read. Caller frees. */
static char *read_section(const struct elf *f, const Elf64_Shdr *s)
{
	char *data;

	if (s->sh_type == SHT_NOBITS || s->sh_size > TABLE_MAX)
		return NULL;
	data = xcalloc(1, s->sh_size + 1);
	if (read_at(f->fd, data, s->sh_size, s->sh_offset))
		return data;
	free(data);
	return NULL;
}

static int is_go(const struct elf *f)
{
	const Elf64_Shdr *names = &f->sections[f->head.e_shstrndx];
	CLEANUP_FREE char *text = read_section(f, names);

	for (unsigned int i = 0; text && i < f->head.e_shnum; i++)
		if (f->sections[i].sh_name < names->sh_size &&
		    !strcmp(text + f->sections[i].sh_name, GO_TABLE))
			return 1;
	return 0;
}

static uint64_t offset_of(const struct elf *f, uint64_t address)
{
	for (unsigned int i = 0; i < f->head.e_phnum; i++) {
		const Elf64_Phdr *p = &f->segments[i];

		if (p->p_type == PT_LOAD && address >= p->p_vaddr &&
		    address - p->p_vaddr < p->p_filesz)
			return address - p->p_vaddr + p->p_offset;
	}
	return SYMBOL_NONE;
}

static void look_at_symbol(const struct elf *f, const Elf64_Sym *s,
			   const char *name, struct symbol *list, size_t n)
{
	if (ELF64_ST_TYPE(s->st_info) != STT_FUNC || s->st_shndx == SHN_UNDEF)
		return;
	for (size_t i = 0; i < n; i++)
		if (list[i].offset == SYMBOL_NONE &&
		    !strcmp(list[i].name, name))
			list[i].offset = offset_of(f, s->st_value);
}

static void look_at_table(const struct elf *f, const Elf64_Shdr *s,
			  struct symbol *list, size_t n)
{
	CLEANUP_FREE char *table = NULL;
	CLEANUP_FREE char *names = NULL;
	const Elf64_Shdr *strings;

	if (s->sh_link >= f->head.e_shnum)
		return;
	strings = &f->sections[s->sh_link];
	table = read_section(f, s);
	names = read_section(f, strings);
	for (size_t at = 0; table && names &&
			    at + sizeof(Elf64_Sym) <= s->sh_size;
	     at += sizeof(Elf64_Sym)) {
		Elf64_Sym symbol;

		memcpy(&symbol, table + at, sizeof(symbol));
		if (symbol.st_name < strings->sh_size)
			look_at_symbol(f, &symbol, names + symbol.st_name,
				       list, n);
	}
}

void symbols_find(int fd, struct symbol *list, size_t n)
{
	static struct elf f;

	for (size_t i = 0; i < n; i++)
		list[i].offset = SYMBOL_NONE;
	f.fd = fd;
	if (!read_heads(&f) || is_go(&f))
		return;
	for (unsigned int i = 0; i < f.head.e_shnum; i++)
		if (f.sections[i].sh_type == SHT_SYMTAB ||
		    f.sections[i].sh_type == SHT_DYNSYM)
			look_at_table(&f, &f.sections[i], list, n);
}

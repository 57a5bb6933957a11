#include "journey/symbols.h"

#include <inttypes.h>
#include <string.h>

#include <elfutils/libdwfl.h>

#include "common/buf.h"

static char *debuginfo_path;

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
	.debuginfo_path = &debuginfo_path,
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void plain(const struct call_frame *f, struct buf *ret)
{
	buf_printf(ret, "%s+0x%" PRIx64 "\n",
		   f->object && *f->object ? base_name(f->object) : "?",
		   f->address);
}

/* The frame's address as the module has it, which is not where it is placed. It is
 * where the program goes on: the call stands right before it. */
static int describe(Dwfl_Module *module, uint64_t address, struct buf *ret)
{
	GElf_Addr bias = 0;
	Dwfl_Line *line;
	const char *name, *file = NULL;
	int number = 0;

	if (!dwfl_module_getelf(module, &bias))
		return 0;
	name = dwfl_module_addrname(module, address + bias);
	line = dwfl_module_getsrc(module, address + bias);
	if (!name)
		return 0;
	if (line)
		file = dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL);
	buf_puts(ret, name);
	if (file)
		buf_printf(ret, " at %s:%d", base_name(file), number);
	buf_puts(ret, "\n");
	return 1;
}

static int symbolise(const struct call_frame *f, const char *path,
		     struct buf *ret)
{
	Dwfl *dwfl = dwfl_begin(&callbacks);
	Dwfl_Module *module;
	int found = 0;

	if (!dwfl)
		return 0;
	dwfl_report_begin(dwfl);
	module = dwfl_report_offline(dwfl, base_name(path), path, -1);
	dwfl_report_end(dwfl, NULL, NULL);
	if (module)
		found = describe(module, f->address - 1, ret);
	dwfl_end(dwfl);
	return found;
}

void symbols_stack(const struct call *c, symbols_find_fn *find, void *arg,
		   struct buf *ret)
{
	for (size_t i = 0; i < c->n_frames; i++) {
		const struct call_frame *f = &c->frames[i];
		const char *path = find && f->object ? find(arg, f->object) :
						       NULL;

		if (!path || !symbolise(f, path, ret))
			plain(f, ret);
	}
}

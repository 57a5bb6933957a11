/*
 * .eh_frame is a list of entries: CIEs, which say what functions have in common,
 * and FDEs, one per function, each with instructions that build, address by
 * address, the rules by which the caller's registers are found. Expressions are
 * not evaluated: where the frame's begin needs one, the walk ends. Everything
 * comes from files of the guest's: no length is believed.
 */
#include "guest/watch/unwind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

#define PE_ABSOLUTE 0x00
#define PE_PC_RELATIVE 0x10
#define STATES_MAX 8

/* Reads up to the end; what is behind it reads as zeroes, and says so. */
struct bytes {
	const unsigned char *at, *end;
	int short_of;
};

static uint64_t take(struct bytes *b, size_t n)
{
	uint64_t value = 0;

	if ((size_t)(b->end - b->at) < n) {
		b->short_of = 1;
		b->at = b->end;
		return 0;
	}
	memcpy(&value, b->at, n);
	b->at += n;
	return value;
}

/* LEB128; ret_bits: as many as it says, ret_sign: the highest of them. */
static uint64_t take_leb(struct bytes *b, unsigned int *ret_bits, int *ret_sign)
{
	uint64_t value = 0;
	unsigned int byte;

	*ret_bits = 0;
	do {
		byte = (unsigned int)take(b, 1);
		if (*ret_bits < 64)
			value |= (uint64_t)(byte & 0x7f) << *ret_bits;
		*ret_bits += 7;
	} while (byte & 0x80);
	*ret_sign = (byte & 0x40) != 0;
	return value;
}

static uint64_t take_unsigned(struct bytes *b)
{
	unsigned int bits;
	int sign;

	return take_leb(b, &bits, &sign);
}

static int64_t take_signed(struct bytes *b)
{
	unsigned int bits;
	int sign;
	uint64_t value = take_leb(b, &bits, &sign);

	if (bits < 64 && sign)
		value |= ~(uint64_t)0 << bits;
	return (int64_t)value;
}

static void skip(struct bytes *b, uint64_t n)
{
	if ((uint64_t)(b->end - b->at) < n) {
		b->short_of = 1;
		n = (uint64_t)(b->end - b->at);
	}
	b->at += n;
}

/* A value as the lower four bits of an encoding say; other forms: short. */
static uint64_t take_encoded(struct bytes *b, unsigned int encoding)
{
	switch (encoding & 0x0f) {
	case 0x00: /* absptr */
	case 0x04: /* udata8 */
	case 0x0c: /* sdata8 */
		return take(b, 8);
	case 0x03: /* udata4 */
		return take(b, 4);
	case 0x0b: /* sdata4 */
		return (uint64_t)(int64_t)(int32_t)take(b, 4);
	}
	b->short_of = 1;
	return 0;
}

/* ---- entries ---- */

struct cie {
	struct bytes code; /* instructions */
	uint64_t code_step;
	int64_t data_step;
	uint64_t return_register;
	unsigned int encoding; /* of addresses */
	int augmented;	       /* FDEs have a length of more data */
};

struct fde {
	struct cie cie;
	struct bytes code;
	uint64_t start, end;
};

/* The entry at an offset. Its length, or 0: there is none. */
static uint32_t entry(const struct unwind_table *t, size_t at,
		      struct bytes *ret)
{
	uint32_t length;

	if (at > t->size || t->size - at < 8)
		return 0;
	memcpy(&length, t->data + at, 4);
	/* 0 ends the list; 0xffffffff begins a form that nobody writes. */
	if (length < 4 || length > t->size - at - 4)
		return 0;
	*ret = (struct bytes){ t->data + at + 4, t->data + at + 4 + length, 0 };
	return length;
}

static void take_augmentation(struct bytes *b, const char *letters,
			      struct cie *ret)
{
	uint64_t length = take_unsigned(b);
	const unsigned char *start = b->at;

	for (; *letters && !b->short_of; letters++) {
		if (*letters == 'R')
			ret->encoding = (unsigned int)take(b, 1);
		else if (*letters == 'L')
			take(b, 1);
		else if (*letters == 'P')
			take_encoded(b, (unsigned int)take(b, 1));
		else if (*letters != 'S' && *letters != 'B')
			break;
	}
	b->at = start;
	skip(b, length);
}

static int read_cie(const struct unwind_table *t, size_t at, struct cie *ret)
{
	const char *letters;
	unsigned int version;
	struct bytes b;

	if (!entry(t, at, &b) || take(&b, 4) != 0)
		return -ENOTSUP;
	*ret = (struct cie){ .encoding = PE_ABSOLUTE };
	version = (unsigned int)take(&b, 1);
	letters = (const char *)b.at;
	if (!memchr(b.at, '\0', (size_t)(b.end - b.at)))
		return -ENOTSUP;
	b.at += strlen(letters) + 1;
	ret->code_step = take_unsigned(&b);
	ret->data_step = take_signed(&b);
	ret->return_register = version == 1 ? take(&b, 1) : take_unsigned(&b);
	ret->augmented = *letters == 'z';
	if (ret->augmented)
		take_augmentation(&b, letters + 1, ret);
	else if (*letters)
		return -ENOTSUP;
	ret->code = b;
	return b.short_of ? -ENOTSUP : 0;
}

/* 0; -ENOENT: it is a CIE; -ENOTSUP. */
static int read_fde(const struct unwind_table *t, size_t at, struct fde *ret)
{
	struct bytes b;
	uint64_t back, here;
	int err;

	if (!entry(t, at, &b))
		return -ENOTSUP;
	back = take(&b, 4);
	if (back == 0)
		return -ENOENT;
	if (back > at + 4)
		return -ENOTSUP;
	err = read_cie(t, at + 4 - back, &ret->cie);
	if (err)
		return err;
	here = t->address + (uint64_t)(b.at - t->data);
	ret->start = take_encoded(&b, ret->cie.encoding);
	if ((ret->cie.encoding & 0xf0) == PE_PC_RELATIVE)
		ret->start += here;
	else if (ret->cie.encoding & 0xf0)
		return -ENOTSUP;
	ret->end = ret->start + take_encoded(&b, ret->cie.encoding);
	if (ret->cie.augmented)
		skip(&b, take_unsigned(&b));
	ret->code = b;
	return b.short_of ? -ENOTSUP : 0;
}

/* ---- the table ---- */

static int by_start(const void *a, const void *b)
{
	const struct unwind_function *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

void unwind_table_init(struct unwind_table *t, unsigned char *data,
		       size_t size, uint64_t address)
{
	size_t room = 0;
	struct bytes b;
	uint32_t length;

	*t = (struct unwind_table){ .data = data, .size = size,
				    .address = address };
	for (size_t at = 0; (length = entry(t, at, &b)); at += length + 4) {
		struct fde f;

		if (read_fde(t, at, &f) < 0 || f.end <= f.start)
			continue;
		if (t->n == room) {
			room = room ? room * 2 : 256;
			t->list = xrealloc(t->list, room * sizeof(*t->list));
		}
		t->list[t->n++] = (struct unwind_function){ f.start, f.end,
							    at };
	}
	if (t->n)
		qsort(t->list, t->n, sizeof(*t->list), by_start);
}

void unwind_table_release(struct unwind_table *t)
{
	free(t->data);
	free(t->list);
	*t = (struct unwind_table){ .data = NULL };
}

static const struct unwind_function *find(const struct unwind_table *t,
					  uint64_t address)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address < t->list[middle].start)
			high = middle;
		else if (address >= t->list[middle].end)
			low = middle + 1;
		else
			return &t->list[middle];
	}
	return NULL;
}

/* ---- instructions ---- */

struct state {
	struct unwind_row row;
	int by_expression; /* the frame's begin */
};

struct machine {
	const struct cie *cie;
	struct state now, first; /* first: as the CIE leaves it */
	struct state saved[STATES_MAX];
	unsigned int n_saved;
	uint64_t location;
	int failed;
};

static void set_rule(struct machine *m, uint64_t number, enum unwind_rule rule,
		     int64_t offset)
{
	/* Others (vector registers) are nothing to us. */
	if (number >= UNWIND_REGISTERS)
		return;
	m->now.row.rules[number] = (uint8_t)rule;
	m->now.row.offsets[number] = offset;
}

static void set_at(struct machine *m, uint64_t number, int64_t factored)
{
	set_rule(m, number, UNWIND_AT, factored * m->cie->data_step);
}

static void restore(struct machine *m, uint64_t number)
{
	if (number < UNWIND_REGISTERS)
		set_rule(m, number, m->first.row.rules[number],
			 m->first.row.offsets[number]);
}

static void set_frame(struct machine *m, uint64_t number, int64_t offset)
{
	m->now.row.frame_register = (uint8_t)number;
	m->now.row.frame_offset = offset;
	m->now.by_expression = 0;
	m->failed |= number >= UNWIND_REGISTERS;
}

static void save(struct machine *m)
{
	if (m->n_saved == STATES_MAX)
		m->failed = 1;
	else
		m->saved[m->n_saved++] = m->now;
}

static void go_back(struct machine *m)
{
	if (m->n_saved == 0)
		m->failed = 1;
	else
		m->now = m->saved[--m->n_saved];
}

/* DWARF 5, 7.24, table 7.29: those without an operand in the first byte. */
static void execute_extended(struct machine *m, unsigned int op,
			     struct bytes *b)
{
	uint64_t number;

	switch (op) {
	case 0x00: /* nop */
		return;
	case 0x01: /* set_loc: as no compiler does */
		m->failed = 1;
		return;
	case 0x02: /* advance_loc1, 2, 4 */
		m->location += take(b, 1) * m->cie->code_step;
		return;
	case 0x03:
		m->location += take(b, 2) * m->cie->code_step;
		return;
	case 0x04:
		m->location += take(b, 4) * m->cie->code_step;
		return;
	case 0x05: /* offset_extended */
		number = take_unsigned(b);
		set_at(m, number, (int64_t)take_unsigned(b));
		return;
	case 0x06: /* restore_extended */
		restore(m, take_unsigned(b));
		return;
	case 0x07: /* undefined */
		set_rule(m, take_unsigned(b), UNWIND_LOST, 0);
		return;
	case 0x08: /* same_value */
		set_rule(m, take_unsigned(b), UNWIND_SAME, 0);
		return;
	case 0x09: /* register */
		set_rule(m, take_unsigned(b), UNWIND_LOST, 0);
		take_unsigned(b);
		return;
	case 0x0a: /* remember_state */
		save(m);
		return;
	case 0x0b: /* restore_state */
		go_back(m);
		return;
	case 0x0c: /* def_cfa */
		number = take_unsigned(b);
		set_frame(m, number, (int64_t)take_unsigned(b));
		return;
	case 0x0d: /* def_cfa_register */
		set_frame(m, take_unsigned(b), m->now.row.frame_offset);
		return;
	case 0x0e: /* def_cfa_offset */
		m->now.row.frame_offset = (int64_t)take_unsigned(b);
		return;
	case 0x0f: /* def_cfa_expression */
		m->now.by_expression = 1;
		skip(b, take_unsigned(b));
		return;
	case 0x10: /* expression, val_expression */
	case 0x16:
		set_rule(m, take_unsigned(b), UNWIND_LOST, 0);
		skip(b, take_unsigned(b));
		return;
	case 0x11: /* offset_extended_sf */
		number = take_unsigned(b);
		set_at(m, number, take_signed(b));
		return;
	case 0x12: /* def_cfa_sf */
		number = take_unsigned(b);
		set_frame(m, number, take_signed(b) * m->cie->data_step);
		return;
	case 0x13: /* def_cfa_offset_sf */
		m->now.row.frame_offset = take_signed(b) * m->cie->data_step;
		return;
	case 0x14: /* val_offset */
		set_rule(m, take_unsigned(b), UNWIND_LOST, 0);
		take_unsigned(b);
		return;
	case 0x15: /* val_offset_sf */
		set_rule(m, take_unsigned(b), UNWIND_LOST, 0);
		take_signed(b);
		return;
	case 0x2e: /* GNU_args_size */
		take_unsigned(b);
		return;
	}
	m->failed = 1;
}

/* Up to the last instruction that is true at the address. */
static void execute(struct machine *m, struct bytes b, uint64_t address)
{
	while (b.at < b.end && !m->failed) {
		unsigned int op = (unsigned int)take(&b, 1);
		unsigned int low = op & 0x3f;

		if (op >> 6 == 1) /* advance_loc */
			m->location += low * m->cie->code_step;
		else if (op >> 6 == 2) /* offset */
			set_at(m, low, (int64_t)take_unsigned(&b));
		else if (op >> 6 == 3) /* restore */
			restore(m, low);
		else
			execute_extended(m, low, &b);
		m->failed |= b.short_of;
		if (m->location > address)
			return;
	}
}

static int run(const struct fde *f, uint64_t address, struct unwind_row *ret)
{
	struct machine m = { .cie = &f->cie, .location = f->start };

	if (f->cie.return_register != UNWIND_RETURN)
		return -ENOTSUP;
	execute(&m, f->cie.code, UINT64_MAX);
	m.first = m.now;
	execute(&m, f->code, address);
	if (m.failed || m.now.by_expression)
		return -ENOTSUP;
	*ret = m.now.row;
	return 0;
}

int unwind_find(const struct unwind_table *t, uint64_t address,
		struct unwind_row *ret)
{
	const struct unwind_function *found = find(t, address);
	struct fde f;
	int err;

	if (!found)
		return -ENOENT;
	err = read_fde(t, found->at, &f);
	return err ? err : run(&f, address, ret);
}

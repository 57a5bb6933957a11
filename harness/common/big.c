#include "common/big.h"

#include <stdio.h>
#include <string.h>

#include "common/buf.h"

#define BASE 1000000000u

void big_add(struct big *b, const struct big *more)
{
	uint32_t carry = 0;

	b->over |= more->over;
	for (int i = 0; i < BIG_LIMBS; i++) {
		uint32_t sum = b->limb[i] + more->limb[i] + carry;

		b->limb[i] = sum % BASE;
		carry = sum / BASE;
	}
	b->over |= carry != 0;
}

void big_multiply(struct big *b, uint32_t by)
{
	uint64_t carry = 0;

	for (int i = 0; i < BIG_LIMBS; i++) {
		uint64_t n = (uint64_t)b->limb[i] * by + carry;

		b->limb[i] = (uint32_t)(n % BASE);
		carry = n / BASE;
	}
	b->over |= carry != 0;
}

char *big_text(const struct big *b)
{
	struct buf text = BUF_INIT;
	int i = BIG_LIMBS - 1;

	if (b->over)
		return NULL;
	while (i && !b->limb[i])
		i--;
	buf_printf(&text, "%u", b->limb[i]);
	while (i--)
		buf_printf(&text, "%09u", b->limb[i]);
	return buf_take(&text);
}

struct big big_parse(const char *text)
{
	struct big b = big_of(0);

	if (!text || !*text || strspn(text, "0123456789") != strlen(text)) {
		b.over = 1;
		return b;
	}
	for (; *text; text++) {
		struct big digit = big_of((uint32_t)(*text - '0'));

		big_multiply(&b, 10);
		big_add(&b, &digit);
	}
	return b;
}

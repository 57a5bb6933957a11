/* A page on the raw device: it begins and ends with its version. */
#ifndef HUNT_PAGE_H
#define HUNT_PAGE_H

#include <stdint.h>

#define PAGE_SIZE 4096
#define PAGES 2

struct page {
	uint64_t version; /* 0: never written */
	uint64_t sum;     /* with slots: of the rest */
	unsigned char data[PAGE_SIZE - 24];
	uint64_t version_again;
};

/* In place there is one slot for each page, else two in turn. */
static inline uint64_t page_offset(unsigned page, uint64_t version, int slots)
{
	uint64_t place = slots ? 2 * (uint64_t)page + version % 2 : page;

	return place * PAGE_SIZE;
}

static inline uint64_t page_sum(const struct page *p)
{
	uint64_t sum = p->version * 31 + p->version_again;

	for (unsigned i = 0; i < sizeof(p->data); i++)
		sum = sum * 31 + p->data[i];
	return sum;
}

#endif

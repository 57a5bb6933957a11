/*
 * Numbers at any address, in a fixed byte order: of media, pages and files that
 * were made elsewhere. The caller has seen that the bytes are there.
 */
#ifndef COMMON_BYTES_H
#define COMMON_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define BYTES_AT(name, type, convert)                                          \
	static inline type name(const unsigned char *at)                       \
	{                                                                      \
		type v;                                                        \
									       \
		memcpy(&v, at, sizeof(v));                                     \
		return convert(v);                                             \
	}

BYTES_AT(be16_at, uint16_t, be16toh)
BYTES_AT(be32_at, uint32_t, be32toh)
BYTES_AT(be64_at, uint64_t, be64toh)
BYTES_AT(le16_at, uint16_t, le16toh)
BYTES_AT(le32_at, uint32_t, le32toh)
BYTES_AT(le64_at, uint64_t, le64toh)

#undef BYTES_AT

#endif

/*
 * Strict quantities: a whole or decimal number directly followed by its unit.
 *
 *   size      512  4KiB  1.5MiB  64KB     (bare number: bytes)
 *   duration  10ms 1.5s  60s  2min 1h     (the unit is required)
 *   percent   5% 0.5%
 *
 * No blanks, no sign, no other spelling; a result that is not whole (bytes,
 * ns) or does not fit in 64 bits is an error.
 */
#ifndef COMMON_QUANTITY_H
#define COMMON_QUANTITY_H

#include <stdint.h>

struct error;

/* 0 or -EINVAL, -ERANGE; the error says what was expected. */
int parse_size(const char *text, uint64_t *ret_bytes, struct error *e);
int parse_duration(const char *text, uint64_t *ret_ns, struct error *e);

/* 5%, 0.5%: in millionths, so 1% is 10000. */
int parse_percent(const char *text, uint64_t *ret_ppm, struct error *e);

/* A whole number in decimal, nothing around it. */
int parse_count(const char *text, uint64_t *ret, struct error *e);

#endif

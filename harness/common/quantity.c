#include "common/quantity.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "common/error.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit sizes[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "KiB", 1ULL << 10 },
	{ "MiB", 1ULL << 20 },
	{ "GiB", 1ULL << 30 },
	{ "TiB", 1ULL << 40 },
	{ "kB", 1000 },
	{ "KB", 1000 },
	{ "MB", 1000000 },
	{ "GB", 1000000000 },
	{ NULL, 0 },
};

static const struct unit durations[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "min", 60000000000ULL },
	{ "h", 3600000000000ULL },
	{ NULL, 0 },
};

static const struct unit percents[] = {
	{ "%", 10000 },
	{ NULL, 0 },
};

static int not_a(struct error *e, const char *text, const char *what,
		 const char *example)
{
	return error_set(e, EINVAL, "'%s' is not %s: expected %s", text, what,
			 example);
}

static int out_of_range(struct error *e, const char *text)
{
	return error_set(e, ERANGE, "'%s' does not fit in 64 bits", text);
}

/* Digits at *p into *value; *p moves behind them. False: none, or overflow. */
static int digits(const char **p, uint64_t *value)
{
	*value = 0;
	if (!isdigit((unsigned char)**p))
		return -EINVAL;
	for (; isdigit((unsigned char)**p); (*p)++) {
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(**p - '0'),
					   value))
			return -ERANGE;
	}
	return 0;
}

static int parse(const char *text, const struct unit *units, const char *what,
		 const char *example, uint64_t *ret, struct error *e)
{
	uint64_t whole, fraction = 0, scale = 1, value;
	const char *p = text;
	int err = digits(&p, &whole);

	if (!err && *p == '.') {
		const char *start = ++p;

		err = digits(&p, &fraction);
		for (; !err && start < p; start++)
			if (__builtin_mul_overflow(scale, 10, &scale))
				err = -ERANGE;
	}
	if (err == -ERANGE)
		return out_of_range(e, text);
	if (err)
		return not_a(e, text, what, example);
	while (units->name && strcmp(units->name, p))
		units++;
	if (!units->name)
		return not_a(e, text, what, example);
	if (__builtin_mul_overflow(fraction, units->factor, &fraction))
		return out_of_range(e, text);
	if (fraction % scale)
		return not_a(e, text, what, example);
	if (__builtin_mul_overflow(whole, units->factor, &value) ||
	    __builtin_add_overflow(value, fraction / scale, &value))
		return out_of_range(e, text);
	*ret = value;
	return 0;
}

int parse_size(const char *text, uint64_t *ret_bytes, struct error *e)
{
	return parse(text, sizes, "a size",
		     "a number and B, KiB, MiB or GiB without a blank, such as "
		     "64MiB", ret_bytes, e);
}

int parse_duration(const char *text, uint64_t *ret_ns, struct error *e)
{
	return parse(text, durations, "a duration",
		     "a number and ms, s, min or h without a blank, such as "
		     "1.5s", ret_ns, e);
}

int parse_percent(const char *text, uint64_t *ret_ppm, struct error *e)
{
	return parse(text, percents, "a share",
		     "a number and % without a blank, such as 5%", ret_ppm,
		     e);
}

int parse_count(const char *text, uint64_t *ret, struct error *e)
{
	const char *p = text;
	uint64_t value;
	int err = digits(&p, &value);

	if (err == -ERANGE)
		return out_of_range(e, text);
	if (err || *p)
		return not_a(e, text, "a whole number",
			     "digits only, such as 40");
	*ret = value;
	return 0;
}

#include "common/series.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"

void series_add(struct series *s, double value)
{
	s->values = xrealloc(s->values, (s->n + 1) * sizeof(*s->values));
	s->values[s->n++] = value;
}

void series_release(struct series *s)
{
	free(s->values);
	*s = (struct series){ 0 };
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double series_median(const struct series *s)
{
	CLEANUP_FREE double *sorted = NULL;

	if (!s->n)
		return 0;
	sorted = xmalloc(s->n * sizeof(*sorted));
	memcpy(sorted, s->values, s->n * sizeof(*sorted));
	qsort(sorted, s->n, sizeof(*sorted), by_value);
	return (sorted[(s->n - 1) / 2] + sorted[s->n / 2]) / 2;
}

double series_min(const struct series *s)
{
	double min = s->n ? s->values[0] : 0;

	for (size_t i = 1; i < s->n; i++)
		if (s->values[i] < min)
			min = s->values[i];
	return min;
}

double series_max(const struct series *s)
{
	double max = s->n ? s->values[0] : 0;

	for (size_t i = 1; i < s->n; i++)
		if (s->values[i] > max)
			max = s->values[i];
	return max;
}

double series_ratio(const struct series *s, const struct series *against)
{
	struct series ratios = { 0 };
	double median;

	for (size_t i = 0; i < s->n && i < against->n; i++)
		if (against->values[i] > 0)
			series_add(&ratios, s->values[i] / against->values[i]);
	median = series_median(&ratios);
	series_release(&ratios);
	return median;
}

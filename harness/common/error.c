#include "common/error.h"

#include <stdio.h>
#include <string.h>

int error_set(struct error *e, int err, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return -err;
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof(e->message), fmt, ap);
	va_end(ap);
	e->hint[0] = '\0';
	return -err;
}

int error_errno(struct error *e, int err, const char *fmt, ...)
{
	va_list ap;
	size_t used;

	if (!e)
		return -err;
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof(e->message), fmt, ap);
	va_end(ap);
	used = strlen(e->message);
	snprintf(e->message + used, sizeof(e->message) - used, ": %s",
		 strerror(err));
	e->hint[0] = '\0';
	return -err;
}

void error_hint(struct error *e, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return;
	va_start(ap, fmt);
	vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
}

void error_prefix(struct error *e, const char *fmt, ...)
{
	char old[sizeof(e->message)];
	size_t used;
	va_list ap;

	if (!e)
		return;
	memcpy(old, e->message, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof(e->message), fmt, ap);
	va_end(ap);
	used = strlen(e->message);
	snprintf(e->message + used, sizeof(e->message) - used, ": %s", old);
}

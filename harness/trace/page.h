/* One page of a guest's ring buffer, before kbuffer (libtraceevent) walks it. */
#ifndef TRACE_PAGE_H
#define TRACE_PAGE_H

#include <stddef.h>

struct error;

#define PAGE_HEADER 16 /* bytes before the events */

/* Whether kbuffer stays within the page of len bytes; max: of the ring buffer's.
 * Shortens it where it ends in a padding that kbuffer does not know. -EBADMSG. */
int page_check(unsigned char *page, size_t len, size_t max, struct error *e);
/* Whether the page, which was checked, says that events before it were lost. */
int page_missed(const unsigned char *page);

#endif

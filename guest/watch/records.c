#include <sys/uio.h>

#include "guest/watch/internal.h"
#include "guest/watch/ring.h"

void records_send(struct watcher *w, enum call_record_kind kind,
		  const void *head, size_t head_len, const void *data,
		  size_t len)
{
	struct call_record r = { .length = (uint32_t)(head_len + len),
				 .kind = (uint16_t)kind };
	struct iovec parts[] = {
		{ &r, sizeof(r) },
		{ (void *)head, head_len },
		{ (void *)data, len },
	};

	ring_put(w->records, parts, 3);
	if (kind == RECORD_ENTER || kind == RECORD_EXIT)
		w->sent++;
}

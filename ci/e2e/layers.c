/*
 * Looks at what a recording tells of the kernel's layers (trace/layers.h).
 *
 *	layers dump REPLAY-FOLDER     a line for each event
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "trace/layers.h"

static void __attribute__((noreturn)) fail(const struct error *e)
{
	fprintf(stderr, "layers: %s\n", e->message);
	exit(2);
}

static void dump(const struct layers *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct layer_event *e = &l->events[i];

		printf("%" PRIu64 " %-10s tid %d ino %" PRIu64 " tx %" PRIu64
		       " %" PRIu64 "+%" PRIu64 "%s%s%s%s%s%s\n", e->time_ns,
		       layer_kind_name(e->kind), e->tid, e->inode,
		       e->transaction, e->offset, e->length,
		       e->disk ? " disk" : "", e->write ? " write" : "",
		       e->flush ? " flush" : "", e->fua ? " fua" : "",
		       e->discard ? " discard" : "", e->sync ? " sync" : "");
	}
	printf("%zu events, %" PRIu64 " lost, traced %d drained %d journal %d "
	       "kinds %x device %" PRIx64 "\n", l->n, l->lost, l->traced,
	       l->drained, l->journal, l->kinds, l->device);
}

int main(int argc, char **argv)
{
	struct layers *l = NULL;
	struct error e = { "", "" };
	CLEANUP_FREE char *path = NULL;

	if (argc != 3)
		return 2;
	path = xasprintf("%s/trace.bin", argv[2]);
	if (layers_load(path, &l, &e))
		fail(&e);
	dump(l);
	layers_free(l);
	return 0;
}

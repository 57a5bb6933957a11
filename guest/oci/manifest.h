/*
 * What an archive says of its image: the layers, lowest first, and how its
 * programs want to be run. Two formats: manifest.json of `docker save`, else
 * index.json of an OCI image layout (image-spec, image-layout.md), in which this
 * machine's platform is taken.
 */
#ifndef OCI_MANIFEST_H
#define OCI_MANIFEST_H

#include <stddef.h>

struct error;
struct outer;

struct manifest {
	char **layers; /* names in the archive */
	size_t n_layers;
	char **environment; /* "K=V" */
	size_t n_environment;
	char *folder; /* to start in, or NULL */
};

int manifest_read(const struct outer *o, struct manifest *ret,
		  struct error *e);
void manifest_release(struct manifest *m);

#endif

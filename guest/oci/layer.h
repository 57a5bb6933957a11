/* One layer on top of those before it. */
#ifndef OCI_LAYER_H
#define OCI_LAYER_H

struct error;
struct outer;

/*
 * Applies a layer to the current folder, which must be the root folder of this
 * process (chroot): links in it lead nowhere else. First what the layer takes
 * away, then what it brings (image-spec, layer.md). Device nodes are left out:
 * a guest has its own. -EINVAL: a name that leads out of the image.
 */
int layer_apply(const struct outer *o, const char *name, struct error *e);

#endif

/* The root file system that a guest's programs see. */
#ifndef LAB_ROOT_H
#define LAB_ROOT_H

struct error;
struct lab;
struct scenario;

/*
 * The file of the scenario's guest.image, or NULL: micro, which needs none.
 * Builds what is not in the cache: blocks for a minute then, and says so on
 * standard error. Caller frees.
 */
int root_image(const struct lab *lab, const struct scenario *s, char **ret,
	       struct error *e);

#endif

/*
 * Where powercut's own parts are: the folder of the executable, or
 * $POWERCUT_HOME.
 */
#ifndef LAB_HOME_H
#define LAB_HOME_H

struct error;

struct home {
	char *path;    /* the checkout */
	char *plugin;  /* nbdkit-powercut-plugin.so */
	char *runs;    /* results/runs */
	char *include; /* of powercut.h, for workloads */
	char *lib;     /* folder of libpowercut.a */
	char *built;   /* what `make` and workload builds leave */
};

int home_find(struct home *ret, struct error *e);
void home_release(struct home *h);

#endif

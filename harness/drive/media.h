/*
 * The files that a disk's content stands in, and reading from them.
 *
 * Every read gives exact content or an error. The base image may be shorter
 * than the disk (or missing): what is behind its end is zeroes.
 */
#ifndef DRIVE_MEDIA_H
#define DRIVE_MEDIA_H

#include <stddef.h>
#include <stdint.h>

#include "drive/map.h"

struct error;

struct media {
	int base;  /* descriptors, owned; -1: none */
	int log;
	int units;
};

#define MEDIA_NONE { -1, -1, -1 }

/* Opens a file of the media for reading; path NULL or "": *ret_fd is -1. */
int media_open(const char *path, int *ret_fd, struct error *e);
void media_close(struct media *m);

/* One run, or several that follow each other on the disk, into `data`. */
int media_read(const struct media *m, const struct run *runs, size_t n,
	       void *data);
/* Writes the disk that the map describes as a sparse image. */
int media_export(const struct media *m, const struct map *map,
		 const char *path, struct error *e);

#endif

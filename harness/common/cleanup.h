/*
 * Cleanup attributes: release at the end of the scope.
 *
 * Not for a descriptor whose close or fsync is what is being tested.
 */
#ifndef COMMON_CLEANUP_H
#define COMMON_CLEANUP_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void cleanup_unlock(pthread_mutex_t **m)
{
	if (*m)
		pthread_mutex_unlock(*m);
}

#define CLEANUP_FREE __attribute__((cleanup(cleanup_free)))
#define CLEANUP_CLOSE __attribute__((cleanup(cleanup_close)))
#define CLEANUP_FCLOSE __attribute__((cleanup(cleanup_fclose)))

/* Holds the mutex until the end of the scope. */
#define LOCKED(m)                                                              \
	__attribute__((cleanup(cleanup_unlock), unused))                       \
	pthread_mutex_t *locked_ = (pthread_mutex_lock(m), (m))

/* Gives up ownership: returns the pointer and leaves NULL behind. */
#define TAKE(p)                                                                \
	({                                                                     \
		__typeof__(p) taken_ = (p);                                    \
		(p) = NULL;                                                    \
		taken_;                                                        \
	})

#endif

/*
 * The environment of Berkeley DB, as both programs open it: in private memory,
 * so that no region file is left behind, and recovered from its log.
 */
#ifndef BDB_ENV_H
#define BDB_ENV_H

#include <sys/stat.h>

#include <db.h>

#define DB_NAME "bank.db"
#define ENV_FLAGS                                                         \
	(DB_CREATE | DB_INIT_MPOOL | DB_INIT_LOG | DB_INIT_TXN |          \
	 DB_INIT_LOCK | DB_PRIVATE | DB_RECOVER)

#endif

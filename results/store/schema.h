/* What a store looks like inside. Private to this room. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

/* PRAGMA application_id of every store: "PWCT". */
#define STORE_APPLICATION_ID 0x50574354

/* PRAGMA user_version. Raise it with any change of the schema. */
#define STORE_VERSION 5

extern const char store_schema[];

#endif

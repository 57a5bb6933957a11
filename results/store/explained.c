/* Reading what was found out of a recording: causes of losses, and the events
 * that led to them. */
#include <stddef.h>
#include <string.h>

#include "internal.h"

static uint64_t number(sqlite3_stmt *st, int column)
{
	return (uint64_t)sqlite3_column_int64(st, column);
}

void store_cause_of(sqlite3_stmt *st, int first, struct store_cause *ret)
{
	*ret = (struct store_cause){
		.source = store_column(st, first),
		.state = store_column(st, first + 1),
		.layer = (unsigned)sqlite3_column_int(st, first + 2),
		.sentence = store_column(st, first + 3),
		.missing = store_column(st, first + 4),
		.file = store_column(st, first + 5),
		.offset = number(st, first + 6),
		.length = number(st, first + 7),
		.operation = store_column(st, first + 8),
		.call = number(st, first + 9),
		.program = store_column(st, first + 10),
		.thread = sqlite3_column_int64(st, first + 11),
		.promise = store_column(st, first + 12),
		.promise_mark = number(st, first + 13),
		.stack = store_column(st, first + 14),
		.doubt = store_column(st, first + 15),
		.cut_ns = number(st, first + 16),
	};
	if (!store_layer_name(ret->layer))
		ret->layer = 0; /* of a forged file */
}

int store_causes(struct store *s,
		 int (*fn)(const struct store_cause *c, void *arg), void *arg,
		 struct error *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc, err = store_query(s,
				  "SELECT " STORE_CAUSE_COLUMNS
				  " FROM cause c ORDER BY c.source, c.state",
				  &st, e);

	if (err < 0)
		return err;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct store_cause row;

		store_cause_of(st, 0, &row);
		err = fn(&row, arg);
		if (err)
			return err;
	}
	return rc == SQLITE_DONE ? 0 : store_failed(s, rc, "cannot read", e);
}

/* Of a forged file: no lane. */
static enum store_lane lane_of(const char *name)
{
	for (unsigned lane = 1; lane <= STORE_LANES; lane++)
		if (!strcmp(name, store_lane_name((enum store_lane)lane)))
			return (enum store_lane)lane;
	return (enum store_lane)0;
}

static uint64_t number_or(sqlite3_stmt *st, int column, uint64_t none)
{
	return sqlite3_column_type(st, column) == SQLITE_NULL ?
		       none :
		       number(st, column);
}

int store_events(struct store *s,
		 int (*fn)(const struct store_event *ev, void *arg), void *arg,
		 struct error *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc, err = store_query(s,
				  "SELECT source, number, lane, start_ns,"
				  " end_ns, position, kind, label, pieces"
				  " FROM event ORDER BY source <> 'replay',"
				  " length(source), source, number",
				  &st, e);

	if (err < 0)
		return err;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct store_event row = {
			.source = store_column(st, 0),
			.number = number(st, 1),
			.lane = lane_of(store_column(st, 2)),
			.start_ns = number(st, 3),
			.end_ns = number_or(st, 4, 0),
			.position = number_or(st, 5, UINT64_MAX),
			.kind = store_column(st, 6),
			.label = store_column(st, 7),
			.pieces = store_column(st, 8),
		};

		err = row.lane ? fn(&row, arg) : 0;
		if (err)
			return err;
	}
	return rc == SQLITE_DONE ? 0 : store_failed(s, rc, "cannot read", e);
}

/*
 * The tables. Words, not numbers, stand for verdicts, stages and kinds, so
 * that a store explains itself in the sqlite3 shell.
 *
 * state and mark name their cut and recording by text instead of referring to
 * a row: rows may be added in any order, and none is lost because another one
 * is missing.
 *
 * state.fault is what the drive did beyond its contract, '' if nothing.
 *
 * state.equal says how a state was found equal to one that was judged, state.equal_to
 * (CUT:SURVIVORS of the same recording); '' and NULL: it was judged itself.
 *
 * state.pattern is the message with its numbers replaced, the key by which
 * find.c groups what was lost; NULL where nothing was. state.lost_ns: of a loss
 * within what the scenario documents, how old the oldest lost ack was at the cut at
 * most; NULL for every other verdict.
 *
 * cause says why a state lost what it lost; cause.state is CUT:SURVIVORS of the
 * same recording. event is what the guest and the drive did, in the order of
 * their numbers; event.end_ns NULL: it never ended, event.position NULL: it has
 * none in the log, event.pieces: "12,13", the calls whose data it carries.
 */
#include "schema.h"

const char store_schema[] =
	"CREATE TABLE run ("
	" key TEXT PRIMARY KEY,"
	" value TEXT NOT NULL"
	") WITHOUT ROWID;"

	"CREATE TABLE cut ("
	" source TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" position INTEGER NOT NULL,"
	" volatile_writes INTEGER NOT NULL,"
	" legal_log2 REAL NOT NULL,"
	" acks INTEGER NOT NULL,"
	" begun INTEGER NOT NULL,"
	" states INTEGER NOT NULL,"
	" equal INTEGER NOT NULL,"
	" left_out INTEGER NOT NULL,"
	" more INTEGER NOT NULL,"
	" legal TEXT,"
	" complete INTEGER NOT NULL,"
	" losses INTEGER NOT NULL,"
	" between_begin_and_ack INTEGER NOT NULL,"
	" between_write_and_flush INTEGER NOT NULL,"
	" inside_journal_commit INTEGER NOT NULL,"
	" inside_recovery INTEGER NOT NULL,"
	" PRIMARY KEY (source, name)"
	") WITHOUT ROWID;"

	"CREATE TABLE state ("
	" id INTEGER PRIMARY KEY,"
	" source TEXT NOT NULL,"
	" cut TEXT NOT NULL,"
	" survivors TEXT NOT NULL,"
	" hash TEXT NOT NULL,"
	" lost INTEGER NOT NULL,"
	" fault TEXT NOT NULL,"
	" equal TEXT NOT NULL CHECK (equal IN ('', 'unread', 'recovered')),"
	" equal_to TEXT,"
	" verdict TEXT NOT NULL"
	"  CHECK (verdict IN ('held', 'violated', 'unknown', 'loses')),"
	" stage TEXT NOT NULL CHECK (stage IN"
	"  ('none', 'mount', 'kernel', 'hang', 'fsck', 'check')),"
	" message TEXT NOT NULL,"
	" detail TEXT,"
	" elapsed_ns INTEGER NOT NULL,"
	" pattern TEXT,"
	" lost_ns INTEGER,"
	" UNIQUE (source, cut, survivors)"
	");"
	"CREATE INDEX state_by_verdict ON state (verdict);"

	"CREATE TABLE mark ("
	" source TEXT NOT NULL,"
	" position INTEGER NOT NULL,"
	" number INTEGER NOT NULL,"
	" kind TEXT NOT NULL CHECK (kind IN ('begin', 'ack', 'mark')),"
	" text TEXT NOT NULL,"
	" PRIMARY KEY (source, position)"
	") WITHOUT ROWID;"

	"CREATE TABLE finding ("
	" number INTEGER PRIMARY KEY,"
	" state INTEGER NOT NULL REFERENCES state (id),"
	" states INTEGER NOT NULL,"
	" lost_ns INTEGER"
	");"

	"CREATE TABLE cause ("
	" source TEXT NOT NULL,"
	" state TEXT NOT NULL,"
	" layer INTEGER NOT NULL CHECK (layer BETWEEN 0 AND 6),"
	" sentence TEXT NOT NULL,"
	" missing TEXT NOT NULL,"
	" file TEXT NOT NULL,"
	" start INTEGER NOT NULL,"
	" length INTEGER NOT NULL,"
	" operation TEXT NOT NULL,"
	" call INTEGER NOT NULL,"
	" program TEXT NOT NULL,"
	" thread INTEGER NOT NULL,"
	" promise TEXT NOT NULL,"
	" promise_mark INTEGER NOT NULL,"
	" stack TEXT NOT NULL,"
	" doubt TEXT NOT NULL,"
	" cut_ns INTEGER NOT NULL,"
	" PRIMARY KEY (source, state)"
	") WITHOUT ROWID;"

	"CREATE TABLE event ("
	" source TEXT NOT NULL,"
	" number INTEGER NOT NULL,"
	" lane TEXT NOT NULL CHECK (lane IN ('application', 'call',"
	"  'pages', 'journal', 'block', 'drive', 'media')),"
	" start_ns INTEGER NOT NULL,"
	" end_ns INTEGER,"
	" position INTEGER,"
	" kind TEXT NOT NULL,"
	" label TEXT NOT NULL,"
	" pieces TEXT NOT NULL,"
	" PRIMARY KEY (source, number)"
	") WITHOUT ROWID;";

/*
 * The control socket of a drive process: the server's side of what drive.c
 * says (request.h). One thread answers all connections.
 *
 * A request is one line of fields separated by tabs; the last field may hold
 * tabs itself. The answer is "ok" or "error", in the same form:
 *
 *   base                                   ok POSITION
 *   stop                                   ok POSITION
 *   arm KIND NTH TIME-NS SEED MARK         ok POSITION
 *   cut                                    ok POSITION
 *   was-cut                                ok 0|1 POSITION
 *   wait                                   ok POSITION, once it has been cut
 *   dump latest|durable PATH               ok
 *   stats                                  ok and the numbers of drive_stats
 *   seal                                   ok
 *   load UNIT-SIZE BASE LOG UNITS          ok
 *   state N, then N struct patch           ok
 *   access 0|1|2                           ok
 *   queue N, then N struct patch           ok
 *   health                                 ok 0 or ERRNO
 *   mounted FIRST COUNT                    ok HASH-LOW HASH-HIGH UNITS OF-ASKED
 *   reads                                  ok N M, then N and M struct unit_run
 *
 *   anything that fails                    error ERRNO TEXT
 */
#ifndef PLUGIN_CONTROL_H
#define PLUGIN_CONTROL_H

struct control;
struct error;
struct recorder;
struct server;

/* Listens at the path and starts the thread. Either of the two is NULL. */
int control_start(const char *path, struct recorder *recorder,
		  struct server *server, struct control **ret,
		  struct error *e);
/* Ends the thread. NULL is allowed. */
void control_stop(struct control *c);

#endif

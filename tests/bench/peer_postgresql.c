/* peer_postgresql.c - PostgreSQL: FOR UPDATE SKIP LOCKED in the order of a partial index. Both steps are one prepared statement and one transaction each, with one way there and back: the
 * quickest form that there is. */
#include <poll.h>
#include <postgresql/libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

static const char take[] = "UPDATE call SET state = 1, agent = $1::int, lease_until = now() + interval '15 min' WHERE id = ("
			   "SELECT id FROM call WHERE state = 0 ORDER BY priority, due_on, id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING id";
static const char finish[] = "UPDATE call SET state = 2, lease_until = NULL WHERE id = $1::bigint AND state = 1";

static void prepare(PGconn *connection, const char *name, const char *statement)
{
	PGresult *result = PQprepare(connection, name, statement, 1, NULL);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		die("postgresql: %s", PQerrorMessage(connection));
	PQclear(result);
}

static void join(struct agent *agent)
{
	PGconn *connection = PQconnectdb(agent->settings->at);

	if (PQstatus(connection) != CONNECTION_OK)
		die("postgresql: %s", PQerrorMessage(connection));
	prepare(connection, "take", take);
	prepare(connection, "finish", finish);
	if (PQsetnonblocking(connection, 1) != 0)
		die("postgresql: %s", PQerrorMessage(connection));
	agent->own = connection;
	agent->fd = PQsocket(connection);
}

static void ask(struct agent *agent, const char *statement, const char *value)
{
	PGconn *connection = agent->own;

	if (PQsendQueryPrepared(connection, statement, 1, &value, NULL, NULL, 0) != 1 || PQflush(connection) != 0)
		die("postgresql: %s", PQerrorMessage(connection));
}

static void ask_next(struct agent *agent)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", agent->number);
	ask(agent, "take", number);
}

static void ask_done(struct agent *agent)
{
	ask(agent, "finish", agent->id);
}

static enum heard hear(struct agent *agent)
{
	PGconn *connection = agent->own;
	enum heard heard = HEARD_NOTHING;
	PGresult *result;

	if (PQconsumeInput(connection) != 1)
		die("postgresql: %s", PQerrorMessage(connection));
	if (PQisBusy(connection))
		return HEARD_MORE;
	while ((result = PQgetResult(connection)) != NULL) {
		ExecStatusType status = PQresultStatus(result);
		if (status == PGRES_TUPLES_OK && PQntuples(result) == 1) {
			snprintf(agent->id, sizeof(agent->id), "%s", PQgetvalue(result, 0, 0));
			heard = HEARD_CALL;
		} else if (status == PGRES_COMMAND_OK) {
			if (strcmp(PQcmdTuples(result), "1") != 0)
				die("agent %u: the call was not his", agent->number);
			heard = HEARD_DONE;
		} else if (status != PGRES_TUPLES_OK) {
			die("postgresql: %s", PQerrorMessage(connection));
		}
		PQclear(result);
	}
	return heard;
}

const struct peer peer_postgresql = {
	"postgresql", "SELECT ... FOR UPDATE SKIP LOCKED, then the UPDATE that finishes it", join, ask_next, ask_done, hear};

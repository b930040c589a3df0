/* subscribe.h - the live stream of events for wallboards and the CRM: what the log says of committed turns, as JSON, to whoever has subscribed (DESIGN 3). */
#ifndef FOLLOWUP_SUBSCRIBE_H
#define FOLLOWUP_SUBSCRIBE_H

#include <stdbool.h>

struct server;

/* The one channel there is. */
#define SUBSCRIBE_CHANNEL "events"

/* Tells every subscriber of one event: line is "event=NAME key=value ...", as the log has it. Called after the commit that made it true. */
void subscribe_tell(struct server *server, const char *line);

/* Tells them, once a turn at most, that what waits on the queues may have changed; and whether it may have since this was asked last. */
void subscribe_tell_changes(struct server *server);
bool subscribe_has_changes(struct server *server);

#endif

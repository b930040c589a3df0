/* internal.h - what the files of the desk share. */
#ifndef FOLLOWUP_DESK_INTERNAL_H
#define FOLLOWUP_DESK_INTERNAL_H

#include "followup/agenda.h"
#include "followup/call.h"
#include "followup/desk.h"
#include "followup/json.h"
#include "followup/store_agent.h"
#include "followup/store_call.h"
#include "followup/store_hold.h"
#include "followup/store_promise.h"
#include "followup/store_record.h"

struct desk {
	struct store *store;
	struct engine *engine;
	const struct policy *policy;
	struct json *json;
	uint64_t changes;
	int patience; /* desk_set_patience() */
	/* Agents who had to look at a queue lane by lane, and found few to be theirs: they begin with that. Direct-mapped. */
	struct lanes_first {
		int64_t agent_id, queue;
	} lanes_first[512];
	int64_t opening;       /* unix seconds: when hours next open somewhere; worked out anew when it has passed */
	int64_t opening_since; /* the moment it was worked out at, */
	uint64_t hours_made;   /* and store_own_hours_made() then */
};

/* Words for people about what went wrong; returns error, so that a caller can write `return refuse(...)`. */
int refuse(struct answer *answer, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Which of a client's addresses a channel (a name) uses. */
enum view_address address_of(const struct desk *desk, int64_t channel);

/* A failure of the store in words; other errors unchanged. */
int refuse_store(const struct desk *desk, struct answer *answer, int error);

/* "2025-03-03T10:15:00", local. out holds 32 bytes. */
char *local_time_text(int64_t unix_seconds, char out[32]);

/* lease.c: a lease as text, "CALL.GENERATION". */
/* An outcome has been told: nobody holds the call, and what had been agreed before is over. */
void lease_end(struct call *call);
char *lease_format(const struct call *call, char out[LEASE_TEXT_SIZE]);
bool lease_parse(const char *text, int64_t *call_id, int *generation);
/* The call that who holds under a lease. ERR_NO_LEASE when it ended, or somebody newer holds the call. */
int held_call(struct desk *desk, const struct identity *who, const char *lease, struct call *call, struct answer *answer) MUST_CHECK;

/* The call's document, with its agenda: as its holder sees it (with the lease and the whole number) or anybody else. */
int describe_call(
	struct desk *desk, const struct call *call, const struct followup_list *agenda, bool as_holder, struct buffer *out) MUST_CHECK;
/* The same for who does not hold it. */
int tell_call(struct desk *desk, const struct call *call, struct buffer *out) MUST_CHECK;
/* And for who holds it and asks again: what has joined since he was last told is a look at those clients (POLICY 8), written down. */
int tell_holder(struct desk *desk, const struct call *call, struct buffer *out) MUST_CHECK;

/* The numbers of an agenda's items, ascending: "[12,15]". */
int list_items(const struct followup_list *agenda, struct buffer *out) MUST_CHECK;

/* The clients of the items that a holder was told of, as often as they have any: the count. */
enum { CLIENTS_OF_CALL_MAX = 256 };
int shown_clients(struct desk *desk, const char *shown_json, int64_t *clients, size_t capacity) MUST_CHECK;

/* said.c */
enum { ITEMS_MAX = 256 };
/* What the agent said in the JSON of DONE or RECORD. */
enum { ANSWERS_MAX = 64, RECORDING_PART_SIZE = 513, ATTORNEY_SIZE = 201, PROMISES_MAX = 8 };
struct said {
	bool has_items;
	size_t item_count, answered_count;
	bool has_answers;
	bool has_at;
	int64_t at; /* local seconds: the time that the client named */
	bool has_done_at;
	int64_t done_at; /* local seconds */
	char disposition[65];
	char channel[65];
	char attorney[ATTORNEY_SIZE]; /* whom he has spoken to in the client's place; "": he does not say */
	bool has_recording, has_recording_ref;
	bool has_promise, has_promises; /* one, or a list of them */
	size_t promise_count;
	char why[160];
	/* From here on only as many are there as are counted: said_clear() leaves them as they are. */
	int64_t items[ITEMS_MAX];       /* ticked follow-ups */
	char answered[ANSWERS_MAX][65]; /* the names of the form's answers that are not empty */
	struct promise promises[PROMISES_MAX];
};
/* Nothing is said yet. */
void said_clear(struct said *said);
/* Reads and checks it; NULL and "" say nothing. A refusal is in answer->why. */
int said_read(struct desk *desk, const char *json, struct moment now, struct said *said, struct answer *answer) MUST_CHECK;
/* The items that a holder was told of: a JSON array of numbers. */
int said_shown(const char *json, struct said *out) MUST_CHECK;
bool said_names(const struct said *said, int64_t item);

/* hours.c: whether a queue is open, and the next moment (unix seconds) at which it will be, INT64_MAX: never within a year. */
bool queue_is_open(const struct desk *desk, const char *queue, struct moment now);
int64_t queue_opens_at(const struct desk *desk, const char *queue, struct moment now);
/* Whether a call may be made now: its foremost rule's own hours or the queue's, narrowed by those of its clients. */
int call_is_open(struct desk *desk, const struct call *call, struct moment now) MUST_CHECK;

/* handout.c */
/* The record's line of a lease that begins or has run out: what is on the call, and everybody whom it concerns. agent: NULL: who is at work. items: list_items. */
int write_lease(struct desk *desk, const struct call *call, const struct followup_list *agenda, enum record_kind kind, const char *agent,
	const char *items) MUST_CHECK;
/* A gateway sends messages, an agent talks. */
bool agent_suits(const struct agent *agent, bool bulk);
/* Leases a call to an agent under a new generation and describes it to him. */
int lease_call(struct desk *desk, int64_t agent_id, struct call *call, struct moment now, struct buffer *out) MUST_CHECK;

/* agent.c: whether a text can be a name: 1 to AGENT_TEXT_SIZE - 1 bytes, no spaces, commas, quotes or braces, nothing that nobody sees. */
bool is_plain_name(const char *name);
/* agent.c: whether calls can ever wait on a queue of that name or pattern. */
bool queue_is_known(const struct policy *policy, const char *name);

/* presence.c: NEXT on a break; and an agent's members of AGENT.LIST, each after a comma. */
int refuse_on_break(const struct agent *agent, struct answer *answer);
int add_presence(struct desk *desk, const struct agent *agent, struct buffer *out) MUST_CHECK;

/* record.c: a look at clients is written down (POLICY 8): the words of the command, and everybody whom the answer names; client_id: whom it was about in any case. */
int looked(struct desk *desk, const char *const *words, size_t count, const struct answer *answer, int64_t client_id) MUST_CHECK;
/* What a person did, in pairs of a member's name and its text. client_id: 0 when it was done to no single client. */
int acted(struct desk *desk, enum record_kind kind, int64_t client_id, const char *const *pairs, size_t count) MUST_CHECK;

/* A whole number within bounds, of at most 18 digits. */
bool parse_count(const char *text, int64_t least, int64_t most, int64_t *out);

/* supervise.c: a supervisor's reason, which is kept: not empty, and not too long. */
int check_reason(const char *reason, struct answer *answer) MUST_CHECK;
/* Whether second is the name of a supervisor other than who: two answer for it. */
int check_second(struct desk *desk, const struct identity *who, const char *second, struct answer *answer) MUST_CHECK;
/* supervise.c: ends a pause; what waited for it is tried again at once. */
int pause_end(struct desk *desk, enum pause_kind kind, int64_t name, struct moment now) MUST_CHECK;

#endif

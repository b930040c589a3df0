#include "script.h"

const char script_begins[] = "2025-03-04T09:30:00";

const struct row script[] = {
	/* The connection. */
	{"operator", "PING", 0, ""},
	{"operator", "ECHO text", 0, ""},
	{"operator", "HELLO 3 SETNAME console", ROW_VARIES, ""},
	{"operator", "CLIENT SETINFO LIB-NAME redis-py", 0, ""},
	{"operator", "SELECT 0", 0, ""},
	{"operator", "COMMAND DOCS", 0, ""},
	{"operator", "HELP", 0, ""},
	{"operator", "INFO", ROW_VARIES, ""},
	{"operator", "METRICS", ROW_VARIES, ""},
	{"operator", "WHOAMI", ROW_VARIES, ""},
	{"operator", "RESET", 0, ""},
	{"operator", "CLOCK", 0, ""},
	{"operator", "NO.SUCH COMMAND", ROW_REFUSED, ""},

	/* Facts. M1 and M2 manage; C1 and C2 are one person. */
	{"operator",
		"CLIENT.PUT "
		"{\"client_ref\":\"C1\",\"person_ref\":\"P1\",\"name\":\"A\",\"phone\":\"13912345678\",\"tier\":\"diamond\",\"manager\":"
		"\"M1\",\"branch\":\"B1\",\"birthday\":\"1980-03-07\",\"assets\":\"900000\"}",
		0, ""},
	{"operator",
		"CLIENT.PUT "
		"{\"client_ref\":\"C2\",\"person_ref\":\"P1\",\"name\":\"A\",\"phone\":\"13912345678\",\"tier\":\"gold\",\"manager\":"
		"\"M1\"}",
		0, ""},
	{"operator",
		"CLIENT.PUT "
		"{\"client_ref\":\"C3\",\"name\":\"B\",\"phone\":\"13912345679\",\"email\":\"b@example.com\",\"tier\":\"silver\","
		"\"birthday\":\"1990-03-04\"}",
		0, ""},
	{"operator",
		"CLIENT.PUT "
		"{\"client_ref\":\"C4\",\"name\":\"C\",\"phone\":\"13912345680\",\"birthday\":\"02-06\",\"birthday_calendar\":\"lunar\","
		"\"opened_on\":\"2020-01-01\",\"last_trade_on\":\"2024-09-02\"}",
		0, ""},
	{"operator",
		"CLIENT.PUT "
		"{\"client_ref\":\"C5\",\"name\":\"D\",\"phone\":\"13912345681\",\"tier\":\"standard\",\"hours\":\"Mon-Fri^09:00-12:00\"}",
		0, ""},
	{"operator", "CLIENT.PUT {\"client_ref\":\"C6\",\"name\":\"E\",\"phone\":\"13912345682\"}", 0, ""},
	{"operator",
		"CLIENT.PUT "
		"{\"client_ref\":\"C7\",\"name\":\"F\",\"phone\":\"13912345683\",\"email\":\"f@example.com\",\"birthday\":\"1990-03-04\"}",
		0, ""},
	{"operator", "CLIENT.PUT {\"client_ref\":\"C8\",\"name\":\"G\",\"phone\":\"13912345684\",\"birthday\":\"1990-03-07\"}", 0, ""},
	{"operator", "CLIENT.PUT {\"client_ref\":\"C6\",\"birthday\":\"no^day\"}", ROW_REFUSED, ""},
	{"operator", "EVENT.PUT {\"event_ref\":\"E1\",\"client_ref\":\"C1\",\"kind\":\"complaint\",\"occurred_at\":\"2025-03-04\"}", 0, ""},
	{"operator", "EVENT.PUT {\"event_ref\":\"E2\",\"client_ref\":\"C2\",\"kind\":\"account_opened\",\"occurred_at\":\"2025-03-03\"}", 0,
		""},
	{"operator", "EVENT.PUT {\"event_ref\":\"E3\",\"client_ref\":\"C3\",\"kind\":\"account_closed\",\"occurred_at\":\"2025-03-03\"}", 0,
		""},
	{"operator", "EVENT.PUT {\"event_ref\":\"E4\",\"client_ref\":\"C5\",\"kind\":\"account_opened\",\"occurred_at\":\"2025-03-01\"}", 0,
		""},
	{"operator", "EVENT.PUT {\"event_ref\":\"E5\",\"client_ref\":\"C6\",\"kind\":\"complaint\",\"occurred_at\":\"2025-03-04\"}", 0, ""},
	{"operator", "EVENT.PUT {\"event_ref\":\"E6\",\"client_ref\":\"C6\",\"kind\":\"nothing\",\"occurred_at\":\"2025-03-04\"}",
		ROW_REFUSED, ""},
	/* Pieces of files. */
	{"operator", "CLIENT.LOAD client_ref,email,tier\nC6,e@example.com,gold\nC6,nobody,gold\n", ROW_SLICES, ""},
	{"operator", "EVENT.LOAD event_ref,client_ref,kind,occurred_at\nE1,C1,complaint,2025-03-04\nE5a,C6,feedback,2025-03-04\n",
		ROW_SLICES, ""},
	{"operator", "CLOCK ADVANCE 0", ROW_SLICES, ""}, /* what follows from them */
	{"operator", "EVENT.LOAD event_ref,nothing\nE1,C1\n", ROW_REFUSED, ""},
	/* A correction: another day. */
	{"operator",
		"EVENT.PUT "
		"{\"event_ref\":\"E4\",\"client_ref\":\"C5\",\"kind\":\"account_opened\",\"occurred_at\":\"2025-03-02\",\"as_of\":\"2025-"
		"03-04\"}",
		0, ""},

	/* Agents. */
	{"operator", "AGENT.ADD anna agent QUEUES service hq manager/*", 0, "token=anna"},
	{"operator", "AGENT.ADD bert agent QUEUES service branch/B1", 0, "token=bert"},
	{"operator", "AGENT.ADD gate gateway QUEUES sms email letter", 0, "token=gate"},
	{"operator", "AGENT.ADD sven supervisor", 0, "token=sven"},
	{"operator", "AGENT.ADD sara supervisor,auditor", 0, "token=sara"},
	{"operator", "AGENT.ADD rita reviewer", 0, "token=rita"},
	{"operator", "AGENT.ADD gone agent QUEUES service", 0, ""},
	{"operator", "AGENT.DEL gone", 0, ""},
	{"operator", "AGENT.LIST", 0, ""},
	{"operator", "AUTH anna $anna", 0, ""},
	{"operator", "AUTH anna wrong", ROW_REFUSED, ""},

	/* Calls. */
	{"anna", "NEXT", 0, "lease=L call=C"},
	{"anna", "TOUCH $L", 0, ""},
	{"anna", "SHOW $C", 0, ""},
	{"anna", "BRIEF $L", 0, ""},
	{"anna", "DESK", 0, ""},
	{"anna", "MINE", 0, ""},
	{"bert", "DONE $L reached", ROW_REFUSED, ""},
	{"anna", "DONE $L no-answer {\"note\":\"rang\"}", 0, ""},
	{"anna", "DONE $L no-answer {\"note\":\"rang\"}", 0, ""},
	{"anna", "NEXT QUEUE service", 0, "lease=L call=C"},
	{"anna", "RELEASE $L lunch", 0, ""},
	{"anna", "DISPOSITIONS phone", 0, ""},
	{"anna", "BREAK lunch", 0, ""},
	{"anna", "NEXT", ROW_REFUSED, ""},
	{"anna", "READY", 0, ""},
	{"anna", "NEXT COUNT 1", 0, ""},
	{"anna", "NEXT", 0, "lease=L call=C"},
	{"anna",
		"DONE $L reached "
		"{\"satisfaction\":4,\"needs\":\"a^fund\",\"recording\":{\"ref\":\"R1\"},\"promise\":{\"by\":\"2025-03-05\",\"matter\":"
		"\"sends^a^form\",\"dept\":\"ops\"}}",
		0, ""},
	{"bert", "NEXT", 0, "lease=L call=C"},
	{"bert", "DONE $L disputed", 0, ""},
	{"sven", "LIST tasks QUEUE hq", 0, "task=T"},
	{"sven", "ACK $T seen", 0, ""},
	{"anna", "NEXT", 0, "lease=L call=C"},
	{"anna", "DONE $L not-convenient {\"at\":\"2025-03-05T10:00\"}", 0, ""},
	{"gate", "NEXT COUNT 5", 0, "lease=L"},
	{"gate", "DONE $L sent", 0, ""},
	{"gate", "DONE $L bounced", 0, ""},
	{"operator", "EVENT.PUT {\"event_ref\":\"E7\",\"client_ref\":\"C6\",\"kind\":\"permission_opened\",\"occurred_at\":\"2025-03-04\"}",
		0, ""},
	{"bert", "RECORD C6 {\"done_at\":\"2025-03-04T09:00\"}", 0, ""},
	{"operator", "EVENT.PUT {\"event_ref\":\"E8\",\"client_ref\":\"C6\",\"kind\":\"abnormal\",\"occurred_at\":\"2025-03-04\"}", 0, ""},
	{"sven", "LIST calls CLIENT C6", 0, "call=C"},
	{"sven", "MOVE $C service more^hands", 0, ""},
	{"anna", "TAKE $C", 0, "lease=L"},
	{"anna", "DONE $L wrong-number", 0, ""},

	/* The supervisors. */
	{"sven", "PAUSE QUEUE service 2025-03-04T15:00 training", 0, ""},
	{"sven", "PAUSE", 0, ""},
	{"sven", "RESUME QUEUE service", 0, ""},
	{"sven", "PAUSE RULE birthday-call 2025-03-06 asked", 0, ""},
	{"sven", "DNC C4 sms none asked", 0, ""},
	{"operator",
		"EVENT.PUT {\"event_ref\":\"E9\",\"client_ref\":\"C4\",\"kind\":\"transfer_requested\",\"occurred_at\":\"2025-03-04\"}", 0,
		""},
	{"sven", "DNC C4 phone 2025-06-30 asked", 0, ""},
	{"sven", "LIST followups CLIENT C1 RULE birthday-call", 0, "followup=F"},
	{"sven", "OVERRIDE $F sara must", 0, ""},
	{"sven", "DNC C4 sms CLEAR asked", 0, ""},
	{"sven", "HANDOVER M1 M2 departed", 0, ""},
	{"sven", "HANDOVER", 0, ""},
	{"sven", "QUEUES", 0, ""},
	{"sven", "LIST clients", 0, ""},
	{"sven", "LIST events", 0, ""},
	{"sara", "LIST attempts", 0, ""},
	{"sara", "WHY C1", 0, ""},
	{"sara", "HISTORY C1", 0, ""},
	{"sara", "VERIFY", 0, ""},
	{"operator", "CHECK", 0, ""},
	{"operator", "BACKUP @", ROW_VARIES | ROW_BESIDE, ""},
	/* It needs the second thread, which a copy of the process does not have: all that the loop does of it. */
	{"sven", "FORECAST DAYS 10", ROW_REFUSED, ""},
	{"rita", "REVIEW.NEXT", 0, "review=R"},
	{"rita",
		"REVIEW.DONE $R rejected "
		"{\"scores\":{\"greeting\":3,\"listening\":3,\"verifying\":3,\"acting\":3,\"closing\":3},\"note\":\"unkind\"}",
		0, ""},
	{"sven", "LIST attempts CLIENT C1", 0, "attempt=A"},
	{"sven", "CORRECT $A {\"disposition\":\"busy\"} wrong^key", 0, ""},
	{"sven", "REPORT", 0, ""},
	{"sven", "REPORT BY agent FORMAT csv", 0, ""},
	{"sven", "SUBSCRIBE events", 0, ""},
	{"sven", "UNSUBSCRIBE", 0, ""},

	/* Time: a lease that ends, an evening, some days with what they bring. */
	{"anna", "NEXT", 0, ""},
	{"operator", "CLOCK SET 2025-03-04T15:31:00", ROW_SLICES, ""},
	{"anna", "NEXT", 0, "lease=L"},
	{"operator", "CLOCK SET 2025-03-05T10:00:00", ROW_SLICES, ""},
	{"operator", "CLOCK SET 2025-03-07T10:00:00", ROW_SLICES, ""},
	{"gate", "NEXT COUNT 10", 0, ""},
	{"operator", "CLOCK SET 2025-03-07T11:00:00", ROW_SLICES, ""},
	{"gate", "MINE", 0, ""},
	{"operator",
		"EVENT.PUT {\"event_ref\":\"EV\",\"client_ref\":\"C5\",\"kind\":\"void\",\"occurred_at\":\"2025-03-07\",\"detail\":\"E4\"}",
		0, ""},
	{"operator",
		"EVENT.PUT "
		"{\"event_ref\":\"ED\",\"client_ref\":\"\",\"kind\":\"manager_departed\",\"occurred_at\":\"2025-03-07\",\"detail\":\"M1\"}",
		ROW_SLICES, ""},
	{"operator", "ERASE C5 sven asked^for", 0, ""},
	{"operator", "RELOAD DRY", ROW_REFUSED, ""}, /* like FORECAST */
	{"operator", "RELOAD", ROW_SLICES, ""},
	{"operator", "CLOCK ADVANCE 0", ROW_SLICES, ""},
	{"operator", "QUIT", 0, ""},
	{"operator", "SHUTDOWN", ROW_ENDS, ""},
};
const size_t script_length = sizeof(script) / sizeof(script[0]);

/* role.h - what an agent may do: bits, kept in the book. */
#ifndef FOLLOWUP_ROLE_H
#define FOLLOWUP_ROLE_H

enum role {
	ROLE_AGENT = 1,
	ROLE_GATEWAY = 2,
	ROLE_FEEDER = 4,
	ROLE_SUPERVISOR = 8,
	ROLE_REVIEWER = 16,
	ROLE_AUDITOR = 32,
	ROLE_OPERATOR = 64,
};
unsigned role_parse(const char *name); /* 0: no such role */
const char *role_name(unsigned role);  /* of one bit */

#endif

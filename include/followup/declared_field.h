/* declared_field.h - fields of a client that the configuration declares, beside those that every book has (POLICY 10). */
#ifndef FOLLOWUP_DECLARED_FIELD_H
#define FOLLOWUP_DECLARED_FIELD_H

#include "followup/place.h"

/* The numbers stand in the database beside each value: never renumber. */
enum field_type {
	FIELD_TEXT = 0,
	FIELD_NUMBER = 1, /* digits and a point, as amounts */
	FIELD_DAY = 2,    /* YYYY-MM-DD */
};

enum { DECLARED_FIELDS_MAX = 32 };

struct declared_field {
	char *name; /* lower-case letters, digits and _, a letter first; no column, word or field that means something already */
	enum field_type type;
	struct place place;
};

#endif

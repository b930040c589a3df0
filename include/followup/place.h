/* place.h - where a setting stands in the configuration, for messages. */
#ifndef FOLLOWUP_PLACE_H
#define FOLLOWUP_PLACE_H

struct place {
	char *file;
	int line;
};

#endif

/* restore.h - followupd restore: a copy that BACKUP made takes the place of the book. */
#ifndef FOLLOWUP_RESTORE_H
#define FOLLOWUP_RESTORE_H

/* The command line after "followupd", its own name included. The exit status. */
int restore_command(int count, char **words);

#endif

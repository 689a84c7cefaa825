/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "votectl/votectl.h"

/* Asking the person; only ever where standard input is a terminal. */

/* "question [yes/no] ", after what out holds; EXIT_DONE for yes, EXIT_CANCELLED for no. --yes
 * answers yes. Without a terminal: yes if instead is NULL (who wrote the command meant it),
 * otherwise EXIT_USAGE with instead, which says what option takes the answer's place. */
int prompt_yes(Ctl *c, const char *instead, const char *question, ...) _printf_(3, 4);
/* One line, without its newline, into *ret (malloc'ed). EXIT_CANCELLED at the end of input. */
int prompt_line(Ctl *c, const char *question, char **ret);

/* A passphrase: from $VOTECTL_PASSPHRASE_FILE, from the credential votectl.passphrase
 * ($CREDENTIALS_DIRECTORY), or asked for on the terminal, without echo; again: twice, and empty is
 * allowed. *ret: malloc'ed, the caller wipes it; NULL where there is nowhere to get it from. */
int prompt_passphrase(Ctl *c, const char *what, bool again, char **ret);
/* Frees a passphrase. */
char* passphrase_free(char *p);
DEFINE_CLEANUP(char*, passphrase_free)
/* What ssh-add calls for a passphrase (own-agent.c): prints it. The program's exit status. */
int askpass_main(const char *question);

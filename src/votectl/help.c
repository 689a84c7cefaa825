/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "votectl/help.h"

#define VERB_COLUMNS   26
#define OPTION_COLUMNS 26

static void list_verb(Ctl *c, const CtlVerb *v) {
        char name[128];
        int n;

        n = snprintf(name, sizeof name, "%s%s%s", v->name, *v->args ? " " : "", v->args);
        if (n > VERB_COLUMNS)
                buf_printf(&c->out, "  %s\n  %*s %s\n", name, VERB_COLUMNS, "", v->summary);
        else
                buf_printf(&c->out, "  %-*s %s\n", VERB_COLUMNS, name, v->summary);
}

static void list_options(Ctl *c, const CtlOption *list) {
        for (; list && list->name; list++) {
                char name[96];
                int n;

                n = snprintf(name, sizeof name, "%s%c%s--%s%s%s", list->letter ? "-" : "  ",
                        list->letter ?: ' ', " ", list->name, list->arg ? " " : "",
                        list->arg ?: "");
                if (n > OPTION_COLUMNS)
                        buf_printf(
                                &c->out, "  %s\n  %*s %s\n", name, OPTION_COLUMNS, "", list->help);
                else
                        buf_printf(&c->out, "  %-*s %s\n", OPTION_COLUMNS, name, list->help);
        }
}

void help_overview(Ctl *c, const CtlVerb *const *families, const CtlOption *global) {
        buf_printf(&c->out, "votectl [OPTIONS] VERB [ARGUMENTS]\n\nVote, administer elections, and "
                            "look after a node of a voting network.\n");
        for (; *families; families++) {
                buf_add_char(&c->out, '\n');
                for (const CtlVerb *v = *families; v->name; v++)
                        if (!(v->flags & CTL_VERB_HIDDEN))
                                list_verb(c, v);
        }
        buf_add_text(&c->out, "\nOptions\n");
        list_options(c, global);
        buf_add_text(&c->out, "\nvotectl VERB --help says more of each verb; votectl(1) "
                              "everything, voted(7) how a first election goes.\n");
}

void help_verb(Ctl *c, const CtlVerb *v, const CtlOption *global) {
        buf_printf(&c->out, "votectl %s%s%s%s\n\n%s.\n\n%s", v->name,
                v->options ? " [OPTIONS]" : "", *v->args ? " " : "", v->args, v->summary, v->text);
        if (v->options) {
                buf_add_text(&c->out, "\nOptions\n");
                list_options(c, v->options);
        }
        buf_add_text(&c->out, "\nOptions of every verb are listed by votectl --help.\n");
}

void help_group(Ctl *c, const CtlVerb *const *families, const char *word) {
        size_t n = strlen(word);

        for (; *families; families++)
                for (const CtlVerb *v = *families; v->name; v++)
                        if (strncmp(v->name, word, n) == 0 && v->name[n] == ' ')
                                list_verb(c, v);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "votectl/help.h"

#define VERB_COLUMNS   26
#define OPTION_COLUMNS 26
#define TEXT_COLUMNS   96U     /* longer lines are hard to read */

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

/* Paragraphs anew for this terminal; an empty line, or one that begins with a blank, stays as it is. */
static void flow(Ctl *c, const char *text) {
        const size_t width = CLAMP(c->columns, 40U, TEXT_COLUMNS);
        size_t at = 0;

        for (const char *end; *text; text = end + (*end == '\n')) {
                end = strchrnul(text, '\n');
                if (text == end || *text == ' ') {
                        buf_add_text(&c->out, at > 0 ? "\n" : "");
                        buf_add(&c->out, text, (size_t) (end - text));
                        buf_add_char(&c->out, '\n');
                        at = 0;
                        continue;
                }
                while (text < end) {
                        const size_t len = MIN(strcspn(text, " "), (size_t) (end - text));

                        if (at > 0)
                                buf_add_char(&c->out, at + 1 + len > width ? '\n' : ' ');
                        at = at == 0 || at + 1 + len > width ? len : at + 1 + len;
                        buf_add(&c->out, text, len);
                        text += MIN(len + 1, (size_t) (end - text));
                }
        }
        buf_add_text(&c->out, at > 0 ? "\n" : "");
}

void help_verb(Ctl *c, const CtlVerb *v, const CtlOption *global) {
        buf_printf(&c->out, "votectl %s%s%s%s\n\n%s.\n\n", v->name,
                v->options ? " [OPTIONS]" : "", *v->args ? " " : "", v->args, v->summary);
        flow(c, v->text);
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

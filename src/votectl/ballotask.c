/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "codec/line.h"
#include "election/method.h"
#include "voted/limits.h"
#include "votectl/ballotask.h"
#include "votectl/choice.h"
#include "votectl/prompt.h"

static int check(Ctl *c, const Definition *d, const Json *ballot) {
        _cleanup_(ballot_freep) Ballot *b = NULL;
        Why why = {};
        int r;

        r = ballot_parse(&b, d, ballot, &why);  /* to be sealed or not */
        return r == 0  ? EXIT_DONE
               : r < 0 ? ctl_oom(c)
                       : ctl_fail(c, EXIT_USAGE,
                                 "votectl show ELECTION shows the questions and options.", "%s",
                                 why.text);
}

/* {"choices":[...]} as it stands in the ledger. */
static int read_ballot(Ctl *c, const char *path, const Definition *d, Json **ret) {
        _cleanup_json_ Json *o = NULL;
        _cleanup_buf_ Buf b = {};
        Why why = {};
        int r;

        r = ctl_read_file(c, path, VOTE_BYTES_MAX, &b);
        if (r != 0)
                return r;
        r = json_parse_loose(&o, b.p ?: "", b.n, VOTE_BYTES_MAX, &why);
        if (r != 0)
                return r < 0 ? ctl_oom(c)
                             : ctl_fail(c, EXIT_USAGE,
                                       "Expected {\"choices\":[...]} with one choice a question; "
                                       "voted-election(5) has the forms.",
                                       "%s: %s", path, why.text);
        r = check(c, d, o);
        if (r == 0)
                *ret = TAKE_PTR(o);
        return r;
}

static int from_options(Ctl *c, const Definition *d, Json **ret) {
        _cleanup_json_ Json *ballot = json_new_object();
        Json *choices = json_new_array();
        const char *text;
        size_t n = 0;
        Why why = {};
        int r;

        json_set(ballot, "choices", choices);
        for (; (text = option_value_at(&c->options, "choice", n)); n++) {
                Json *choice;

                if (n >= d->n_questions)
                        break;
                r = choice_parse(&choice, &d->questions[n], text, &why);
                if (r != 0)
                        return r < 0 ? ctl_oom(c)
                                     : ctl_fail(c, EXIT_USAGE, NULL,
                                               "--choice \"%s\" (question %zu): %s", text, n,
                                               why.text);
                json_add(choices, choice);
        }
        if (text || n != d->n_questions)
                return ctl_fail(c, EXIT_USAGE,
                        "One --choice a question, in their order; --choice - is a blank one.",
                        "the election has %zu %s, expected as many --choice", d->n_questions,
                        d->n_questions == 1 ? "question" : "questions");
        r = check(c, d, ballot);
        if (r == 0)
                *ret = TAKE_PTR(ballot);
        return r;
}

/* Whether q's choice would be allowed; the others do not matter here, so they are blank or made up.
 */
static int judge(const Definition *d, size_t question, const Json *choice, Why *why) {
        const Question *q = &d->questions[question];
        uint16_t items[OPTIONS_MAX];
        ChoiceOut out = { .items = items };

        if (json_len(choice) == 0)
                return d->blank ? 0
                                : why_set(why, V_BALLOT,
                                          "this election wants a choice, none may be blank");
        if (json_len(choice) > q->n_options)
                return why_set(why, V_BALLOT, "more than the %zu options", q->n_options);
        return q->method->parse(q, choice, &out, why);
}

/* Asks until the answer is a choice; *ret NULL: one question back. */
static int ask_question(Ctl *c, const Definition *d, size_t i, Json **ret) {
        const Question *q = &d->questions[i];
        _cleanup_buf_ Buf hint = {};
        int r;

        *ret = NULL;
        buf_printf(&c->out, "\n%sQuestion %zu: %s%s\n", ctl_tint(c, TINT_BOLD), i, q->text,
                ctl_tint(c, TINT_NONE));
        for (size_t k = 0; k < q->n_options; k++)
                buf_printf(&c->out, "  %3zu %s%s\n", k, q->options[k],
                        q->default_option == (int) k ? "  (default)" : "");
        choice_hint(&hint, q, d->blank);
        if (buf_error(&hint) < 0)
                return ctl_oom(c);
        buf_printf(&c->out, "Write %s%s.\n", hint.p,
                i > 0 ? "; \"back\" for the question before" : "");
        for (;;) {
                _cleanup_free_ char *answer = NULL;
                _cleanup_json_ Json *choice = NULL;
                Why why = {};

                r = prompt_line(c, "Your choice: ", &answer);
                if (r != 0)
                        return r;
                if (i > 0 && streq(answer, "back"))
                        return EXIT_DONE;
                r = choice_parse(&choice, q, answer, &why);
                if (r == 0)
                        r = judge(d, i, choice, &why);
                if (r == 0) {
                        *ret = TAKE_PTR(choice);
                        return EXIT_DONE;
                }
                if (r < 0)
                        return ctl_oom(c);
                fprintf(stderr, "%s\n", why.text);
        }
}

static int from_terminal(Ctl *c, const Definition *d, Json **ret) {
        _cleanup_json_ Json *ballot = json_new_object();
        Json *answers[QUESTIONS_MAX] = {}, *choices = json_new_array();
        int r = EXIT_DONE;

        json_set(ballot, "choices", choices);
        for (size_t i = 0; r == EXIT_DONE && i < d->n_questions; ) {
                answers[i] = json_free(answers[i]);
                r = ask_question(c, d, i, &answers[i]);
                if (answers[i])
                        i++;
                else
                        i -= i > 0;
        }
        for (size_t i = 0; i < d->n_questions; i++)
                if (answers[i])
                        json_add(choices, answers[i]);
        if (r == EXIT_DONE)
                r = check(c, d, ballot);
        if (r == EXIT_DONE)
                *ret = TAKE_PTR(ballot);
        return r;
}

int ballot_ask(Ctl *c, const Definition *d, Json **ret) {
        const char *path = option_value(&c->options, "ballot");

        if (path && option_value(&c->options, "choice"))
                return ctl_fail(c, EXIT_USAGE, NULL, "--ballot and --choice exclude one another");
        if (path)
                return read_ballot(c, path, d, ret);
        if (option_value(&c->options, "choice"))
                return from_options(c, d, ret);
        if (!c->in_terminal)
                return ctl_fail(c, EXIT_USAGE,
                        "Give the choices: --choice TEXT for each question, or --ballot FILE",
                        "standard input is no terminal to ask on");
        return from_terminal(c, d, ret);
}

int ballot_show(Ctl *c, const Definition *d, const Json *ballot) {
        _cleanup_(ballot_freep) Ballot *b = NULL;
        Why why = {};
        int r;

        r = ballot_parse(&b, d, ballot, &why);
        if (r != 0)
                return r < 0 ? ctl_oom(c) : ctl_fail(c, EXIT_USAGE, NULL, "%s", why.text);
        for (size_t i = 0; i < d->n_questions; i++) {
                buf_printf(&c->out, "  %zu. %s\n     %s", i, d->questions[i].text,
                        ctl_tint(c, TINT_BOLD));
                choice_describe(&c->out, &d->questions[i], ballot_choice(b, i));
                buf_printf(&c->out, "%s\n", ctl_tint(c, TINT_NONE));
        }
        return EXIT_DONE;
}

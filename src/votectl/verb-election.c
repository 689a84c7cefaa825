/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "codec/hex.h"
#include "voted/limits.h"
#include "votectl/election.h"
#include "votectl/electionfile.h"
#include "votectl/post.h"
#include "votectl/progress.h"
#include "votectl/prompt.h"
#include "votectl/render.h"
#include "votectl/verbs.h"

/* --- create --- */

typedef struct Lookup {
        Ctl *c;
        const Json *rolls;      /* from GetRolls */
} Lookup;

/* The ids of the roll's parts, in their order. */
static int look_up_roll(void *userdata, const char *name, Json *ids, Why *why) {
        const Json *rolls = ((Lookup*) userdata)->rolls;
        size_t found = 0;

        for (int64_t part = 0;; part++) {
                const Json *o = NULL;
                bool in_effect;
                Id id;

                for (size_t i = 0; !o && i < json_len(rolls); i++) {
                        const char *s;

                        if (json_get_text(json_at(rolls, i), "name", 1, 64, &s, NULL) == 0 &&
                                streq(s, name) && render_int(json_at(rolls, i), "part") == part)
                                o = json_at(rolls, i);
                }
                if (!o)
                        break;
                if (json_get_id(o, "id", &id, NULL) != 0 ||
                        json_get_bool(o, "in_effect", &in_effect, NULL) != 0)
                        return why_set(why, V_FORM, "the node's list of rolls cannot be read");
                if (!in_effect)
                        return why_set(why, V_UNKNOWN,
                                "roll \"%s\" (part %" PRIi64
                                ") is not in effect yet, it needs approvals: votectl approve %s",
                                name, part, name);
                json_add_id(ids, &id);
                found++;
        }
        if (found == 0)
                return why_set(why, V_UNKNOWN,
                        "no roll \"%s\" is in the ledger; votectl roll list shows those that are",
                        name);
        return 0;
}

static int count_voters(const Json *rolls, const Definition *d, int64_t *ret) {
        *ret = 0;
        for (size_t k = 0; k < d->n_rolls; k++)
                for (size_t i = 0; i < json_len(rolls); i++) {
                        Id id;

                        if (json_get_id(json_at(rolls, i), "id", &id, NULL) == 0 &&
                                id_equal(&id, &d->rolls[k]))
                                *ret += render_int(json_at(rolls, i), "voters");
                }
        return 0;
}

static int look_up_board(void *userdata, const char *name, Id *ret, Why *why) {
        Ctl *c = ((Lookup*) userdata)->c;
        _cleanup_json_ Json *reply = NULL;
        const Json *boards;
        int r;

        r = ctl_call(c, "GetBoards", NULL, &reply);
        if (r != 0)
                return why_set(why, V_UNKNOWN, "the node does not tell which boards there are");
        r = json_get_array(reply, "boards", 0, SIZE_MAX, &boards, why);
        for (size_t i = 0; r == 0 && i < json_len(boards); i++) {
                const char *s;

                if (json_get_text(json_at(boards, i), "name", 1, 64, &s, NULL) == 0 && streq(s, name))
                        return json_get_id(json_at(boards, i), "id", ret, why);
        }
        return r != 0 ? r
                      : why_set(why, V_UNKNOWN,
                                "no board \"%s\" is in the ledger; votectl board list shows those that are",
                                name);
}

/* The rule of the ledger in the words of the file: seconds since 1970 are nothing that anybody has written there. */
static int check_times(Ctl *c, const Json *entry, const char *path) {
        int64_t opens, closes;

        if (json_get_int(entry, "opens", 0, LINE_INT_MAX, &opens, NULL) != 0 ||
            json_get_int(entry, "closes", 0, LINE_INT_MAX, &closes, NULL) != 0 || opens < closes)
                return EXIT_DONE;
        return ctl_fail(c, EXIT_USAGE, NULL, "%s: \"closes\" is %s, expected a time after \"opens\", %s", path,
                        format_time((char[FORMAT_TIME_MAX]) {}, (uint64_t) closes),
                        format_time((char[FORMAT_TIME_MAX]) {}, (uint64_t) opens));
}

/* What can be said before anybody signs it; the ledger has the last word. */
static int check_definition(Ctl *c, const Definition *d, const char *path) {
        const uint64_t now = now_realtime_sec();
        Why why = {};
        int r;

        r = definition_check(d, c->genesis->limits.vote_bytes, c->genesis->limits.grace, &why);
        if (r != 0)
                return r < 0 ? ctl_oom(c) : ctl_fail(c, EXIT_USAGE, NULL, "%s: %s", path, why.text);
        if (d->opens <= now)
                return ctl_fail(c, EXIT_USAGE, "Let it open later.", "%s: \"opens\" is %s, which has passed", path,
                        format_time((char[FORMAT_TIME_MAX]) {}, d->opens));
        if (d->opens <= now + c->genesis->limits.notice)
                return ctl_fail(c, EXIT_USAGE, "Let it open later.",
                        "%s: \"opens\" is %s, and this network wants %s between approval and "
                        "opening",
                        path, format_time((char[FORMAT_TIME_MAX]) {}, d->opens),
                        format_span((char[FORMAT_SPAN_MAX]) {},
                                c->genesis->limits.notice * USEC_PER_SEC));
        return EXIT_DONE;
}

static int verb_create(Ctl *c) {
        const char *path = c->options.args[0];
        _cleanup_(definition_unrefp) Definition *d = NULL;
        _cleanup_(signers_done) Signers signers = {};
        _cleanup_(board_view_done) BoardView board = {};
        _cleanup_json_ Json *reply = NULL, *entry = NULL;
        _cleanup_buf_ Buf b = {};
        const Json *rolls;
        Signer *signer;
        int64_t approvals, voters;
        char what[128], number[FORMAT_NUMBER_MAX];
        Why why = {};
        int r;

        r = ctl_read_file(c, path, ENTRY_BYTES_MAX, &b);
        if (r == 0)
                r = post_admin(c, &signers, &signer, &approvals);
        if (r == 0)
                r = ctl_call(c, "GetRolls", NULL, &reply);
        if (r != 0)
                return r;
        r = json_get_array(reply, "rolls", 0, SIZE_MAX, &rolls, &why);
        if (r == 0)
                r = election_file_parse(&entry, b.p ?: "", b.n, now_realtime_sec(),
                        &(ElectionLookup) {
                                .roll = look_up_roll,
                                .board = look_up_board,
                                .userdata = &(Lookup) { .c = c, .rolls = rolls },
                        },
                        &why);
        if (r == 0) {
                r = check_times(c, entry, path);
                if (r != EXIT_DONE)
                        return r;
                r = definition_parse(&d, entry, &why);
        }
        if (r != 0)
                return r < 0 ? ctl_fail_why(c, r, EXIT_USAGE, NULL, &why)
                             : ctl_fail(c, EXIT_USAGE, NULL, "%s: %s", path, why.text);
        r = check_definition(c, d, path);
        if (r == 0)
                r = board_view_of_definition(c, d, &board);
        if (r != 0)
                return r;

        if (!c->json) {
                (void) count_voters(rolls, d, &voters);
                buf_printf(&c->out, "%s%s: %s%s\n", ctl_tint(c, TINT_BOLD), d->name, d->title,
                        ctl_tint(c, TINT_NONE));
                ctl_field(c, "Network", "%s", c->genesis->name);
                ctl_field(c, "Voters", "%s", format_number(number, (uint64_t) voters));
                election_show(c, d, MAX(d->grace, (uint64_t) c->genesis->limits.grace), &board);
                buf_printf(&c->out, "\n");
        }
        r = prompt_yes(c, NULL, "This is what voters will see. Sign it with %s (%s)?", signer->name,
                signer_kind_text(signer));
        if (r != 0)
                return r;
        (void) snprintf(what, sizeof what, "Election %s", d->name);
        return post_admin_entry(c, &signers, signer, "election", TAKE_PTR(entry), what, approvals);
}

static int verb_withdraw(Ctl *c) {
        _cleanup_(election_done) Election e = {};
        _cleanup_(signers_done) Signers signers = {};
        Json *entry;
        Signer *signer;
        int64_t approvals;
        char what[128];
        int r;

        r = post_admin(c, &signers, &signer, &approvals);
        if (r == 0)
                r = election_get(c, c->options.args[0], &e);
        if (r != 0)
                return r;
        if (!streq(e.phase, "pending") && !streq(e.phase, "announced"))
                return ctl_fail(c, EXIT_REFUSED, NULL,
                        "election \"%s\" is %s; it could be withdrawn only before it opens",
                        e.definition->name, e.phase);
        r = prompt_yes(c, NULL, "Withdraw election \"%s\" (%s) for good?", e.definition->name,
                e.definition->title);
        if (r != 0)
                return r;
        entry = json_new_object();
        json_set_id(entry, "election", &e.id);
        (void) snprintf(what, sizeof what, "Withdrawal of %s", e.definition->name);
        return post_admin_entry(c, &signers, signer, "withdraw", entry, what, approvals);
}

static int verb_template(Ctl *c) {
        const bool sealed = option_value(&c->options, "sealed");
        const char *text = election_template(c->options.args[0], sealed);

        if (!text && sealed && election_template(c->options.args[0], false))
                return ctl_fail(c, EXIT_USAGE,
                        "plurality, approval and score can be sealed: their result follows from sums.",
                        "an election by %s cannot be sealed", c->options.args[0]);
        if (!text)
                return ctl_fail(c, EXIT_USAGE, NULL,
                        "no method \"%s\", expected plurality, approval, score, schulze or stv",
                        c->options.args[0]);
        buf_add_text(&c->out, text);
        return EXIT_DONE;
}

/* --- elections --- */

static Tint phase_tint(const char *phase) {
        if (streq(phase, "open"))
                return TINT_GOOD;
        if (streq(phase, "withdrawn") || streq(phase, "void"))
                return TINT_DIM;
        if (streq(phase, "pending"))
                return TINT_WARN;
        return TINT_NONE;
}

static int verb_elections(Ctl *c) {
        const bool names = option_value(&c->options, "names");
        _cleanup_json_ Json *reply = NULL;
        const Json *list;
        Table *t;
        Why why = {};
        int r;

        r = ctl_call(c, "GetElections", NULL, &reply);
        if (r != 0)
                return r;
        r = json_get_array(reply, "elections", 0, SIZE_MAX, &list, &why);
        if (r != 0)
                return ctl_fail_why(c, r, EXIT_WRONG, NULL, &why);
        if (c->json)
                return ctl_json(c, TAKE_PTR(reply));
        if (json_len(list) == 0 && !names)
                ctl_note(c, "No election is in the ledger.");
        t = table_new(
                TABLE_COLUMNS("NAME", "TITLE", "PHASE", "OPENS", "CLOSES", "VOTED", "VOTERS"));
        table_align(t, 5, TABLE_RIGHT);
        table_align(t, 6, TABLE_RIGHT);
        table_shrink(t, 1, 10);
        for (size_t i = 0; i < json_len(list); i++) {
                const Json *o = json_at(list, i);
                const uint64_t opens = (uint64_t) MAX(render_int(o, "opens"), INT64_C(0)),
                               closes = (uint64_t) MAX(render_int(o, "closes"), INT64_C(0));
                const char *name, *title, *phase;

                if (json_get_name(o, "name", &name, NULL) != 0 ||
                        json_get_text(o, "title", 0, 65536, &title, NULL) != 0 ||
                        json_get_text(o, "phase", 1, 32, &phase, NULL) != 0)
                        continue;
                if (names) {
                        buf_printf(&c->out, "%s\n", name);
                        continue;
                }
                table_add(t, NULL, name);
                table_add(t, NULL, title);
                phase = election_phase_now(phase, opens, closes);
                table_add(t, ctl_cell(c, phase_tint(phase)), phase);
                table_addf(t, NULL, "%.16s", format_time((char[FORMAT_TIME_MAX]) {}, opens));
                table_addf(t, NULL, "%.16s", format_time((char[FORMAT_TIME_MAX]) {}, closes));
                table_addf(t, NULL, "%" PRIi64, render_int(o, "ballots"));
                table_addf(t, NULL, "%" PRIi64, render_int(o, "voters"));
        }
        if (names) {
                (void) table_free(t);
                return EXIT_DONE;
        }
        r = ctl_table(c, t);
        if (r == 0 && json_len(list) > 0)
                ctl_note(c, "Times are UTC.");
        return r;
}

/* --- show --- */

/* "you may vote, weight 1", or why not. */
static int show_standing(Ctl *c, const Election *e) {
        _cleanup_free_ VoterState *states = NULL;
        _cleanup_(signers_done) Signers s = {};
        unsigned n = 0;
        int r;

        r = signers_find(c, &s);
        if (r != 0)
                return r;
        if (s.n > 0 && !streq(e->phase, "pending")) {
                r = election_voters(c, e, &s, &states);
                if (r != 0)
                        return r;
        }
        for (size_t i = 0; states && i < s.n; i++) {
                const VoterState *v = &states[i];
                const char *voted = v->seq > 0
                                            ? e->definition->revote
                                                      ? "; you have voted, and may vote again: the "
                                                        "last vote counts"
                                                      : "; you have voted, which cannot be changed"
                                    : v->pool_seq > 0 ? "; a vote of yours is on its way"
                                                      : "";

                if (!v->entitled)
                        continue;
                n++;
                if (streq(e->phase, "open"))
                        ctl_field(c, "You", "%s vote, weight %" PRIu64 " (%s)%s",
                                v->seq > 0 && !e->definition->revote ? "could" : "may", v->weight,
                                s.items[i].name, voted);
                else if (streq(e->phase, "announced"))
                        ctl_field(c, "You", "may vote once it is open, weight %" PRIu64 " (%s)",
                                v->weight, s.items[i].name);
                else
                        ctl_field(c, "You", "were entitled, weight %" PRIu64 " (%s); %s", v->weight,
                                s.items[i].name,
                                v->seq > 0 ? "you have voted" : "you have not voted");
        }
        if (streq(e->phase, "pending"))
                ctl_field(c, "You", "cannot vote yet: the election needs approvals");
        else if (s.n == 0)
                ctl_field(c, "You", "have no key at hand%s",
                        s.agent_skipped
                                ? " (inside an SSH session, ssh-agent is used only with --agent)"
                                : "");
        else if (n == 0)
                ctl_field(c, "You", "may not vote: none of the %zu keys at hand is on its rolls",
                        s.n);
        else if (n > 1)
                ctl_field(c, "", "several keys are on the rolls: choose with --key");
        return EXIT_DONE;
}

/* Who has given a share, and whom the opening of the sum waits for. */
static void show_shares(Ctl *c, const Election *e, const BoardView *b) {
        const Json *shares = render_array(e->reply, "shares");
        char hex[ID_HEX];

        for (unsigned i = 0; i < b->line->n_trustees; i++) {
                const Json *share = NULL;

                for (size_t k = 0; !share && shares && k < json_len(shares); k++)
                        if (render_int(json_at(shares, k), "trustee") == (int64_t) i)
                                share = json_at(shares, k);
                (void) key_hex(&b->line->trustees[i], hex);
                if (share)
                        ctl_field(c, i == 0 ? "Shares" : "", "trustee %u (%.16s...), block %" PRIi64, i, hex,
                                render_int(share, "height"));
                else
                        ctl_field(c, i == 0 ? "Shares" : "", "%strustee %u (%.16s...) has not given a share yet%s",
                                ctl_tint(c, TINT_WARN), i, hex, ctl_tint(c, TINT_NONE));
        }
}

static int verb_show(Ctl *c) {
        _cleanup_(election_done) Election e = {};
        _cleanup_(board_view_done) BoardView board = {};
        char a[FORMAT_NUMBER_MAX], b[FORMAT_NUMBER_MAX], hex[ID_HEX];
        int r;

        r = election_get(c, c->options.args[0], &e);
        if (r != 0)
                return r;
        if (c->json) {
                json_set_bool(e.reply, "proven", e.proven);
                return ctl_json(c, json_share(e.reply));
        }
        buf_printf(&c->out, "%s%s: %s%s\n", ctl_tint(c, TINT_BOLD), e.definition->name,
                e.definition->title, ctl_tint(c, TINT_NONE));
        ctl_field(c, "Phase", "%s", e.phase);
        if (streq(e.phase, "pending"))
                ctl_field(c, "Approvals", "%" PRIi64 " of %" PRIi64,
                        render_int(e.summary, "approvals"),
                        render_int(e.summary, "approvals_needed"));
        ctl_field(c, "Id", "%s", id_hex(&e.id, hex));
        if (c->pinned)
                ctl_field(c, "Network", "%s%s", c->genesis->name,
                        c->genesis->late_votes_may_be_lost
                                ? ", whose grace is short: late votes may be lost"
                                : "");
        else
                ctl_field(c, "Network", "%s, not pinned here: what the node says is not checked",
                        c->genesis->name);
        ctl_field(c, "Voters", "%s, weight %s; %" PRIi64 " have voted",
                format_number(a, (uint64_t) MAX(render_int(e.summary, "voters"), INT64_C(0))),
                format_number(b, (uint64_t) MAX(render_int(e.summary, "weight"), INT64_C(0))),
                render_int(e.summary, "ballots"));
        r = show_standing(c, &e);
        if (r == 0)
                r = board_view_of_definition(c, e.definition, &board);
        if (r != 0)
                return r;
        if (streq(e.phase, "counting"))
                show_shares(c, &e, &board);
        election_show(c, e.definition, e.grace, &board);
        return EXIT_DONE;
}

static const CtlOption template_options[] = {
        { "sealed", 0, NULL, false, "With secret ballots (plurality, approval, score)" },
        OPTION_END,
};
static const CtlOption no_wait_options[] = { OPTION_NO_WAIT, OPTION_END };
static const CtlOption list_options[] = {
        { "names", 0, NULL, false, "Print the names only" },
        OPTION_END,
};

#define LIST_TEXT                                                                                  \
        "Their names, phases and times. With --names: what completions use.\n\nExample:\n  "       \
        "votectl elections\n"

const CtlVerb verbs_election[] = {
        { "election template", "METHOD", 1, 1, CTL_VERB_NO_NET, verb_template, template_options, "Print an election file to start from",
          "METHOD is plurality, approval, score, schulze or stv; voted-election(5) explains them. With --sealed: an election\n"
          "whose ballots nobody can read, which a board of trustees opens in sum (votectl board create).\n\n"
          "Example:\n  votectl election template schulze >board.json\n" },
        { "election create", "FILE", 1, 1, 0, verb_create, no_wait_options, "Announce an election",
          "FILE is JSON, as \"votectl election template\" prints it: rolls by name, times as \"2027-04-01 09:00 Europe/Berlin\"\n"
          "or \"+10min\". Shows what voters will see and asks before it is signed by an admin; waits until it is final. Its\n"
          "name is taken for ever, and after it has opened nobody can take it back.\n\n"
          "Example:\n  votectl election create board.json\n" },
        { "election withdraw", "ELECTION", 1, 1, 0, verb_withdraw, no_wait_options, "Take an election back before it opens",
          "Example:\n  votectl election withdraw board-2027\n" },
        { "election list", "", 0, 0, CTL_VERB_PAGE, verb_elections, list_options, "List all elections", LIST_TEXT },
        { "elections", "", 0, 0, CTL_VERB_PAGE, verb_elections, list_options, "List all elections", LIST_TEXT },
        { "show", "ELECTION", 1, 1, CTL_VERB_PAGE, verb_show, NULL, "Show an election, and whether you may vote",
          "Its questions and times, and for each of your keys whether it may vote. If the network is pinned, the election is\n"
          "read from its own entry, whose receipt is checked.\n\n"
          "Example:\n  votectl show board-2027\n" },
        {},
};

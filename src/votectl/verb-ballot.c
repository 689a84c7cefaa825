/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "codec/hex.h"
#include "votectl/ballotask.h"
#include "votectl/boardview.h"
#include "votectl/election.h"
#include "votectl/sealvote.h"
#include "votectl/verbs.h"

static int read_opened(Ctl *c, const char *path, SealVote *ret) {
        _cleanup_buf_ Buf b = {};
        Why why = {};
        int r;

        r = ctl_read_file(c, path, OPENED_BYTES_MAX, &b);
        if (r != 0)
                return r;
        r = seal_vote_read(ret, b.p ?: "", b.n, &why);
        if (r > 0)
                return ctl_fail(c, EXIT_USAGE,
                        "Expected the text that votectl cast prints of an opened ballot.",
                        "%s is no opened ballot: %s", path, why.text);
        return r < 0 ? ctl_oom(c) : EXIT_DONE;
}

/* The election and its board as this machine finds them, from its own pin. */
static int find_election(Ctl *c, SealVote *v, Election *ret) {
        _cleanup_(board_view_done) BoardView board = {};
        char id[ID_HEX];
        int r;

        r = ctl_network_pinned(c);
        if (r == 0)
                r = election_get(c, id_hex(&v->election, id), ret);
        if (r != 0)
                return r;
        if (ret->definition->secrecy != SECRECY_SEALED)
                return ctl_fail(c, EXIT_REFUSED, NULL,
                        "election \"%s\" is open: its ballots can be read in the ledger",
                        ret->definition->name);
        r = board_view_of_election(c, ret->definition, &board);
        if (r != 0)
                return r;
        v->network = c->genesis->network;
        v->board_key = board.y;
        return EXIT_DONE;
}

static int tell(Ctl *c, const Election *e, const SealVote *v, const Id *code, const char *expected) {
        char hex[ID_HEX];
        int r;

        if (c->json) {
                Json *o = json_new_object();

                json_set_text(o, "election", e->definition->name);
                json_set_id(o, "election_id", &e->id);
                json_set_key(o, "voter", &v->signer);
                json_set_int(o, "seq", (int64_t) v->seq);
                json_set(o, "ballot", json_copy_deep(v->choices));
                json_set_id(o, "code", code);
                if (expected)
                        json_set_bool(o, "matches", true);
                return ctl_json(c, o);
        }
        ctl_field(c, "Election", "%s: %s", e->definition->name, e->definition->title);
        ctl_field(c, "Voter", "%s, seq %" PRIu64, key_hex(&v->signer, hex), v->seq);
        buf_add_text(&c->out, "  Sealed from:\n");
        r = ballot_show(c, e->definition, v->choices);
        if (r != 0)
                return r;
        ctl_field(c, "Code", "%s", seal_code_format(code, (char[CODE_TEXT]) {}));
        if (expected)
                buf_printf(&c->out, "%sIt is the code that was shown%s: if the choices are yours, that machine sealed what it said.\n",
                        ctl_tint(c, TINT_GOOD), ctl_tint(c, TINT_NONE));
        else
                buf_add_text(&c->out, "Compare both, the choices and the code, with what that machine has shown: the code\nbefore it knew that the ballot would be opened.\n");
        return EXIT_DONE;
}

static int verb_ballot_check(Ctl *c) {
        const char *expected = option_value(&c->options, "code");
        _cleanup_(seal_vote_done) SealVote v = {};
        _cleanup_(election_done) Election e = {};
        _cleanup_json_ Json *entry = NULL;
        char text[CODE_TEXT];
        Id code, wanted;
        Why why = {};
        int r;

        if (expected && seal_code_read(&wanted, expected) != 0)
                return ctl_fail(c, EXIT_USAGE, NULL, "--code \"%.80s\" is no code, expected 64 hexadecimal digits",
                        expected);
        r = read_opened(c, c->options.n_args > 0 ? c->options.args[0] : "-", &v);
        if (r == 0)
                r = find_election(c, &v, &e);
        if (r != 0)
                return r;
        r = seal_vote_make(&v, e.definition, &entry, &code, &why);
        if (r != 0)
                return ctl_fail_why(c, r, EXIT_WRONG, NULL, &why);
        if (expected && !id_equal(&code, &wanted))
                return ctl_fail(c, EXIT_WRONG,
                        "If the code was copied without a mistake, that machine cheats: do not vote with "
                        "it, and tell the administrators.",
                        "these choices and this seed give another code, %s: something else was sealed",
                        seal_code_format(&code, text));
        return tell(c, &e, &v, &code, expected);
}

static const CtlOption check_options[] = {
        { "code", 0, "CODE", false, "The code that was shown before the ballot was opened" },
        OPTION_END,
};

const CtlVerb verbs_ballot[] = {
        { "ballot check", "[FILE]", 0, 1, 0, verb_ballot_check, check_options, "Check an opened ballot of another machine",
          "FILE, or standard input, is what \"votectl cast\" prints of a ballot that was opened instead of cast: the choices\n"
          "and the seed that all its randomness comes from. The ballot is sealed anew here, for the board that this machine\n"
          "finds from the network that it pins, and gives the same code if and only if it was sealed from these choices.\n"
          "With --code the codes are compared, and another one ends with status 6.\n\n"
          "Example:\n  votectl ballot check --code \"5c2f9a10 ...\" opened.json\n" },
        {},
};

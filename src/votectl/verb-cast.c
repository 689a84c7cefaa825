/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "codec/line.h"
#include "voted/limits.h"
#include "votectl/ballotask.h"
#include "votectl/castopen.h"
#include "votectl/election.h"
#include "votectl/post.h"
#include "votectl/prompt.h"
#include "votectl/receipts.h"
#include "votectl/sealvote.h"
#include "votectl/verbs.h"

#define HURRY_SEC 60U
#define CLOCKS_SEC 10U          /* by how much clocks may differ before we give a vote up */
#define FETCHES_MAX 5

typedef struct Cast {
        Election election;
        Signers signers;
        Signer *signer;
        VoterState voter;
        Json *ballot;           /* the choices */
        BoardView board;        /* of a sealed election */
        Json *entry;            /* sealed: what is left to sign */
        Id code;
        Buf line;               /* the signed vote */
        uint64_t seq;
        char *vote_path, *receipt_path;
        Posting posting;
        ReceiptFacts facts;
} Cast;

static void cast_done(Cast *x) {
        election_done(&x->election);
        signers_done(&x->signers);
        (void) json_free(x->ballot);
        (void) json_free(x->entry);
        board_view_done(&x->board);
        buf_done(&x->line);
        free(x->vote_path);
        free(x->receipt_path);
}

static int check_phase(Ctl *c, const Election *e) {
        const Definition *d = e->definition;
        const uint64_t now = now_realtime_sec();
        char at[FORMAT_TIME_MAX], span[FORMAT_SPAN_MAX];

        if (streq(e->phase, "pending"))
                return ctl_fail(c, EXIT_REFUSED, NULL,
                        "election \"%s\" still needs approvals of the admins", d->name);
        if (streq(e->phase, "withdrawn") || streq(e->phase, "void"))
                return ctl_fail(c, EXIT_REFUSED, NULL, "election \"%s\" was %s", d->name,
                        streq(e->phase, "void") ? "declared void" : "withdrawn");
        if (now < d->opens)
                return ctl_fail(c, EXIT_REFUSED, "If this is wrong, look at this host's clock.",
                        "election \"%s\" opens at %s, in %s", d->name, format_time(at, d->opens),
                        format_span(span, (d->opens - now) * USEC_PER_SEC));
        if (now >= d->closes)
                return ctl_fail(c, EXIT_REFUSED, "If this is wrong, look at this host's clock.",
                        "election \"%s\" closed at %s, %s ago", d->name, format_time(at, d->closes),
                        format_span(span, (now - d->closes) * USEC_PER_SEC));
        if (d->closes - now < HURRY_SEC)
                ctl_warn(c, "the election closes in %s",
                        format_span(span, (d->closes - now) * USEC_PER_SEC));
        return EXIT_DONE;
}

static int choose_signer(Ctl *c, Cast *x) {
        _cleanup_free_ VoterState *states = NULL;
        _cleanup_free_ bool *entitled = NULL;
        char what[128];
        int r;

        r = signers_find(c, &x->signers);
        if (r == 0)
                r = election_voters(c, &x->election, &x->signers, &states);
        if (r != 0)
                return r;
        entitled = new0(bool, x->signers.n + 1);
        if (!entitled)
                return ctl_oom(c);
        for (size_t i = 0; i < x->signers.n; i++)
                entitled[i] = states[i].entitled;
        (void) snprintf(what, sizeof what, "on the rolls of %s", x->election.definition->name);
        r = signers_choose(c, &x->signers, entitled, what, &x->signer);
        if (r == 0)
                x->voter = states[x->signer - x->signers.items];
        return r;
}

/* The seq of a vote that we handed in before and have no receipt of: 0 if there is none. */
static uint64_t unfinished_seq(const Cast *x) {
        _cleanup_json_ Json *o = NULL;
        _cleanup_buf_ Buf b = {};
        int64_t seq;

        if (read_file(x->vote_path, VOTE_BYTES_MAX + 1, &b) < 0 || !b.p ||
                json_parse_loose(&o, b.p, b.n, VOTE_BYTES_MAX + 1, NULL) != 0 ||
                json_get_int(o, "seq", 1, SEQ_MAX, &seq, NULL) != 0)
                return 0;
        return (uint64_t) seq;
}

static int choose_seq(Ctl *c, Cast *x) {
        uint64_t last = MAX(x->voter.seq, x->voter.pool_seq);
        const uint64_t unfinished = unfinished_seq(x);

        if (!x->election.definition->revote && x->voter.seq > 0)
                return ctl_fail(c, EXIT_REFUSED, "votectl receipt fetches its receipt.",
                        "you have voted in \"%s\", and it allows one vote only",
                        x->election.definition->name);
        if (!x->election.definition->revote && (x->voter.pool_seq > 0 || unfinished > 0))
                return ctl_fail(c, EXIT_REFUSED, "votectl cast --resume goes on with it.",
                        "a vote of yours in \"%s\" is on its way, and it allows one vote only",
                        x->election.definition->name);
        last = MAX(last, unfinished);
        if (last >= SEQ_MAX)
                return ctl_fail(c, EXIT_REFUSED, NULL,
                        "your last vote has the highest seq that there is, no other can follow");
        x->seq = last + 1;
        return EXIT_DONE;
}

static bool is_sealed(const Cast *x) {
        return x->election.definition->secrecy == SECRECY_SEALED;
}

static int confirm(Ctl *c, Cast *x) {
        const Definition *d = x->election.definition;
        int r;

        if (!c->json) {
                if (c->out.n > 0 || c->in_terminal)
                        buf_add_char(&c->out, '\n');
                ctl_field(c, "Election", "%s: %s", d->name, d->title);
                ctl_field(c, "Network", "%s", c->genesis->name);
                ctl_field(c, "Signed with", "%s (%s), weight %" PRIu64, x->signer->name,
                        signer_kind_text(x->signer), x->voter.weight);
                if (x->voter.seq > 0 || x->voter.pool_seq > 0)
                        ctl_field(c, "Replaces", "your earlier vote");
                if (is_sealed(x))
                        ctl_field(c, "Board", "%s, %u of %u trustees open the sum", x->board.line->name,
                                x->board.line->threshold, x->board.line->n_trustees);
                if (is_sealed(x) && d->exposed)
                        ctl_field(c, "Exposed", "%s", ELECTION_EXPOSED_TEXT);
                buf_add_text(&c->out, is_sealed(x)
                                              ? "  Your sealed vote, of which only the sum with all others is opened:\n"
                                              : "  Your open vote, which everybody can see:\n");
                r = ballot_show(c, d, x->ballot);
                if (r != 0)
                        return r;
        }
        if (is_sealed(x))       /* which asks */
                return cast_or_open(c, &x->election, &x->board, &x->signer->key, x->seq, x->ballot,
                        &x->entry, &x->code);
        return prompt_yes(c, NULL, "Sign and cast it?");
}

static int sign_vote(Ctl *c, Cast *x) {
        _cleanup_json_ Json *entry = TAKE_PTR(x->entry);
        int r;

        if (!entry) {
                entry = json_new_object();
                json_set(entry, "ballot", json_share(x->ballot));
                json_set_id(entry, "election", &x->election.id);
                json_set_int(entry, "seq", (int64_t) x->seq);
        }
        r = signer_sign(c, x->signer, "vote", &c->genesis->network, entry, &x->line);
        if (r != 0)
                return r;
        return ctl_write_file(c, x->vote_path, x->line.p, x->line.n, 0600, true);
}

/* From the same bytes that were signed before. */
static int resume_vote(Ctl *c, Cast *x) {
        _cleanup_(entry_unrefp) Entry *e = NULL;
        Why why = {};
        int r;

        if (access(x->vote_path, F_OK) < 0)
                return ctl_fail(c, EXIT_NOT_FOUND,
                        "votectl receipt fetches the receipt of a vote that is in the ledger.",
                        "no vote in \"%s\" is unfinished", x->election.definition->name);
        r = ctl_read_file(c, x->vote_path, VOTE_BYTES_MAX + 1, &x->line);
        if (r != 0)
                return r;
        r = entry_parse(&e, c->genesis, x->line.p ?: "", x->line.n, &why);
        if (r != 0 || e->kind != ENTRY_VOTE || !id_equal(&e->vote.election, &x->election.id) ||
                !key_equal(&e->signer, &x->signer->key))
                return ctl_fail(c, EXIT_FAILED, "Remove it, and cast anew.",
                        "%s is no vote of this election by this key", x->vote_path);
        x->seq = e->vote.seq;
        return EXIT_DONE;
}

/* A vote that the node refuses at once will not come back: nothing is left of it. */
static int hand_in(Ctl *c, Cast *x, bool fresh) {
        int r;

        x->posting.line = x->line.p;
        x->posting.n_line = x->line.n;
        r = post_submit(c, &x->posting);
        if (r == EXIT_REFUSED && fresh)
                (void) unlink(x->vote_path);
        return r;
}

static int await_receipt(Ctl *c, Cast *x) {
        const Election *e = &x->election;
        _cleanup_json_ Json *receipt = NULL;
        bool moved;
        int r;

        for (unsigned i = 0; i < FETCHES_MAX; i++) {
                r = post_wait(c, &x->posting, 1, e->definition->closes + e->grace + CLOCKS_SEC);
                if (r != 0) {
                        ctl_note(c, "The signed vote is kept; go on with: votectl cast --resume %s",
                                e->definition->name);
                        return r;
                }
                r = receipts_fetch(c, (uint64_t) x->posting.height, (uint64_t) x->posting.position,
                        &x->posting.id, &receipt, &x->facts, &moved);
                if (r != 0)
                        return r;
                if (!moved) {
                        r = receipts_keep(c, x->receipt_path, receipt);
                        if (r == 0)
                                (void) unlink(x->vote_path);
                        return r;
                }
                (void) snprintf(x->posting.state, sizeof x->posting.state, "block");
        }
        return ctl_fail(c, EXIT_WRONG, "Look for your vote through another node.",
                "the node calls the vote final but does not deliver a receipt that shows it");
}

static int tell(Ctl *c, Cast *x, bool waited) {
        const Definition *d = x->election.definition;
        const unsigned depth = receipts_depth(c->genesis);

        if (c->json) {
                Json *o = post_json(&x->posting);

                json_set_text(o, "election", d->name);
                json_set_id(o, "election_id", &x->election.id);
                json_set_key(o, "voter", &x->signer->key);
                json_set_int(o, "weight", (int64_t) x->voter.weight);
                json_set_int(o, "seq", (int64_t) x->seq);
                if (is_sealed(x) && seal_code_of_line(&x->code, x->line.p, x->line.n) == 0)
                        json_set_id(o, "code", &x->code);
                if (waited)
                        json_set_text(o, "receipt", x->receipt_path);
                return ctl_json(c, o);
        }
        if (!waited) {
                buf_printf(&c->out,
                        "Your vote was handed in; it is not final yet. Its receipt, later: votectl "
                        "receipt %s\n",
                        d->name);
                return EXIT_DONE;
        }
        buf_printf(&c->out, "%sYour vote is final%s: block %" PRIu64 ", position %" PRIu32,
                ctl_tint(c, TINT_GOOD), ctl_tint(c, TINT_NONE), x->facts.height, x->facts.position);
        if (x->facts.final)
                buf_add_text(&c->out, ", proved by its receipt.\n");
        else
                buf_printf(&c->out,
                        ", %u blocks deep.\nIn a proof-of-work network \"final\" means %u blocks "
                        "deep: a heavier chain could still undo it.\n",
                        x->facts.depth - 1, depth);
        buf_printf(&c->out, "Receipt: %s\n", x->receipt_path);
        return EXIT_DONE;
}

static int verb_cast(Ctl *c) {
        const bool resume = option_value(&c->options, "resume"),
                   wait = !option_value(&c->options, "no-wait");
        _cleanup_(cast_done) Cast x = {};
        int r;

        r = ctl_network_pinned(c);
        if (r == 0)
                r = election_get(c, c->options.args[0], &x.election);
        if (r == 0 && !resume)
                r = check_phase(c, &x.election);
        if (r == 0)
                r = choose_signer(c, &x);
        if (r == 0)
                r = receipts_vote_path(c, x.election.definition->name, &x.election.id,
                        &x.signer->key, &x.vote_path);
        if (r == 0)
                r = receipts_path(c, x.election.definition->name, &x.election.id, &x.signer->key,
                        &x.receipt_path);
        if (r == 0 && resume)
                r = resume_vote(c, &x);
        else if (r == 0) {
                r = choose_seq(c, &x);
                if (r == 0 && is_sealed(&x))
                        r = board_view_of_election(c, x.election.definition, &x.board);
                if (r == 0)
                        r = ballot_ask(c, x.election.definition, &x.ballot);
                if (r == 0)
                        r = confirm(c, &x);
                if (r == 0)
                        r = sign_vote(c, &x);
        }
        if (r == 0)
                r = hand_in(c, &x, !resume);
        if (r == 0 && wait)
                r = await_receipt(c, &x);
        return r ?: tell(c, &x, wait);
}

static const CtlOption cast_options[] = {
        { "choice", 'c', "CHOICE", true,  "The choice of a question; once for each, in their order" },
        { "ballot", 0,   "FILE",   false, "The ballot as JSON: {\"choices\":[...]}; - is standard input" },
        { "resume", 0,   NULL,     false, "Go on with the vote that was signed but is not final" },
        OPTION_NO_WAIT,
        OPTION_END,
};

const CtlVerb verbs_vote[] = {
        { "cast", "ELECTION", 1, 1, 0, verb_cast, cast_options, "Vote in an election",
          "Asks question by question on a terminal; shows what will be signed; hands the signed vote in again and again until\n"
          "it is final; checks its receipt and keeps it in $XDG_DATA_HOME/votectl/receipts/.\n\n"
          "Without a terminal, or to be quick, give a --choice for each question. Options are named by number (from 0, as\n"
          "votectl show lists them) or text:\n"
          "  plurality  Alice               approval   Alice,Carol\n"
          "  score      Alice=7,Bob=3       (who is not named gets 0), or a number for each option: 7,3,0\n"
          "  schulze    Carol,Alice=Bob     earlier is better, \"=\" ties\n"
          "  stv        Carol,Alice         earlier is better\n"
          "In a sealed election the vote is encrypted for the board of trustees, which opens the sum of all votes and nothing\n"
          "else. On a terminal its code is shown before anything is signed, and the ballot can be opened instead of cast, to\n"
          "check with \"votectl ballot check\" on another machine that this one seals what it shows.\n\n"
          "\"-\" is a blank choice. A later vote replaces an earlier one, where the election allows it.\n\n"
          "The key: of your own keys, those in ssh-agent and ~/.ssh/id_ed25519, the one that is on the election's rolls.\n"
          "Inside an SSH session ssh-agent is used only with --agent.\n\n"
          "Example:\n  votectl cast board-2027\n  votectl cast board-2027 --choice \"Carol,Alice=Bob\"\n" },
        {},
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "base/text.h"
#include "base/time.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "crypto/hash.h"
#include "election/method.h"
#include "ledger/receipt.h"
#include "voted/limits.h"
#include "votectl/audited.h"
#include "votectl/election.h"

void election_done(Election *e) {
        (void) json_free(e->reply);
        (void) definition_unref(e->definition);
        *e = (Election) {};
}

static bool is_founder(const Ctl *c, const Key *key) {
        for (size_t i = 0; i < c->genesis->n_admins; i++)
                if (key_equal(&c->genesis->admins[i], key))
                        return true;
        return false;
}

/* The entry's receipt, checked from the pinned network; its line must be the one that we were told.
 */
static int prove(Ctl *c, const char *name, const char *line, Election *e) {
        _cleanup_json_ Json *params = json_new_object(), *reply = NULL;
        const Json *receipt;
        const char *entry;
        ReceiptFacts facts;
        Why why = {};
        int r;

        json_set_text(params, "name", name);
        r = ctl_call(c, "GetReceipt", TAKE_PTR(params), &reply);
        if (r != 0)
                return r;
        r = json_get_object(reply, "receipt", &receipt, &why);
        if (r == 0)
                r = receipt_verify(receipt, &c->genesis->network, &facts, &why);
        if (r == 0)
                r = json_get_text(receipt, "entry", 1, ENTRY_BYTES_MAX, &entry, &why);
        if (r == -ENOMEM)
                return ctl_oom(c);
        if (r != 0)
                return ctl_caught(c, why.text);
        if (!streq(entry, line))
                return ctl_caught(c, "the election's receipt is of another entry");
        if (!is_founder(c, &facts.signer))
                ctl_note(c,
                        "Note: the election was posted by %.16s..., who is not one of the "
                        "network's first admins.",
                        key_hex(&facts.signer, (char[ID_HEX]) {}));
        e->proven = true;
        return EXIT_DONE;
}

const char* election_phase_now(const char *phase, uint64_t opens, uint64_t closes) {
        const uint64_t now = now_realtime_sec();

        if (streq(phase, "announced") && now >= opens && now < closes)
                return "open";
        if ((streq(phase, "open") || streq(phase, "announced")) && now >= closes)
                return "closing";
        return phase;
}

int election_get(Ctl *c, const char *name, Election *ret) {
        _cleanup_(election_done) Election e = {};
        _cleanup_json_ Json *params = json_new_object(), *entry = NULL;
        const char *line, *kind, *told;
        Audited *audited;
        char hex[ID_HEX];
        int64_t grace;
        Why why = {};
        int r;

        r = ctl_network(c);
        if (r != 0)
                return r;
        json_set_text(params, "election", name);
        r = ctl_call(c, "GetElection", TAKE_PTR(params), &e.reply);
        if (r != 0)
                return r;
        r = json_get_object(e.reply, "summary", &e.summary, &why);
        if (r == 0)
                r = json_get_text(e.reply, "line", 1, ENTRY_BYTES_MAX, &line, &why);
        if (r == 0)
                r = json_get_text(e.summary, "phase", 1, 32, &e.phase, &why);
        if (r == 0)
                r = json_get_text(e.summary, "id", 64, 64, &told, &why);
        if (r == 0)
                r = json_get_int(e.summary, "grace", 0, GRACE_MAX, &grace, &why);
        if (r == 0)
                r = line_parse(&entry, line, strlen(line), ENTRY_BYTES_MAX, &why);
        if (r == 0)
                r = json_get_text(entry, "kind", 1, 32, &kind, &why);
        if (r == 0 && !streq(kind, "election"))
                r = why_set(&why, V_FORM, "the entry is of kind \"%s\"", kind);
        if (r == 0)
                r = definition_parse(&e.definition, entry, &why);
        if (r == -ENOMEM)
                return ctl_oom(c);
        if (r != 0)
                return ctl_caught(c, why.text);
        hash_bytes(&e.id, line, strlen(line));
        if (!streq(told, id_hex(&e.id, hex)) ||
                (!streq(name, e.definition->name) && !streq(name, hex)))
                return ctl_caught(c, "it is about another election");
        e.grace = (uint64_t) grace;
        e.phase = election_phase_now(e.phase, e.definition->opens, e.definition->closes);
        r = ctl_audited(c, &audited);
        if (r == 0 && c->pinned &&
                audited) /* all of the ledger was checked: there is no more to prove */
                e.proven = true;
        else if (r == 0 && c->pinned)
                r = prove(c, e.definition->name, line, &e);
        if (r != 0)
                return r;
        *ret = e;
        e = (Election) {};
        return EXIT_DONE;
}

int election_voters(Ctl *c, const Election *e, const Signers *s, VoterState **ret) {
        _cleanup_json_ Json *params = json_new_object(), *reply = NULL;
        _cleanup_free_ VoterState *states = new0(VoterState, s->n + 1);
        Json *keys = json_new_array();
        const Json *voters;
        Why why = {};
        int r;

        if (!states)
                return ctl_oom(c);
        for (size_t i = 0; i < s->n; i++)
                json_add_key(keys, &s->items[i].key);
        json_set_id(params, "election", &e->id);
        json_set(params, "keys", keys);
        r = ctl_call(c, "GetVoters", TAKE_PTR(params), &reply);
        if (r != 0)
                return r;
        r = json_get_array(reply, "voters", s->n, s->n, &voters, &why);
        for (size_t i = 0; r == 0 && i < s->n; i++) {
                const Json *o = json_at(voters, i);
                int64_t weight, seq, votes, pool_seq;

                r = json_get_key(o, "key", &states[i].key, &why);
                if (r == 0)
                        r = json_get_bool(o, "entitled", &states[i].entitled, &why);
                if (r == 0)
                        r = json_get_int(o, "weight", 0, WEIGHT_MAX, &weight, &why);
                if (r == 0)
                        r = json_get_int(o, "seq", 0, SEQ_MAX, &seq, &why);
                if (r == 0)
                        r = json_get_int(o, "votes", 0, SEQ_MAX, &votes, &why);
                if (r == 0)
                        r = json_get_int(o, "pool_seq", 0, SEQ_MAX, &pool_seq, &why);
                if (r == 0 && !key_equal(&states[i].key, &s->items[i].key))
                        r = why_set(&why, V_FORM, "it is about other keys");
                if (r == 0) {
                        states[i].weight = (uint64_t) weight;
                        states[i].seq = (uint64_t) seq;
                        states[i].votes = (uint64_t) votes;
                        states[i].pool_seq = (uint64_t) pool_seq;
                }
        }
        if (r != 0)
                return ctl_caught(c, why.text);
        *ret = TAKE_PTR(states);
        return EXIT_DONE;
}

static void add_time(Ctl *c, const char *label, uint64_t t, uint64_t now) {
        char at[FORMAT_TIME_MAX], span[FORMAT_SPAN_MAX];

        if (t > now)
                ctl_field(c, label, "%s, in %s", format_time(at, t),
                        format_span(span, (t - now) * USEC_PER_SEC));
        else
                ctl_field(c, label, "%s, %s ago", format_time(at, t),
                        format_span(span, (now - t) * USEC_PER_SEC));
}

static void show_rules(Ctl *c, const Definition *d, const Question *q) {
        const unsigned takes = q->method->takes;

        if (takes & TAKES_SEATS && q->seats > 1)
                buf_printf(&c->out, "      %" PRIu32 " seats\n", q->seats);
        if (streq(q->method->name, "approval") && (q->min > 1 || q->max < q->n_options))
                buf_printf(
                        &c->out, "      approve of %" PRIu32 " to %" PRIu32 "\n", q->min, q->max);
        if (streq(q->method->name, "score"))
                buf_printf(&c->out, "      scores from 0 to %" PRIu32 "\n", q->max);
        if (q->quorum > 0)
                buf_printf(&c->out, "      quorum %" PRIu64 "\n", q->quorum);
        for (size_t i = 0; q->majority && i < q->n_options; i++)
                if (q->majority[i].num != q->majority[i].den)
                        buf_printf(&c->out, "      option %zu needs a majority of %u to %u\n", i,
                                q->majority[i].num, q->majority[i].den);
}

static void show_sealed(Ctl *c, const Definition *d, const BoardView *b) {
        ctl_field(c, "Ballots", "sealed: nobody can read a ballot, only the sum of all is opened%s%s",
                d->revote ? "" : "; the first vote counts, no other",
                d->blank ? "" : "; a choice must be made");
        ctl_field(c, "Board", "%s: any %u of %u trustees open the sum together", b->line->name,
                b->line->threshold, b->line->n_trustees);
        board_view_show_missing(c, b);
        ctl_field(c, "Least", "of fewer than %" PRIu32 " ballots nothing is ever opened", d->least);
        if (d->exposed)
                ctl_field(c, "Exposed", "%s%s%s", ctl_tint(c, TINT_WARN), ELECTION_EXPOSED_TEXT,
                        ctl_tint(c, TINT_NONE));
}

void election_show(Ctl *c, const Definition *d, uint64_t grace, const BoardView *board) {
        const uint64_t now = now_realtime_sec();
        const char *p = d->about, *line;
        size_t n = strlen(d->about), len;

        add_time(c, "Opens", d->opens, now);
        add_time(c, "Closes", d->closes, now);
        if (grace > 0)
                ctl_field(c, "Grace", "%s for what was cast in time to reach the ledger",
                        format_span((char[FORMAT_SPAN_MAX]) {}, grace * USEC_PER_SEC));
        if (d->secrecy == SECRECY_SEALED)
                show_sealed(c, d, board);
        else
                ctl_field(c, "Ballots", "open: everybody can see who chose what%s%s",
                        d->revote ? "" : "; the first vote counts, no other",
                        d->blank ? "" : "; a choice must be made");
        if (d->lot)
                ctl_field(c, "Lot", "%s", d->lot);
        while (*d->about && line_next(&p, &n, &line, &len)) {
                _cleanup_free_ char *copy = strndup(line, len);

                if (copy)
                        text_clean(copy);
                buf_printf(&c->out, "%s  %s\n", line == d->about ? "\n" : "", copy ?: "");
        }
        for (size_t i = 0; i < d->n_questions; i++) {
                const Question *q = &d->questions[i];

                buf_printf(&c->out, "\n%sQuestion %zu: %s%s (%s)\n", ctl_tint(c, TINT_BOLD), i,
                        q->text, ctl_tint(c, TINT_NONE), q->method->name);
                for (size_t k = 0; k < q->n_options; k++)
                        buf_printf(&c->out, "  %3zu %s%s\n", k, q->options[k],
                                q->default_option == (int) k ? "  (default)" : "");
                show_rules(c, d, q);
        }
}

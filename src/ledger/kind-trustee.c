/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/hex.h"
#include "ledger/board.h"

/* {"kind":"trustee","proof":...,"sealing":element,"signature":...,"signer":key}
 *
 * A key may come again, with another sealing key: boards after it take the last one. Anybody can
 * make keys, so only those have room here whom an admin has let in: admins, and who stands on a
 * roll. */

static int trustee_parse(Entry *e, const Json *o, const Genesis *g, Why *why) {
        TrusteeLine *t;
        int r;

        r = json_check_keys(o, JSON_KEYS("kind", "proof", "sealing", "signature", "signer"), why);
        if (r != 0)
                return r;
        r = sealed_check_engine(g, why);
        if (r != 0)
                return r;

        t = e->trustee.line = new0(TrusteeLine, 1);
        if (!t)
                return -ENOMEM;
        r = sealed_get_element(o, "sealing", &t->sealing, why);
        if (r != 0)
                return r;
        return sealed_get_bytes(o, "proof", t->proof, sizeof(t->proof), why);
}

static void trustee_done(Entry *e) {
        free(e->trustee.line);
}

static bool is_on_a_roll(const State *s, const Key *k) {
        for (size_t i = 0; i < s->n_acts; i++) {
                const Act *a = s->acts[i];

                if (a->entry->kind != ENTRY_ROLL || a->effect == 0)
                        continue;
                for (size_t v = 0; v < a->entry->roll.roll->n_voters; v++)
                        if (key_equal(&a->entry->roll.roll->voters[v].key, k))
                                return true;
        }
        return false;
}

Act* state_trustee(const State *s, const Key *k) {
        for (size_t i = s->n_acts; i > 0; i--) {
                Act *a = s->acts[i - 1];

                if (a->entry->kind == ENTRY_TRUSTEE && key_equal(&a->entry->signer, k))
                        return a;
        }
        return NULL;
}

static int trustee_check(State *s, Entry *e, uint64_t time, Why *why) {
        size_t n = 0;

        (void) time;

        for (size_t i = 0; i < s->n_acts; i++)
                n += s->acts[i]->entry->kind == ENTRY_TRUSTEE &&
                     key_equal(&s->acts[i]->entry->signer, &e->signer);
        if (n >= TRUSTEE_ENTRIES_MAX)
                return why_set(why, V_LIMIT, "this key has made %zu sealing keys, at most %u are allowed",
                                n, TRUSTEE_ENTRIES_MAX);

        if (!state_is_admin(s, &e->signer) && !is_on_a_roll(s, &e->signer))
                return why_set(why, V_SIGNER,
                                "%s is no admin and on no roll: an admin adds a roll with this key "
                                "first",
                                key_hex(&e->signer, (char[ID_HEX]) {}));
        return 0;
}

/* --- that it knows the secret of its sealing key --- */

typedef struct TrusteeContent {
        CheckContent content;
        SealingStatement statement;
        uint8_t proof[KNOWLEDGE_BYTES];
} TrusteeContent;

static int check_sealing(const CheckContent *c, Why *why) {
        const TrusteeContent *t = (const TrusteeContent *) c;

        return sealing_check(&t->statement, t->proof, why);
}

static const CheckContentType content_type = {
        .check = check_sealing,
};

static int trustee_content(State *s, Entry *e, CheckContent **ret, Why *why) {
        const TrusteeLine *line = e->trustee.line;
        TrusteeContent *t;

        (void) why;

        t = new0(TrusteeContent, 1);
        if (!t)
                return -ENOMEM;
        *t = (TrusteeContent) {
                .content = { .type = &content_type, .n_proofs = 1 },
                .statement = {
                        .network = s->genesis->network,
                        .signer = e->signer,
                        .sealing = line->sealing,
                },
        };
        memcpy(t->proof, line->proof, sizeof(t->proof));
        *ret = &t->content;
        return 0;
}

const EntryType entry_type_trustee = {
        .name = "trustee",
        .limit = offsetof(Limits, entry_bytes),
        .parse = trustee_parse,
        .done = trustee_done,
        .check = trustee_check,
        .content = trustee_content,
};

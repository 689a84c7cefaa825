/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "peer-material.h"

#include <limits.h>

#include "../unit/ledger/sealed.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "fuzz.h"
#include "voted/limits.h"

#define OPENS (MATERIAL_START - 60U)

static const struct {
        uint8_t parent, view;
        int16_t time;           /* against MATERIAL_START */
        uint8_t entries[3];
        bool endorsed, final;
        uint8_t sealed;         /* of quorum: one more */
} plan[] = {
        [1] = { 0, 1, -100, { 1, 2 }, true, true, 32 },
        [2] = { 1, 2, -50, { 3, 4 }, true, true, 33 },
        [3] = { 2, 3, -2, { 5 }, true, true, 34 },          /* the liar's */
        [4] = { 3, 5, 0, { 6 }, true, true, 35 },
        [5] = { 4, 6, 1, {}, true, false, 36 },
        [6] = { 5, 9, 2, { 22 }, true, true, 37 },
        [7] = { 6, 10, 3, {}, true, false },            /* endorsed, and skipped */
        [8] = { 7, 11, 4, { 23 }, true, true, 38 },         /* the liar's */
        [9] = { 8, 13, 5, {}, true, false },
        [10] = { 9, 14, 6, { 13 }, true, true },
        [11] = { 2, 3, -1, { 24 }, false, false },
        [12] = { 6, 11, 4, {}, false, false },
};

bool material_skipped(uint64_t view) {
        return view == 4 || view == 7 || view == 8 || view == 10 || view == 12;
}

/* --- entries --- */

static void add_line(Material *m, unsigned number, const char *line, size_t n) {
        MaterialEntry *x = m->entries + number;

        x->line = malloc(n + 1);
        fuzz_check(x->line);
        memcpy(x->line, line, n);
        x->line[n] = 0;
        x->n = n;
        hash_bytes(&x->id, line, n);
        if (entry_parse(&x->entry, m->genesis, line, n, NULL) != 0)
                x->entry = NULL;
        else
                x->id = x->entry->id;
}

static void add_entry(Material *m, unsigned number, bool honest, Entry *e) {
        add_line(m, number, e->line, e->n_line);
        m->entries[number].honest = honest;
        (void) entry_unref(e);
}

static Entry* vote(const Material *m, unsigned voter, const Id *election, unsigned seq, const char *choices) {
        return fixture_vote(m->genesis, FIXTURE_VOTER + voter, election, seq, choices);
}

/* A board of one trustee, and an election that is sealed for it. */
static void make_sealed(Material *m) {
        const Genesis *g = m->genesis;
        SealedBoard b;

        sealed_board_init(&b, g, 1, 1);
        add_entry(m, 32, true, sealed_roll_of_trustees(&b, FIXTURE_ADMIN));
        add_entry(m, 33, true, sealed_trustee(&b, 0));
        add_entry(m, 34, true, sealed_board(&b, FIXTURE_ADMIN, "trustees", "'secret'", MATERIAL_START + 600));
        add_entry(m, 35, true, sealed_deal(&b, 0, UINT_MAX));
        add_entry(m, 36, true, sealed_confirm(&b, 0));
        sealed_open_deals(&b);
        add_entry(m, 37, true, sealed_election(&b, FIXTURE_ADMIN, "secret", &m->entries[1].id, 1, MATERIAL_START + 3, MATERIAL_START + 1000,
                                            "'exposed':true"));
        add_entry(m, 38, true, sealed_vote(&b, FIXTURE_VOTER + 0, m->entries[37].entry, 1, "[[0]]"));
        add_entry(m, 39, true, sealed_vote(&b, FIXTURE_VOTER + 1, m->entries[37].entry, 1, "[[1]]"));
        add_entry(m, 40, true, sealed_vote(&b, FIXTURE_VOTER + 1, m->entries[37].entry, 2, "[[2]]"));
        add_entry(m, 41, true, sealed_object(&b, 0, 0));
        sealed_board_done(&b);
}

static void make_entries(Material *m) {
        const Genesis *g = m->genesis;
        const Id *roll, *election, none = { .b = { 7 } };
        _cleanup_buf_ Buf line = {};
        MaterialEntry *bad = m->entries + 9;

        add_entry(m, 1, true, fixture_roll(g, FIXTURE_ADMIN, "members", 0, 0, 8));
        roll = &m->entries[1].id;
        add_entry(m, 2, true, fixture_election(g, FIXTURE_ADMIN, "board", roll, 1, OPENS, OPENS + 100000, NULL));
        election = &m->entries[2].id;
        add_entry(m, 3, true, vote(m, 0, election, 1, "[[0]]"));
        add_entry(m, 4, true, vote(m, 1, election, 1, "[[1]]"));
        add_entry(m, 5, true, vote(m, 2, election, 1, "[[1]]"));
        add_entry(m, 6, true, vote(m, 0, election, 2, "[[2]]"));
        add_entry(m, 7, true, vote(m, 0, election, 1, "[[1]]"));        /* in place of 3 */
        add_entry(m, 8, true, vote(m, 1, election, 2, "[[0]]"));
        add_entry(m, 9, false, vote(m, 3, election, 1, "[[0]]"));       /* with another signature */
        memcpy(strstr(bad->line, "\"signature\":\"") + 13, "AAAA", 4);
        hash_bytes(&bad->id, bad->line, bad->n);
        add_entry(m, 10, true, vote(m, 5000, election, 1, "[[0]]"));    /* nobody's */
        add_entry(m, 11, true, vote(m, 3, &none, 1, "[[0]]"));
        add_entry(m, 12, true, vote(m, 3, election, 1, "[[7]]"));       /* no such option */
        add_entry(m, 13, true, fixture_election(g, FIXTURE_ADMIN, "later", roll, 1, MATERIAL_START + 5000, MATERIAL_START + 6000, NULL));
        add_entry(m, 14, true, vote(m, 3, &m->entries[13].id, 1, "[[0]]"));     /* too early */
        add_entry(m, 15, true, fixture_roll(g, FIXTURE_ADMIN, "others", 0, 8, 4));
        add_entry(m, 16, true, fixture_draw(g, FIXTURE_ADMIN, m->entries[2].entry, "heads"));
        add_entry(m, 17, true, fixture_withdraw(g, FIXTURE_ADMIN, m->entries[13].entry));
        add_entry(m, 18, true, fixture_approve(g, FIXTURE_ADMIN + 1, m->entries[13].entry));
        add_entry(m, 19, true, fixture_admins(g, FIXTURE_ADMIN, FIXTURE_ADMIN + 1, -1, 1));
        add_entry(m, 21, true, vote(m, 0, election, 2147483647, "[[0]]"));
        add_entry(m, 22, true, vote(m, 4, election, 1, "[[0]]"));
        add_entry(m, 23, true, vote(m, 5, election, 1, "[[0]]"));
        add_entry(m, 24, true, vote(m, 6, election, 1, "[[0]]"));
        add_entry(m, 25, true, vote(m, 7, election, 1, "[[0]]"));
        add_entry(m, 26, true, fixture_election(g, FIXTURE_ADMIN, "past", roll, 1, 2000, 2001, NULL));
        add_entry(m, 27, true, fixture_election(g, FIXTURE_ADMIN, "soon", roll, 1, MATERIAL_START + 3, MATERIAL_START + 6, "'lot':'a lottery'"));
        add_entry(m, 28, true, vote(m, 4, &m->entries[27].id, 1, "[[0]]"));
        fixture_line(g, FIXTURE_ADMIN, "vote", "'ballot':{},'election':'x','seq':0", &line);
        add_line(m, 29, line.p, line.n);
        add_line(m, 30, g->line, g->n_line);
        add_line(m, 31, "x", 1);
        if (!m->pow)
                make_sealed(m);
}

const MaterialEntry* material_entry(const Material *m, unsigned number) {
        const MaterialEntry *x = m->entries + number % MATERIAL_ENTRIES;

        return x->line ? x : NULL;
}

/* --- blocks --- */

const MaterialBlock* material_block(const Material *m, unsigned item) {
        const MaterialBlock *b = m->blocks + item % MATERIAL_ITEMS;

        return b->made ? b : m->blocks + item % (MATERIAL_SIDE + 1);
}

void material_craft(Material *m, unsigned item, const Header *h, const uint8_t *entries, size_t n) {
        MaterialBlock *b = m->blocks + item % MATERIAL_ITEMS;
        Id ids[ELEMENTSOF(b->entries)];

        if (b->made && b->endorsed)
                return;                 /* so many agree on it */
        *b = (MaterialBlock) { .header = *h, .made = true };
        for (size_t i = 0; i < n && b->n_entries < ELEMENTSOF(b->entries); i++) {
                const MaterialEntry *x = material_entry(m, entries[i]);

                if (!x)
                        continue;
                ids[b->n_entries] = x->id;
                b->entries[b->n_entries++] = entries[i];
        }
        merkle_root(&b->header.root, ids, b->n_entries);
        b->header.count = b->n_entries;
        fuzz_check(header_set_id(&b->header) == 0);
}

static void make_blocks(Material *m) {
        m->blocks[0] = (MaterialBlock) { .header = { .id = m->genesis->network, .network = m->genesis->network, .time = FIXTURE_CREATED },
                .made = true };
        for (unsigned i = 1; i <= MATERIAL_SIDE; i++) {
                const Header *parent = &m->blocks[plan[i].parent].header;
                uint8_t entries[sizeof(plan[i].entries) + 1];
                Header h = {
                        .network = m->genesis->network,
                        .parent = parent->id,
                        .height = parent->height + 1,
                        .time = (uint64_t) (int64_t) ((int) MATERIAL_START + plan[i].time),
                        .sealer = *secret_key_public(material_secret(m, plan[i].view % 4)),
                        .field = m->pow ? HEADER_DIFFICULTY : HEADER_VIEW,
                        .value = m->pow ? 1 : plan[i].view,
                };

                memcpy(entries, plan[i].entries, sizeof(plan[i].entries));
                entries[sizeof(plan[i].entries)] = m->pow ? 0 : plan[i].sealed;
                material_craft(m, i, &h, entries, sizeof(entries));
                m->blocks[i].endorsed = plan[i].endorsed;
                m->blocks[i].final = plan[i].final;
        }
}

const SecretKey* material_secret(const Material *m, unsigned who) {
        return who < 4 ? m->q.keys[who] : fixture_secret(60 + who % 8);
}

Material* material_get(bool pow) {
        static Material made[2];
        Material *m = made + pow;
        _cleanup_buf_ Buf line = {};
        Why why = {};

        if (m->genesis)
                return m;
        fuzz_check(crypto_init(NULL) == 0);
        m->pow = pow;
        quorum_world_init(&m->q, 4);
        if (pow)
                m->genesis = fixture_genesis(&(FixtureSetup) { .confirmations = 2, .revotes = 3 });
        else {
                fuzz_check(genesis_format(&line, "test", FIXTURE_CREATED, 1, fixture_key(FIXTURE_ADMIN), 1, m->q.config,
                                             &(Limits) { .grace = 600, .revotes = 3 }, &why) == 0);
                fuzz_check(genesis_parse(&m->genesis, line.p, line.n, &why) == 0);
        }
        m->q.network = m->genesis->network;
        make_entries(m);
        make_blocks(m);
        return m;
}

/* --- what was said --- */

/* Of what they have planned to say they have said what anybody has seen, up to used_view; from limit_view on, nothing. */
static uint64_t used_view, limit_view = UINT64_MAX;

static bool of_plan(uint64_t view) {
        if (view >= limit_view)
                return false;
        used_view = MAX(used_view, view);
        return true;
}

static bool was_said(const Material *m, QuorumKind kind, uint64_t view, const Id *block) {
        if (kind == QUORUM_SKIP)
                return material_skipped(view) && of_plan(view);
        for (unsigned i = 1; i < MATERIAL_ITEMS; i++) {
                const MaterialBlock *b = m->blocks + i;

                if (b->made && b->header.value == view && id_equal(&b->header.id, block) &&
                                (kind == QUORUM_FINALIZE ? b->final : b->endorsed))
                        return i > MATERIAL_SIDE || of_plan(view);
        }
        return false;
}

static unsigned item_of(const Material *m, const Id *id) {
        for (unsigned i = 0; i < MATERIAL_ITEMS; i++)
                if (m->blocks[i].made && id_equal(&m->blocks[i].header.id, id))
                        return i;
        return MATERIAL_ITEMS;
}

/* 1 and 2 know its parent as endorsed, and what is between as skipped; they have endorsed no other block of its view. */
static bool may_endorse(const Material *m, const MaterialBlock *b) {
        unsigned parent = item_of(m, &b->header.parent);
        uint64_t view = b->header.value, last = m->blocks[MATERIAL_BLOCKS].header.value;

        if (!b->made || !b->sound || parent == MATERIAL_ITEMS || m->blocks[parent].header.value >= view)
                return false;
        if (parent > 0 && (!m->blocks[parent].endorsed || (parent <= MATERIAL_BLOCKS && !of_plan(m->blocks[parent].header.value))))
                return false;
        if (view < limit_view && view <= last && !material_skipped(view))
                return false;
        for (unsigned i = MATERIAL_OWN; i < MATERIAL_ITEMS; i++)
                if (m->blocks[i].made && m->blocks[i].endorsed && m->blocks[i].header.value == view && m->blocks + i != b)
                        return false;
        for (uint64_t v = m->blocks[parent].header.value + 1; v < view; v++)
                if (!material_skipped(v) || !of_plan(v))
                        return false;
        return true;
}

bool material_agree(Material *m, unsigned item, bool final) {
        MaterialBlock *b = m->blocks + item % MATERIAL_ITEMS;

        if (m->pow || item < MATERIAL_OWN || (!b->endorsed && !may_endorse(m, b)))
                return false;
        b->endorsed = true;
        if (!final || b->final || b->header.value <= used_view)
                return true;
        b->final = true;
        limit_view = MIN(limit_view, b->header.value);
        return true;
}

unsigned material_chain(const Material *m, uint8_t ret[static MATERIAL_ITEMS]) {
        unsigned tip = MATERIAL_BLOCKS, n;

        while (m->blocks[tip].header.value >= limit_view)
                tip--;
        for (unsigned i = MATERIAL_OWN; i < MATERIAL_ITEMS; i++)
                if (m->blocks[i].made && m->blocks[i].final && m->blocks[i].header.height > m->blocks[tip].header.height)
                        tip = i;
        n = (unsigned) m->blocks[tip].header.height;
        for (unsigned k = n + 1; k > 0; k--) {
                ret[k - 1] = (uint8_t) tip;
                tip = item_of(m, &m->blocks[tip].header.parent) % MATERIAL_ITEMS;
        }
        return n;
}

bool material_says_skip(const Material *m, uint64_t view) {
        for (unsigned i = MATERIAL_OWN; i < MATERIAL_ITEMS; i++)
                if (m->blocks[i].made && m->blocks[i].endorsed && m->blocks[i].header.value == view)
                        return false;
        return material_skipped(view) && view < limit_view;
}

void material_forget(Material *m) {
        for (unsigned i = MATERIAL_OWN; i < MATERIAL_ITEMS; i++)
                m->blocks[i] = (MaterialBlock) {};
        used_view = 0;
        limit_view = UINT64_MAX;
}

/* Each is signed once: that takes longer than most of what the peer does with it. */
static QuorumStatement sign(const Material *m, unsigned signer, QuorumKind kind, uint64_t view, const Id *block) {
        static QuorumStatement kept[2][4096];
        QuorumStatement *s = kept[m->pow] + ((block->b[0] | block->b[1] << 8) ^ (view * 31 + signer * 7 + (unsigned) kind)) % ELEMENTSOF(kept[0]);

        if (s->view != view || s->kind != kind || s->signer != signer || !id_equal(&s->block, block))
                *s = quorum_world_says(&m->q, signer, kind, view, kind == QUORUM_SKIP ? NULL : block);
        return *s;
}

QuorumStatement material_says(const Material *m, unsigned signer, QuorumKind kind, uint64_t view, const Id *block) {
        QuorumStatement s;

        block = kind == QUORUM_SKIP || !block ? &(Id) {} : block;
        view = MIN(view, (uint64_t) LINE_INT_MAX);      /* more is no line, and cannot be signed */
        signer %= 4;
        if (signer == MATERIAL_LIAR || (signer != 0 && was_said(m, kind, view, block) &&
                                               (kind != QUORUM_PROPOSE || quorum_leader(&m->q.c, view) == signer)))
                return sign(m, signer, kind, view, block);
        s = sign(m, MATERIAL_LIAR, kind, view, block);
        s.signer = signer;
        return s;
}

static QuorumCertificate* certificate(const Material *m, QuorumKind of, uint64_t view, const Id *block, MaterialSeal how) {
        QuorumCertificate *c = quorum_certificate_new(of, view, of == QUORUM_SKIP ? &(Id) {} : block, 3);
        const Id nothing = { .b = { 1 } };

        fuzz_check(c);
        c->view = view = MIN(view, (uint64_t) LINE_INT_MAX - 1);
        for (unsigned i = 0; i < (how == SEAL_TOO_FEW ? 2 : 3); i++) {
                unsigned signer = how == SEAL_ONE_THRICE ? MATERIAL_LIAR : how == SEAL_OTHER_SIGNERS ? i : i + 1;
                QuorumStatement s = how == SEAL_JUNK ? sign(m, MATERIAL_LIAR, QUORUM_ENDORSE, view + 1, &nothing)
                                                     : material_says(m, signer, of, view, block);

                c->signatures[c->n].number = signer;
                c->signatures[c->n++].signature = s.signature;
        }
        return c;
}

void material_certificate(const Material *m, QuorumKind of, uint64_t view, const Id *block, MaterialSeal how, Buf *ret) {
        _cleanup_certificate_ QuorumCertificate *c = certificate(m, of, view, block, how);

        fuzz_check(quorum_certificate_format(c, ret) == 0);
}

static void pow_seal(const Material *m, const Header *h, MaterialSeal how, Buf *ret) {
        const SecretKey *key = material_secret(m, MATERIAL_LIAR);
        _cleanup_buf_ Buf line = {};
        char hex[ID_HEX];

        /* A block's own signature is made whoever its sealer is: nobody has agreed to anything. */
        for (unsigned i = 0; i < 12; i++)
                if (how != SEAL_JUNK && key_equal(&h->sealer, secret_key_public(material_secret(m, i))))
                        key = material_secret(m, i);
        buf_printf(&line, "{\"block\":\"%s\",\"kind\":\"seal\",\"nonce\":\"%016x\"}", id_hex(&h->id, hex), (unsigned) how);
        fuzz_check(sign_line(ret, key, "seal", how == SEAL_TOO_FEW ? &h->id : &m->genesis->network, line.p, line.n) == 0);
}

void material_seal(const Material *m, unsigned item, MaterialSeal how, Buf *ret) {
        const MaterialBlock *b = material_block(m, item), *of = how == SEAL_OTHERS && item > 0 ? material_block(m, item - 1) : b;
        _cleanup_certificate_ QuorumCertificate *c = NULL;

        if (how == SEAL_NO_LINE) {
                buf_add_text(ret, "{}");
                return;
        }
        if (m->pow) {
                pow_seal(m, &of->header, how, ret);
                return;
        }
        c = certificate(m, how != SEAL_ENDORSED && of->final ? QUORUM_FINALIZE : QUORUM_ENDORSE, of->header.value, &of->header.id,
                        how);
        fuzz_check(quorum_certificate_format_seal(c, ret) == 0);
}

/* --- texts --- */

void material_header(const Material *m, unsigned item, Buf *ret) {
        fuzz_check(header_format(&material_block(m, item)->header, ret) == 0);
}

static const MaterialBlock* parent_of(const Material *m, const MaterialBlock *b) {
        for (unsigned i = 1; i < MATERIAL_ITEMS; i++)
                if (m->blocks[i].made && id_equal(&m->blocks[i].header.id, &b->header.parent))
                        return m->blocks + i;
        return NULL;
}

void material_proposal(const Material *m, unsigned item, unsigned signer, unsigned left_out, Buf *ret) {
        const MaterialBlock *b = material_block(m, item), *parent = parent_of(m, b);
        QuorumStatement s = material_says(m, signer, QUORUM_PROPOSE, b->header.value, &b->header.id);
        char text[BASE64_LEN(ELEMENTSOF(b->entries) * sizeof(Id)) + 1] = {};
        Id ids[ELEMENTSOF(b->entries)];
        const char *comma = "";
        unsigned n = 0;

        for (unsigned i = 0; i < b->n_entries; i++)
                ids[i] = material_entry(m, b->entries[i])->id;
        base64_encode(text, ids, b->n_entries * sizeof(Id));
        buf_add_char(ret, '{');
        if (parent) {
                buf_add_text(ret, "\"certificate\":");
                material_certificate(m, parent->final ? QUORUM_FINALIZE : QUORUM_ENDORSE, parent->header.value, &parent->header.id,
                                SEAL_RIGHT, ret);
                buf_add_char(ret, ',');
        }
        buf_add_text(ret, "\"header\":");
        material_header(m, item, ret);
        buf_printf(ret, ",\"ids\":\"%s\",\"kind\":\"propose\",\"proposal\":", text);
        fuzz_check(quorum_statement_format(&s, &m->q.c, ret) == 0);
        buf_add_text(ret, ",\"skips\":[");
        for (uint64_t v = parent ? parent->header.value + 1 : 1; v < b->header.value && n < 20; v++, n++) {
                if (left_out == n + 1 || (left_out == 0 && !material_skipped(v)))
                        continue;
                buf_add_text(ret, comma);
                comma = ",";
                material_certificate(m, QUORUM_SKIP, v, NULL, SEAL_RIGHT, ret);
        }
        buf_add_text(ret, "]}");
}

void material_whole(const Material *m, unsigned item, MaterialSeal how, Buf *ret) {
        const MaterialBlock *b = material_block(m, item);

        if (ret->n > 0)
                buf_add_char(ret, '\n');
        material_header(m, item, ret);
        buf_add_char(ret, '\n');
        material_seal(m, item, how, ret);
        for (unsigned i = 0; i < b->n_entries; i++) {
                const MaterialEntry *x = material_entry(m, b->entries[i]);

                buf_add_char(ret, '\n');
                buf_add(ret, x->line, x->n);
        }
}

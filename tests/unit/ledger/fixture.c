/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fixture.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "codec/hex.h"
#include "codec/line.h"
#include "consensus/quorum-certificate.h"
#include "crypto/merkle.h"
#include "voted/limits.h"

static _noreturn_ void die(const char *what, int r, const Why *why) {
        (void) fprintf(stderr, "fixture: %s: %d %s\n", what, r, why ? why->text : "");
        abort();
}

static void must(const char *what, int r, const Why *why) {
        if (r != 0)
                die(what, r, why);
}

/* --- keys --- */

/* Every secret key takes pages of its own, of which a process may have some 65,000: of the high
 * numbers only the last few stay. */
#define KEPT 4096U
#define PASSING 256U
static SecretKey *kept[KEPT], *passing[PASSING];
static unsigned passing_number[PASSING];
static Key *publics;
static unsigned n_publics;

static SecretKey* make_secret(unsigned number) {
        static bool ready;      /* the self-test takes as long as some signatures: once is enough */
        SecretKey *k = NULL;
        uint8_t seed[32] = {};

        for (unsigned i = 0; i < 4; i++)
                seed[i] = (uint8_t) (number >> (8 * i));
        if (!ready)
                must("crypto", crypto_init(NULL), NULL);
        ready = true;
        must("key", secret_key_from_seed(&k, seed), NULL);
        return k;
}

const SecretKey* fixture_secret(unsigned number) {
        unsigned i = number % PASSING;

        if (number < KEPT) {
                if (!kept[number])
                        kept[number] = make_secret(number);
                return kept[number];
        }

        if (!passing[i] || passing_number[i] != number) {
                secret_key_free(passing[i]);
                passing[i] = make_secret(number);
                passing_number[i] = number;
        }
        return passing[i];
}

const Key* fixture_key(unsigned number) {
        if (number >= n_publics) {
                unsigned n = MAX(2 * n_publics, number + 1024);
                Key *p = reallocarray(publics, n, sizeof(Key));

                if (!p)
                        die("keys", -ENOMEM, NULL);
                memset(p + n_publics, 0, (n - n_publics) * sizeof(Key));
                publics = p;
                n_publics = n;
        }
        if (key_is_zero(&publics[number]))
                publics[number] = *secret_key_public(fixture_secret(number));
        return &publics[number];
}

__attribute__((destructor)) static void forget_keys(void) {
        for (unsigned i = 0; i < KEPT; i++)
                secret_key_free(kept[i]);
        for (unsigned i = 0; i < PASSING; i++)
                secret_key_free(passing[i]);
        free(publics);
}

static void set_pow(Json *engine, const FixtureSetup *s) {
        json_set_text(engine, "type", "pow");
        json_set_int(engine, "difficulty", (int64_t) MAX(s->difficulty, UINT64_C(1)));
        json_set_int(engine, "interval", (int64_t) MAX(s->interval, UINT64_C(1)));
        json_set_int(engine, "confirmations", s->confirmations ? s->confirmations : 6);
}

Genesis* fixture_genesis(const FixtureSetup *setup) {
        FixtureSetup s = setup ? *setup : (FixtureSetup) {};
        _cleanup_json_ Json *engine = NULL;
        _cleanup_buf_ Buf line = {};
        Key admins[ADMINS_MAX];
        Genesis *g = NULL;
        Limits limits;
        Why why = {};

        s.admins = MAX(s.admins, 1U);
        for (unsigned i = 0; i < s.admins; i++)
                admins[i] = *fixture_key(FIXTURE_ADMIN + i);

        engine = json_new_object();
        if (s.quorum) {
                Json *authorities = json_new_array();

                json_add_key(authorities, fixture_key(FIXTURE_SEALER));
                json_set_text(engine, "type", "quorum");
                json_set(engine, "authorities", authorities);
                json_set_int(engine, "delta_ms", 1000);
        } else
                set_pow(engine, &s);
        limits = (Limits) {
                .block_bytes = s.block_bytes,
                .entry_bytes = s.entry_bytes,
                .vote_bytes = s.vote_bytes,
                .revotes = s.revotes,
                .notice = s.notice,
                .grace = FIXTURE_GRACE,
        };

        must("genesis",
                        genesis_format(&line, s.name ? s.name : "test", FIXTURE_CREATED,
                                        MAX(s.approvals, 1U), admins, s.admins, engine, &limits,
                                        &why),
                        &why);
        must("genesis", genesis_parse(&g, line.p, line.n, &why), &why);
        return g;
}

/* --- lines --- */

Json* fixture_json(const char *text) {
        Json *o = NULL;
        Why why = {};
        char *copy;

        copy = strdup(text);
        if (!copy)
                die("json", -ENOMEM, NULL);
        for (char *p = copy; *p; p++)
                if (*p == '\'')
                        *p = '"';
        must(copy, json_parse_loose(&o, copy, strlen(copy), 4U << 20, &why), &why);
        free(copy);
        return o;
}

static void sign_object(const Genesis *g, unsigned signer, const char *kind, Json *o, Buf *ret) {
        _cleanup_buf_ Buf line = {};

        json_set_text(o, "kind", kind);
        json_set_key(o, "signer", fixture_key(signer));
        must("line", json_dump(o, &line), NULL);
        must("signature", sign_line(ret, fixture_secret(signer), kind, &g->network, line.p, line.n),
                        NULL);
        json_free(o);
}

void fixture_line(const Genesis *g, unsigned signer, const char *kind, const char *members,
                Buf *ret) {
        _cleanup_buf_ Buf text = {};

        buf_printf(&text, "{%s}", members);
        sign_object(g, signer, kind, fixture_json(text.p), ret);
}

Entry* fixture_entry(const Genesis *g, unsigned signer, const char *kind, Json *o) {
        _cleanup_buf_ Buf line = {};
        Entry *e = NULL;
        Why why = {};

        sign_object(g, signer, kind, o, &line);
        must(line.p, entry_parse(&e, g, line.p, line.n, &why), &why);
        e->verified = true;
        return e;
}

static _printf_(4, 5) Entry *entry_from(
                const Genesis *g, unsigned signer, const char *kind, const char *format, ...) {
        char *text;
        va_list ap;
        Entry *e;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                die("entry", -ENOMEM, NULL);
        va_end(ap);

        e = fixture_entry(g, signer, kind, fixture_json(text));
        free(text);
        return e;
}

Entry* fixture_roll(const Genesis *g, unsigned signer, const char *name, unsigned part,
                unsigned first, unsigned n) {
        Json *o = json_new_object(), *voters = json_new_array();

        for (unsigned i = first; i < first + n; i++) {
                Json *pair = json_new_array();

                json_add_key(pair, fixture_key(FIXTURE_VOTER + i));
                json_add_int(pair, 1 + i % 3);
                json_add(voters, pair);
        }
        json_set_text(o, "name", name);
        json_set_int(o, "part", part);
        json_set(o, "voters", voters);
        return fixture_entry(g, signer, "roll", o);
}

Entry* fixture_election(const Genesis *g, unsigned signer, const char *name, const Id *rolls,
                size_t n_rolls, uint64_t opens, uint64_t closes, const char *more) {
        _cleanup_buf_ Buf text = {};

        buf_printf(&text,
                        "{'name':'%s','title':'Election %s','opens':%" PRIu64 ",'closes':%" PRIu64
                        ",",
                        name, name, opens, closes);
        buf_add_text(&text, "'questions':[{'text':'Who?','method':'plurality','options':['Ann','"
                            "Ben','Cy']}],'rolls':[");
        for (size_t i = 0; i < n_rolls; i++)
                buf_printf(&text, "%s'%s'", i > 0 ? "," : "", id_hex(&rolls[i], (char[ID_HEX]) {}));
        buf_printf(&text, "]%s%s}", more ? "," : "", more ? more : "");
        return fixture_entry(g, signer, "election", fixture_json(text.p));
}

Entry* fixture_approve(const Genesis *g, unsigned signer, const Entry *what) {
        return entry_from(g, signer, "approve", "{'entry':'%s'}",
                        id_hex(&what->id, (char[ID_HEX]) {}));
}

Entry* fixture_withdraw(const Genesis *g, unsigned signer, const Entry *election) {
        return entry_from(g, signer, "withdraw", "{'election':'%s'}",
                        id_hex(&election->id, (char[ID_HEX]) {}));
}

Entry* fixture_draw(const Genesis *g, unsigned signer, const Entry *election, const char *value) {
        return entry_from(g, signer, "draw", "{'election':'%s','value':'%s'}",
                        id_hex(&election->id, (char[ID_HEX]) {}), value);
}

Entry* fixture_admins(const Genesis *g, unsigned signer, int add, int remove, unsigned seq) {
        Json *o = json_new_object(), *a = json_new_array(), *b = json_new_array();

        if (add >= 0)
                json_add_key(a, fixture_key((unsigned) add));
        if (remove >= 0)
                json_add_key(b, fixture_key((unsigned) remove));
        json_set(o, "add", a);
        json_set(o, "remove", b);
        if (seq > 0)
                json_set_int(o, "seq", seq);
        return fixture_entry(g, signer, "admins", o);
}

Entry* fixture_vote(const Genesis *g, unsigned signer, const Id *election, unsigned seq,
                const char *choices) {
        return entry_from(g, signer, "vote", "{'ballot':{'choices':%s},'election':'%s','seq':%u}",
                        choices, id_hex(election, (char[ID_HEX]) {}), seq);
}

/* --- blocks --- */

bool fixture_seals_are_real, fixture_seals_are_final = true;

/* A certificate of the one authority. */
static void make_certificate(const Genesis *g, const Header *h, Buf *ret) {
        const QuorumKind kind = fixture_seals_are_final ? QUORUM_FINALIZE : QUORUM_ENDORSE;
        _cleanup_certificate_ QuorumCertificate *c =
                        quorum_certificate_new(kind, h->value, &h->id, 1);
        QuorumStatement s = { .kind = kind, .view = h->value, .block = h->id };
        _cleanup_buf_ Buf line = {}, message = {};
        QuorumConfig config;

        must("engine", quorum_config_read(&config, g->engine_config, false, NULL), NULL);
        if (!c)
                die("certificate", -ENOMEM, NULL);
        must("statement", quorum_statement_format(&s, &config, &line), NULL);
        must("statement", sign_message(&message, fixture_seals_are_final ? "finalize" : "endorse", &g->network, line.p, line.n), NULL);
        c->n = 1;
        sign_bytes(fixture_secret(FIXTURE_SEALER), message.p, message.n, &c->signatures[0].signature);
        must("seal", quorum_certificate_format_seal(c, ret), NULL);
}

/* As of a block that was worked for: the nonce is nobody's. */
static void make_pow_seal(const Genesis *g, const Header *h, Buf *ret) {
        _cleanup_buf_ Buf line = {};
        Json *o = json_new_object();

        json_set_id(o, "block", &h->id);
        json_set_text(o, "kind", "seal");
        json_set_text(o, "nonce", "0000000000000000");
        must("seal", json_dump(o, &line), NULL);
        must("seal", sign_line(ret, fixture_secret(FIXTURE_SEALER), "seal", &g->network, line.p, line.n), NULL);
        json_free(o);
}

Block* fixture_block_on(const Genesis *g, uint64_t height, const Id *parent, uint64_t time,
                Entry *const *entries, size_t n) {
        Header h = {
                .network = g->network,
                .parent = *parent,
                .sealer = *fixture_key(FIXTURE_SEALER),
                .height = height,
                .time = time,
                .count = (uint32_t) n,
                .field = g->engine->field,
                .value = fixture_seals_are_real ? height : 1,   /* of quorum: each view is above the last */
        };
        _cleanup_buf_ Buf header = {}, seal = {};
        _cleanup_free_ Id *ids = NULL;
        Block *b = NULL;

        ids = newN(Id, MAX(n, (size_t) 1));
        if (!ids)
                die("block", -ENOMEM, NULL);
        for (size_t i = 0; i < n; i++)
                ids[i] = entries[i]->id;
        merkle_root(&h.root, ids, n);
        must("header", header_set_id(&h), NULL);
        must("header", header_format(&h, &header), NULL);

        if (fixture_seals_are_real)
                make_certificate(g, &h, &seal);
        else
                make_pow_seal(g, &h, &seal);

        must("block", block_new(&b, &h, header.p, header.n, seal.p, seal.n), NULL);
        for (size_t i = 0; i < n; i++)
                b->entries[i] = entry_ref(entries[i]);
        return b;
}

Block* fixture_block(const Chain *c, uint64_t time, Entry *const *entries, size_t n) {
        return fixture_block_on(chain_genesis(c), chain_tip(c)->height + 1, &chain_tip(c)->id, time,
                        entries, n);
}

int fixture_connect(Chain *c, uint64_t time, Entry *const *entries, size_t n, Why *why) {
        _cleanup_(block_freep) Block *b = fixture_block(c, time, entries, n);
        uint8_t work[16] = {};
        uint64_t height = b->header.height;

        for (unsigned i = 0; i < 8; i++)
                work[15 - i] = (uint8_t) (height >> (8 * i));
        return chain_connect(c, b, work, why);
}

/* e and the approvals that it needs, each in a block of its own. */
static void connect_approved(Fixture *f, Entry *e, unsigned approvals) {
        Why why = {};

        must("block", FIXTURE_CONNECT(f->chain, 2000, &why, e), &why);
        for (unsigned i = 1; i < approvals; i++) {
                Entry *a = fixture_approve(f->genesis, FIXTURE_ADMIN + i, e);

                must("approval", FIXTURE_CONNECT(f->chain, 2000, &why, a), &why);
                entry_unref(a);
        }
}

void fixture_new(Fixture *ret, const FixtureSetup *setup, Store *store, unsigned n_voters) {
        unsigned approvals = setup ? MAX(setup->approvals, 1U) : 1;
        Fixture f = { .store = store };
        Id rolls[ROLLS_MAX];
        unsigned n = 0;

        f.genesis = fixture_genesis(setup);
        if (!f.store)
                must("store", store_memory_new(&f.store), NULL);
        must("chain", chain_new(&f.chain, f.genesis, f.store), NULL);

        for (unsigned first = 0; first < n_voters; first += FIXTURE_ROLL_VOTERS) {
                Entry *e = fixture_roll(f.genesis, FIXTURE_ADMIN, "members", n, first,
                                MIN(n_voters - first, FIXTURE_ROLL_VOTERS));

                connect_approved(&f, e, approvals);
                rolls[n++] = e->id;
                if (f.roll)
                        entry_unref(e);
                else
                        f.roll = e;
        }
        f.election = fixture_election(f.genesis, FIXTURE_ADMIN, "board", rolls, n, FIXTURE_OPENS,
                        FIXTURE_CLOSES, "'lot':'a lottery'");
        connect_approved(&f, f.election, approvals);
        must("commit", chain_commit(f.chain), NULL);
        *ret = f;
}

void fixture_done(Fixture *f) {
        entry_unref(f->roll);
        entry_unref(f->election);
        chain_free(f->chain);
        store_free(f->store);
        genesis_free(f->genesis);
        *f = (Fixture) {};
}

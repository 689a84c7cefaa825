/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quorum-world.h"

#include <stdio.h>

#include "crypto/merkle.h"

/* What cannot go wrong: so this needs no libcheck. */
static void must(bool done, const char *what) {
        if (done)
                return;
        (void) fprintf(stderr, "authorities: %s\n", what);
        abort();
}

void quorum_world_init(QuorumWorld *w, unsigned n) {
        Json *a = json_new_array();

        *w = (QuorumWorld) { .network = { .b = { 1, 2, 3 } }, .config = json_new_object() };
        for (unsigned i = 0; i < n; i++) {
                uint8_t seed[32] = { 11, (uint8_t) i };

                must(secret_key_from_seed(&w->keys[i], seed) == 0, "key");
                json_add_key(a, secret_key_public(w->keys[i]));
        }
        json_set_text(w->config, "type", "quorum");
        json_set_int(w->config, "delta_ms", 100);
        json_set(w->config, "authorities", a);
        must(quorum_config_read(&w->c, w->config, false, NULL) == 0, "configuration");
}

void quorum_world_done(QuorumWorld *w) {
        for (unsigned i = 0; i < AUTHORITIES_MAX; i++)
                secret_key_free(w->keys[i]);
        json_free(w->config);
}

const Key* quorum_world_key(const QuorumWorld *w, unsigned number) {
        return secret_key_public(w->keys[number]);
}

int quorum_world_sign(void *userdata, const char *kind, const char *line, size_t n, Buf *ret) {
        QuorumSigner *s = userdata;

        return sign_line(ret, s->w->keys[s->number], kind, &s->w->network, line, n);
}

QuorumStatement quorum_world_says(const QuorumWorld *w, unsigned signer, QuorumKind kind, uint64_t view, const Id *block) {
        QuorumStatement s = { .kind = kind, .signer = signer, .view = view };
        QuorumSigner by = { w, signer };
        EngineSetup setup = { .sign_userdata = &by, .sign = quorum_world_sign };

        if (block)
                s.block = *block;
        must(quorum_statement_sign(&s, &w->c, &setup) == 0, "statement");
        return s;
}

QuorumCertificate* quorum_world_certificate(const QuorumWorld *w, QuorumKind of, uint64_t view, const Id *block, unsigned first,
                unsigned n) {
        QuorumCertificate *c;

        c = quorum_certificate_new(of, view, block ?: &(Id) {}, n);
        must(c, "certificate");
        for (unsigned i = 0; i < n; i++) {
                QuorumStatement s = quorum_world_says(w, first + i, of, view, block);

                c->signatures[c->n].number = s.signer;
                c->signatures[c->n++].signature = s.signature;
        }
        return c;
}

Header quorum_world_header(const QuorumWorld *w, uint64_t view, const Header *parent, uint64_t time) {
        Header h = {
                .network = w->network,
                .parent = parent ? parent->id : w->network,
                .height = parent ? parent->height + 1 : 1,
                .time = time,
                .sealer = w->c.authorities[quorum_leader(&w->c, view)],
                .field = HEADER_VIEW,
                .value = view,
        };

        merkle_root(&h.root, NULL, 0);
        must(header_set_id(&h) == 0, "header");
        return h;
}

Id quorum_world_id(unsigned char byte) {
        return (Id) { .b = { byte, 1 } };
}

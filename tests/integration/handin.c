/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "handin.h"

#include "voted/limits.h"
#include "votectl/keystore.h"

Genesis* read_genesis(const char *path) {
        _cleanup_buf_ Buf text = {};
        Genesis *g = NULL;
        Why why = {};

        read_line(path, ENTRY_BYTES_MAX, &text);
        must(genesis_parse(&g, text.p, text.n, &why), path, &why);
        return g;
}

SecretKey* read_key(const char *path) {
        _cleanup_(key_file_done) KeyFile f = {};
        _cleanup_buf_ Buf text = {};
        SecretKey *key = NULL;
        Why why = {};

        read_line(path, ENTRY_BYTES_MAX, &text);
        must(key_file_parse(&f, text.p, text.n, &why), path, &why);
        must(key_file_open(&f, NULL, &key, &why), path, &why);
        return key;
}

int hand_in(VarlinkClient *c, const Genesis *g, const SecretKey *key, const char *kind, Json *o) {
        _cleanup_buf_ Buf unsigned_line = {}, line = {};
        Json *params = json_new_object();
        Why why = {};
        int r;

        json_set_text(o, "kind", kind);
        json_set_key(o, "signer", secret_key_public(key));
        must(json_dump(o, &unsigned_line), "making a line", NULL);
        (void) json_free(o);
        must(sign_line(&line, key, kind, &g->network, unsigned_line.p, unsigned_line.n), "signing", NULL);

        json_set_text(params, "line", line.p);
        r = varlink_call(c, "org.voted.Peer.Submit", params, NULL, NULL, &why);
        if (r == 0)
                return HANDED_IN;
        if (r != V_DENIED)
                must(r, "handing in", &why);
        (void) printf("%s\n", why.text);
        return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Somebody who hands in under his own name what another has made: a line on standard input is signed anew, handed in, and the
 * node's answer printed. Ends with 0 if it was refused, with 3 if it was taken.
 *
 *   resigner GENESIS KEY-FILE SOCKET <LINE
 */
#include "codec/line.h"
#include "ctl/varlink-client.h"
#include "help.h"
#include "ledger/genesis.h"
#include "voted/limits.h"
#include "votectl/keystore.h"

int main(int argc, char **argv) {
        static const char *const kept[] = { "block", "board", "deals", "election", "shares" };
        _cleanup_buf_ Buf text = {}, key_text = {}, line = {}, unsigned_line = {}, ret = {};
        _cleanup_(varlink_client_freep) VarlinkClient *c = NULL;
        _cleanup_(secret_key_freep) SecretKey *key = NULL;
        _cleanup_(genesis_freep) Genesis *g = NULL;
        _cleanup_(key_file_done) KeyFile f = {};
        _cleanup_json_ Json *old = NULL, *o = json_new_object();
        const char *kind, *s;
        const Json *a;
        Json *p;
        Why why = {};
        int r;

        if (argc != 4)
                must(-EINVAL, "usage: resigner GENESIS KEY-FILE SOCKET", NULL);
        must(crypto_init(&why), "crypto", &why);
        read_line(argv[1], ENTRY_BYTES_MAX, &text);
        must(genesis_parse(&g, text.p, text.n, &why), argv[1], &why);
        read_line(argv[2], ENTRY_BYTES_MAX, &key_text);
        must(key_file_parse(&f, key_text.p, key_text.n, &why), argv[2], &why);
        must(key_file_open(&f, NULL, &key, &why), argv[2], &why);
        read_line(NULL, ENTRY_BYTES_MAX, &line);
        must(line_parse(&old, line.p, line.n, ENTRY_BYTES_MAX, &why), "the line", &why);

        must(json_get_text(old, "kind", 1, 32, &kind, &why), "the line", &why);
        for (size_t i = 0; i < ELEMENTSOF(kept); i++)
                if (json_get_text(old, kept[i], 0, 64, &s, NULL) == 0)
                        json_set_text(o, kept[i], s);
                else if (json_get_array(old, kept[i], 0, SIZE_MAX, &a, NULL) == 0)
                        json_set(o, kept[i], json_copy_deep(a));
        json_set_text(o, "kind", kind);
        json_set_key(o, "signer", secret_key_public(key));
        must(json_dump(o, &unsigned_line), "making a line", NULL);
        must(sign_line(&ret, key, kind, &g->network, unsigned_line.p, unsigned_line.n), "signing", NULL);

        must(varlink_client_connect(&c, argv[3], &why), argv[3], &why);
        p = json_new_object();
        json_set_text(p, "line", ret.p);
        r = varlink_call(c, "org.voted.Peer.Submit", p, NULL, NULL, &why);
        if (r == 0)
                return 3;
        if (r != V_DENIED)
                must(r, "handing in", &why);
        (void) printf("%s\n", why.text);
        return 0;
}

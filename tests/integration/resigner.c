/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Somebody who hands in under his own name what another has made: a line on standard input is signed anew, handed in, and the
 * node's answer printed. Ends with 0 if it was refused, with 3 if it was taken.
 *
 *   resigner GENESIS KEY-FILE SOCKET <LINE
 */
#include "codec/line.h"
#include "handin.h"
#include "voted/limits.h"

int main(int argc, char **argv) {
        static const char *const kept[] = { "block", "board", "deals", "election", "shares" };
        _cleanup_(varlink_client_freep) VarlinkClient *c = NULL;
        _cleanup_(secret_key_freep) SecretKey *key = NULL;
        _cleanup_(genesis_freep) Genesis *g = NULL;
        _cleanup_json_ Json *old = NULL;
        _cleanup_buf_ Buf line = {};
        Json *o = json_new_object();
        const char *kind, *s;
        const Json *a;
        Why why = {};

        if (argc != 4)
                must(-EINVAL, "usage: resigner GENESIS KEY-FILE SOCKET", NULL);
        must(crypto_init(&why), "crypto", &why);
        g = read_genesis(argv[1]);
        key = read_key(argv[2]);
        read_line(NULL, ENTRY_BYTES_MAX, &line);
        must(line_parse(&old, line.p, line.n, ENTRY_BYTES_MAX, &why), "the line", &why);

        must(json_get_text(old, "kind", 1, 32, &kind, &why), "the line", &why);
        for (size_t i = 0; i < ELEMENTSOF(kept); i++)
                if (json_get_text(old, kept[i], 0, 64, &s, NULL) == 0)
                        json_set_text(o, kept[i], s);
                else if (json_get_array(old, kept[i], 0, SIZE_MAX, &a, NULL) == 0)
                        json_set(o, kept[i], json_copy_deep(a));
        must(varlink_client_connect(&c, argv[3], &why), argv[3], &why);
        return hand_in(c, g, key, kind, o);
}

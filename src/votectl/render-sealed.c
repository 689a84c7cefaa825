/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/hex.h"
#include "votectl/render.h"

static void render_shares(Ctl *c, const Json *working) {
        const Json *shares = render_array(working, "shares");

        for (size_t i = 0; shares && i < json_len(shares); i++) {
                const Json *o = json_at(shares, i);
                bool counts = false;
                char hex[ID_HEX];
                Key key;

                if (json_get_key(o, "key", &key, NULL) != 0 ||
                        json_get_bool(o, "counts", &counts, NULL) != 0)
                        continue;
                buf_printf(&c->out, "  trustee %" PRIi64 " (%.16s...), block %" PRIi64 "%s\n",
                        render_int(o, "trustee"), key_hex(&key, hex), render_int(o, "height"),
                        counts ? "" : ", not needed any more");
        }
}

void render_sealed(Ctl *c, const Json *result) {
        const Json *sealed, *working;
        bool opened = false;

        if (json_get_object(result, "sealed", &sealed, NULL) != 0)
                return;
        (void) !json_get_bool(sealed, "opened", &opened, NULL);
        if (!opened) {
                buf_printf(&c->out,
                        "\n%sToo few to open%s: fewer than %" PRIi64
                        " ballots were cast, and so nothing of them is ever known.\n",
                        ctl_tint(c, TINT_WARN), ctl_tint(c, TINT_NONE), render_int(sealed, "least"));
                return;
        }
        if (json_get_object(sealed, "working", &working, NULL) != 0)
                return;
        buf_add_text(&c->out,
                json_len(render_array(working, "shares") ?: working) > 0
                        ? "\nOnly the sums of all ballots were opened. Each share was proved right when it came:\n"
                        : "\nNobody voted: there was nothing to open.\n");
        render_shares(c, working);
}

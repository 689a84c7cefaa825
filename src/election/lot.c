/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/lot.h"

#include "base/buf.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "voted/limits.h"

int lot_places(const Lot *lot, size_t question, size_t n_options, uint16_t *ret_place) {
        _cleanup_buf_ Buf text = {};
        Id draws[OPTIONS_MAX];

        assert(lot);
        assert(n_options <= OPTIONS_MAX);

        for (size_t i = 0; i < n_options; i++) {
                buf_reset(&text);
                buf_printf(&text, "voted lot 1\n%s\n%s\n", id_hex(&lot->network, (char[ID_HEX]) {}),
                        id_hex(&lot->election, (char[ID_HEX]) {}));
                buf_add_text(&text, lot->value);
                buf_printf(&text, "\n%zu\n%zu", question, i);
                if (buf_error(&text) < 0)
                        return -ENOMEM;

                hash_bytes(&draws[i], text.p, text.n);
        }

        for (size_t i = 0; i < n_options; i++) {
                ret_place[i] = 0;
                for (size_t k = 0; k < n_options; k++)
                        if (id_compare(&draws[k], &draws[i]) < 0)
                                ret_place[i]++;
        }

        return 0;
}

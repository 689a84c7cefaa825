/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/interface.h"
#include "ctl/wire.h"
#include "fuzz.h"
#include "voted/limits.h"

/* The control socket's reader: messages until the input is used up, each checked against the published interface. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static Interface *peer;
        _cleanup_buf_ Buf in = {};
        unsigned messages = 0;

        if (!peer)
                fuzz_check(interface_new(&peer, interface_text_peer) == 0);

        buf_add(&in, data, n);
        for (;;) {
                _cleanup_json_ Json *o = NULL;
                const Json *parameters = NULL;
                const char *method = NULL, *dot, *wrong = NULL;
                size_t before = in.n;
                Why why = {};

                if (wire_take(&in, CTL_MESSAGE_BYTES_MAX, &o, &why) != 0)
                        break;
                fuzz_check(in.n < before);
                messages++;
                if (json_get_text(o, "method", 1, 256, &method, NULL) != 0)
                        continue;
                (void) !json_get_object(o, "parameters", &parameters, NULL);
                dot = strrchr(method, '.');
                if (dot && interface_has(peer, dot + 1) && interface_check(peer, dot + 1, parameters, &wrong) != 0)
                        fuzz_check(wrong != NULL);
        }
        fuzz_check(messages <= n);

        {       /* an interface text as another program may publish it */
                _cleanup_free_ char *text = strndup((const char *) data, n);
                Interface *i = NULL;

                if (text && interface_new(&i, text) == 0)
                        (void) interface_free(i);
        }
        return 0;
}

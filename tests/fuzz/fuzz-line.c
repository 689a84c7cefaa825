/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/line.h"
#include "fuzz.h"

/* A line is what jansson writes of it again, and nothing else is; what people write loosely makes a line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        const char *p = (const char *) data;
        size_t start, end;
        Why why = {};
        Json *o = NULL;
        int r;

        r = line_parse(&o, p, n, 1 << 20, &why);
        if (r == 0) {
                _cleanup_buf_ Buf again = {};

                fuzz_check(json_dump(o, &again) == 0);
                fuzz_check(again.n == n && memcmp(again.p, p, n) == 0);
                if (line_signature_span(p, n, &start, &end) == 0) {
                        _cleanup_buf_ Buf rest = {};

                        fuzz_check(start < end && end <= n);
                        buf_add(&rest, p, start);
                        buf_add(&rest, p + end, n - end);
                        fuzz_check(line_check(rest.p, rest.n, 1 << 20, n, NULL) == 0);
                }
        } else
                fuzz_check(r < 0 || why.text[0] != 0);
        o = json_free(o);

        if (json_parse_loose(&o, p, n, 1 << 20, &why) == 0) {
                _cleanup_buf_ Buf canonical = {};

                fuzz_check(json_dump(o, &canonical) == 0);
                fuzz_check(line_check(canonical.p, canonical.n, SIZE_MAX, SIZE_MAX, NULL) == 0);
        }
        (void) json_free(o);
        return 0;
}

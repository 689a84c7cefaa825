/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "codec/line.h"
#include "proto/message.h"

/* A frame from any sender (the first byte says which): what is accepted is made again, byte for byte. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        _cleanup_message_ Message m = {};
        const char *p = (const char *) data + 1;
        Why why = {};
        int r;

        if (n < 1)
                return 0;
        r = message_parse(&m, data[0] & 0x3f, p, n - 1, &why);
        if (r == 0) {
                _cleanup_buf_ Buf again = {};
                const char *rest = m.lines, *line;
                size_t n_rest = m.n_lines_bytes, n_line, lines = 0;

                fuzz_check(message_frame(&again, &m) == 0);
                fuzz_check(again.n == n - 1 && memcmp(again.p, p, n - 1) == 0);
                while (line_next(&rest, &n_rest, &line, &n_line)) {
                        fuzz_check(n_line > 0);
                        lines++;
                }
                fuzz_check(lines == m.n_lines);
        } else
                fuzz_check(r < 0 || why.text[0] != 0);
        return 0;
}

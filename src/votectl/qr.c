/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qrencode.h>

#include "votectl/qr.h"

#define QUIET_ZONE 4            /* modules around the code, by the standard */
#define INK_ON     "\033[30;107m"       /* black on white */
#define INK_OFF    "\033[0m"

static void code_freep(QRcode **c) {
        QRcode_free(*c);
}

static bool is_dark(const QRcode *c, int x, int y) {
        return x >= 0 && y >= 0 && x < c->width && y < c->width &&
               c->data[y * c->width + x] & 1;
}

/* Without colour a terminal is taken to be light on dark, so light modules are what is drawn. */
static const char* pair(bool upper, bool lower) {
        return upper ? (lower ? "█" : "▀") : lower ? "▄" : " ";
}

static void draw_row(Buf *ret, const QRcode *c, int y, bool utf8, bool color) {
        buf_add_text(ret, color ? INK_ON : "");
        for (int x = -QUIET_ZONE; x < c->width + QUIET_ZONE; x++)
                if (utf8)
                        buf_add_text(ret, pair(is_dark(c, x, y) == color, is_dark(c, x, y + 1) == color));
                else
                        buf_add_text(ret, is_dark(c, x, y) == color ? "##" : "  ");
        buf_add_text(ret, color ? INK_OFF "\n" : "\n");
}

int qr_draw(Buf *ret, const char *text, bool utf8, bool color) {
        _cleanup_(code_freep) QRcode *c = NULL;

        c = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
        if (!c)
                return errno == ERANGE ? -EFBIG : -ENOMEM;
        for (int y = -QUIET_ZONE; y < c->width + QUIET_ZONE; y += utf8 ? 2 : 1)
                draw_row(ret, c, y, utf8, color);
        return buf_error(ret);
}

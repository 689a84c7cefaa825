/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"

/* text as a QR code (ISO 18004, level L) for a terminal, two modules a character with utf8, else one
 * module in two characters; with the quiet zone that a camera wants. Dark on light whatever the
 * terminal's colours with color, else drawn in what the terminal has. 0, -EFBIG (no code is as large),
 * -ENOMEM. */
_must_check_ int qr_draw(Buf *ret, const char *text, bool utf8, bool color);

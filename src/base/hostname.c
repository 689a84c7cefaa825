/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/hostname.h"
#include "voted/limits.h"

static bool char_is_good(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '.' || c == '-' || c == '_' || c == ':' || c == '%';
}

bool hostname_is_valid(const char *text) {
        size_t n = strlen(text);

        if (n == 0 || n > HOST_BYTES_MAX || text[0] == '-' || text[0] == '.' || text[0] == '%')
                return false;
        for (size_t i = 0; i < n; i++)
                if (!char_is_good(text[i]))
                        return false;
        return true;
}

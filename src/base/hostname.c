/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>

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

bool hostname_is_loopback(const char *text) {
        struct in6_addr six;
        struct in_addr four;

        if (inet_pton(AF_INET, text, &four) == 1)
                return ntohl(four.s_addr) >> 24 == 127;
        if (inet_pton(AF_INET6, text, &six) == 1)
                return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
        return false;
}

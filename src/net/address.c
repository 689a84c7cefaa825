/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>

#include "base/hostname.h"
#include "codec/hex.h"
#include "net/address.h"
#include "voted/limits.h"

#define KEY_DIGITS 64

static int parse_port(const char *text, uint16_t *ret, Why *why) {
        unsigned long v = 0;
        size_t n = strlen(text);

        for (size_t i = 0; i < n && i < 6; i++) {
                if (text[i] < '0' || text[i] > '9')
                        n = 0;
                v = v * 10 + (unsigned long) (text[i] - '0');
        }
        if (n == 0 || n > 5 || v < 1 || v > UINT16_MAX)
                return why_set(why, V_FORM, "port \"%s\", expected 1 to 65535", text);

        *ret = (uint16_t) v;
        return 0;
}

/* Cuts the text at the end of its host; *ret_port is what follows the colon, or NULL. */
static int split_host(const char *text, NetEndpoint *e, const char **ret_port, Why *why) {
        const char *host = text, *end, *after;

        if (text[0] == '[') {
                host = text + 1;
                end = strchr(host, ']');
                if (!end)
                        return why_set(why, V_FORM, "\"%s\" lacks the closing bracket of its address", text);
                after = end + 1;
                if (*after != ':' && *after != '\0')
                        return why_set(why, V_FORM, "\"%s\": expected \":PORT\" behind the bracket", text);
        } else {
                end = strrchr(host, ':');
                if (end && memchr(host, ':', (size_t) (end - host)))
                        return why_set(why, V_FORM, "\"%s\": an IPv6 address stands in brackets: [ADDRESS]:PORT", text);
                if (!end)
                        end = host + strlen(host);
                after = end;
        }

        if ((size_t) (end - host) >= sizeof(e->host))
                return why_set(why, V_FORM, "host of %zu characters, expected at most %u", (size_t) (end - host), HOST_BYTES_MAX);
        memcpy(e->host, host, (size_t) (end - host));
        e->host[end - host] = '\0';
        if (!hostname_is_valid(e->host))
                return why_set(why, V_FORM, "\"%s\" is neither a host name nor an address; expected HOST:PORT", e->host);

        *ret_port = *after == ':' ? after + 1 : NULL;
        return 0;
}

int net_endpoint_parse(NetEndpoint *ret, const char *text, uint16_t port_default, Why *why) {
        const char *at, *port = NULL;
        NetEndpoint e = {};
        int r;

        assert(ret);
        assert(text);

        at = strchr(text, '@');
        if (at) {
                if (at - text != KEY_DIGITS || hex_decode(e.key.b, sizeof(e.key.b), text, KEY_DIGITS) != 0)
                        return why_set(why, V_FORM, "what stands before \"@\" is no key, expected 64 digits of hex");
                text = at + 1;
        }

        r = split_host(text, &e, &port, why);
        if (r != 0)
                return r;

        if (port) {
                r = parse_port(port, &e.port, why);
                if (r != 0)
                        return r;
        } else if (port_default == 0)
                return why_set(why, V_FORM, "\"%s\" has no port, expected HOST:PORT", text);
        else
                e.port = port_default;

        *ret = e;
        return 0;
}

const char* net_endpoint_format_host(const char *host, uint16_t port, char buf[static NET_ENDPOINT_TEXT]) {
        bool bracket = strchr(host, ':');

        (void) snprintf(buf, NET_ENDPOINT_TEXT, "%s%s%s:%u", bracket ? "[" : "", host, bracket ? "]" : "", port);
        return buf;
}

const char* net_endpoint_format(const NetEndpoint *e, char buf[static NET_ENDPOINT_TEXT]) {
        char host[NET_ENDPOINT_TEXT], hex[ID_HEX];

        (void) net_endpoint_format_host(e->host, e->port, host);
        if (key_is_zero(&e->key))
                memcpy(buf, host, sizeof(host));
        else
                (void) snprintf(buf, NET_ENDPOINT_TEXT, "%s@%.*s", key_hex(&e->key, hex), NET_ENDPOINT_TEXT - ID_HEX - 1, host);
        return buf;
}

int net_address_from_text(NetAddress *ret, const char *ip, uint16_t port) {
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
        char text[INET6_ADDRSTRLEN];
        const char *scope;
        size_t n;

        if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1)
                return net_address_from_sockaddr(ret, (const struct sockaddr *) &v4, sizeof(v4));

        scope = strchr(ip, '%');
        n = scope ? (size_t) (scope - ip) : strlen(ip);
        if (n >= sizeof(text))
                return -EINVAL;
        memcpy(text, ip, n);
        text[n] = '\0';
        if (inet_pton(AF_INET6, text, &v6.sin6_addr) != 1)
                return -EINVAL;

        if (scope) {
                unsigned long v = 0;
                char *end;

                v = if_nametoindex(scope + 1);
                if (v == 0) {
                        errno = 0;
                        v = strtoul(scope + 1, &end, 10);
                        if (errno != 0 || *end != '\0' || end == scope + 1 || v > UINT32_MAX)
                                return -EINVAL;
                }
                v6.sin6_scope_id = (uint32_t) v;
        }
        return net_address_from_sockaddr(ret, (const struct sockaddr *) &v6, sizeof(v6));
}

int net_address_from_sockaddr(NetAddress *ret, const struct sockaddr *sa, socklen_t n) {
        NetAddress a = {};

        if (sa->sa_family == AF_INET && n >= sizeof(struct sockaddr_in)) {
                const struct sockaddr_in *v4 = (const struct sockaddr_in *) sa;

                a.family = AF_INET;
                a.port = ntohs(v4->sin_port);
                memcpy(a.ip, &v4->sin_addr, 4);
        } else if (sa->sa_family == AF_INET6 && n >= sizeof(struct sockaddr_in6)) {
                const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) sa;
                bool mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);

                a.family = mapped ? AF_INET : AF_INET6;
                a.port = ntohs(v6->sin6_port);
                if (mapped)
                        memcpy(a.ip, v6->sin6_addr.s6_addr + 12, 4);
                else {
                        memcpy(a.ip, &v6->sin6_addr, 16);
                        a.scope = v6->sin6_scope_id;
                }
        } else
                return -EAFNOSUPPORT;

        *ret = a;
        return 0;
}

socklen_t net_address_to_sockaddr(const NetAddress *a, struct sockaddr_storage *ret) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *) ret;
        struct sockaddr_in *v4 = (struct sockaddr_in *) ret;

        *ret = (struct sockaddr_storage) {};
        if (a->family == AF_INET) {
                v4->sin_family = AF_INET;
                v4->sin_port = htons(a->port);
                memcpy(&v4->sin_addr, a->ip, 4);
                return sizeof(*v4);
        }

        assert(a->family == AF_INET6);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(a->port);
        v6->sin6_scope_id = a->scope;
        memcpy(&v6->sin6_addr, a->ip, 16);
        return sizeof(*v6);
}

const char* net_address_format_ip(const NetAddress *a, char buf[static NET_ADDRESS_TEXT]) {
        size_t n;

        if (a->family == AF_UNSPEC || !inet_ntop(a->family, a->ip, buf, NET_ADDRESS_TEXT)) {
                (void) snprintf(buf, NET_ADDRESS_TEXT, "unknown");
                return buf;
        }
        n = strlen(buf);
        if (a->scope != 0)
                (void) snprintf(buf + n, NET_ADDRESS_TEXT - n, "%%%" PRIu32, a->scope);
        return buf;
}

const char* net_address_format(const NetAddress *a, char buf[static NET_ADDRESS_TEXT]) {
        char ip[NET_ADDRESS_TEXT];

        (void) net_address_format_ip(a, ip);
        (void) snprintf(buf, NET_ADDRESS_TEXT, a->family == AF_INET6 ? "[%.62s]:%u" : "%.62s:%u", ip, a->port);
        return buf;
}

static NetKey address_key(const NetAddress *a, uint16_t v4_bits, uint16_t v6_bits) {
        NetKey k = { .family = a->family, .bits = a->family == AF_INET ? v4_bits : v6_bits };

        memcpy(k.prefix, a->ip, k.bits / 8);
        return k;
}

NetKey net_address_host_key(const NetAddress *a) {
        return address_key(a, 32, 64);
}

NetKey net_address_net_key(const NetAddress *a) {
        return address_key(a, 24, 48);
}

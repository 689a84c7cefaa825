/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/id.h"
#include "base/why.h"

/* Where a node is, as people write it, and where a socket is, as the kernel says it. */

typedef struct NetEndpoint {    /* [KEY@]HOST:PORT, [KEY@][V6]:PORT */
        Key key;                /* expected identity; zero: any */
        char host[256];         /* a name or an address, without brackets */
        uint16_t port;          /* 1 .. 65535 */
} NetEndpoint;
#define NET_ENDPOINT_TEXT 336   /* longest text, with its NUL */

/* 0, or V_FORM with why. port_default: taken where no port is given; 0: a port must be given. */
_must_check_ int net_endpoint_parse(NetEndpoint *ret, const char *text, uint16_t port_default, Why *why);
const char* net_endpoint_format(const NetEndpoint *e, char buf[static NET_ENDPOINT_TEXT]);
/* Without the key: "host:port", an IPv6 address in brackets. */
const char* net_endpoint_format_host(const char *host, uint16_t port, char buf[static NET_ENDPOINT_TEXT]);

typedef struct NetAddress {     /* IPv4 mapped into IPv6 is kept as IPv4 */
        uint8_t ip[16];         /* the first 4 for AF_INET */
        uint32_t scope;
        sa_family_t family;     /* AF_INET, AF_INET6; AF_UNSPEC: none */
        uint16_t port;
} NetAddress;
#define NET_ADDRESS_TEXT 72     /* "[v6%4294967295]:65535" and a NUL */

_must_check_ int net_address_from_text(NetAddress *ret, const char *ip, uint16_t port); /* 0; -EINVAL: not a numeric address */
_must_check_ int net_address_from_sockaddr(NetAddress *ret, const struct sockaddr *sa, socklen_t n);    /* -EAFNOSUPPORT */
socklen_t net_address_to_sockaddr(const NetAddress *a, struct sockaddr_storage *ret);
const char* net_address_format(const NetAddress *a, char buf[static NET_ADDRESS_TEXT]);         /* with the port */
const char* net_address_format_ip(const NetAddress *a, char buf[static NET_ADDRESS_TEXT]);      /* without */

/* What limits and bans count by: one party can have all of an IPv6 /64, so that is "an address"; its neighbourhood is the /24
 * or the /48. */
typedef struct NetKey {
        uint8_t prefix[8];      /* the rest of it is zero */
        uint16_t family, bits;
} NetKey;
NetKey net_address_host_key(const NetAddress *a);
NetKey net_address_net_key(const NetAddress *a);

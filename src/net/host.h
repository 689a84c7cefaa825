/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "crypto/sign.h"
#include "net/address.h"
#include "net/lanes.h"

/* All of a node's network: listening sockets, dialling, links by their number, limits and bans, on one sd-event loop. It knows
 * bytes and frames, no message. Handlers are called from the loop only, never from within a call below, so a handler may call
 * anything but net_host_free(). */
typedef struct NetHost NetHost;

typedef struct NetHostSettings {        /* 0 anywhere: the default of voted/limits.h */
        size_t frame_max_first, frame_max;      /* bytes of an incoming frame; the first of an inbound link; FRAME_FIRST_BYTES_MAX */
        size_t lane_max[_NET_LANE_MAX];         /* queued bytes, per link */
        size_t queued_max, held_max;            /* over all links: to be sent; come in but not whole yet */
        unsigned inbound_max, per_address_max, per_net_max, half_open_max;      /* links that others opened */
        uint64_t handshake_usec, linger_usec, dial_usec;        /* dial: to resolve and connect */
} NetHostSettings;

typedef struct NetHandlers {
        /* The handshake is done and key is proven. dial: the token of net_host_dial(), 0 for an inbound link. */
        void (*on_up)(void *userdata, uint64_t link, const Key *key, const NetAddress *address, bool inbound, uint64_t dial);
        void (*on_frame)(void *userdata, uint64_t link, const char *p, size_t n);
        /* Once for each on_up, after net_host_close() too. verdict > 0: the far side's fault. */
        void (*on_down)(void *userdata, uint64_t link, int verdict, const char *reason);
        /* All that was queued has gone to the kernel, or the sync lane, which had been over half its bound, is below. */
        void (*on_sent)(void *userdata, uint64_t link);
        /* error: a negative errno, or a verdict (it is not who was expected, say). */
        void (*on_dial_failed)(void *userdata, uint64_t dial, int error, const char *reason);
        /* A link is about to be cut off by this layer (a frame that is too large, no room, banned): appends the frame that tells
         * the far side why. May be NULL. */
        void (*farewell)(void *userdata, int verdict, const char *reason, Buf *ret);
} NetHandlers;

/* identity and event outlive the host; handlers and settings are copied. 0 or -errno. */
_must_check_ int net_host_new(NetHost **ret, sd_event *event, const SecretKey *identity, const NetHostSettings *settings,
                const NetHandlers *handlers, void *userdata);
NetHost* net_host_free(NetHost *h);     /* closes everything, without a handler's call */
DEFINE_CLEANUP(NetHost*, net_host_free)
void net_host_set_limits(NetHost *h, const NetHostSettings *settings);  /* a reload: for what comes from now on */

/* Listens on a numeric host or a name ("0.0.0.0", "::", "localhost"); port 0: the system picks; *ret_port (may be NULL) is the
 * real one. 0, -errno with why. */
_must_check_ int net_host_listen(NetHost *h, const char *host, uint16_t port, uint16_t *ret_port, Why *why);
/* Takes over a listening TCP socket that was handed in (socket activation). 0, -EINVAL (it is none) with why. */
_must_check_ int net_host_adopt(NetHost *h, int fd, uint16_t *ret_port, Why *why);

/* Always answered by on_up or on_dial_failed, unless cancelled. token: not 0, of no dial under way. 0 or -ENOMEM, -EEXIST. */
_must_check_ int net_host_dial(NetHost *h, uint64_t token, const char *host, uint16_t port, const Key *expected);
void net_host_dial_cancel(NetHost *h, uint64_t token);

/* Takes data (malloc'ed) over, also when it fails. Nothing is sent before the turn of the event loop ends. A link that is
 * gone or closing swallows it. 0 or -ENOMEM. */
_must_check_ int net_host_send(NetHost *h, uint64_t link, NetLane lane, char *data, size_t n);
size_t net_host_queued(const NetHost *h, uint64_t link, NetLane lane);  /* bytes */
/* No more frames from it; what was queued is flushed for at most linger_usec. on_down follows. */
void net_host_close(NetHost *h, uint64_t link, int verdict, const char *reason);
void net_host_pause(NetHost *h, uint64_t link);         /* no frames until net_host_resume() */
void net_host_resume(NetHost *h, uint64_t link);
/* Refuses the identity and the address (either may be NULL or zero) for that long; their links are closed. */
void net_host_ban(NetHost *h, const Key *key, const NetAddress *address, uint64_t usec);

typedef struct NetLinkInfo {
        Key key;
        NetAddress address;
        bool inbound, paused;
        uint64_t since_usec, sent_bytes, received_bytes;        /* monotonic; bytes of the wire */
        size_t queued, held;
} NetLinkInfo;
_must_check_ int net_host_link_info(const NetHost *h, uint64_t link, NetLinkInfo *ret);         /* -ENODATA */

typedef struct NetHostStats {
        unsigned links, inbound, half_open, dialling, bans, listeners;
        uint64_t refused;       /* connections closed before a handshake: limit or ban */
        uint64_t sent_bytes, received_bytes;
        size_t queued, held;
        bool out_of_files;      /* accepting waits: no file descriptor left */
} NetHostStats;
void net_host_stats(const NetHost *h, NetHostStats *ret);

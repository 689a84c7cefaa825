/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "net/address.h"

/* A listening TCP socket. Takes what comes in small portions, and waits a second when the process or the system has no file
 * descriptor left, instead of spinning. */
typedef struct Listener Listener;

typedef void (*ListenerHandler)(void *userdata, int fd, const NetAddress *address);     /* fd is the handler's */

/* Opens a socket; port 0: the system picks. The descriptor, or -errno with why. */
_must_check_ int listener_open(const char *host, uint16_t port, Why *why);

/* Takes fd over on success: a listening TCP socket, made by listener_open() or handed in. 0, -EINVAL (it is none), -errno. */
_must_check_ int listener_new(Listener **ret, sd_event *event, int fd, ListenerHandler on_connection, void *userdata);
Listener* listener_free(Listener *l);
DEFINE_CLEANUP(Listener*, listener_free)
uint16_t listener_port(const Listener *l);
void listener_set_paused(Listener *l, bool paused);     /* connections wait in the kernel */
bool listener_is_out_of_files(const Listener *l);

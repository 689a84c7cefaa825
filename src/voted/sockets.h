/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "voted/daemon.h"

/* Sockets: those that systemd hands in, by their names ("varlink", "peer"), else our own. */
_must_check_ int sockets_collect(Daemon *d, Why *why);  /* once, at the start */
_must_check_ int sockets_listen(Daemon *d, Why *why);   /* TCP, for the shell's network; sets d->port, d->listen */
_must_check_ int sockets_control(Daemon *d, Why *why);  /* the control socket */

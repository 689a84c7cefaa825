/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "codec/json.h"
#include "ctl/interface.h"

/* The control socket's server: Varlink over a Unix stream socket (DESIGN 9). Replies leave in the order of the calls; one call
 * of a connection is under way at a time; what a reader does not take off is bounded by pausing the stream's producer. */
typedef struct VarlinkServer VarlinkServer;
typedef struct VarlinkCall VarlinkCall;

/* Answers by varlink_reply() or varlink_error(), now or, with a reference of its own, later. < 0: we failed; the caller is told so
 * by `setup.error_failed`. parameters is an object and fits the interface's text. */
typedef int (*varlink_method_fn)(VarlinkCall *call, const Json *parameters, void *userdata);

typedef struct VarlinkMethod {
        const char *name;               /* "org.voted.Peer.Reload" */
        varlink_method_fn fn;
        bool administers;               /* needs uid 0, our own uid or the group */
} VarlinkMethod;

typedef struct VarlinkSetup {
        const char *product, *version, *url;
        const char *const *interface_texts;     /* NULL-terminated */
        const VarlinkMethod *methods;           /* the last one has no name */
        void *userdata;
        const char *admin_group;                /* "voted-admin"; need not exist */
        const char *error_denied;               /* "org.voted.Peer.NotPermitted" {text} */
        const char *error_failed;               /* "org.voted.Peer.Failed" {text} */
        const char *error_busy;                 /* {text}: too many connections of this user */
} VarlinkSetup;

/* setup is copied; what it points to must stay. 0, -EINVAL (a text that is none), -ENOMEM, errno of sd-event. */
_must_check_ int varlink_server_new(VarlinkServer **ret, sd_event *event, const VarlinkSetup *setup);
VarlinkServer* varlink_server_free(VarlinkServer *s);   /* closes all connections; calls under way are told */
DEFINE_CLEANUP(VarlinkServer*, varlink_server_free)
/* A listening socket that was handed to us; taken over on success. */
_must_check_ int varlink_server_adopt(VarlinkServer *s, int fd);
/* Makes one at path, mode 0666, replacing a dead one; -EADDRINUSE: somebody answers there. */
_must_check_ int varlink_server_listen(VarlinkServer *s, const char *path);
size_t varlink_server_connections(const VarlinkServer *s);

VarlinkCall* varlink_call_ref(VarlinkCall *c);
VarlinkCall* varlink_call_unref(VarlinkCall *c);
DEFINE_CLEANUP(VarlinkCall*, varlink_call_unref)
bool varlink_call_wants_more(const VarlinkCall *c);
bool varlink_call_is_gone(const VarlinkCall *c);        /* nobody reads the answer any more */
bool varlink_call_is_over(const VarlinkCall *c);        /* it has its last reply, which may have failed: there is no other */
uid_t varlink_call_uid(const VarlinkCall *c);
/* Charges the caller's user for a refused submission; false: the allowance is used up, and the connection is closed
 * after the reply. */
bool varlink_call_charge(VarlinkCall *c);

/* Takes parameters over (NULL: {}). continues is only for calls that want more; after a reply without it the call is over,
 * also where that fails (< 0): then its connection is closed. */
int varlink_reply(VarlinkCall *c, Json *parameters, bool continues);
int varlink_error(VarlinkCall *c, const char *name, Json *parameters);
int varlink_error_text(VarlinkCall *c, const char *name, const char *format, ...) _printf_(3, 4);       /* {text} */

/* fn runs once when everything sent so far was taken off (at once if it was), for streams. It may reply, and ask again. */
int varlink_call_on_drained(VarlinkCall *c, int (*fn)(VarlinkCall *c, void *userdata), void *userdata);
/* fn runs once when the connection goes while the call is under way. */
void varlink_call_on_gone(VarlinkCall *c, void (*fn)(VarlinkCall *c, void *userdata), void *userdata);

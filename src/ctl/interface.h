/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/why.h"
#include "codec/json.h"

/* The interfaces of the control socket, read from their own published text (include/voted/org.voted.*.varlink): what a method takes is
 * checked against that text, so that it cannot say one thing and the daemon another. */
typedef struct Interface Interface;

extern const char interface_text_peer[], interface_text_tracker[], interface_text_service[];

_must_check_ int interface_new(Interface **ret, const char *text);      /* text: borrowed. 0, -EINVAL (not such a text), -ENOMEM */
Interface* interface_free(Interface *i);
DEFINE_CLEANUP(Interface*, interface_free)
const char* interface_name(const Interface *i);         /* "org.voted.Peer" */
const char* interface_text(const Interface *i);
bool interface_has(const Interface *i, const char *method);

/* Whether parameters (NULL: none) fit the method: each named, of its type, none missing. V_FORM sets *ret_parameter to the
 * name of the first that does not (borrowed from either side). */
_must_check_ int interface_check(const Interface *i, const char *method, const Json *parameters, const char **ret_parameter);
size_t interface_n_methods(const Interface *i);
const char* interface_method_at(const Interface *i, size_t k);

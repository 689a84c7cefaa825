/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"
#include "node/event.h"

/* Where log lines go: the journal with its fields where standard error is a stream to it, else standard error. */
void journal_open(const char *name);    /* SYSLOG_IDENTIFIER= */
/* A line of a node's: level, text, what it is about, MESSAGE_ID= of the catalog. */
void journal_node(const NodeEffect *fx);
/* The MESSAGE_ID= of a message, 32 hex digits, NULL: none. For the catalog's test. */
const char* journal_message_id(NodeMessage m);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "proto/field.h"

typedef enum MessageIdMode {    /* the member "id" */
        MESSAGE_ID_NONE,
        MESSAGE_ID_REQUEST,
        MESSAGE_ID_RESPONSE,    /* the request's */
        MESSAGE_ID_OPTIONAL,
} MessageIdMode;

#define MESSAGE_FIELDS_MAX 6

typedef struct MessageRow {     /* in the order of MessageType */
        const char *name;
        unsigned senders;       /* MessageSender */
        MessageIdMode id;
        const char *form;       /* of several rows of a name, the one whose member of this name is there; NULL: otherwise */
        bool quorum;            /* a message of the engine quorum */
        size_t lines_min, lines_max;
        Field fields[MESSAGE_FIELDS_MAX + 1];
} MessageRow;

extern const MessageRow message_table[_MESSAGE_MAX];

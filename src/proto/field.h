/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "proto/id-list.h"
#include "proto/message.h"

/* One member of a message: how it is read into its struct, and written from it. */
typedef enum FieldType {
        FIELD_INT,              /* uint64_t; min .. max */
        FIELD_VERSION,          /* likewise; another value than max is V_VERSION */
        FIELD_TRUE,             /* always true; stored nowhere */
        FIELD_ID,               /* Id */
        FIELD_KEY,              /* Key */
        FIELD_TEXT,             /* const char*; min .. max bytes */
        FIELD_NAME,             /* const char*: [a-z0-9][a-z0-9-]{0,63} */
        FIELD_HOST,             /* const char*: a name or an address */
        FIELD_IDS,              /* Id*, size_t; min .. max items */
        FIELD_KEYS,             /* Key*, size_t */
        FIELD_PEERS,            /* MessagePeer*, size_t */
        FIELD_ELECTIONS,        /* MessageElection*, size_t */
        FIELD_OBJECT,           /* const Json* */
} FieldType;

typedef struct Field {
        const char *key;        /* NULL ends a list of fields */
        FieldType type;
        bool optional;          /* absent: `absent`, NULL, or no items */
        uint64_t min, max, absent;
        size_t at, at_n;        /* offsets in Message: of the value; of the number of items */
} Field;

/* Reads the field's member of o into m; arrays are malloc'ed. ids: those that were cut out of the line, which the field that
 * they belong to takes over. 0, V_FORM, V_VERSION, -ENOMEM. */
_must_check_ int field_read(const Field *f, const Json *o, IdList *ids, Message *m, Why *why);
/* Sets the member of o; of a list of ids an empty one. A value that the table does not allow is our own mistake. */
void field_write(const Field *f, const Message *m, Json *o);
bool field_is_array(const Field *f);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/log.h"
#include "codec/hex.h"
#include "voted/journal.h"
#include "voted/journal-sink.h"

#define FIELDS_MAX 8

static const char *identifier = "voted";

static const char *const message_ids[_NODE_MSG_MAX] = {
        [NODE_MSG_LINK_UP]        = VOTED_MESSAGE_LINK_UP,
        [NODE_MSG_LINK_DOWN]      = VOTED_MESSAGE_LINK_DOWN,
        [NODE_MSG_BLOCK]          = VOTED_MESSAGE_BLOCK,
        [NODE_MSG_REORGANISED]    = VOTED_MESSAGE_REORGANISED,
        [NODE_MSG_BANNED]         = VOTED_MESSAGE_BANNED,
        [NODE_MSG_COMMIT_FAILED]  = VOTED_MESSAGE_COMMIT_FAILED,
        [NODE_MSG_COMMIT_AGAIN]   = VOTED_MESSAGE_COMMIT_AGAIN,
        [NODE_MSG_TRACKER_LOST]   = VOTED_MESSAGE_TRACKER_LOST,
        [NODE_MSG_TRACKER_BACK]   = VOTED_MESSAGE_TRACKER_BACK,
        [NODE_MSG_ELECTION]       = VOTED_MESSAGE_ELECTION,
        [NODE_MSG_EVIDENCE]       = VOTED_MESSAGE_EVIDENCE,
        [NODE_MSG_CLOCK]          = VOTED_MESSAGE_CLOCK,
        [NODE_MSG_BOARD]          = VOTED_MESSAGE_BOARD,
        [NODE_MSG_TOO_FEW]        = VOTED_MESSAGE_TOO_FEW,
};

const char* journal_message_id(NodeMessage m) {
        return m < _NODE_MSG_MAX ? message_ids[m] : NULL;
}

/* $JOURNAL_STREAM names the socket that systemd gave us: only if it still is our standard error. */
static bool stderr_is_journal(void) {
        const char *e = getenv("JOURNAL_STREAM");
        uint64_t dev, ino;
        struct stat st;

        return e && sscanf(e, "%" SCNu64 ":%" SCNu64, &dev, &ino) == 2 && fstat(STDERR_FILENO, &st) >= 0 &&
               st.st_dev == dev && st.st_ino == ino;
}

static void journal_sink(int level, const char *text, const LogField *fields, size_t n_fields, void *userdata) {
        char storage[FIELDS_MAX + 3][1024];
        struct iovec iov[FIELDS_MAX + 3];
        size_t n = 0;

        (void) snprintf(storage[n++], sizeof(storage[0]), "PRIORITY=%d", level);
        (void) snprintf(storage[n++], sizeof(storage[0]), "SYSLOG_IDENTIFIER=%s", identifier);
        (void) snprintf(storage[n++], sizeof(storage[0]), "MESSAGE=%s", text);
        for (size_t i = 0; i < n_fields && n < ELEMENTSOF(iov); i++)
                (void) snprintf(storage[n++], sizeof(storage[0]), "%s=%s", fields[i].name, fields[i].value);
        for (size_t i = 0; i < n; i++)
                iov[i] = (struct iovec) { storage[i], strlen(storage[i]) };
        (void) sd_journal_sendv(iov, (int) n);
}

void journal_open(const char *name) {
        identifier = name;
        if (stderr_is_journal())
                log_set_sink(journal_sink, NULL);
}

/* Never a uid, a key or an address beside a vote: the fields are about links and blocks only. */
void journal_node(const NodeEffect *fx) {
        char peer[ID_HEX], block[ID_HEX], height[24];
        LogField fields[FIELDS_MAX];
        size_t n = 0;

        if (message_ids[fx->message])
                fields[n++] = (LogField) { "MESSAGE_ID", message_ids[fx->message] };
        if (!key_is_zero(&fx->key))
                fields[n++] = (LogField) { "VOTED_PEER", key_hex(&fx->key, peer) };
        if (!id_is_zero(&fx->id))
                fields[n++] = (LogField) { "VOTED_BLOCK", id_hex(&fx->id, block) };
        if (fx->height > 0) {
                (void) snprintf(height, sizeof(height), "%" PRIu64, fx->height);
                fields[n++] = (LogField) { "VOTED_HEIGHT", height };
        }
        if (fx->address.host[0])
                fields[n++] = (LogField) { "VOTED_ADDRESS", fx->address.host };
        (void) log_full(fx->level, 0, fields, n, "%.*s", (int) fx->n_data, fx->data ? fx->data : "");
}

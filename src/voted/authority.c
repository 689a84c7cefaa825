/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "base/time.h"
#include "codec/hex.h"
#include "ledger/record-sqlite.h"
#include "voted/daemon.h"
#include "voted/journal.h"

/* The record of an authority, as the daemon opens it and its operator has it made. */

#define BLOCKS_LOOKED_AT UINT64_C(10000)

static RecordOwner owner(const Daemon *d) {
        return (RecordOwner) { .network = d->genesis->network, .authority = *secret_key_public(d->identity) };
}

int authority_open_record(Daemon *d, Why *why) {
        const RecordOwner o = owner(d);
        int r;

        if (!d->genesis->engine->sealers)       /* nobody has to remember what was signed */
                return 0;
        r = record_sqlite_open(&d->record, d->state_dir, &o, why);
        if (r == -ENOENT)
                return 0;
        return r == -EUCLEAN || r == -EBADMSG ? authority_drop_record(d, why->text) : r;
}

/* The node stays up and follows the others: it has forgotten what it signed, and so signs nothing. */
int authority_drop_record(Daemon *d, const char *reason) {
        d->record = record_free(d->record);
        free(d->record_problem);
        if (asprintf(&d->record_problem, "the authority's record cannot be used, so this node signs nothing: %s; votectl authority resume "
                                         "sets it aside and goes on from what other authorities hold", reason) < 0) {
                d->record_problem = NULL;
                return -ENOMEM;
        }
        (void) log_full(LOG_ERR, 0, (LogField[]) { { "MESSAGE_ID", VOTED_MESSAGE_RECORD_UNUSABLE } }, 1, "%s", d->record_problem);
        return 0;
}

bool authority_record_is_damaged(const Daemon *d) {
        return d->record && record_sqlite_is_damaged(d->record);
}

/* Whether one of the last blocks was sealed by this node: then it had a record. *ret: the block's height. */
static int find_own_block(const Daemon *d, uint64_t *ret) {
        const uint64_t tip = chain_tip(peer_chain(d->peer))->height;
        char member[sizeof("\"sealer\":\"\"") + ID_HEX], hex[ID_HEX];

        (void) snprintf(member, sizeof(member), "\"sealer\":\"%s\"", key_hex(secret_key_public(d->identity), hex));
        for (uint64_t i = 0; i < MIN(tip, BLOCKS_LOOKED_AT); i++) {
                _cleanup_(stored_block_done) StoredBlock b = {};
                int r;

                r = d->store->ops->block_get(d->store, tip - i, &b);
                if (r < 0)
                        return r;
                if (memmem(b.header, b.n_header, member, strlen(member))) {
                        *ret = tip - i;
                        return 1;
                }
        }
        return 0;
}

static void take_record(Daemon *d, Record *record) {
        d->record = record;
        free(TAKE_PTR(d->record_problem));
        shell_set_record(d->shell, record);
        shell_event(d->shell, &(NodeEvent) { .type = NODE_EV_RECORD, .record = record });
        daemon_changed(d);
}

int authority_init(Daemon *d, Why *why) {
        const RecordOwner o = owner(d);
        Record *record = NULL;
        uint64_t height = 0;
        int r;

        r = d->record || d->record_problem ? -EEXIST : record_sqlite_was_set_aside(d->state_dir);
        if (r > 0)
                return why_set(why, V_DUPLICATE, "this authority has had a record, which was set aside in %s", d->state_dir);
        if (r == 0)
                r = find_own_block(d, &height);
        if (r > 0)
                return why_set(why, V_DUPLICATE, "block %" PRIu64 " of the ledger was sealed by this authority, so it has had a record, which is lost",
                                height);
        if (r == 0)
                r = record_sqlite_make(&record, d->state_dir, &o, NULL, NULL, why);
        if (r == -EEXIST)
                return why_set(why, V_DUPLICATE, "this authority has a record already%s", d->record_problem ? ", which cannot be used" : "");
        if (r < 0)
                return r;

        log_notice("The authority's record was made: this node takes part in sealing from now on.");
        take_record(d, record);
        return 0;
}

int authority_resume(Daemon *d, char **ret_set_aside, Why *why) {
        const RecordOwner o = owner(d);
        _cleanup_free_ char *aside = NULL;
        Record *record = NULL;
        int r = 0;

        /* It says of itself that it holds not everything: nothing is signed before the node has resumed. */
        if (d->record_problem) {
                r = record_sqlite_set_aside(d->state_dir, now_realtime_sec(), &aside);
                if (r == -ENOENT)
                        r = 0;          /* somebody else has */
                if (r < 0)
                        (void) why_set(why, 0, "cannot set the old record aside: %s", strerror(-r));
        }
        if (r == 0 && !d->record)
                r = record_sqlite_make(&record, d->state_dir, &o, d->genesis->engine->lost_name, d->genesis->engine->lost_line, why);
        if (r < 0)
                return r;
        if (aside)
                log_notice("The authority's old record was set aside as %s.", aside);
        if (record)
                take_record(d, record);
        log_notice("The operator has this authority resume: it takes over what other authorities hold of its signatures.");
        shell_event(d->shell, &(NodeEvent) { .type = NODE_EV_RESUME });
        daemon_changed(d);
        *ret_set_aside = TAKE_PTR(aside);
        return 0;
}

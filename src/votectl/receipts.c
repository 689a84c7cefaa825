/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "voted/limits.h"
#include "votectl/receipts.h"
#include "votectl/render.h"

/* Headers of a receipt are at most 17 of 1 KiB, seals the same or one certificate. */
#define RECEIPT_BYTES_MAX (4U << 20)

/* Whether the vote in that file is of this election and voter; a file that is not there belongs to
 * anybody. */
static bool is_ours(const char *path, const Id *election, const Key *voter) {
        _cleanup_json_ Json *o = NULL, *entry = NULL;
        _cleanup_buf_ Buf b = {};
        const char *line;
        Id id;
        Key key;

        if (access(path, F_OK) < 0)
                return true;
        if (read_file(path, RECEIPT_BYTES_MAX, &b) < 0 || !b.p ||
                json_parse_loose(&o, b.p, b.n, RECEIPT_BYTES_MAX, NULL) != 0)
                return false;
        if (json_get_text(o, "entry", 1, ENTRY_BYTES_MAX, &line, NULL) == 0) {
                if (line_parse(&entry, line, strlen(line), ENTRY_BYTES_MAX, NULL) != 0)
                        return false;
        } else
                entry = json_share(o);          /* a bare vote */
        return json_get_id(entry, "election", &id, NULL) == 0 && id_equal(&id, election) &&
                json_get_key(entry, "signer", &key, NULL) == 0 && key_equal(&key, voter);
}

static int make_path(Ctl *c, const char *name, const char *suffix, const Id *election,
        const Key *voter, char **ret) {
        char file[NAME_BYTES_MAX + 48], id[ID_HEX], key[ID_HEX];
        int r;

        (void) snprintf(file, sizeof file, "%s.%s", name, suffix);
        r = ctl_path(c, "receipts", file, ret);
        if (r != 0 || is_ours(*ret, election, voter))
                return r;
        free(TAKE_PTR(*ret));
        (void) snprintf(file, sizeof file, "%s.%.8s.%.8s.%s", name, id_hex(election, id),
                key_hex(voter, key), suffix);
        return ctl_path(c, "receipts", file, ret);
}

int receipts_path(Ctl *c, const char *name, const Id *election, const Key *voter, char **ret) {
        return make_path(c, name, "json", election, voter, ret);
}

int receipts_vote_path(Ctl *c, const char *name, const Id *election, const Key *voter, char **ret) {
        return make_path(c, name, "vote", election, voter, ret);
}

int receipts_keep(Ctl *c, const char *path, const Json *receipt) {
        _cleanup_buf_ Buf b = {};
        int r;

        r = json_dump(receipt, &b);
        buf_add_char(&b, '\n');
        if (r < 0 || buf_error(&b) < 0)
                return ctl_oom(c);
        return ctl_write_file(c, path, b.p, b.n, 0600, true);
}

unsigned receipts_depth(const Genesis *g) {
        int64_t n;

        if (json_get_int(g->engine_config, "confirmations", 1, 1000000, &n, NULL) == 0)
                return (unsigned) n;
        return streq(g->engine->name, "pow") ? CONFIRMATIONS_DEFAULT : 0;
}

bool receipts_shows_final(const Genesis *g, const ReceiptFacts *f) {
        const unsigned depth = MIN(receipts_depth(g), RECEIPT_HEADERS_MAX - 1);

        return f->final || (depth > 0 && f->depth > depth);     /* its own block is one of them */
}

static int caught(Ctl *c, const char *text) {
        return ctl_fail(c, EXIT_WRONG,
                "Do not trust this node; look for your vote through another one, and tell its "
                "operator.",
                "the node's receipt does not hold: %s", text);
}

int receipts_fetch(Ctl *c, uint64_t height, uint64_t position, const Id *id, Json **ret,
        ReceiptFacts *ret_facts, bool *ret_moved) {
        _cleanup_json_ Json *params = json_new_object(), *reply = NULL;
        const Json *receipt;
        Why why = {};
        int r;

        *ret_moved = false;
        json_set_int(params, "height", (int64_t) height);
        json_set_int(params, "position", (int64_t) position);
        r = ctl_call(c, "GetReceipt", TAKE_PTR(params), &reply);
        if (r != 0)
                return r;
        r = json_get_object(reply, "receipt", &receipt, &why);
        if (r == 0)
                r = receipt_verify(receipt, &c->genesis->network, ret_facts, &why);
        if (r == -ENOMEM)
                return ctl_oom(c);
        if (r != 0)
                return caught(c, why.text);
        if (!id_equal(&ret_facts->entry, id) ||
                (receipts_depth(c->genesis) > 0 && !receipts_shows_final(c->genesis, ret_facts))) {
                *ret_moved = true;
                return EXIT_DONE;
        }
        if (!receipts_shows_final(c->genesis, ret_facts))
                return caught(c, "it does not show that the block is final");
        *ret = json_share((Json*) receipt);
        return EXIT_DONE;
}

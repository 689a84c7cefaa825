/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "base/time.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "voted/limits.h"
#include "votectl/distant-internal.h"

#define INTERFACE "org.voted.Peer."

static int reply_error(char **ret_error, Why *why, const char *name, const char *format, ...)
        _printf_(4, 5);
static int reply_error(char **ret_error, Why *why, const char *name, const char *format, ...) {
        char text[256];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof text, format, ap);
        va_end(ap);
        (void) why_set(why, V_DENIED, "%s", text);
        *ret_error = strdup(name);
        return EXIT_DONE;
}

static int on_submit(Distant *d, const Json *params, Json **ret, char **ret_error, Why *why) {
        _cleanup_(entry_unrefp) Entry *entry = NULL;
        Message m = { .type = MESSAGE_NEW_VOTE };
        const char *line;
        Json *state;
        int r;

        r = json_get_text(params, "line", 1, ENTRY_BYTES_MAX, &line, why);
        if (r == 0)
                r = entry_parse(&entry, d->c->genesis, line, strlen(line), why);
        if (r == 0) {
                r = chain_check_entry(audit_chain(d->ledger.audit), entry, now_realtime_sec(), why);
                r = r == V_DUPLICATE ? 0 : r;
        }
        if (r == -ENOMEM)
                return ctl_oom(d->c);
        if (r != 0) {                           /* the peer would not say why */
                *ret = json_new_object();
                json_set_text(*ret, "verdict", verdict_name(r));
                json_set_text(*ret, "text", why->text);
                *ret_error = strdup(INTERFACE "Refused");
                return EXIT_DONE;
        }
        assert(entry);
        m.lines = line;
        m.n_lines_bytes = strlen(line);
        r = distant_send(d, &m);
        if (r != 0)
                return r;
        d->submitted = entry->id;
        state = json_new_object();
        json_set_id(state, "id", &entry->id);
        json_set_text(state, "state", "pool");  /* until on_get_entry() finds it in a block */
        *ret = json_new_object();
        json_set(*ret, "entry", state);
        return *ret ? EXIT_DONE : ctl_oom(d->c);
}

/* From the ledger as it is now. What was handed in and is in no block waits in the peer's pool, as
 * far as can be known from here. */
static int on_get_entry(Distant *d, const char *method, const Json *params, Json **ret,
        char **ret_error, Why *why) {
        const Json *entry;
        const char *state;
        Id id;
        int r = EXIT_DONE;

        if (now_usec() - d->refreshed_usec > USEC_PER_SEC / 4)
                r = distant_sync(d);
        if (r == 0)
                r = audited_call(&d->ledger, method, params, ret, ret_error, why);
        if (r != 0 || *ret_error || json_get_id(params, "id", &id, NULL) != 0 ||
                !id_equal(&id, &d->submitted) ||
                json_get_object(*ret, "entry", &entry, NULL) != 0 ||
                json_get_text(entry, "state", 1, 32, &state, NULL) != 0)
                return r;
        if (streq(state, "unknown")) {
                Json *copy = json_copy_deep(entry);

                json_set_text(copy, "state", "pool");
                json_set(*ret, "entry", copy);
        }
        return r;
}

static int ask_receipt(Distant *d, Message *m, Json **ret, char **ret_error, Why *why) {
        _cleanup_message_ Message reply = {};
        int r;

        r = distant_ask(d, m, MESSAGE_RECEIPT, &reply);
        if (r != 0)
                return r;
        if (reply.type == MESSAGE_ERROR)
                return reply_error(ret_error, why, INTERFACE "NotFound",
                        "the peer has no such receipt (%s)", reply.error.text ?: reply.error.code);
        *ret = json_new_object();
        json_set(*ret, "receipt", json_copy_deep(reply.receipt.receipt));
        json_set_bool(*ret, "final", false);    /* for the receipt itself to prove */
        return *ret ? EXIT_DONE : ctl_oom(d->c);
}

static int on_get_receipt(Distant *d, const Json *params, Json **ret, char **ret_error, Why *why) {
        Message m = {};
        ElectionInfo info;
        const char *name;
        int64_t height, position;
        Place place;
        Id id;
        int r;

        if (json_get_text(params, "name", 1, NAME_BYTES_MAX, &name, NULL) == 0) {
                m.type = MESSAGE_GET_RECEIPT_NAME;
                m.name.name = name;
                return ask_receipt(d, &m, ret, ret_error, why);
        }
        if (json_get_text(params, "election", 1, NAME_BYTES_MAX, &name, NULL) == 0) {
                m.type = MESSAGE_GET_RECEIPT_VOTE;
                r = chain_election_by_name(audit_chain(d->ledger.audit), name, &info);
                if (r == 0)
                        m.vote.election = info.id;
                else if (id_from_hex(&m.vote.election, name) != 0)
                        return reply_error(ret_error, why, INTERFACE "NotFound",
                                "no election is called \"%s\"", name);
                if (json_get_key(params, "voter", &m.vote.voter, NULL) != 0)
                        return reply_error(
                                ret_error, why, INTERFACE "NotFound", "expected a voter's key");
                return ask_receipt(d, &m, ret, ret_error, why);
        }
        m.type = MESSAGE_GET_RECEIPT_PLACE;
        if (json_get_id(params, "entry", &id, NULL) == 0) {
                r = chain_find_entry(audit_chain(d->ledger.audit), &id, 0, &place);
                if (r < 0)
                        return reply_error(ret_error, why, INTERFACE "NotFound",
                                "no entry of that id is among the newest of the ledger");
                m.place.height = PLACE_HEIGHT(place);
                m.place.position = PLACE_POSITION(place);
                return ask_receipt(d, &m, ret, ret_error, why);
        }
        if (json_get_int(params, "height", 1, LINE_INT_MAX, &height, NULL) != 0 ||
                json_get_int(params, "position", 0, LINE_INT_MAX, &position, NULL) != 0)
                return reply_error(
                        ret_error, why, INTERFACE "NotFound", "expected a height and a position");
        m.place.height = (uint64_t) height;
        m.place.position = (uint64_t) position;
        return ask_receipt(d, &m, ret, ret_error, why);
}

static int on_get_block(Distant *d, const Json *params, Json **ret, char **ret_error, Why *why) {
        Message m = { .type = MESSAGE_GET_BLOCKS, .range = { .max = 1 } };
        _cleanup_message_ Message reply = {};
        _cleanup_json_ Json *lines = json_new_array();
        const char *p, *line;
        int64_t height = 0;
        size_t n, len;
        Id id;
        int r;

        if (json_get_id(params, "id", &id, NULL) == 0) {
                m.type = MESSAGE_GET_BLOCKS_IDS;
                m.ids.ids = &id;
                m.ids.n_ids = 1;
        } else if (json_get_int(params, "height", 1, LINE_INT_MAX, &height, NULL) == 0)
                m.range.from = (uint64_t) height;
        else
                return reply_error(ret_error, why, INTERFACE "NotFound",
                        "expected a height from 1 on, or an id");
        r = distant_ask(d, &m, MESSAGE_BLOCKS_RESPONSE, &reply);
        if (r != 0)
                return r;
        if (reply.type == MESSAGE_ERROR || reply.n_lines_bytes == 0)
                return reply_error(
                        ret_error, why, INTERFACE "NotFound", "the peer has no such block");
        p = reply.lines;
        n = reply.n_lines_bytes;
        while (line_next(&p, &n, &line, &len)) {
                _cleanup_free_ char *copy = strndup(line, len);

                json_add_text(lines, copy ?: "");
        }
        *ret = json_new_object();
        json_set(*ret, "lines", TAKE_PTR(lines));
        json_set_bool(
                *ret, "final", height > 0 && (uint64_t) height <= d->ledger.facts.final_height);
        return *ret ? EXIT_DONE : ctl_oom(d->c);
}

static int on_get_status(Distant *d, Json **ret) {
        Json *o = audited_status(&d->ledger);

        json_set_text(o, "version", d->agent);
        json_set_key(o, "key", net_client_remote(d->net));
        json_set_text(o, "listen", option_value(&d->c->options, "peer"));
        json_set_text(o, "status", "a distant peer, whose ledger was checked here");
        *ret = o;
        return o ? EXIT_DONE : ctl_oom(d->c);
}

int distant_call(Ctl *c, Distant *d, const char *method, const Json *params, Json **ret,
        char **ret_error, Why *why) {
        const char *name = method + strlen(INTERFACE);

        if (streq(name, "GetEntry"))
                return on_get_entry(d, method, params, ret, ret_error, why);
        if (streq(name, "Submit"))
                return on_submit(d, params, ret, ret_error, why);
        if (streq(name, "GetReceipt"))
                return on_get_receipt(d, params, ret, ret_error, why);
        if (streq(name, "GetBlock"))
                return on_get_block(d, params, ret, ret_error, why);
        if (streq(name, "GetStatus"))
                return on_get_status(d, ret);

        return audited_call(&d->ledger, method, params, ret, ret_error, why);
}

Audited* distant_ledger(Distant *d) {
        return &d->ledger;
}

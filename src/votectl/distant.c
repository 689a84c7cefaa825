/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/time.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "net/client.h"
#include "proto/message.h"
#include "voted/limits.h"
#include "votectl/distant.h"
#include "votectl/progress.h"

#define CONNECT_USEC (15 * USEC_PER_SEC)
#define REPLY_USEC   (60 * USEC_PER_SEC)
#define BLOCKS_ASKED 1000U
#define FRAMES_PASSED_OVER_MAX 1000U
#define INTERFACE "org.voted.Peer."

struct Distant {
        Ctl *c;
        NetClient *net;
        Audited ledger;
        bool started;
        uint64_t height;                /* that the peer claims */
        uint64_t request;               /* number of the last one */
        uint64_t refreshed_usec;
        char *agent;
};

Distant* distant_free(Distant *d) {
        if (!d)
                return NULL;
        audited_done(&d->ledger);
        (void) net_client_free(d->net);
        free(d->agent);
        free(d);
        return NULL;
}

static int lost(Ctl *c, const Why *why) {
        return ctl_fail(c, EXIT_NO_NODE, "Try again, or another peer.",
                "the link to the peer failed: %s", *why->text ? why->text : "it was closed");
}

static int send_message(Distant *d, const Message *m) {
        _cleanup_buf_ Buf frame = {};
        Why why = {};
        int r;

        r = message_frame(&frame, m);
        if (r < 0)
                return ctl_oom(d->c);
        r = net_client_send(d->net, frame.p, frame.n, REPLY_USEC, &why);
        return r != 0 ? lost(d->c, &why) : EXIT_DONE;
}

/* The peer keeps a link alive by asking what we have: nothing. */
static int answer_keep_alive(Distant *d, const Message *asked) {
        return send_message(d, &(Message) {
                .type = MESSAGE_CHAIN_INFO_RESPONSE, .has_id = asked->has_id, .id = asked->id,
                .chain = { .tip = d->c->genesis->network, .fork = UINT64_MAX },
        });
}

/* The next message of that type (or an error); what else comes on a link is passed over. */
static int receive(Distant *d, MessageType type, uint64_t id, Message *ret) {
        Why why = {};
        int r;

        for (unsigned i = 0; i < FRAMES_PASSED_OVER_MAX; i++) {
                _cleanup_message_ Message m = {};
                const char *frame;
                size_t n;

                r = net_client_receive(d->net, &frame, &n, REPLY_USEC, &why);
                if (r == -ETIMEDOUT)
                        return ctl_fail(d->c, EXIT_NO_NODE, "Try again, or another peer.",
                                "the peer did not answer within a minute");
                if (r != 0)
                        return lost(d->c, &why);
                r = message_parse(&m,
                        type == MESSAGE_HELLO ? MESSAGE_FROM_STRANGER : MESSAGE_FROM_PEER, frame, n,
                        &why);
                if (r == -ENOMEM)
                        return ctl_oom(d->c);
                if (r != 0)
                        return ctl_fail(d->c, EXIT_NO_NODE, "Is it a peer, and of this version?",
                                "the peer sent what is no message: %s", why.text);
                if (m.type == MESSAGE_GET_CHAIN_INFO) {
                        r = answer_keep_alive(d, &m);
                        if (r != 0)
                                return r;
                        continue;
                }
                if (m.type != MESSAGE_ERROR && (m.type != type || (m.has_id && m.id != id)))
                        continue;
                if (m.type == MESSAGE_ERROR && m.has_id && m.id != id)
                        continue;
                *ret = m;
                m = (Message) {};
                return EXIT_DONE;
        }
        return ctl_fail(
                d->c, EXIT_NO_NODE, "Try another peer.", "the peer talks but does not answer");
}

static int fail_error(Distant *d, const Message *m) {
        return ctl_fail(d->c, EXIT_REFUSED, NULL, "the peer answered %s: %s", m->error.code,
                m->error.text ?: "");
}

/* Sends a request and awaits its response. */
static int ask(Distant *d, Message *m, MessageType type, Message *ret) {
        int r;

        m->has_id = true;
        m->id = ++d->request;
        r = send_message(d, m);
        return r != 0 ? r : receive(d, type, m->id, ret);
}

static int greet(Distant *d) {
        _cleanup_message_ Message reply = {};
        int r;

        r = send_message(d, &(Message) {
                                    .type = MESSAGE_HELLO,
                                    .hello = {.version = PROTOCOL_VERSION,
                                            .network = d->c->genesis->network,
                                            .agent = "votectl",
                                            .tip = d->c->genesis->network},
                            });
        if (r == 0)
                r = receive(d, MESSAGE_HELLO, 0, &reply);
        if (r != 0)
                return r;
        if (reply.type == MESSAGE_ERROR)
                return fail_error(d, &reply);
        if (!id_equal(&reply.hello.network, &d->c->genesis->network))
                return ctl_fail(d->c, EXIT_REFUSED,
                        "--network chooses another one of those that are pinned.",
                        "the peer is of another network (%s)",
                        id_hex(&reply.hello.network, (char[ID_HEX]) {}));
        d->agent = strdup(reply.hello.agent ?: "");
        return d->agent ? EXIT_DONE : ctl_oom(d->c);
}

static int get_chain_info(Distant *d) {
        _cleanup_message_ Message reply = {};
        Message m = { .type = MESSAGE_GET_CHAIN_INFO };
        int r;

        r = ask(d, &m, MESSAGE_CHAIN_INFO_RESPONSE, &reply);
        if (r != 0)
                return r;
        if (reply.type == MESSAGE_ERROR)
                return fail_error(d, &reply);
        d->height = reply.chain.height;
        d->refreshed_usec = now_usec();
        return EXIT_DONE;
}

static int start_audit(Distant *d) {
        Why why = {};
        int r;

        r = audited_restart(&d->ledger, &d->c->genesis->network);
        if (r != 0)
                return r;
        r = audited_feed(&d->ledger, d->c->genesis->line, d->c->genesis->n_line, &why);
        if (r == 0)
                r = audited_feed(&d->ledger, "\n", 1, &why);
        return r != 0 ? ctl_fail_why(d->c, r, EXIT_WRONG, NULL, &why) : EXIT_DONE;
}

/* Fetches and audits what the peer has beyond us. *ret_wrong: it does not follow on what we have. */
static int fetch(Distant *d, bool *ret_wrong, Why *why) {
        const AuditFacts *facts = &d->ledger.facts;
        Progress bar;
        int r = EXIT_DONE;

        *ret_wrong = false;
        progress_start(&bar, d->c, "Syncing and checking", "blocks", d->height);
        while (r == EXIT_DONE && facts->height < d->height) {
                Message m = {.type = MESSAGE_GET_BLOCKS,
                        .range = {.from = facts->height + 1, .max = BLOCKS_ASKED}};
                const uint64_t before = facts->height;
                _cleanup_message_ Message reply = {};

                r = ask(d, &m, MESSAGE_BLOCKS_RESPONSE, &reply);
                if (r != 0)
                        break;
                if (reply.type == MESSAGE_ERROR) {
                        r = fail_error(d, &reply);
                        break;
                }
                r = audited_feed(&d->ledger, reply.lines, reply.n_lines_bytes, why);
                if (r == 0 && reply.n_lines_bytes > 0)
                        r = audited_feed(&d->ledger, "\n", 1, why);
                if (r > 0) {
                        *ret_wrong = true;
                        r = EXIT_DONE;
                        break;
                }
                if (r < 0) {
                        r = ctl_fail_why(d->c, r, EXIT_WRONG, NULL, why);
                        break;
                }
                progress_set(&bar, facts->height);
                if (facts->height == before) {
                        r = ctl_fail(d->c, EXIT_NO_NODE, "Try another peer.",
                                "the peer claims height %" PRIu64
                                " but does not deliver block %" PRIu64,
                                d->height, before + 1);
                        break;
                }
        }
        progress_end(&bar);
        if (r == EXIT_DONE && !*ret_wrong) {
                r = audited_finish(&d->ledger, why);
                if (r > 0)
                        *ret_wrong = true;
                r = r < 0 ? ctl_fail_why(d->c, r, EXIT_WRONG, NULL, why) : EXIT_DONE;
        }
        return r;
}

/* Up to the peer's tip. A chain that was reorganised is fetched anew; one that is wrong from the
 * genesis on is the peer's fault. */
static int sync_ledger(Distant *d) {
        bool wrong = false, fresh = false;
        Why why = {};
        int r;

        r = get_chain_info(d);
        if (r != 0)
                return r;
        if (!d->started) {
                fresh = d->started = true;
                r = start_audit(d);
        }
        if (r == 0)
                r = fetch(d, &wrong, &why);
        if (r == 0 && wrong && !fresh) {
                r = start_audit(d);
                if (r == 0)
                        r = fetch(d, &wrong, &why);
        }
        if (r == 0 && wrong)
                return ctl_fail(d->c, EXIT_WRONG,
                        "Do not trust this peer; try another one, and tell its operator.",
                        "the peer's ledger breaks the rules: %s", why.text);
        return r;
}

int distant_new(Ctl *c, const char *endpoint, Distant **ret) {
        _cleanup_(distant_freep) Distant *d = new0(Distant, 1);
        _cleanup_(secret_key_freep) SecretKey *identity = NULL;
        NetEndpoint e;
        Why why = {};
        int r;

        if (!d)
                return ctl_oom(c);
        d->c = c;
        r = net_endpoint_parse(&e, endpoint, 0, &why);
        if (r != 0)
                return ctl_fail(c, EXIT_USAGE, NULL, "--peer %s: %s", endpoint, why.text);
        if (!c->genesis) {
                r = ctl_pin_find(c, option_value(&c->options, "network"), &c->genesis);
                if (r != 0)
                        return r;
        }
        c->pinned = true;

        r = secret_key_generate(&identity);
        if (r < 0)
                return ctl_oom(c);
        r = audited_init(&d->ledger, c, &c->genesis->network);
        if (r != 0)
                return r;
        r = net_client_connect(&d->net, &e, identity,
                c->genesis->limits.block_bytes + FRAME_EXTRA_BYTES, CONNECT_USEC, &why);
        if (r != 0)
                return ctl_fail(c, EXIT_NO_NODE,
                        "Is a peer listening there, and does no firewall stand between?",
                        "cannot reach %s: %s", endpoint, why.text);
        r = greet(d);
        if (r == 0)
                r = sync_ledger(d);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(d);
        return EXIT_DONE;
}

/* --- what is not answered from the chain --- */

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
        if (r == 0)
                r = chain_check_entry(audit_chain(d->ledger.audit), entry, now_realtime_sec(), why);
        if (r == -ENOMEM)
                return ctl_oom(d->c);
        if (r != 0 && r != V_DUPLICATE) {       /* the peer would not say why */
                *ret = json_new_object();
                json_set_text(*ret, "verdict", verdict_name(r));
                json_set_text(*ret, "text", why->text);
                *ret_error = strdup(INTERFACE "Refused");
                return EXIT_DONE;
        }
        m.lines = line;
        m.n_lines_bytes = strlen(line);
        r = send_message(d, &m);
        if (r != 0)
                return r;
        state = json_new_object();
        json_set_id(state, "id", &entry->id);
        json_set_text(state, "state", "pool");  /* until GetEntry finds it in a block */
        *ret = json_new_object();
        json_set(*ret, "entry", state);
        return *ret ? EXIT_DONE : ctl_oom(d->c);
}

static int ask_receipt(Distant *d, Message *m, Json **ret, char **ret_error, Why *why) {
        _cleanup_message_ Message reply = {};
        int r;

        r = ask(d, m, MESSAGE_RECEIPT, &reply);
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
        r = ask(d, &m, MESSAGE_BLOCKS_RESPONSE, &reply);
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
        int r;

        if (streq(name, "GetEntry") && now_usec() - d->refreshed_usec > USEC_PER_SEC / 4) {
                r = sync_ledger(d);
                if (r != 0)
                        return r;
        }
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

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "base/time.h"
#include "codec/hex.h"
#include "voted/limits.h"
#include "votectl/distant-internal.h"
#include "votectl/progress.h"

#define CONNECT_USEC (15 * USEC_PER_SEC)
#define REPLY_USEC   (60 * USEC_PER_SEC)
#define BLOCKS_ASKED 1000U
#define FRAMES_PASSED_OVER_MAX 1000U

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

int distant_send(Distant *d, const Message *m) {
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
        return distant_send(d, &(Message) {
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
                if (m.type == MESSAGE_ERROR && type != MESSAGE_HELLO && (!m.has_id || m.id != id))
                        continue;               /* of an entry that was handed in twice, say */
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
int distant_ask(Distant *d, Message *m, MessageType type, Message *ret) {
        int r;

        m->has_id = true;
        m->id = ++d->request;
        r = distant_send(d, m);
        return r != 0 ? r : receive(d, type, m->id, ret);
}

static int greet(Distant *d) {
        _cleanup_message_ Message reply = {};
        int r;

        r = distant_send(d, &(Message) {
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

        r = distant_ask(d, &m, MESSAGE_CHAIN_INFO_RESPONSE, &reply);
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

/* Fetches and audits what the peer has beyond us. *ret_wrong: it does not follow on what we have.
 */
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

                r = distant_ask(d, &m, MESSAGE_BLOCKS_RESPONSE, &reply);
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
                r = audited_finish_sealed(&d->ledger, why);
                if (r > 0)
                        *ret_wrong = true;
                r = r < 0 ? ctl_fail_why(d->c, r, EXIT_WRONG, NULL, why) : EXIT_DONE;
        }
        return r;
}

/* Up to the peer's tip. A chain that was reorganised is fetched anew; one that is wrong from the
 * genesis on is the peer's fault. */
int distant_sync(Distant *d) {
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
                r = distant_sync(d);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(d);
        return EXIT_DONE;
}

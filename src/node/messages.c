/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/line.h"
#include "node/peer-internal.h"

/* Messages of the engine's own (quorum). Those that come in are judged by their form, then their
 * signatures are checked where all are, and only then the engine sees them. Those that go out are
 * signed lines, whose kind is the message's name; they leave after the commit, since what they say
 * must be on disk first. */

/* --- coming in --- */

static void pending_free(Peer *p, Pending *m) {
        TAILQ_REMOVE(&p->pendings, m, list);
        if (m->message)
                (void) p->engine->type->message_free(m->message);
        free(m->evidence);
        free(m);
}

/* Not one line of it is being checked any more. */
static int answer_done(Peer *p, Answer *a) {
        bool heard = !a->forgotten && !p->broken;
        LinkId link = a->link;
        Key key = a->key;

        if (--a->n_left > 0)
                return 0;
        free(a);
        if (!heard)
                return 0;
        return engine_feed(p, &(EngineEvent){.type = ENGINE_EV_HEARD, .from = link, .key = key});
}

static int hand_in(Peer *p, Pending *m) {
        EngineMessage *message = TAKE_PTR(m->message);
        int r = 0;

        if (!message)
                return 0;
        if (!p->broken)
                r = engine_feed(p, &(EngineEvent){.type = ENGINE_EV_MESSAGE,
                                           .message = message,
                                           .from = m->link,
                                           .key = m->key});
        (void) p->engine->type->message_free(message);
        return r;
}

/* Every signature of it was checked; m is gone afterwards. */
static int decide(Peer *p, Pending *m) {
        PeerLink *l = peer_link_find(p, m->link);
        Answer *a = m->answer;
        int r = 0;

        if (l) {
                l->n_checks -= m->n_checks;
                peer_link_update_reading(p, l);
        }
        if (!m->invalid && m->evidence)
                r = p->broken ? 0 : evidence_keep(p, &m->convicted, m->evidence, m->n_evidence, m->link);
        else if (!m->invalid)
                r = hand_in(p, m);
        else if (l)
                (void) peer_link_fault(p, l, V_SIGNATURE,
                        &(Why){"a signature of a message does not verify"}, NULL);
        pending_free(p, m);
        if (r < 0)
                return r;
        return a ? answer_done(p, a) : 0;
}

int message_check(Peer *p, PeerLink *l, const Pending *what, SigCheck *checks, size_t n) {
        Pending *m;
        int r = 0;

        m = new0(Pending, 1);
        if (!m) {
                sig_checks_done(checks, n);
                if (what->message)
                        (void) p->engine->type->message_free(what->message);
                free(what->evidence);
                return -ENOMEM;
        }
        *m = *what;
        m->serial = peer_token(p);
        m->link = l->id;
        m->key = l->key;
        m->n_checks = m->n_left = n;
        TAILQ_INSERT_TAIL(&p->pendings, m, list);
        if (m->answer)
                m->answer->n_left++;
        l->n_checks += n;
        for (size_t i = 0; i < n; i++) {
                if (r == 0)
                        r = verify_add(p, (CheckFor){.type = CHECK_MESSAGE, .serial = m->serial},
                                checks + i);
                else
                        sig_check_done(checks + i);
        }
        if (r < 0)
                return r;
        peer_link_update_reading(p, l);
        return n == 0 ? decide(p, m) : 0;
}

/* 0 (it is under way, or is nothing new), or the verdict on l; -errno. */
static int take_line(Peer *p, PeerLink *l, const char *line, size_t n, Answer *a, Why *why) {
        _cleanup_free_ SigCheck *checks = NULL;
        EngineMessage *message = NULL;
        size_t n_checks = 0;
        int r;

        r = p->engine->type->message_read(p->engine, line, n, &message, &checks, &n_checks, why);
        if (r != 0)
                return r == V_DUPLICATE ? 0 : r;
        return message_check(p, l, &(Pending){.message = message, .answer = a}, checks, n_checks);
}

static int blame(Peer *p, PeerLink *l, int verdict, const Why *why) {
        if (verdict_is_fault(verdict))
                (void) peer_link_fault(p, l, verdict, why, NULL);
        return 0;
}

int message_on_line(Peer *p, PeerLink *l, const Message *m) {
        Why why;
        int r;

        if (m->type == MESSAGE_EVIDENCE)
                return evidence_on_line(p, l, m);
        if (!p->engine->type->message_read) {
                (void) peer_link_fault(p, l, V_PROTOCOL,
                        &(Why){"this network's engine has no such message"}, NULL);
                return 0;
        }
        if (p->broken)
                return 0;
        r = take_line(p, l, m->lines, m->n_lines_bytes, NULL, &why);
        return r > 0 ? blame(p, l, r, &why) : r;
}

int message_on_certificates(Peer *p, PeerLink *l, const Message *m) {
        const char *text = m->lines, *line;
        size_t left = m->n_lines_bytes, n;
        LinkId link = l->id;
        Answer *a;
        Why why;
        int r;

        if (p->broken || !p->engine->type->message_read)
                return 0;
        a = new0(Answer, 1);
        if (!a)
                return -ENOMEM;
        *a = (Answer){.link = link, .key = l->key, .n_left = 1};
        while (line_next(&text, &left, &line, &n)) {
                r = take_line(p, l, line, n, a, &why);
                if (r < 0)
                        return r;
                if (r > 0) {
                        (void) blame(p, l, r, &why);
                        break;
                }
                l = peer_link_find(p, link);
                if (!l)
                        break;
        }
        return answer_done(p, a);
}

int message_on_checked(Peer *p, const CheckFor *what, bool valid) {
        Pending *m;

        TAILQ_FOREACH(m, &p->pendings, list)
        if (m->serial == what->serial)
                break;
        if (!m)
                return -EINVAL;
        m->invalid = m->invalid || !valid;
        return --m->n_left > 0 ? 0 : decide(p, m);
}

void messages_forget(Peer *p) {
        Pending *m;

        TAILQ_FOREACH(m, &p->pendings, list) {
                if (m->message)
                        m->message = p->engine->type->message_free(m->message);
                if (m->answer)
                        m->answer->forgotten = true;
        }
}

void messages_done(Peer *p) {
        while (!TAILQ_EMPTY(&p->pendings)) {
                Pending *m = TAILQ_FIRST(&p->pendings);
                Answer *a = m->answer;

                pending_free(p, m);
                if (a && --a->n_left == 0)
                        free(a);
        }
}

/* --- going out --- */

bool message_is_sealer(const Peer *p, const Key *key) {
        const Key *keys;
        size_t n;

        keys = engine_sealers(p, &n);
        for (size_t i = 0; i < n; i++)
                if (key_equal(key, keys + i))
                        return true;
        return false;
}

static bool is_for(const Peer *p, const EngineEffect *fx, const PeerLink *l) {
        if (!l->up || l->client)
                return false;
        switch (fx->audience) {

        case ENGINE_TO_LINK:
                return l->id == fx->to;

        case ENGINE_TO_KEY:
                return key_equal(&l->key, &fx->key);

        case ENGINE_TO_SEALERS:
                return message_is_sealer(p, &l->key);

        case ENGINE_TO_FOLLOWERS:
                return !message_is_sealer(p, &l->key);
        }
        return false;
}

static MessageType type_of(const char *kind) {
        static const MessageType types[] = {MESSAGE_PROPOSE, MESSAGE_ENDORSE, MESSAGE_FINALIZE,
                MESSAGE_SKIP, MESSAGE_CERTIFICATE};

        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (streq(message_name(types[i]), kind))
                        return types[i];
        return MESSAGE_NONE;
}

int message_send_after(Peer *p, PeerLink *l, const Buf *frame) {
        NodeEffect send = { .type = NODE_FX_SEND,
                .link = l->id,
                .lane = LANE_ENGINE,
                .n_data = frame->n };

        send.data = newN(char, frame->n);
        if (!send.data)
                return -ENOMEM;
        memcpy(send.data, frame->p, frame->n);
        l->sent_bytes += frame->n;
        return node_effects_add(&p->after, &send);
}

int message_send(Peer *p, const EngineEffect *fx) {
        _cleanup_json_ Json *o = NULL;
        _cleanup_buf_ Buf frame = {};
        const char *kind = "";
        MessageType type;
        int r;

        r = line_parse(&o, fx->data, fx->n_data, BLOCK_BYTES_MAX, NULL);
        if (r == 0)
                r = json_get_name(o, "kind", &kind, NULL);
        if (r < 0)
                return r;
        type = type_of(kind);
        if (type == MESSAGE_NONE)
                return -EINVAL;
        r = message_frame(
                &frame, &(Message){.type = type, .lines = fx->data, .n_lines_bytes = fx->n_data});
        if (r < 0)
                return r;

        for (size_t k = 0; r >= 0 && k < p->n_links; k++)
                if (is_for(p, fx, p->links[k]))
                        r = message_send_after(p, p->links[k], &frame);
        return r;
}

int message_ask(Peer *p, const EngineEffect *fx) {
        for (size_t k = 0; k < p->n_links; k++) {
                PeerLink *l = p->links[k];
                Request *q;

                if (!is_for(p, fx, l) || request_pending(p, l->id, REQUEST_CERTIFICATES))
                        continue;
                q = request_new(p, l, REQUEST_CERTIFICATES, INFO_USEC);
                if (!q)
                        return -ENOMEM;
                peer_link_send(p, l, LANE_ENGINE,
                        &(Message){.type = MESSAGE_GET_CERTIFICATES,
                                .has_id = true,
                                .id = q->id,
                                .range = {.from = fx->view, .max = BLOCKS_ASKED_MAX}});
        }
        return 0;
}

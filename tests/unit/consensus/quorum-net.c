/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quorum-net.h"

#include <check.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "codec/line.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"

#define CLOCK UINT64_C(1800000000)

typedef enum NetEventType {
        NET_MESSAGE,            /* line */
        NET_COMMIT,
        NET_WAKE,
        NET_VALID,
        NET_BODIES,
        NET_ASKED,              /* view */
        NET_ANSWER,             /* lines */
        NET_BLOCK,              /* header, seal in line */
        NET_LIE,
        NET_START,
        NET_BEAT,
} NetEventType;

typedef struct NetEvent {
        uint64_t at, order;
        NetEventType type;
        unsigned to, from, life;
        Id id;
        Header header;
        uint64_t view;
        char *line;
        size_t n;
} NetEvent;

static void broken(Net *net, const char *format, ...) _printf_(2, 3);
static void broken(Net *net, const char *format, ...) {
        va_list ap;

        if (net->broken[0])
                return;
        va_start(ap, format);
        (void) vsnprintf(net->broken, sizeof(net->broken), format, ap);
        va_end(ap);
}

/* --- the queue --- */

static bool before(const NetEvent *a, const NetEvent *b) {
        return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void push(Net *net, NetEvent ev) {
        size_t i;

        if (net->n_events == net->allocated_events) {
                net->allocated_events = net->allocated_events ? 2 * net->allocated_events : 256;
                net->events = reallocarray(net->events, net->allocated_events, sizeof(NetEvent));
                ck_assert_ptr_nonnull(net->events);
        }
        ev.order = net->order++;
        for (i = net->n_events++; i > 0 && before(&ev, &net->events[(i - 1) / 2]); i = (i - 1) / 2)
                net->events[i] = net->events[(i - 1) / 2];
        net->events[i] = ev;
}

static NetEvent pop(Net *net) {
        NetEvent top = net->events[0], last = net->events[--net->n_events];
        size_t i = 0;

        for (;;) {
                size_t child = 2 * i + 1;

                if (child >= net->n_events)
                        break;
                if (child + 1 < net->n_events && before(&net->events[child + 1], &net->events[child]))
                        child++;
                if (before(&last, &net->events[child]))
                        break;
                net->events[i] = net->events[child];
                i = child;
        }
        net->events[i] = last;
        return top;
}

static uint64_t delay(Net *net) {
        return 1000 + prng_below(&net->prng, net->delay_usec);
}

static bool linked(const Net *net, unsigned a, unsigned b) {
        return net->nodes[a].up && net->nodes[b].up && net->side[a] == net->side[b];
}

static char* copy(const char *p, size_t n) {
        char *q = malloc(n + 1);

        ck_assert_ptr_nonnull(q);
        memcpy(q, p, n);
        q[n] = 0;
        return q;
}

static void transmit(Net *net, NetEventType type, unsigned from, unsigned to, const char *line, size_t n, uint64_t view) {
        NetEvent ev = { .type = type, .from = from, .to = to, .view = view, .life = net->nodes[to].life, .n = n };

        net->n_messages++;
        net->n_bytes += n;
        if (!linked(net, from, to) || prng_chance(&net->prng, net->loss))
                return;
        ev.at = net->now_usec + delay(net);
        ev.line = line ? copy(line, n) : NULL;
        if (ev.line && n > 0 && prng_chance(&net->prng, net->corrupt)) {
                ev.line[prng_below(&net->prng, n)] ^= 1;
                net->corrupted = true;
        }
        push(net, ev);
}

/* --- signatures: each distinct one is checked once --- */

#define MEMO (1U << 16)

static bool verify(SigCheck *c) {
        static struct { Id id; bool set, valid; } *memo;
        _cleanup_buf_ Buf b = {};
        uint32_t at;
        Id id;

        if (!memo)
                memo = calloc(MEMO, sizeof(*memo));
        ck_assert_ptr_nonnull(memo);
        buf_add(&b, &c->key, sizeof(c->key));
        buf_add(&b, &c->signature, sizeof(c->signature));
        buf_add(&b, c->message, c->n_message);
        hash_bytes(&id, b.p, b.n);
        memcpy(&at, id.b, sizeof(at));
        at %= MEMO;
        if (!memo[at].set || !id_equal(&memo[at].id, &id)) {
                sig_check_run(c);
                memo[at].set = true;
                memo[at].id = id;
                memo[at].valid = c->valid;
        }
        return memo[at].valid;
}

static bool verify_all(SigCheck *checks, size_t n) {
        bool valid = true;

        for (size_t i = 0; i < n; i++) {
                valid = verify(&checks[i]) && valid;
                sig_check_done(&checks[i]);
        }
        return valid;
}

/* --- the chain of a node --- */

static int header_at(void *userdata, uint64_t height, Header *ret) {
        NetNode *n = userdata;

        if (height == 0 || height > n->height)
                return -ENODATA;
        *ret = n->headers[height];
        return 0;
}

static int height_of(void *userdata, const Id *id, uint64_t *ret) {
        NetNode *n = userdata;

        *ret = 0;
        if (id_equal(id, &n->net->w.network))
                return 0;
        for (uint64_t h = n->height; h > 0; h--)
                if (id_equal(&n->headers[h].id, id)) {
                        *ret = h;
                        return 0;
                }
        return -ENODATA;
}

static int seal_at(void *userdata, uint64_t height, Buf *ret) {
        NetNode *n = userdata;

        if (height == 0 || height > n->height)
                return -ENODATA;
        buf_add_text(ret, n->seals[height]);
        return buf_error(ret);
}

static void append(NetNode *n, const Header *h, const char *seal, size_t n_seal) {
        n->height++;
        ck_assert_uint_eq(h->height, n->height);
        n->headers = reallocarray(n->headers, n->height + 1, sizeof(Header));
        n->seals = reallocarray(n->seals, n->height + 1, sizeof(char *));
        ck_assert(n->headers && n->seals);
        n->headers[n->height] = *h;
        n->seals[n->height] = copy(seal, n_seal);
}

static void switch_to(NetNode *n, const Id *id) {
        _cleanup_free_ Id *ids = NULL;
        uint64_t fork;
        size_t k = 0;

        if (n->e->type->branch(n->e, id, &fork, &ids, &k) < 0)
                return;
        if (fork < n->final)
                broken(n->net, "node %u disconnects height %" PRIu64 ", final is %" PRIu64, n->number, fork + 1, n->final);
        if (fork < n->height)
                n->net->n_switches++;
        for (; n->height > fork; n->height--)
                free(n->seals[n->height]);
        for (size_t i = 0; i < k; i++) {
                const Header *h;
                const char *seal;
                size_t n_seal;

                ck_assert_int_eq(n->e->type->side(n->e, ids + i, &h, &seal, &n_seal), 0);
                ck_assert_ptr_nonnull(seal);
                append(n, h, seal, n_seal);
        }
        net_step(n, &(EngineEvent) { .type = ENGINE_EV_SWITCHED, .id = *id });
}

static void on_final(NetNode *n, const EngineEffect *fx) {
        Net *net = n->net;

        if (fx->height > n->height || !id_equal(&n->headers[fx->height].id, &fx->id)) {
                broken(net, "node %u calls final what is not on its chain", n->number);
                return;
        }
        if (fx->data) {
                free(n->seals[fx->height]);
                n->seals[fx->height] = copy(fx->data, fx->n_data);
        }
        for (uint64_t h = n->final + 1; h <= fx->height && h < ELEMENTSOF(net->final); h++) {
                if (id_is_zero(&net->final[h]))
                        net->final[h] = n->headers[h].id;
                if (!id_equal(&net->final[h], &n->headers[h].id))
                        broken(net, "two final blocks of height %" PRIu64, h);
                net->n_final = MAX(net->n_final, h);
        }
        n->final = MAX(n->final, fx->height);
}

/* --- effects --- */

static void record(NetNode *n, EngineEffect *fx) {
        if (n->net->forget_certificates && strncmp(fx->name, "certificate", 11) == 0)
                return;
        for (size_t i = 0; i < n->n_records; i++)
                if (n->records[i].view == fx->view && streq(n->records[i].name, fx->name)) {
                        free(n->records[i].line);
                        n->records[i].line = TAKE_PTR(fx->data);
                        n->records[i].n = fx->n_data;
                        return;
                }
        n->records = reallocarray(n->records, n->n_records + 1, sizeof(NetRecord));
        ck_assert_ptr_nonnull(n->records);
        n->records[n->n_records++] = (NetRecord) { fx->view, fx->name, TAKE_PTR(fx->data), fx->n_data };
}

static void forget(NetNode *n, uint64_t view) {
        size_t k = 0;

        for (size_t i = 0; i < n->n_records; i++)
                if (n->records[i].view > 0 && n->records[i].view < view)
                        free(n->records[i].line);
                else
                        n->records[k++] = n->records[i];
        n->n_records = k;
}

static void send_to(NetNode *n, const EngineEffect *fx) {
        Net *net = n->net;

        for (unsigned i = 0; i < net->n; i++) {
                if (i == n->number || fx->audience == ENGINE_TO_FOLLOWERS)
                        continue;
                if (fx->audience == ENGINE_TO_LINK && fx->to != i + 1)
                        continue;
                if (fx->audience == ENGINE_TO_KEY && !key_equal(&fx->key, quorum_world_key(&net->w, i)))
                        continue;
                transmit(net, fx->type == ENGINE_FX_SEND ? NET_MESSAGE : NET_ASKED, n->number, i, fx->data, fx->n_data, fx->view);
        }
}

/* What waits for the commit, when that is done. */
static void carry_out_late(NetNode *n, EngineEffects *effects) {
        for (size_t i = 0; i < effects->n; i++) {
                EngineEffect *fx = effects->items + i;

                if (fx->type == ENGINE_FX_RECORD)
                        record(n, fx);
                if (fx->type == ENGINE_FX_FORGET)
                        forget(n, fx->view);
        }
        for (size_t i = 0; i < effects->n; i++)
                if (effects->items[i].type == ENGINE_FX_SEND || effects->items[i].type == ENGINE_FX_ASK)
                        send_to(n, effects->items + i);
}

static void later(NetNode *n, NetEventType type, const Id *id, uint64_t usec) {
        push(n->net, (NetEvent) { .type = type, .to = n->number, .life = n->life, .id = *id, .at = n->net->now_usec + usec });
}

static void fetch(NetNode *n, const Id *id) {
        Net *net = n->net;

        for (unsigned k = 0, from = (unsigned) prng_below(&net->prng, net->n); k < net->n; k++, from = (from + 1) % net->n) {
                NetNode *m = net->nodes + from;
                uint64_t h;

                if (m == n || !linked(net, n->number, from) || height_of(m, id, &h) < 0 || h == 0)
                        continue;
                push(net, (NetEvent) { .type = NET_BLOCK, .to = n->number, .from = from, .life = n->life, .header = m->headers[h],
                                .line = copy(m->seals[h], strlen(m->seals[h])), .at = net->now_usec + delay(net) });
                return;
        }
}

/* What m has above what both have. */
static void sync_from(NetNode *n, NetNode *m) {
        uint64_t h = MIN(n->height, m->height);

        while (h > 0 && !id_equal(&n->headers[h].id, &m->headers[h].id))
                h--;
        for (uint64_t k = 0; ++h <= m->height && k < 20; k++)
                push(n->net, (NetEvent) { .type = NET_BLOCK, .to = n->number, .from = m->number, .life = n->life, .header = m->headers[h],
                                .line = copy(m->seals[h], strlen(m->seals[h])), .at = n->net->now_usec + 10 * k });
}

static void convict(NetNode *n, const EngineEffect *fx) {
        SigCheck checks[2] = {};
        int number = quorum_config_number(&n->net->w.c, &fx->key);
        Key k;

        ck_assert_int_eq(quorum_evidence(n->net->w.config, &n->net->w.network, fx->data, fx->n_data, &k, checks, NULL), 0);
        ck_assert(verify_all(checks, 2));
        if (!n->net->nodes[number].liar)
                broken(n->net, "honest node %d stands in evidence", number);
        n->net->convicted[number] = true;
        n->net->n_evidence++;
}

static bool turn(NetNode *n, EngineEffects *effects) {
        unsigned life = n->life;
        bool records = false;

        for (size_t i = 0; i < effects->n && n->life == life; i++) {
                EngineEffect *fx = effects->items + i;

                switch (fx->type) {

                case ENGINE_FX_WANT:
                        later(n, NET_BODIES, &fx->id, delay(n->net));
                        break;
                case ENGINE_FX_JUDGE:
                        later(n, NET_VALID, &fx->id, delay(n->net) / 4);
                        break;
                case ENGINE_FX_SWITCH:
                        switch_to(n, &fx->id);
                        break;
                case ENGINE_FX_FETCH:
                        fetch(n, &fx->id);
                        break;
                case ENGINE_FX_FINAL:
                        on_final(n, fx);
                        break;
                case ENGINE_FX_RECORD:
                case ENGINE_FX_RECORD_BLOCK:
                        records = true;
                        break;
                case ENGINE_FX_EVIDENCE:
                        convict(n, fx);
                        break;
                case ENGINE_FX_WAKE:
                        if (fx->at_usec != USEC_INFINITY)
                                later(n, NET_WAKE, &fx->id, fx->at_usec > n->net->now_usec ? fx->at_usec - n->net->now_usec : 0);
                        break;
                case ENGINE_FX_ALARM:
                        if (!n->liar)
                                broken(n->net, "node %u: %s", n->number, fx->data);
                        break;
                case ENGINE_FX_SEND:
                case ENGINE_FX_ASK:
                case ENGINE_FX_FORGET:
                case ENGINE_FX_ORPHAN:
                        break;
                case ENGINE_FX_MINE:
                case ENGINE_FX_MINE_STOP:
                case ENGINE_FX_SEALED:
                        ck_abort_msg("an effect that quorum does not have");
                }
        }
        return records;
}

static void lead(NetNode *n);

static void mine(NetNode *n) {
        Net *net = n->net;
        bool due = net->due || n->e->type->due(n->e);
        Header h = { .time = CLOCK + net->now_usec / USEC_PER_SEC + (uint64_t) n->skew_sec };
        Id ids[3];

        if (!due) {
                if (n->told_due) {
                        n->told_due = false;
                        net_step(n, &(EngineEvent) { .type = ENGINE_EV_IDLE });
                }
                return;
        }
        if (n->e->type->wants_candidate(n->e)) {
                h.count = (uint32_t) prng_below(&net->prng, 4);
                for (uint32_t i = 0; i < h.count; i++)
                        for (size_t k = 0; k < 32; k++)
                                ids[i].b[k] = (uint8_t) prng_u64(&net->prng);
                merkle_root(&h.root, ids, h.count);
                n->told_due = true;
                net_step(n, &(EngineEvent) { .type = ENGINE_EV_CANDIDATE, .header = &h, .ids = ids, .n_ids = h.count });
                return;
        }
        if (!n->told_due) {
                n->told_due = true;
                net_step(n, &(EngineEvent) { .type = ENGINE_EV_DUE });
        }
}

void net_step(NetNode *n, EngineEvent *ev) {
        Net *net = n->net;
        EngineEffects effects = {};
        unsigned life = n->life;

        if (net->broken[0] || !n->up)
                return;
        ev->now_usec = net->now_usec;
        ev->now_sec = CLOCK + net->now_usec / USEC_PER_SEC + (uint64_t) n->skew_sec;
        ck_assert_int_eq(n->e->type->step(n->e, ev, &effects), 0);

        if (turn(n, &effects) && n->life == life) {
                uint64_t serial = 0;

                for (size_t i = 0; i < effects.n; i++)
                        serial = MAX(serial, effects.items[i].serial);
                if (net->amnesia) {     /* sent before it is on record */
                        for (size_t i = 0; i < effects.n; i++)
                                if (effects.items[i].type == ENGINE_FX_SEND) {
                                        send_to(n, effects.items + i);
                                        effects.items[i].type = ENGINE_FX_ORPHAN;
                                }
                }
                n->turns = reallocarray(n->turns, n->n_turns + 1, sizeof(NetTurn));
                ck_assert_ptr_nonnull(n->turns);
                n->turns[n->n_turns++] = (NetTurn) { effects, serial };
                if (n->n_turns == 1)
                        later(n, NET_COMMIT, &(Id) {}, 500 + prng_below(&net->prng, 4000));
                effects = (EngineEffects) {};
        } else if (n->life == life)
                carry_out_late(n, &effects);
        engine_effects_done(&effects);
        if (n->life == life && ev->type != ENGINE_EV_SWITCHED) {
                mine(n);
                if (n->liar)
                        lead(n);
        }
}

/* --- crashes --- */

static void drop_turns(NetNode *n) {
        for (size_t i = 0; i < n->n_turns; i++)
                engine_effects_done(&n->turns[i].effects);
        n->n_turns = 0;
}

void net_crash(Net *net, NetNode *n) {
        if (!n->up)
                return;
        n->up = false;
        n->life++;
        n->e = n->e->type->free(n->e);
        drop_turns(n);
        net->n_crashes++;
}

void net_start(Net *net, NetNode *n) {
        _cleanup_free_ EngineLine *lines = newN(EngineLine, n->n_records + 1);
        EngineSetup setup = {
                .network = net->w.network, .created = QUORUM_CREATED, .self = *quorum_world_key(&net->w, n->number),
                .chain = { .userdata = n, .header_at = header_at, .height_of = height_of, .seal_at = seal_at },
                .has_record = n->record && !n->liar, .record = lines, .n_record = n->n_records,
                .sign_userdata = &n->signer, .sign = quorum_world_sign,
        };
        EngineStatus status;

        ck_assert(!n->up);
        ck_assert_ptr_nonnull(lines);
        for (; net->forget_certificates && n->height > n->final; n->height--)
                free(n->seals[n->height]);
        for (size_t i = 0; i < n->n_records; i++)
                lines[i] = (EngineLine) { n->records[i].line, n->records[i].n };
        ck_assert_int_eq(quorum_engine.new(&n->e, net->w.config, &setup), 0);
        n->up = true;
        n->life++;
        n->told_due = false;
        n->e->type->status(n->e, &status);
        if (status.final_height != n->final)
                broken(net, "node %u starts with final %" PRIu64 ", had %" PRIu64, n->number, status.final_height, n->final);
        net_step(n, &(EngineEvent) { .type = ENGINE_EV_TICK });
        for (unsigned i = 0; i < net->n; i++)
                if (i != n->number && linked(net, i, n->number)) {
                        net_step(n, &(EngineEvent) { .type = ENGINE_EV_LINK, .from = i + 1, .key = *quorum_world_key(&net->w, i) });
                        net_step(net->nodes + i, &(EngineEvent) { .type = ENGINE_EV_LINK, .from = n->number + 1,
                                        .key = *quorum_world_key(&net->w, n->number) });
                }
}

static void commit(NetNode *n) {
        Net *net = n->net;
        NetTurn *turns = TAKE_PTR(n->turns);
        size_t n_turns = n->n_turns;
        uint64_t serial = 0;

        if (prng_chance(&net->prng, net->crash)) {
                n->turns = turns;
                net_crash(net, n);
                push(net, (NetEvent) { .type = NET_START, .to = n->number, .at = net->now_usec + prng_below(&net->prng, 20 * NET_DELTA) });
                return;
        }
        n->n_turns = 0;
        for (size_t i = 0; i < n_turns; i++) {
                carry_out_late(n, &turns[i].effects);
                engine_effects_done(&turns[i].effects);
                serial = MAX(serial, turns[i].serial);
        }
        free(turns);
        net_step(n, &(EngineEvent) { .type = ENGINE_EV_RECORDED, .serial = serial });
}

/* --- what comes in --- */

static void on_line(NetNode *n, unsigned from, const char *line, size_t size) {
        EngineMessage *m = NULL;
        SigCheck *checks = NULL;
        size_t n_checks = 0;
        Why why = {};
        int r;

        r = n->e->type->message_read(n->e, line, size, &m, &checks, &n_checks, &why);
        ck_assert_int_ge(r, 0);
        if (r > 0) {
                if (verdict_is_fault(r) && !n->net->nodes[from].liar && !n->net->corrupted)
                        broken(n->net, "node %u blames node %u: %s", n->number, from, why.text);
                return;
        }
        if (verify_all(checks, n_checks))
                net_step(n, &(EngineEvent) { .type = ENGINE_EV_MESSAGE, .message = m, .from = from + 1 });
        else if (!n->net->nodes[from].liar && !n->net->corrupted)
                broken(n->net, "node %u blames node %u for a signature: %.*s", n->number, from, (int) MIN(size, (size_t) 99), line);
        free(checks);
        quorum_engine.message_free(m);
}

static void on_block(NetNode *n, unsigned from, const Header *h, const char *seal) {
        SigCheck checks[ENGINE_SIGNATURES_MAX] = {};
        size_t n_checks = 0;
        Why why = {};
        int r;

        r = n->e->type->check_seal(n->e, h, seal, strlen(seal), checks, ENGINE_SIGNATURES_MAX, &n_checks, &why);
        if (r != 0 && r != V_ORPHAN && r != V_DUPLICATE && r != V_LATE)
                broken(n->net, "node %u refuses block %" PRIu64 ": %s", n->number, h->height, why.text);
        if (!verify_all(checks, n_checks))
                broken(n->net, "a seal of node %u does not verify", from);
        if (r == V_ORPHAN)
                sync_from(n, n->net->nodes + from);
        if (r == 0)
                net_step(n, &(EngineEvent) { .type = ENGINE_EV_HEADER, .id = h->id, .header = h, .seal = seal, .n_seal = strlen(seal),
                                .from = from + 1 });
}

static void on_asked(NetNode *n, unsigned asker, uint64_t view) {
        _cleanup_buf_ Buf lines = {};

        ck_assert_int_eq(n->e->type->certificates(n->e, view, BLOCKS_ASKED_MAX, quorum_world_key(&n->net->w, asker), &lines), 0);
        ck_assert_uint_le(lines.n, CERTIFICATES_BYTES_MAX);
        transmit(n->net, NET_ANSWER, n->number, asker, lines.p ?: "", lines.n, 0);
}

static void on_answer(NetNode *n, unsigned from, const char *lines, size_t size) {
        const char *line;
        unsigned life = n->life;
        size_t k;

        while (n->life == life && line_next(&lines, &size, &line, &k))
                on_line(n, from, line, k);
        if (n->life == life)
                net_step(n, &(EngineEvent) { .type = ENGINE_EV_HEARD, .from = from + 1, .key = *quorum_world_key(&n->net->w, from) });
}

/* --- liars --- */

/* To those of whom i % 2 is half (2: to all), each by chance. */
static void lie_to(NetNode *n, QuorumKind kind, uint64_t view, const Id *block, uint32_t to_per_million, unsigned half) {
        QuorumStatement s = quorum_world_says(&n->net->w, n->number, kind, view, block);
        _cleanup_buf_ Buf line = {};

        ck_assert_int_eq(quorum_statement_format(&s, &n->net->w.c, &line), 0);
        for (unsigned i = 0; i < n->net->n; i++)
                if (i != n->number && (half == 2 || i % 2 == half) && prng_chance(&n->net->prng, to_per_million))
                        transmit(n->net, NET_MESSAGE, n->number, i, line.p, line.n, 0);
}

static void lie(NetNode *n, QuorumKind kind, uint64_t view, const Id *block, uint32_t to_per_million) {
        lie_to(n, kind, view, block, to_per_million, 2);
}

/* Two blocks to two halves; some get both. */
static void propose_twice(NetNode *n, Quorum *q) {
        Net *net = n->net;

        for (uint64_t k = 0; k < 2; k++) {
                Header h = quorum_world_header(&net->w, q->view, q->tip->header.height > 0 ? &q->tip->header : NULL,
                                MAX(q->tip->header.time, CLOCK + net->now_usec / USEC_PER_SEC) + k);
                QuorumStatement s = quorum_world_says(&net->w, n->number, QUORUM_PROPOSE, q->view, &h.id);
                _cleanup_buf_ Buf line = {};

                ck_assert_int_eq(quorum_proposal_format(q, &h, NULL, &s, &line), 0);
                for (unsigned i = 0; i < net->n; i++)
                        if (i != n->number && (i % 2 == k || prng_chance(&net->prng, 200000)))
                                transmit(net, NET_MESSAGE, n->number, i, line.p, line.n, 0);
                lie_to(n, QUORUM_ENDORSE, q->view, &h.id, 900000, k);
                net->blocks = reallocarray(net->blocks, net->n_blocks + 1, sizeof(Header));
                net->blocks[net->n_blocks++] = h;
        }
}

/* Beside the newest block, which is endorsed and may be final: for that there is no skip certificate. */
static void propose_beside(NetNode *n, Quorum *q) {
        Net *net = n->net;
        const Header *parent = n->height > 1 ? &n->headers[n->height - 1] : NULL;
        Header h = quorum_world_header(&net->w, q->view, parent, MAX(q->tip->header.time, CLOCK + net->now_usec / USEC_PER_SEC));
        QuorumStatement s = quorum_world_says(&net->w, n->number, QUORUM_PROPOSE, q->view, &h.id);
        _cleanup_buf_ Buf line = {};

        buf_add_char(&line, '{');
        if (parent) {
                const char *seal = n->seals[n->height - 1];

                buf_add(&line, seal + 1, strlen(seal) - strlen("{,\"kind\":\"seal\"}"));
                buf_add_char(&line, ',');
        }
        buf_add_text(&line, "\"header\":");
        ck_assert_int_eq(header_format(&h, &line), 0);
        buf_add_text(&line, ",\"ids\":\"\",\"kind\":\"propose\",\"proposal\":");
        ck_assert_int_eq(quorum_statement_format(&s, &net->w.c, &line), 0);
        buf_add_text(&line, ",\"skips\":[]}");
        for (unsigned i = 0; i < net->n; i++)
                if (i != n->number)
                        transmit(net, NET_MESSAGE, n->number, i, line.p, line.n, 0);
        lie(n, QUORUM_ENDORSE, q->view, &h.id, 1000000);
}

/* It leads the view that it has just entered. */
static void lead(NetNode *n) {
        Quorum *q = (Quorum *) n->e;
        bool ready = id_equal(quorum_top_block(q), &q->tip->header.id) && quorum_all_skipped(q, q->tip->header.value, q->view, NULL);

        if (quorum_leader(&q->config, q->view) != n->number || n->lied_view >= q->view)
                return;
        if (n->height > 0 && prng_chance(&n->net->prng, 500000))
                propose_beside(n, q);
        else if (ready)
                propose_twice(n, q);
        else
                return;
        n->lied_view = q->view;
}

static void lie_at_random(NetNode *n) {
        Net *net = n->net;
        Quorum *q = (Quorum *) n->e;

        for (size_t i = 0; i < BLOCK_BUCKETS; i++)
                for (const QuorumBlock *b = q->buckets[i]; b; b = b->next) {
                        if (b->header.value + 3 < q->view || b->header.height == 0)
                                continue;
                        if (prng_chance(&net->prng, 400000))
                                lie(n, QUORUM_ENDORSE, b->header.value, &b->header.id, 600000);
                        if (prng_chance(&net->prng, 400000))
                                lie(n, QUORUM_FINALIZE, b->header.value, &b->header.id, 600000);
                }
        /* Liars know one another: the two halves shall have certificates each of its own. */
        for (size_t i = net->n_blocks > 4 ? net->n_blocks - 4 : 0; i < net->n_blocks; i++) {
                const Header *h = net->blocks + i;

                lie_to(n, QUORUM_ENDORSE, h->value, &h->id, 700000, i % 2);
                lie_to(n, QUORUM_FINALIZE, h->value, &h->id, 700000, i % 2);
        }
        for (uint64_t v = q->view > 2 ? q->view - 2 : 1; v <= q->view + 1; v++)
                if (prng_chance(&net->prng, 300000))
                        lie(n, QUORUM_SKIP, v, NULL, 600000);
}

/* --- all of it --- */

static void beat(Net *net) {
        for (unsigned i = 0; i < net->n; i++)
                for (unsigned k = 0; k < net->n; k++)
                        if (linked(net, i, k) && net->nodes[k].final > net->nodes[i].final)
                                net_step(net->nodes + i, &(EngineEvent) { .type = ENGINE_EV_BEHIND, .from = k + 1 });
        push(net, (NetEvent) { .type = NET_BEAT, .at = net->now_usec + 20 * NET_DELTA });
}

static void handle(Net *net, NetEvent *ev) {
        NetNode *n = net->nodes + ev->to;

        if (ev->type == NET_BEAT) {
                beat(net);
                return;
        }
        if (ev->type == NET_START) {
                if (!n->up)
                        net_start(net, n);
                return;
        }
        if (!n->up || ev->life != n->life)
                return;

        switch (ev->type) {

        case NET_MESSAGE:
                on_line(n, ev->from, ev->line, ev->n);
                return;
        case NET_COMMIT:
                commit(n);
                return;
        case NET_WAKE:
                net_step(n, &(EngineEvent) { .type = ENGINE_EV_TICK });
                return;
        case NET_VALID:
                net_step(n, &(EngineEvent) { .type = ENGINE_EV_VALID, .id = ev->id });
                return;
        case NET_BODIES:
                net_step(n, &(EngineEvent) { .type = ENGINE_EV_BODIES, .id = ev->id });
                return;
        case NET_ASKED:
                on_asked(n, ev->from, ev->view);
                return;
        case NET_ANSWER:
                on_answer(n, ev->from, ev->line, ev->n);
                return;
        case NET_BLOCK:
                on_block(n, ev->from, &ev->header, ev->line);
                return;
        case NET_LIE:
                lie_at_random(n);
                later(n, NET_LIE, &(Id) {}, NET_DELTA / 2);
                return;
        case NET_START:
        case NET_BEAT:
                return;
        }
}

void net_run(Net *net, uint64_t usec) {
        uint64_t end = net->now_usec + usec;

        for (unsigned i = 0; i < net->n; i++)   /* whether work is due may have changed */
                net_step(net->nodes + i, &(EngineEvent) { .type = ENGINE_EV_TICK });
        while (!net->broken[0] && net->n_events > 0 && net->events[0].at <= end) {
                NetEvent ev = pop(net);

                net->now_usec = ev.at;
                handle(net, &ev);
                free(ev.line);
        }
        net->now_usec = MAX(net->now_usec, end);
}

void net_init(Net *net, unsigned n, unsigned liars, uint64_t seed) {
        *net = (Net) { .n = n, .delay_usec = NET_DELTA / 2, .due = true };
        quorum_world_init(&net->w, n);
        prng_seed(&net->prng, seed);
        for (unsigned i = 0; i < n; i++)
                net->nodes[i] = (NetNode) { .net = net, .number = i, .signer = { &net->w, i }, .record = true,
                        .skew_sec = (int) prng_below(&net->prng, 11) - 5 };
        for (unsigned k = 0; k < liars; k++) {
                NetNode *l = net->nodes + (prng_below(&net->prng, n / liars) + k * (n / liars));

                l->liar = true;
        }
        for (unsigned i = 0; i < n; i++) {
                net_start(net, net->nodes + i);
                if (net->nodes[i].liar)
                        later(net->nodes + i, NET_LIE, &(Id) {}, NET_DELTA / 3);
        }
        push(net, (NetEvent) { .type = NET_BEAT, .at = 20 * NET_DELTA });
}

void net_done(Net *net) {
        for (unsigned i = 0; i < net->n; i++) {
                NetNode *n = net->nodes + i;

                net_crash(net, n);
                free(n->turns);
                for (uint64_t h = 1; h <= n->height; h++)
                        free(n->seals[h]);
                free(n->seals);
                free(n->headers);
                for (size_t k = 0; k < n->n_records; k++)
                        free(n->records[k].line);
                free(n->records);
        }
        for (size_t i = 0; i < net->n_events; i++)
                free(net->events[i].line);
        free(net->events);
        free(net->blocks);
        quorum_world_done(&net->w);
}

void net_heal(Net *net) {
        net->loss = net->crash = net->corrupt = 0;
        net->delay_usec = NET_DELTA / 2;
        memset(net->side, 0, sizeof(net->side));
        for (unsigned i = 0; i < net->n; i++)
                if (!net->nodes[i].up)
                        net_start(net, net->nodes + i);
}

uint64_t net_least_final(const Net *net) {
        uint64_t least = UINT64_MAX;

        for (unsigned i = 0; i < net->n; i++)
                if (!net->nodes[i].liar)
                        least = MIN(least, net->nodes[i].final);
        return least;
}

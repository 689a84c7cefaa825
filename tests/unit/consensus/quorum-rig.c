/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quorum-rig.h"

#include <check.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "crypto/merkle.h"

static void say(Rig *g, const char *format, ...) _printf_(2, 3);
static void say(Rig *g, const char *format, ...) {
        size_t n = strlen(g->log);
        va_list ap;

        if (n > 0)
                n += (size_t) snprintf(g->log + n, sizeof(g->log) - n, ", ");
        va_start(ap, format);
        (void) vsnprintf(g->log + n, sizeof(g->log) - n, format, ap);
        va_end(ap);
}

static int header_at(void *userdata, uint64_t height, Header *ret) {
        Rig *g = userdata;

        if (height == 0 || height > g->height)
                return -ENODATA;
        *ret = g->headers[height];
        return 0;
}

static int height_of(void *userdata, const Id *id, uint64_t *ret) {
        Rig *g = userdata;

        *ret = 0;
        if (id_equal(id, &g->w.network))
                return 0;
        for (uint64_t h = g->height; h > 0; h--)
                if (id_equal(&g->headers[h].id, id)) {
                        *ret = h;
                        return 0;
                }
        return -ENODATA;
}

static int seal_at(void *userdata, uint64_t height, Buf *ret) {
        Rig *g = userdata;

        buf_add_text(ret, g->seals[height]);
        return buf_error(ret);
}

static void do_switch(Rig *g, const Id *id) {
        _cleanup_free_ Id *ids = NULL;
        uint64_t fork;
        size_t n;

        ck_assert_int_eq(g->e->type->branch(g->e, id, &fork, &ids, &n), 0);
        for (; g->height > fork; g->height--)
                free(g->seals[g->height]);
        for (size_t i = 0; i < n; i++) {
                const Header *h;
                const char *seal;
                size_t n_seal;

                ck_assert_int_eq(g->e->type->side(g->e, ids + i, &h, &seal, &n_seal), 0);
                g->headers[++g->height] = *h;
                g->seals[g->height] = strdup(seal);
        }
        rig_step(g, (EngineEvent) { .type = ENGINE_EV_SWITCHED, .id = *id });
}

static void keep(Rig *g, EngineEffect *fx) {
        size_t i;

        for (i = 0; i < g->n_records; i++)
                if (g->records[i].view == fx->view && streq(g->records[i].name, fx->name))
                        break;
        ck_assert_uint_lt(i, ELEMENTSOF(g->records));
        if (i == g->n_records)
                g->n_records++;
        else
                free(g->records[i].line);
        g->records[i].view = fx->view;
        g->records[i].name = fx->name;
        g->records[i].line = TAKE_PTR(fx->data);
        g->records[i].n = fx->n_data;
}

static void forget(Rig *g, uint64_t view) {
        size_t n = 0;

        for (size_t i = 0; i < g->n_records; i++)
                if (g->records[i].view > 0 && g->records[i].view < view)
                        free(g->records[i].line);
                else
                        g->records[n++] = g->records[i];
        g->n_records = n;
}

/* "endorse 3" of a line. */
static void say_line(Rig *g, const char *verb, const EngineEffect *fx) {
        _cleanup_free_ char *to = NULL;
        const char *kind = strstr(fx->data, "\"kind\":\"propose\"") ? "propose" : NULL, *view = NULL;
        char name[64] = "";

        for (const char *p = fx->data; (p = strstr(p, "\"view\":")); p++)
                view = p + 7;
        if (kind)       /* that of its header */
                view = strstr(strstr(fx->data, "\"header\""), "\"view\":") + 7;
        if (kind)
                (void) snprintf(name, sizeof(name), "propose");
        else if (strstr(fx->data, "\"kind\":\"certificate\""))
                (void) snprintf(name, sizeof(name), "certificate-%s", strstr(fx->data, "\"of\":\"skip\"") ? "skip" :
                                strstr(fx->data, "\"of\":\"endorse\"") ? "endorse" : "finalize");
        else
                (void) snprintf(name, sizeof(name), "%.*s", (int) strcspn(strstr(fx->data, "\"kind\":\"") + 8, "\""),
                                strstr(fx->data, "\"kind\":\"") + 8);
        if (fx->type == ENGINE_FX_SEND && fx->audience == ENGINE_TO_LINK)
                ck_assert_int_ge(asprintf(&to, " to %" PRIu64, fx->to - 1), 0);
        if (fx->type == ENGINE_FX_SEND && fx->audience == ENGINE_TO_KEY)
                ck_assert_int_ge(asprintf(&to, " to %d", quorum_config_number(&g->w.c, &fx->key)), 0);
        if (fx->type == ENGINE_FX_SEND && fx->audience == ENGINE_TO_FOLLOWERS)
                ck_assert_int_ge(asprintf(&to, " to followers"), 0);
        say(g, "%s %s %" PRIu64 "%s", verb, name, (uint64_t) strtoull(view ?: "0", NULL, 10), to ?: "");
}

void rig_step(Rig *g, EngineEvent ev) {
        EngineEffects effects = {};
        uint64_t serial = 0;

        ev.now_usec = g->now_usec;
        ev.now_sec = g->now_sec;
        ck_assert_int_eq(g->e->type->step(g->e, &ev, &effects), 0);
        for (size_t i = 0; i < effects.n; i++) {
                EngineEffect *fx = effects.items + i;

                serial = MAX(serial, fx->serial);
                switch (fx->type) {

                case ENGINE_FX_WANT:
                        say(g, "want");
                        break;
                case ENGINE_FX_SWITCH:
                        say(g, "switch");
                        do_switch(g, &fx->id);
                        break;
                case ENGINE_FX_ORPHAN:
                        say(g, "orphan");
                        break;
                case ENGINE_FX_SEND:
                        say_line(g, "send", fx);
                        ck_assert_uint_lt(g->n_sent, ELEMENTSOF(g->sent));
                        g->sent[g->n_sent++] = strndup(fx->data, fx->n_data);
                        break;
                case ENGINE_FX_RECORD:
                        if (!streq(fx->name, "hold"))
                                say_line(g, "record", fx);
                        else
                                say(g, "hold");
                        keep(g, fx);
                        break;
                case ENGINE_FX_RECORD_BLOCK:
                        say(g, "block %" PRIu64, fx->view);
                        break;
                case ENGINE_FX_EVIDENCE:
                        say(g, "evidence %d", quorum_config_number(&g->w.c, &fx->key));
                        break;
                case ENGINE_FX_WAKE:
                        g->wake_usec = fx->at_usec;
                        break;
                case ENGINE_FX_ALARM:
                        say(g, "alarm");
                        break;
                case ENGINE_FX_JUDGE:
                        say(g, "judge %" PRIu64, fx->header.value);
                        g->judged = fx->id;
                        break;
                case ENGINE_FX_FORGET:
                        forget(g, fx->view);
                        break;
                case ENGINE_FX_FETCH:
                        say(g, "fetch");
                        break;
                case ENGINE_FX_ASK:
                        if (fx->audience == ENGINE_TO_LINK)
                                say(g, "ask %" PRIu64 " from %" PRIu64, fx->to - 1, fx->view);
                        else if (fx->audience == ENGINE_TO_KEY)
                                say(g, "ask %d from %" PRIu64, quorum_config_number(&g->w.c, &fx->key), fx->view);
                        else
                                say(g, "ask from %" PRIu64, fx->view);
                        break;
                case ENGINE_FX_FINAL:
                        say(g, "final %" PRIu64, fx->height);
                        if (fx->data) {
                                free(g->seals[fx->height]);
                                g->seals[fx->height] = strndup(fx->data, fx->n_data);
                        }
                        break;
                case ENGINE_FX_MINE:
                case ENGINE_FX_MINE_STOP:
                case ENGINE_FX_SEALED:
                        ck_abort_msg("an effect that quorum does not have");
                }
        }
        engine_effects_done(&effects);
        g->serial = MAX(g->serial, serial);
        if (serial > 0 && !g->commits_wait)
                rig_commit(g);
}

void rig_commit(Rig *g) {
        rig_step(g, (EngineEvent) { .type = ENGINE_EV_RECORDED, .serial = g->serial });
}

void rig_wait(Rig *g, uint64_t usec) {
        uint64_t end = g->now_usec + usec;

        while (g->wake_usec <= end) {
                g->now_usec = MAX(g->now_usec, g->wake_usec);
                g->wake_usec = USEC_INFINITY;
                rig_step(g, (EngineEvent) { .type = ENGINE_EV_TICK });
        }
        g->now_usec = end;
}

static char log_before[8192];

const char* rig_log(Rig *g) {
        memcpy(log_before, g->log, sizeof(log_before));
        g->log[0] = 0;
        for (size_t i = 0; i < g->n_sent; i++)
                free(g->sent[i]);
        g->n_sent = 0;
        return log_before;
}

bool rig_said(Rig *g, const char *what) {
        return strstr(rig_log(g), what) != NULL;
}

void rig_hear(Rig *g, unsigned n) {
        for (unsigned i = 0; i < g->w.c.n && n > 0; i++)
                if (i != g->self) {
                        rig_step(g, (EngineEvent) { .type = ENGINE_EV_HEARD, .from = i + 1, .key = *quorum_world_key(&g->w, i) });
                        n--;
                }
}

void rig_start(Rig *g) {
        EngineLine lines[128];
        EngineSetup setup = {
                .network = g->w.network, .created = QUORUM_CREATED, .self = *quorum_world_key(&g->w, g->self),
                .chain = { .userdata = g, .header_at = header_at, .height_of = height_of, .seal_at = seal_at },
                .has_record = !g->no_record, .record = lines, .n_record = g->n_records,
                .sign_userdata = &g->signer, .sign = quorum_world_sign,
        };

        for (size_t i = 0; i < g->n_records; i++)
                lines[i] = (EngineLine) { g->records[i].line, g->records[i].n };
        ck_assert_int_eq(quorum_engine.new(&g->e, g->w.config, &setup), 0);
        g->q = (Quorum *) g->e;
        g->serial = 0;
        g->wake_usec = USEC_INFINITY;
        rig_step(g, (EngineEvent) { .type = ENGINE_EV_TICK });
}

void rig_make(Rig *g, unsigned n, unsigned self) {
        *g = (Rig) { .self = self, .now_usec = 1000 * USEC_PER_SEC, .now_sec = RIG_CLOCK };
        quorum_world_init(&g->w, n);
        g->signer = (QuorumSigner) { &g->w, self };
}

void rig_init(Rig *g, unsigned n, unsigned self) {
        rig_make(g, n, self);
        rig_start(g);
        rig_hear(g, n);
        (void) rig_log(g);
}

void rig_restart(Rig *g) {
        g->e = g->e->type->free(g->e);
        rig_start(g);
        rig_hear(g, g->w.c.n);
}

void rig_done(Rig *g) {
        (void) rig_log(g);
        if (g->e)
                quorum_engine.free(g->e);
        for (size_t i = 0; i < g->n_records; i++)
                free(g->records[i].line);
        for (uint64_t h = 1; h <= g->height; h++)
                free(g->seals[h]);
        quorum_world_done(&g->w);
}

int rig_line(Rig *g, const char *line, size_t n, Why *why) {
        EngineMessage *m = NULL;
        SigCheck *checks = NULL;
        size_t n_checks = 0;
        bool valid = true;
        int r;

        r = g->e->type->message_read(g->e, line, n, &m, &checks, &n_checks, why);
        if (r != 0)
                return r;
        for (size_t i = 0; i < n_checks; i++) {
                sig_check_run(&checks[i]);
                valid = valid && checks[i].valid;
                sig_check_done(&checks[i]);
        }
        free(checks);
        if (valid)
                rig_step(g, (EngineEvent) { .type = ENGINE_EV_MESSAGE, .message = m, .from = g->from });
        quorum_engine.message_free(m);
        return valid ? 0 : V_SIGNATURE;
}

static void hand_in(Rig *g, const Buf *line) {
        Why why = {};
        int r;

        r = rig_line(g, line->p, line->n, &why);
        ck_assert_msg(r == 0 || r == V_DUPLICATE, "%s: %s", verdict_name(r), why.text);
}

void rig_says(Rig *g, unsigned signer, QuorumKind kind, uint64_t view, const Id *block) {
        QuorumStatement s = quorum_world_says(&g->w, signer, kind, view, block);
        _cleanup_buf_ Buf line = {};

        ck_assert_int_eq(quorum_statement_format(&s, &g->w.c, &line), 0);
        g->from = signer + 1;
        hand_in(g, &line);
}

static QuorumCertificate* certificate(Rig *g, QuorumKind of, uint64_t view, const Id *block) {
        /* not by this one, if others suffice */
        unsigned first = g->w.c.n - g->w.c.q;

        if (g->self >= first && g->self == g->w.c.n - 1)
                first = 0;
        return quorum_world_certificate(&g->w, of, view, block, first, g->w.c.q);
}

void rig_certificate(Rig *g, QuorumKind of, uint64_t view, const Id *block) {
        _cleanup_certificate_ QuorumCertificate *c = certificate(g, of, view, block);
        _cleanup_buf_ Buf line = {};

        ck_assert_int_eq(quorum_certificate_format(c, &line), 0);
        hand_in(g, &line);
}

void rig_proposal_line(Rig *g, const Header *h, const Header *parent, const uint64_t *skips, size_t n_skips, Buf *ret) {
        QuorumStatement s = quorum_world_says(&g->w, quorum_leader(&g->w.c, h->value), QUORUM_PROPOSE, h->value, &h->id);

        buf_add_char(ret, '{');
        if (parent) {
                _cleanup_certificate_ QuorumCertificate *c = certificate(g, QUORUM_ENDORSE, parent->value, &parent->id);

                buf_add_text(ret, "\"certificate\":");
                ck_assert_int_eq(quorum_certificate_format(c, ret), 0);
                buf_add_char(ret, ',');
        }
        buf_add_text(ret, "\"header\":");
        ck_assert_int_eq(header_format(h, ret), 0);
        buf_add_text(ret, ",\"ids\":\"\",\"kind\":\"propose\",\"proposal\":");
        ck_assert_int_eq(quorum_statement_format(&s, &g->w.c, ret), 0);
        buf_add_text(ret, ",\"skips\":[");
        for (size_t i = 0; i < n_skips; i++) {
                _cleanup_certificate_ QuorumCertificate *c = certificate(g, QUORUM_SKIP, skips[i], NULL);

                if (i > 0)
                        buf_add_char(ret, ',');
                ck_assert_int_eq(quorum_certificate_format(c, ret), 0);
        }
        buf_add_text(ret, "]}");
}

void rig_proposes(Rig *g, const Header *h, const Header *parent, const uint64_t *skips, size_t n_skips) {
        _cleanup_buf_ Buf line = {};

        rig_proposal_line(g, h, parent, skips, n_skips, &line);
        g->from = quorum_leader(&g->w.c, h->value) + 1;
        hand_in(g, &line);
}

Header rig_header(Rig *g, uint64_t view, const Header *parent) {
        return quorum_world_header(&g->w, view, parent, g->now_sec);
}

void rig_valid(Rig *g, const Header *h) {
        rig_step(g, (EngineEvent) { .type = ENGINE_EV_VALID, .id = h->id });
}

void rig_endorsed(Rig *g, const Header *h, const Header *parent) {
        rig_proposes(g, h, parent, NULL, 0);
        rig_valid(g, h);
        rig_certificate(g, QUORUM_ENDORSE, h->value, &h->id);
        ck_assert(id_equal(&g->headers[g->height].id, &h->id));
}

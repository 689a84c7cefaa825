/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/quorum.h"

#include <inttypes.h>
#include <stdio.h>

#include "consensus/quorum-private.h"

static Engine* quorum_free(Engine *e) {
        Quorum *q;

        if (!e)
                return NULL;
        q = QUORUM(e);
        quorum_blocks_done(q);
        quorum_views_done(q);
        (void) quorum_certificate_unref(q->final);
        free(q);
        return NULL;
}
DEFINE_CLEANUP(Engine*, quorum_free)

static int quorum_new(Engine **ret, const Json *config, const EngineSetup *setup) {
        _cleanup_(quorum_freep) Engine *e = NULL;
        Quorum *q;
        int r;

        assert(ret);
        assert(config);
        assert(setup);

        q = new0(Quorum, 1);
        if (!q)
                return -ENOMEM;
        e = &q->engine;
        q->engine.type = &quorum_engine;
        q->setup = *setup;
        q->setup.record = NULL;         /* read here only */
        q->retry_usec = q->wake_usec = q->hold_usec = USEC_INFINITY;
        q->view = 1;

        r = quorum_config_read(&q->config, config, false, NULL);
        if (r != 0)
                return r > 0 ? -EINVAL : r;     /* config_check() comes first */
        q->self = key_is_zero(&setup->self) || !setup->sign ? -1 : quorum_config_number(&q->config, &setup->self);
        if ((r = quorum_blocks_load(q)) < 0 ||
            (r = quorum_record_load(q, setup)) < 0)
                return r;
        q->top = quorum_top_view(q);
        *ret = TAKE_PTR(e);
        return 0;
}

static int quorum_check_seal(Engine *e, const Header *h, const char *seal, size_t n_seal, SigCheck *checks, size_t n_max,
                size_t *ret_n, Why *why) {
        Quorum *q = QUORUM(e);
        int r;

        r = quorum_seal_judge(&q->config, &q->setup.network, h, seal, n_seal, checks, n_max, ret_n, NULL, why);
        if (r != 0)
                return r;
        r = quorum_block_judge(q, h, why);
        if (r != 0 && r != V_ORPHAN)
                while (*ret_n > 0)
                        sig_check_done(&checks[--*ret_n]);
        return r;
}

/* --- blocks --- */

static int step_invalid(Quorum *q, const EngineEvent *ev) {
        QuorumBlock *b = quorum_block_find(q, &ev->id);

        if (id_equal(&ev->id, &q->switching))
                q->switching = (Id) {};
        for (uint64_t view = q->view; view <= q->view + 1; view++) {
                QuorumView *v = quorum_view_find(q, view);

                if (v && v->proposal && id_equal(&v->proposal->header.id, &ev->id))
                        v->proposal->state = PROPOSAL_INVALID;
        }
        if (!b || b->main || b->bad)
                return 0;
        b->bad = true;
        if (!quorum_block_endorsed(q, b))
                return 0;
        return quorum_alarm(q, NULL, "Block %" PRIu64 " of view %" PRIu64 " is certified, but breaks a rule here: a third of the authorities or "
                        "more lie, or this program differs from theirs.", b->header.height, b->header.value);
}

static void step_valid(Quorum *q, const EngineEvent *ev) {
        QuorumBlock *b = quorum_block_find(q, &ev->id);

        if (b)
                b->whole = true;
        for (uint64_t view = q->view; view <= q->view + 1; view++) {
                QuorumView *v = quorum_view_find(q, view);

                if (v && v->proposal && id_equal(&v->proposal->header.id, &ev->id) && v->proposal->state == PROPOSAL_JUDGING)
                        v->proposal->state = PROPOSAL_VALID;
        }
}

/* --- steps --- */

static int start(Quorum *q) {
        if (q->started)
                return 0;
        q->started = true;
        q->entered_usec = q->top_usec = q->now_usec;
        return quorum_ask(q, ENGINE_TO_SEALERS, 0, NULL, quorum_final_view(q) + 1);
}

/* What follows from what is known now. */
static int settle(Quorum *q) {
        int r;

        if ((r = quorum_count_own(q)) < 0 ||
            (r = quorum_choose_tip(q, false)) < 0 ||
            (r = quorum_look_for_final(q)) < 0 ||
            (r = quorum_consider_proposal(q)) < 0 ||
            (r = quorum_consider_finalize(q)) < 0)
                return r;
        return quorum_timers(q);
}

static int react(Quorum *q, const EngineEvent *ev) {
        QuorumBlock *b;

        switch (ev->type) {

        case ENGINE_EV_HEADER:
                return quorum_on_header(q, ev);
        case ENGINE_EV_MESSAGE:
                return quorum_on_message(q, ev);
        case ENGINE_EV_BODIES:
                b = quorum_block_find(q, &ev->id);
                if (b)
                        quorum_block_mark_whole(q, b);
                if (id_equal(&ev->id, &q->switching))
                        q->switching = (Id) {};
                return 0;
        case ENGINE_EV_SWITCHED:
                return quorum_block_switched(q, &ev->id);
        case ENGINE_EV_INVALID:
                return step_invalid(q, ev);
        case ENGINE_EV_CANDIDATE:
                q->due = true;
                return quorum_may_propose(q) ? quorum_propose(q, ev) : 0;
        case ENGINE_EV_DUE:
                q->due = true;
                return 0;
        case ENGINE_EV_IDLE:
                q->due = false;
                return 0;
        case ENGINE_EV_VALID:
                step_valid(q, ev);
                return 0;
        case ENGINE_EV_RECORDED:
                q->durable = MAX(q->durable, ev->serial);
                return 0;
        case ENGINE_EV_LINK:
                q->retries = 0;         /* who was away shall hear soon what was said meanwhile */
                q->retry_usec = MIN(q->retry_usec, q->now_usec + q->config.delta_usec);
                return quorum_ask(q, ENGINE_TO_LINK, ev->from, NULL, quorum_final_view(q) + 1);
        case ENGINE_EV_HEARD:
                return quorum_on_heard(q, &ev->key);
        case ENGINE_EV_BEHIND:
                return quorum_ask(q, ENGINE_TO_LINK, ev->from, NULL, quorum_final_view(q) + 1);
        case ENGINE_EV_RESUME:
                return quorum_on_resume(q);
        case ENGINE_EV_TICK:
                q->wake_usec = USEC_INFINITY;
                return 0;
        case ENGINE_EV_FOUND:
                return 0;
        }
        return 0;
}

static int quorum_step(Engine *e, const EngineEvent *ev, EngineEffects *ret) {
        Quorum *q = QUORUM(e);
        int r;

        assert(ev);
        assert(ret);

        q->out = ret;
        q->now_usec = ev->now_usec;
        q->now_sec = ev->now_sec;
        q->from = ev->from;
        if ((r = start(q)) >= 0 &&
            (r = react(q, ev)) >= 0)
                r = settle(q);
        q->out = NULL;
        return r;
}

/* --- asking --- */

static void note(const Quorum *q, char *ret, size_t n) {
        if (q->self < 0)
                (void) snprintf(ret, n, "observes: this node's key is none of the authorities'");
        else if (!q->has_record)
                (void) snprintf(ret, n, "observes: there is no record of what it has signed; `votectl authority init` makes one");
        else if (q->resuming)
                (void) snprintf(ret, n, "resumes: heard from %u of the %u others that are needed", quorum_n_heard(q), quorum_heard_needed(q));
        else if (q->stopped)
                (void) snprintf(ret, n, "stopped: others hold a signature of it that is not on its record; `votectl authority resume`");
        else if (quorum_n_heard(q) < quorum_heard_needed(q))
                (void) snprintf(ret, n, "signs nothing yet: heard from %u of the %u others that are needed", quorum_n_heard(q),
                                quorum_heard_needed(q));
        else if (q->view < q->sign_from)
                (void) snprintf(ret, n, "signs again from view %" PRIu64 " on", q->sign_from);
}

static bool has_said(const QuorumSaid *said) {
        for (int k = QUORUM_ENDORSE; k < _QUORUM_KIND_MAX; k++)
                if (said->has[k])
                        return true;
        return false;
}

static void who_has_said(const Quorum *q, EngineStatus *ret) {
        const QuorumView *v = quorum_view_find(q, q->view);
        size_t n = 0;

        ret->overdue_usec = quorum_overdue_usec(q);
        if (ret->overdue_usec == USEC_INFINITY)
                return;
        for (unsigned i = 0; i < q->config.n; i++)
                if (v && v->said && has_said(v->said + i))
                        ret->n_said++;
                else if (n + sizeof(", 99, ...") <= sizeof(ret->silent))
                        n += (size_t) snprintf(ret->silent + n, sizeof(ret->silent) - n, "%s%u", n > 0 ? ", " : "", i);
                else
                        (void) snprintf(ret->silent + n, sizeof(ret->silent) - n, ", ...");
}

static void quorum_status(const Engine *e, EngineStatus *ret) {
        const Quorum *q = QUORUM(e);

        assert(ret);

        *ret = (EngineStatus) {
                .engine = quorum_engine.name,
                .final_height = q->setup.chain.seal_at ? q->root->header.height : 0,
                .side_headers = q->n_blocks,
                .view = q->view,
                .final_view = quorum_final_view(q),
                .n_sealers = q->config.n,
                .faults = q->config.f,
                .quorum = q->config.q,
                .sealer = q->self,
                .signing = quorum_may_sign(q, q->view),
        };
        who_has_said(q, ret);
        note(q, ret->note, sizeof(ret->note));
}

static const Key* quorum_sealers(const Engine *e, size_t *ret_n) {
        const Quorum *q = QUORUM(e);

        *ret_n = q->config.n;
        return q->config.authorities;
}

static bool quorum_wants_candidate(const Engine *e) {
        return quorum_may_propose(QUORUM(e));
}

/* The seal was taken, so its form is known. */
static bool quorum_seal_is_final(const char *seal, size_t n_seal) {
        static const char of[] = "\"of\":\"finalize\"";

        return n_seal > 0 && memmem(seal, n_seal, of, sizeof(of) - 1);
}

static int quorum_audit(const Json *config, const EngineSetup *setup, const Header *h, const char *seal, size_t n_seal,
                SigCheck *checks, size_t n_max, size_t *ret_n, Why *why) {
        Header parent = { .id = setup->network, .time = setup->created, .field = HEADER_VIEW };
        QuorumConfig c;
        int r;

        assert(h);

        r = quorum_config_read(&c, config, false, why);
        if (r != 0)
                return r;
        r = quorum_seal_judge(&c, &setup->network, h, seal, n_seal, checks, n_max, ret_n, NULL, why);
        if (r != 0)
                return r;
        if (h->height > 1)
                r = setup->chain.header_at(setup->chain.userdata, h->height - 1, &parent);
        if (r == 0)
                r = quorum_header_follows(h, &parent, why);
        if (r != 0)
                while (*ret_n > 0)
                        sig_check_done(&checks[--*ret_n]);
        return r;
}

const EngineType quorum_engine = {
        .name = "quorum",
        .lost_name = "hold",
        .lost_line = "{\"from\":0,\"kind\":\"hold\",\"stopped\":true,\"view\":0}",
        .field = HEADER_VIEW,
        .config_check = quorum_config_check,
        .grace_least = quorum_config_grace_least,
        .new = quorum_new,
        .free = quorum_free,
        .check_seal = quorum_check_seal,
        .step = quorum_step,
        .status = quorum_status,
        .branch = quorum_branch,
        .side = quorum_side,
        .due = quorum_is_due,
        .audit = quorum_audit,
        .sealers = quorum_sealers,
        .message_read = quorum_message_read,
        .message_free = quorum_message_free,
        .certificates = quorum_certificates,
        .wants_candidate = quorum_wants_candidate,
        .has_endorsed = quorum_has_endorsed,
        .seal_is_final = quorum_seal_is_final,
        .evidence = quorum_evidence,
};

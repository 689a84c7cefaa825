/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/quorum-private.h"

/* "Delta grows by half per consecutive skipped view, up to 8-fold, and is back to normal with a final block." */
uint64_t quorum_delta(const Quorum *q) {
        uint64_t delta = q->config.delta_usec;

        for (unsigned n = quorum_skipped_since_final(q); n > 0 && delta < DELTA_GROWTH_MAX * q->config.delta_usec; n--)
                delta += delta / 2;
        return MIN(delta, DELTA_GROWTH_MAX * q->config.delta_usec);
}

/* "Timers run only while there is a reason: work is due, the leader's proposal of this view came, or skips of this view from
 * f + 1 authorities." */
static bool has_reason(const Quorum *q) {
        const QuorumView *v = quorum_view_find(q, q->view);

        if (q->due)
                return true;
        return v && (v->proposal || quorum_count(q, v, QUORUM_SKIP, NULL) > q->config.f);
}

/* "an endorsed block is not final": after 2 delta in which finalize was sent again, that makes work due. */
bool quorum_is_due(const Engine *e) {
        return QUORUM(e)->unfinal_due;
}

static uint64_t look_at_top(Quorum *q) {
        uint64_t top = quorum_top_view(q);

        if (top != q->top) {
                q->top = top;
                q->top_usec = q->now_usec;
        }
        q->unfinal_due = false;
        if (!q->has_record || top <= quorum_final_view(q))
                return USEC_INFINITY;
        if (q->now_usec < q->top_usec + 2 * quorum_delta(q))
                return q->top_usec + 2 * quorum_delta(q);
        q->unfinal_due = true;
        return USEC_INFINITY;
}

/* "No proposal within 2 delta, or no certificate within 3 delta, both from the timer's start: skip." */
static int look_at_view(Quorum *q, bool reason, uint64_t *ret_wake) {
        const QuorumView *v = quorum_view_find(q, q->view);
        uint64_t end;

        *ret_wake = USEC_INFINITY;
        if (!reason) {
                q->timer_usec = 0;
                return 0;
        }
        if (q->timer_usec == 0)
                q->timer_usec = q->now_usec;
        end = q->timer_usec + (v && v->proposal ? 3 : 2) * quorum_delta(q);
        if (!quorum_may_skip(q))
                return 0;
        if (q->now_usec >= end)
                return quorum_say(q, QUORUM_SKIP, q->view, NULL);
        *ret_wake = end;
        return 0;
}

/* Behind 3 delta who has a certificate has moved on, and who has none has skipped; one whose clock is behind waits that much
 * longer for the work. */
uint64_t quorum_overdue_usec(const Quorum *q) {
        if (q->self < 0 || q->timer_usec == 0)
                return USEC_INFINITY;
        return q->timer_usec + MAX(4 * quorum_delta(q), TIME_AHEAD_SEC * USEC_PER_SEC);
}

static bool may_not_sign_yet(const Quorum *q) {
        return q->has_record && (q->resuming || (!q->stopped && quorum_n_heard(q) < quorum_heard_needed(q)));
}

static int retry(Quorum *q) {
        uint64_t missing;
        int r;

        if (may_not_sign_yet(q)) {
                r = quorum_ask(q, ENGINE_TO_SEALERS, 0, NULL, quorum_final_view(q) + 1);
                if (r < 0)
                        return r;
        } else if (!quorum_all_skipped(q, quorum_top_view(q), q->view, &missing)) {
                r = quorum_ask(q, ENGINE_TO_SEALERS, 0, NULL, missing);
                if (r < 0)
                        return r;
        }
        r = quorum_choose_tip(q, true);
        if (r < 0 || !q->has_record || q->stopped || may_not_sign_yet(q))
                return r;
        return quorum_resend(q);
}

/* A proposal may be large, and who does not answer may be away for long: the pauses double. */
static uint64_t pause_usec(const Quorum *q) {
        uint64_t usec = quorum_delta(q) << MIN(q->retries, 4U);

        return MIN(usec, 16 * q->config.delta_usec);
}

static int look_at_retry(Quorum *q, bool reason) {
        uint64_t top = quorum_top_view(q);

        if (!reason && !may_not_sign_yet(q) && top <= q->tip->header.value && (!q->has_record || top <= quorum_final_view(q))) {
                q->retry_usec = USEC_INFINITY;
                return 0;
        }
        if (q->retry_usec == USEC_INFINITY)
                q->retry_usec = q->now_usec + pause_usec(q);
        if (q->now_usec < q->retry_usec)
                return 0;
        q->retries++;
        q->retry_usec = q->now_usec + pause_usec(q);
        return retry(q);
}

int quorum_timers(Quorum *q) {
        uint64_t wake = look_at_top(q), at;
        bool reason = has_reason(q);
        int r;

        r = look_at_view(q, reason, &at);
        if (r < 0)
                return r;
        wake = MIN(wake, at);
        r = look_at_retry(q, reason);
        if (r < 0)
                return r;
        wake = MIN(wake, q->retry_usec);
        wake = MIN(wake, q->hold_usec);
        if (wake == q->wake_usec)
                return 0;
        q->wake_usec = wake;
        return quorum_effect(q, &(EngineEffect) { .type = ENGINE_FX_WAKE, .at_usec = wake });
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recount.h"

#include <inttypes.h>

#include "../unit/ledger/dump.h"
#include "blocks.h"
#include "check.h"
#include "codec/hex.h"
#include "errand.h"
#include "sealed-plot.h"

#define HEX(id) id_hex((id), (char[ID_HEX]) {})

/* --- state --- */

/* The chain of the blocks that h has, connected one after the other. */
static void rebuild(const Host *h, Store *store, Chain **ret) {
        Chain *chain = peer_chain(h->peer);
        int r;

        r = chain_new(ret, h->world->genesis, store);
        if (r < 0)
                world_die("a second chain", r);
        for (uint64_t height = 1; height <= chain_tip(chain)->height; height++) {
                _cleanup_(block_freep) Block *b = NULL;
                _cleanup_buf_ Buf text = {};
                StoredBlock stored = {};
                const char *p;
                size_t n;
                Why why;

                r = chain_read_block_text(chain, height, true, &text);
                if (r == 0)
                        r = disk_store(h->disk)->ops->block_get(disk_store(h->disk), height, &stored);
                if (r < 0)
                        world_die("text of a block", r);
                p = text.p;
                n = text.n;
                r = block_read(&b, h->world->genesis, &p, &n, &why);
                if (r == 0)
                        r = chain_connect(*ret, b, stored.work, &why);
                stored_block_done(&stored);
                if (r != 0) {
                        world_fail(h->world, "state is what the blocks make", "host %u: block %" PRIu64
                                        " does not connect again: %s", h->number, height, why.text);
                        return;
                }
        }
}

static const char* line_of(const char *text, size_t at) {
        while (at > 0 && text[at - 1] != '\n')
                at--;
        return text + at;
}

/* What the node makes apart is made here, if it can be. 0, -EAGAIN (slices are on their way), other -errno. */
static int make_sum(Chain *c, const ElectionInfo *e) {
        const SealedTotal *total;

        for (;;) {
                _cleanup_(check_content_freep) CheckContent *slice = NULL;
                int r;

                r = chain_sealed_total(c, e, &total);
                if (r != -EAGAIN)
                        return r;
                r = chain_sums_next(c, &slice);
                if (r < 0 || !slice)
                        return r < 0 ? r : -EAGAIN;
                r = check_contents_run(&slice, 1);
                if (r < 0)
                        return r;
                (void) chain_sums_take(c, slice);
        }
}

/* The sums that the node has, and no other. */
static void make_same_sums(Chain *c, Chain *again) {
        if (dump_forget_sums(again) < 0)        /* that its blocks needed */
                world_die("memory", -ENOMEM);
        chain_set_sums_apart(again);
        for (size_t i = 0; i < chain_n_elections(c); i++) {
                const SealedTotal *total;
                ElectionInfo e;

                if (chain_election_at(c, i, &e) == 0 && chain_sealed_total(c, &e, &total) == 0 &&
                                make_sum(again, &e) != 0)
                        world_die("sum", -EUCLEAN);
        }
}

void recount_state(Host *h) {
        _cleanup_(chain_freep) Chain *again = NULL;
        _cleanup_(store_freep) Store *store = NULL;
        _cleanup_buf_ Buf a = {}, b = {};
        size_t i = 0;
        int r;

        r = store_memory_new(&store);
        if (r < 0)
                world_die("store", r);
        rebuild(h, store, &again);
        if (h->world->failed)
                return;
        make_same_sums(peer_chain(h->peer), again);
        dump_chain(peer_chain(h->peer), &a);
        dump_chain(again, &b);
        if (buf_error(&a) < 0 || buf_error(&b) < 0)
                world_die("dump", -ENOMEM);
        if (a.n == b.n && memcmp(a.p, b.p, a.n) == 0)
                return;
        while (i < a.n && i < b.n && a.p[i] == b.p[i])
                i++;
        world_fail(h->world, "state is what the blocks make", "host %u has\n    %.300s\n  where its blocks make\n    %.300s", h->number,
                        line_of(a.p, i), line_of(b.p, i));
}

/* --- results --- */

static void count_plainly(const Run *r, const KnownBlock *tip, unsigned election, uint64_t sums[3], uint64_t *ret_ballots) {
        memset(sums, 0, 3 * sizeof(*sums));
        *ret_ballots = 0;
        for (unsigned i = 0; i < r->elections[election].n_voters; i++) {
                const KnownEntry *e;

                if (!blocks_last_vote(tip, election, i, &e))
                        continue;
                *ret_ballots += 1;
                if (e->choice < 3)
                        sums[e->choice] += 1 + i % 3;
        }
}

static void compare_result(Run *r, Host *h, unsigned election, const uint64_t sums[3], uint64_t ballots, Buf *text) {
        _cleanup_(result_freep) Result *result = NULL;
        const Json *questions, *question, *figures;
        ElectionInfo info;
        int64_t n;
        int e;

        e = chain_election_by_id(peer_chain(h->peer), &r->elections[election].id, &info);
        if (e == -ENODATA)
                return;
        if (e == 0 && info.phase == ELECTION_PENDING)
                return;
        if (e == 0 && info.definition->secrecy == SECRECY_SEALED && info.phase != ELECTION_FINAL) {
                if (info.phase == ELECTION_COUNTING)
                        world_fail(r->world, "sealed elections are opened", "host %u: %u shares of %u, %" PRIu64 " ballots", h->number,
                                        info.shares, info.threshold, info.ballots);
                return;                         /* void, or nobody saw that it closed */
        }
        if (e == 0 && info.definition->secrecy == SECRECY_SEALED)
                e = make_sum(peer_chain(h->peer), &info);
        if (e == 0)
                e = chain_count(peer_chain(h->peer), &info, &result);
        if (e == 0)
                e = json_dump(result->json, text);
        if (e != 0) {
                world_fail(r->world, "elections are counted", "host %u: election %u: %d", h->number, election, e);
                return;
        }
        if (json_get_int(result->json, "ballots", 0, INT64_MAX, &n, NULL) != 0 || (uint64_t) n != ballots) {
                world_fail(r->world, "results are what a plain recount gives", "host %u: election %u: %" PRIu64 " ballots, recounted %"
                                PRIu64, h->number, election, (uint64_t) n, ballots);
                return;
        }
        if (result->questions[0].outcome == OUTCOME_UNOPENED) {
                if (ballots >= info.definition->least)
                        world_fail(r->world, "sealed elections are opened", "host %u: %" PRIu64 " ballots are too few", h->number, ballots);
                return;
        }
        if (json_get_array(result->json, "questions", 1, 1, &questions, NULL) != 0 ||
                        json_at_object(questions, 0, "question", &question, NULL) != 0 ||
                        json_get_array(question, "sums", 3, 3, &figures, NULL) != 0)
                world_die("form of a result", V_FORM);
        for (size_t i = 0; i < 3; i++)
                if (json_at_int(figures, i, "sum", 0, INT64_MAX, &n, NULL) != 0 || (uint64_t) n != sums[i])
                        world_fail(r->world, "results are what a plain recount gives", "host %u: election %u, option %zu: %" PRIu64
                                        ", recounted %" PRIu64, h->number, election, i, (uint64_t) n, sums[i]);
        if (r->world->now_usec / USEC_PER_SEC + WORLD_WALL_SEC > info.definition->closes + info.grace &&
                        (info.phase == ELECTION_ANNOUNCED || info.phase == ELECTION_OPEN))
                world_fail(r->world, "elections close", "host %u: election %u is still %s", h->number, election,
                                election_phase_name(info.phase));
}

/* Nodes that end all the time are as good as disconnected: in `pow` they may be left with two branches of equal work. */
static bool is_draw(const Run *r, const Host *h) {
        return r->options.starve > 0 && r->n_authorities == 0 && checks_tip(r, h->number) != checks_tip(r, r->witness);
}

void recount_results(Run *r) {
        for (unsigned i = 0; i < r->n_peers && !r->world->failed; i++) {
                Host *h = r->world->hosts[r->first_peer + i];

                if (h->peer)            /* a liar may be down in the end */
                        sealed_plot_check(r, h);
        }
        for (unsigned k = 0; k < r->n_elections; k++) {
                _cleanup_buf_ Buf first = {};

                for (unsigned i = 0; i < r->n_peers && !r->world->failed; i++) {
                        Host *h = r->world->hosts[r->first_peer + i];
                        _cleanup_buf_ Buf text = {};
                        uint64_t sums[3], ballots;
                        bool is_first = h->number == r->witness;

                        if (!h->honest)
                                continue;
                        count_plainly(r, checks_tip(r, h->number), k, sums, &ballots);
                        compare_result(r, h, k, sums, ballots, is_first ? &first : &text);
                        if (!is_first && !is_draw(r, h) && !r->world->failed && (text.n != first.n || (text.n > 0 && memcmp(text.p, first.p, text.n) != 0)))
                                world_fail(r->world, "all peers have the same result", "election %u: host %u has %s, host %u has %s",
                                                k, r->witness, first.p, h->number, text.p);
                }
        }
}

/* --- votes --- */

/* How many blocks of the chain could have taken the vote, found when it could have come everywhere. */
static unsigned chances(const Run *r, const KnownBlock *tip, const RunVote *v, uint64_t from_usec) {
        const RunElection *el = &r->elections[v->election];
        unsigned n = 0;

        for (; tip && tip->found_usec >= from_usec; tip = tip->parent) {
                const Host *sealer = world_host_of_key(r->world, &tip->sealer);

                n += sealer && sealer->honest && tip->time >= el->opens && tip->time < el->closes + el->grace;
        }
        return n;
}

/* Not one that came too late, was not approved in time, or never came. */
static bool takes_votes(const Run *r, unsigned election) {
        ElectionInfo info;

        return chain_election_by_id(peer_chain(r->world->hosts[r->witness]->peer), &r->elections[election].id, &info) == 0 &&
                        info.rolls && info.phase != ELECTION_VOID;
}

static void check_vote(Run *r, const KnownBlock *tip, const RunVote *v) {
        const RunElection *el = &r->elections[v->election];
        const KnownEntry *last = NULL;
        const Errand *e = v->errand;
        uint64_t from_usec, close_usec = (el->closes + el->grace - WORLD_WALL_SEC) * USEC_PER_SEC;
        uint64_t linked = checks_linked_usec(r), off = (uint64_t) r->clock_off_max * USEC_PER_SEC;

        if (blocks_holder(tip, &e->id) || !takes_votes(r, v->election))
                return;
        (void) blocks_last_vote(tip, v->election, v->voter, &last);
        if (last && last->seq >= v->seq)
                return;

        if (e->state == ERRAND_FINAL && r->n_authorities > 0)
                world_fail(r->world, "what was called final is in the ledger", "vote %u (election %u, voter %u, seq %" PRIu32
                                ") was called final by host %u at %" PRIu64 " s", e->number, v->election, v->voter, v->seq, e->host,
                                e->done_usec / USEC_PER_SEC);
        else if (e->state == ERRAND_FINAL && !run_ends(r) && !run_has(r, FAULT_BIT(PARTITION) | FAULT_BIT(ONEWAY) | FAULT_BIT(DISK)))
                world_fail(r->world, "what was called final is in the ledger", "vote %u (election %u, voter %u, seq %" PRIu32
                                ") was called final by host %u at %" PRIu64 " s", e->number, v->election, v->voter, v->seq, e->host,
                                e->done_usec / USEC_PER_SEC);
        if (e->accepted_usec == 0)
                return;                         /* no peer took it: too early, too late */
        if (e->careless && (!r->world->hosts[e->accepted_host]->up || r->world->hosts[e->accepted_host]->life != e->accepted_life))
                return;                         /* it was in that pool alone, perhaps */
        if (e->state == ERRAND_REFUSED && run_ends(r))
                return;                         /* for a later one that waited in a pool, and was lost with it, perhaps */

        from_usec = MAX(e->accepted_usec, linked) + 15 * USEC_PER_SEC;
        if (linked == UINT64_MAX || from_usec + off + 10 * r->interval * USEC_PER_SEC > close_usec)
                return;
        if (chances(r, tip, v, from_usec) >= 3)
                world_fail(r->world, "a vote that is handed in in time is in the ledger", "vote %u (election %u, voter %u, seq %" PRIu32
                                ", entry %s) was taken by host %u at %" PRIu64 " s, all were linked since %" PRIu64 " s, votes entered until %"
                                PRIu64 " s", e->number, v->election, v->voter, v->seq, HEX(&e->id), e->accepted_host,
                                e->accepted_usec / USEC_PER_SEC, linked / USEC_PER_SEC, close_usec / USEC_PER_SEC);
}

void recount_votes(Run *r) {
        const KnownBlock *tip = checks_tip(r, r->witness);

        for (size_t i = 0; i < r->n_votes && !r->world->failed; i++)
                check_vote(r, tip, &r->votes[i]);
}

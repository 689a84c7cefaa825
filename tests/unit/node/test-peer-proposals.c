/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>

#include "../consensus/quorum-world.h"
#include "../ledger/fixture.h"
#include "../ledger/run.h"
#include "codec/line.h"
#include "ledger/record-memory.h"
#include "node/peer.h"
#include "proto/message.h"
#include "voted/limits.h"

/* An authority, number 0 of four; the others are played by the test. This is the shell: it answers the checks of a seal when the
 * test says so. */

#define OTHERS  3U
#define READS   (MESSAGE_FROM_STRANGER | MESSAGE_FROM_PEER | MESSAGE_OF_QUORUM)

typedef struct Shell {
        QuorumWorld q;
        Genesis *genesis;
        Store *store;
        Record *record;
        Peer *peer;
        uint64_t now_usec, now_sec;
        struct { uint64_t token; SigCheck *checks; size_t n; } held[8];
        size_t n_held;
        bool hold;              /* whatever is to be checked */
        struct { LinkId link; uint64_t id; } asks[16];
        size_t n_asks;          /* for certificates */
        LinkId fetched_from;    /* the last question for a block */
        uint64_t fetch;
        unsigned n_endorsed;    /* that were sent */
        unsigned n_announced[OTHERS + 2];       /* blocks, by link */
} Shell;

static void on_sent(Shell *s, const NodeEffect *fx) {
        _cleanup_message_ Message m = {};

        ck_assert_int_eq(message_parse(&m, READS, fx->data, fx->n_data, NULL), 0);
        s->n_endorsed += m.type == MESSAGE_ENDORSE;
        ck_assert_uint_lt(fx->link, ELEMENTSOF(s->n_announced));
        s->n_announced[fx->link] += m.type == MESSAGE_NEW_BLOCK;
        if (m.type == MESSAGE_GET_CERTIFICATES) {
                ck_assert_uint_lt(s->n_asks, ELEMENTSOF(s->asks));
                s->asks[s->n_asks].link = fx->link;
                s->asks[s->n_asks++].id = m.id;
        }
        if (m.type == MESSAGE_GET_BLOCKS_IDS) {
                s->fetched_from = fx->link;
                s->fetch = m.id;
        }
}

static void step(Shell *s, NodeEvent ev);

static void answer(Shell *s) {
        while (s->n_held > 0) {
                size_t n = s->held[--s->n_held].n;
                SigCheck *checks = s->held[s->n_held].checks;
                uint64_t token = s->held[s->n_held].token;

                sig_checks_run(checks, n);
                step(s, (NodeEvent) { .type = NODE_EV_VERIFIED, .token = token, .checks = checks, .n_checks = n });
                sig_checks_done(checks, n);
                free(checks);
        }
}

static void step(Shell *s, NodeEvent ev) {
        NodeEffects fx = {};
        bool commit = false;

        ev.now_usec = s->now_usec += 1000;
        ev.now_sec = s->now_sec;
        ck_assert_int_eq(peer_step(s->peer, &ev, &fx), 0);
        for (size_t i = 0; i < fx.n; i++) {
                commit = commit || fx.items[i].type == NODE_FX_COMMIT;
                if (fx.items[i].type == NODE_FX_SEND)
                        on_sent(s, &fx.items[i]);
                if (fx.items[i].type != NODE_FX_VERIFY)
                        continue;
                ck_assert_uint_lt(s->n_held, ELEMENTSOF(s->held));
                s->held[s->n_held].token = fx.items[i].token;
                s->held[s->n_held].n = fx.items[i].n_checks;
                s->held[s->n_held++].checks = TAKE_PTR(fx.items[i].checks);
                fx.items[i].n_checks = 0;
        }
        node_effects_done(&fx);
        if (commit) {
                ck_assert_int_eq(s->record->ops->commit(s->record), 0);
                ck_assert_int_eq(chain_commit(peer_chain(s->peer)), 0);
                step(s, (NodeEvent) { .type = NODE_EV_COMMITTED });
        }
        if (!s->hold)
                answer(s);
}

static void say(Shell *s, LinkId link, const Message *m) {
        _cleanup_buf_ Buf frame = {};

        ck_assert_int_eq(message_frame(&frame, m), 0);
        step(s, (NodeEvent) { .type = NODE_EV_FRAME, .link = link, .data = frame.p, .n_data = frame.n });
}

static void hear(Shell *s) {
        for (size_t i = 0; i < s->n_asks; i++)
                say(s, s->asks[i].link, &(Message) { .type = MESSAGE_CERTIFICATES, .has_id = true, .id = s->asks[i].id });
        s->n_asks = 0;
}

static void link_up(Shell *s, LinkId link, const Key *key) {
        step(s, (NodeEvent) { .type = NODE_EV_LINK_UP, .link = link, .inbound = true, .key = *key,
                                .address = { .host = "::1", .port = (uint16_t) link } });
        say(s, link, &(Message) { .type = MESSAGE_HELLO,
                                .hello = { .version = PROTOCOL_VERSION, .network = s->genesis->network, .agent = "test",
                                        .tip = s->genesis->network, .port = 7000 } });
}

/* Authority i speaks by link i. */
static void start(Shell *s) {
        PeerConfig config = { .agent = "test", .links_inbound_max = 8, .links_outbound_max = 8 };

        s->n_asks = 0;
        ck_assert_int_eq(peer_new(&s->peer,
                                        &(PeerSetup) { .genesis = s->genesis, .store = s->store, .record = s->record,
                                                .identity = s->q.keys[0], .seed = 1, .config = &config }),
                        0);
        step(s, (NodeEvent) { .type = NODE_EV_START });
        for (LinkId i = 1; i <= OTHERS; i++)
                link_up(s, i, quorum_world_key(&s->q, (unsigned) i));
}

static void begin(Shell *s) {
        _cleanup_buf_ Buf line = {};
        Why why = {};

        *s = (Shell) { .now_usec = USEC_PER_SEC, .now_sec = FIXTURE_CREATED + 1000 };
        quorum_world_init(&s->q, OTHERS + 1);
        ck_assert_msg(genesis_format(&line, "test", FIXTURE_CREATED, 1, fixture_key(FIXTURE_ADMIN), 1, s->q.config,
                                      &(Limits) { .grace = 600 }, &why) == 0, "%s", why.text);
        ck_assert_int_eq(genesis_parse(&s->genesis, line.p, line.n, &why), 0);
        s->q.network = s->genesis->network;
        ck_assert_int_eq(store_memory_new(&s->store), 0);
        ck_assert_int_eq(record_memory_new(&s->record), 0);
        start(s);
}

static void end(Shell *s) {
        s->peer = peer_free(s->peer);
        record_free(s->record);
        store_free(s->store);
        (void) genesis_free(s->genesis);
        quorum_world_done(&s->q);
}

static void propose(Shell *s, const Header *h) {
        unsigned leader = quorum_leader(&s->q.c, h->value);
        QuorumStatement says = quorum_world_says(&s->q, leader, QUORUM_PROPOSE, h->value, &h->id);
        _cleanup_buf_ Buf line = {};

        buf_add_text(&line, "{\"header\":");
        ck_assert_int_eq(header_format(h, &line), 0);
        buf_add_text(&line, ",\"ids\":\"\",\"kind\":\"propose\",\"proposal\":");
        ck_assert_int_eq(quorum_statement_format(&says, &s->q.c, &line), 0);
        buf_add_text(&line, ",\"skips\":[]}");
        say(s, leader, &(Message) { .type = MESSAGE_PROPOSE, .lines = line.p, .n_lines_bytes = line.n });
}

static void endorse(Shell *s, unsigned authority, LinkId link, const Header *h) {
        QuorumStatement says = quorum_world_says(&s->q, authority, QUORUM_ENDORSE, h->value, &h->id);
        _cleanup_buf_ Buf line = {};

        ck_assert_int_eq(quorum_statement_format(&says, &s->q.c, &line), 0);
        say(s, link, &(Message) { .type = MESSAGE_ENDORSE, .lines = line.p, .n_lines_bytes = line.n });
}

static void sealed(const Header *h, const QuorumCertificate *c, Buf *ret) {
        ck_assert_int_eq(header_format(h, ret), 0);
        buf_add_char(ret, '\n');
        ck_assert_int_eq(quorum_certificate_format_seal(c, ret), 0);
}

/* With a seal that has the right form, and signatures of another block. */
static void announce_with_junk(Shell *s, LinkId link, const Header *h) {
        Id other = quorum_world_id(1);
        _cleanup_certificate_ QuorumCertificate *c = quorum_world_certificate(&s->q, QUORUM_ENDORSE, h->value, &other, 1, OTHERS);
        _cleanup_buf_ Buf lines = {};

        c->block = h->id;
        sealed(h, c, &lines);
        say(s, link, &(Message) { .type = MESSAGE_NEW_BLOCK, .lines = lines.p, .n_lines_bytes = lines.n });
}

static void announce(Shell *s, LinkId link, const Header *h) {
        _cleanup_certificate_ QuorumCertificate *c = quorum_world_certificate(&s->q, QUORUM_ENDORSE, h->value, &h->id, 1, OTHERS);
        _cleanup_buf_ Buf lines = {};

        sealed(h, c, &lines);
        say(s, link, &(Message) { .type = MESSAGE_NEW_BLOCK, .lines = lines.p, .n_lines_bytes = lines.n });
}

/* The answer to the last question for a block. */
static void deliver(Shell *s, const Header *h) {
        _cleanup_certificate_ QuorumCertificate *c = quorum_world_certificate(&s->q, QUORUM_ENDORSE, h->value, &h->id, 1, OTHERS);
        _cleanup_buf_ Buf lines = {};

        ck_assert_uint_ne(s->fetched_from, 0);
        sealed(h, c, &lines);
        say(s, s->fetched_from, &(Message) { .type = MESSAGE_BLOCKS_RESPONSE, .has_id = true, .id = s->fetch,
                                        .lines = lines.p, .n_lines_bytes = lines.n });
}

static void certify(Shell *s, LinkId link, const Header *h) {
        _cleanup_certificate_ QuorumCertificate *c = quorum_world_certificate(&s->q, QUORUM_ENDORSE, h->value, &h->id, 1, OTHERS);
        _cleanup_buf_ Buf line = {};

        ck_assert_int_eq(quorum_certificate_format(c, &line), 0);
        say(s, link, &(Message) { .type = MESSAGE_CERTIFICATE, .lines = line.p, .n_lines_bytes = line.n });
}

static void assert_tip(Shell *s, const Header *h) {
        ck_assert(id_equal(&chain_tip(peer_chain(s->peer))->id, &h->id));
}

static int on_block(void *userdata, uint64_t view, const Id *id, const char *header, size_t n_header, const char *entries, size_t n_entries) {
        (void) view;
        (void) header;
        (void) n_header;
        (void) entries;
        (void) n_entries;
        return id_equal(id, userdata);
}

/* Its time is too far ahead when it is found to be valid; when it fits, a seal is being checked that a stranger gave it. */
START_TEST(a_proposal_is_endorsed_while_a_seal_of_it_is_checked) {
        Header h;
        Shell s;

        begin(&s);
        hear(&s);
        h = quorum_world_header(&s.q, 1, NULL, s.now_sec + 16);
        propose(&s, &h);
        s.hold = true;
        announce_with_junk(&s, 3, &h);
        ck_assert_uint_eq(s.n_held, 1);
        ck_assert_uint_eq(s.n_endorsed, 0);

        s.now_sec++;
        s.now_usec += 200 * USEC_PER_MSEC;
        step(&s, (NodeEvent) { .type = NODE_EV_TICK });
        ck_assert_uint_eq(s.n_endorsed, OTHERS);
        ck_assert_int_eq(s.record->ops->each_block(s.record, on_block, &h.id), 1);

        answer(&s);                             /* the seal is bad, the block is not */
        ck_assert_uint_eq(chain_tip(peer_chain(s.peer))->height, 0);
        end(&s);
}
END_TEST

/* The seal comes first, and is being checked when the proposal comes. */
START_TEST(a_bad_seal_takes_no_proposal_along) {
        Header h;
        Shell s;

        begin(&s);
        hear(&s);
        h = quorum_world_header(&s.q, 1, NULL, s.now_sec);
        s.hold = true;
        announce_with_junk(&s, 3, &h);
        propose(&s, &h);
        ck_assert_uint_eq(s.n_held, 2);
        answer(&s);                             /* the newest first */
        ck_assert_uint_eq(s.n_endorsed, OTHERS);
        ck_assert_int_eq(s.record->ops->each_block(s.record, on_block, &h.id), 1);
        end(&s);
}
END_TEST

/* What was endorsed is on record, and at hand after a start, whatever seals strangers give it. */
START_TEST(a_bad_seal_takes_no_block_of_the_record_away) {
        Header h;
        Shell s;

        begin(&s);
        hear(&s);
        h = quorum_world_header(&s.q, 1, NULL, s.now_sec);
        propose(&s, &h);
        ck_assert_int_eq(s.record->ops->each_block(s.record, on_block, &h.id), 1);
        s.peer = peer_free(s.peer);
        start(&s);
        s.fetched_from = 0;
        announce_with_junk(&s, 3, &h);
        certify(&s, 2, &h);
        assert_tip(&s, &h);
        ck_assert_uint_eq(s.fetched_from, 0);
        end(&s);
}
END_TEST

/* The chain ends beside the branch that a block on record stands on. */
START_TEST(a_proposal_on_record_does_not_hide_its_parent) {
        _cleanup_buf_ Buf line = {};
        Header beside, parent, proposal;
        Shell s;

        begin(&s);
        hear(&s);
        beside = quorum_world_header(&s.q, 1, NULL, s.now_sec);
        parent = quorum_world_header(&s.q, 2, NULL, s.now_sec);
        proposal = quorum_world_header(&s.q, 3, &parent, s.now_sec);
        announce(&s, 3, &beside);
        assert_tip(&s, &beside);
        ck_assert_int_eq(header_format(&proposal, &line), 0);
        ck_assert_int_eq(s.record->ops->put_block(s.record, 3, &proposal.id, line.p, line.n, "", 0), 0);
        ck_assert_int_eq(s.record->ops->commit(s.record), 0);
        s.peer = peer_free(s.peer);
        start(&s);
        announce(&s, 3, &parent);
        step(&s, (NodeEvent) { .type = NODE_EV_TICK });        /* what had to wait for a commit */
        assert_tip(&s, &parent);
        end(&s);
}
END_TEST

/* Who has the header of a block only learns of its seal with the block. */
START_TEST(the_seal_of_a_block_that_was_only_proposed_is_learnt_with_it) {
        Header first, child, proposal;
        Shell s;

        begin(&s);
        first = quorum_world_header(&s.q, 1, NULL, s.now_sec);
        child = quorum_world_header(&s.q, 2, &first, s.now_sec);
        proposal = quorum_world_header(&s.q, 3, &child, s.now_sec);
        propose(&s, &first);
        announce(&s, 3, &child);
        hear(&s);
        propose(&s, &proposal);
        deliver(&s, &first);
        assert_tip(&s, &child);
        end(&s);
}
END_TEST

/* Who endorsed it has it, and gets to the certificate by what the others say. */
START_TEST(a_block_is_announced_to_whoever_has_not_endorsed_it) {
        const LinkId observer = OTHERS + 1;
        Header h;
        Shell s;

        begin(&s);
        hear(&s);
        link_up(&s, observer, fixture_key(FIXTURE_VOTER));
        h = quorum_world_header(&s.q, 1, NULL, s.now_sec);
        propose(&s, &h);
        endorse(&s, 1, 1, &h);
        endorse(&s, 2, 2, &h);
        assert_tip(&s, &h);
        ck_assert_uint_eq(s.n_announced[1], 0);
        ck_assert_uint_eq(s.n_announced[2], 0);
        ck_assert_uint_eq(s.n_announced[3], 1);
        ck_assert_uint_eq(s.n_announced[observer], 1);
        end(&s);
}
END_TEST

/* Also where its endorsement is known from the certificate alone. */
START_TEST(a_block_is_not_announced_to_whom_its_seal_names) {
        Header h;
        Shell s;

        begin(&s);
        hear(&s);
        h = quorum_world_header(&s.q, 1, NULL, s.now_sec);
        announce(&s, 3, &h);
        assert_tip(&s, &h);
        for (LinkId i = 1; i <= OTHERS; i++)
                ck_assert_uint_eq(s.n_announced[i], 0);
        end(&s);
}
END_TEST

static bool asks_for_resume(Shell *s) {
        _cleanup_json_ Json *status = NULL;
        const char *alarm;

        ck_assert_int_eq(peer_status(s->peer, s->now_usec, &status), 0);
        return json_get_text(status, "alarm", 1, 1024, &alarm, NULL) == 0 && strstr(alarm, "votectl authority resume");
}

START_TEST(an_alarm_that_asks_for_a_resume_ends_with_it) {
        Header h;
        Shell s;

        begin(&s);
        hear(&s);
        h = quorum_world_header(&s.q, 1, NULL, s.now_sec);
        ck_assert(!asks_for_resume(&s));
        endorse(&s, 0, 1, &h);                  /* its own, of which it does not know */
        ck_assert(asks_for_resume(&s));
        step(&s, (NodeEvent) { .type = NODE_EV_RESUME });
        ck_assert(!asks_for_resume(&s));
        end(&s);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, a_bad_seal_takes_no_proposal_along);
        tcase_add_test(t, a_proposal_is_endorsed_while_a_seal_of_it_is_checked);
        tcase_add_test(t, a_bad_seal_takes_no_block_of_the_record_away);
        tcase_add_test(t, a_proposal_on_record_does_not_hide_its_parent);
        tcase_add_test(t, the_seal_of_a_block_that_was_only_proposed_is_learnt_with_it);
        tcase_add_test(t, a_block_is_announced_to_whoever_has_not_endorsed_it);
        tcase_add_test(t, a_block_is_not_announced_to_whom_its_seal_names);
        tcase_add_test(t, an_alarm_that_asks_for_a_resume_ends_with_it);
}

int main(void) {
        return run_suite("peer-proposals", add);
}

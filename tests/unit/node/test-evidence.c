/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../help.h"
#include "../consensus/quorum-world.h"
#include "consensus/quorum-evidence.h"
#include "puppet.h"

#define SECOND USEC_PER_SEC

/* A line of three peers, of which none is an authority, and a fourth that starts later:
 * puppet - 0 - 1 - 2, 3 - 0. The authorities are only keys. */
typedef struct Line {
        Town t;
        QuorumWorld q;
        unsigned frames[8][8];  /* with evidence, from whom to whom */
} Line;

static void on_frame(void *userdata, unsigned from, unsigned to, const char *data, size_t n) {
        Line *x = userdata;

        if (n > 19 && memcmp(data, "{\"type\":\"evidence\"}", 19) == 0)
                x->frames[from][to]++;
}

static void begin(Line *x, Puppet **ret) {
        _cleanup_buf_ Buf line = {};
        Why why = {};

        ck_assert_int_eq(crypto_init(&why), 0);
        *x = (Line) { .t.setup.n_peers = 4 };
        quorum_world_init(&x->q, 4);
        ck_assert_msg(genesis_format(&line, "test", FIXTURE_CREATED, 1, fixture_key(FIXTURE_ADMIN), 1, x->q.config,
                                      &(Limits) { .grace = 600 }, &why) == 0, "%s", why.text);
        ck_assert_int_eq(genesis_parse(&x->t.genesis, line.p, line.n, &why), 0);
        x->q.network = x->t.genesis->network;
        x->t.w = world_new(&(WorldSetup) { .genesis = x->t.genesis, .seed = 1, .start_sec = FIXTURE_CREATED + 1000,
                                           .delay_usec = 20 * USEC_PER_MSEC });
        world_set_verbose(x->t.w, getenv("VERBOSE") != NULL);
        world_set_tap(x->t.w, on_frame, x);
        for (unsigned i = 0; i < 4; i++) {
                WorldPeer p = { .n_fixed = i > 0 };

                if (i > 0)
                        p.fixed[0] = x->t.peers[i == 3 ? 0 : i - 1];
                x->t.peers[i] = world_add_peer(x->t.w, &p);
                if (i < 3)
                        world_start(x->t.w, x->t.peers[i]);
        }
        world_run(x->t.w, 10 * SECOND);
        *ret = puppet_new(&x->t, 7000);
        puppet_dial(*ret, 0);
        ck_assert_uint_ne((*ret)->link, 0);
}

static void end(Line *x) {
        quorum_world_done(&x->q);
        town_done(&x->t);
}

static void evidence(const Line *x, unsigned signer, uint64_t view, Buf *ret) {
        Id a = quorum_world_id(1), b = quorum_world_id(2);
        QuorumStatement first = quorum_world_says(&x->q, signer, QUORUM_ENDORSE, view, &a),
                        second = quorum_world_says(&x->q, signer, QUORUM_ENDORSE, view, &b);

        ck_assert_int_eq(quorum_evidence_format(&first, &second, &x->q.c, ret), 0);
}

static void say(Puppet *p, const char *line, size_t n) {
        puppet_message(p, &(Message) { .type = MESSAGE_EVIDENCE, .lines = line, .n_lines_bytes = n });
        world_run(p->town->w, 2 * SECOND);
}

/* How many are convicted at peer i; *ret, if it is one: the line. */
static size_t kept(Line *x, unsigned i, Buf *ret) {
        _cleanup_json_ Json *list = NULL;
        const char *line;

        ck_assert_int_eq(peer_evidence(world_peer(x->t.w, x->t.peers[i]), &list), 0);
        if (ret && json_len(list) == 1) {
                ck_assert_int_eq(json_get_text(json_at(list, 0), "line", 1, EVIDENCE_BYTES_MAX, &line, NULL), 0);
                buf_add_text(ret, line);
        }
        return json_len(list);
}

static unsigned frames_to(const Line *x, unsigned to) {
        unsigned n = 0;

        for (unsigned i = 0; i < 8; i++)
                n += x->frames[i][to];
        return n;
}

START_TEST(everybody_learns_of_it_and_passes_it_on_once) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_buf_ Buf line = {}, other = {};
        _cleanup_json_ Json *status = NULL;
        const Json *convicted;
        Line x;

        begin(&x, &p);
        evidence(&x, 2, 6, &line);
        evidence(&x, 2, 7, &other);
        say(p, line.p, line.n);
        for (unsigned i = 0; i < 3; i++) {
                _cleanup_buf_ Buf b = {};

                ck_assert_uint_eq(kept(&x, i, &b), 1);
                ck_assert_str_eq(b.p, line.p);
                ck_assert_uint_eq(world_count_log(x.t.w, x.t.peers[i], NODE_MSG_EVIDENCE), 1);
        }
        ck_assert_uint_eq(frames_to(&x, p->node), 0);           /* not back to who has it */
        ck_assert_uint_eq(frames_to(&x, x.t.peers[1]), 1);
        ck_assert_uint_eq(frames_to(&x, x.t.peers[2]), 1);
        ck_assert_int_eq(peer_status(world_peer(x.t.w, x.t.peers[2]), 0, &status), 0);
        ck_assert_int_eq(json_get_array(status, "convicted", 1, 1, &convicted, NULL), 0);

        /* The same once more, and more of the same authority: nothing happens. */
        say(p, line.p, line.n);
        say(p, other.p, other.n);
        ck_assert_uint_eq(frames_to(&x, x.t.peers[1]), 1);
        for (unsigned i = 0; i < 3; i++) {
                _cleanup_buf_ Buf b = {};

                ck_assert_uint_eq(kept(&x, i, &b), 1);
                ck_assert_str_eq(b.p, line.p);
        }
        ck_assert_uint_ne(p->link, 0);
        end(&x);
}
END_TEST

/* None of the four authorities is there. */
START_TEST(that_nothing_becomes_final_is_told_once) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        Line x;

        begin(&x, &p);
        for (unsigned i = 0; i < 3; i++)
                ck_assert_str_eq(peer_status_line(world_peer(x.t.w, x.t.peers[i])),
                        i < 2 ? "quorum, height 0 final, 2 links, only 0 of 4 authorities"
                              : "quorum, height 0 final, 1 link, only 0 of 4 authorities");
        world_run(x.t.w, 100 * SECOND);
        for (unsigned i = 0; i < 3; i++)
                ck_assert_uint_eq(world_count_log(x.t.w, x.t.peers[i], NODE_MSG_TOO_FEW), 1);
        end(&x);
}
END_TEST

START_TEST(who_was_away_learns_of_it_and_nobody_forgets) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_buf_ Buf line = {}, second = {};
        Line x;

        begin(&x, &p);
        evidence(&x, 2, 6, &line);
        evidence(&x, 3, 9, &second);
        say(p, line.p, line.n);
        say(p, second.p, second.n);
        world_start(x.t.w, x.t.peers[3]);
        world_run(x.t.w, 10 * SECOND);
        ck_assert_uint_eq(kept(&x, 3, NULL), 2);
        world_crash(x.t.w, x.t.peers[3]);
        world_cut(x.t.w, x.t.peers[0], x.t.peers[3], true);
        world_start(x.t.w, x.t.peers[3]);
        ck_assert_uint_eq(kept(&x, 3, NULL), 2);
        end(&x);
}
END_TEST

START_TEST(what_does_not_convict_is_a_fault) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_message_ Message m = {};
        _cleanup_buf_ Buf line = {};
        Line x;

        begin(&x, &p);
        x.q.network.b[0] ^= 1;      /* signed for another network */
        evidence(&x, 2, 6, &line);
        say(p, line.p, line.n);
        ck_assert(puppet_got(p, MESSAGE_ERROR, &m));
        ck_assert_int_eq(m.error.verdict, V_SIGNATURE);
        say(p, "{\"kind\":\"evidence\"}", 19);
        message_done(&m);
        ck_assert(puppet_got(p, MESSAGE_ERROR, &m));
        ck_assert_int_eq(m.error.verdict, V_FORM);
        for (unsigned i = 0; i < 3; i++)
                ck_assert_uint_eq(kept(&x, i, NULL), 0);
        ck_assert_uint_eq(frames_to(&x, x.t.peers[1]), 0);
        end(&x);
}
END_TEST

/* Nothing of it leaves before it is on disk. */
START_TEST(what_cannot_be_kept_is_not_passed_on) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_buf_ Buf line = {};
        Line x;

        begin(&x, &p);
        evidence(&x, 2, 6, &line);
        world_fail_commits(x.t.w, x.t.peers[0], -ENOSPC);
        say(p, line.p, line.n);
        ck_assert_uint_eq(frames_to(&x, x.t.peers[1]), 0);
        world_fail_commits(x.t.w, x.t.peers[0], 0);
        world_run(x.t.w, 30 * SECOND);
        say(p, line.p, line.n);
        ck_assert_uint_eq(kept(&x, 0, NULL), 1);
        ck_assert_uint_eq(kept(&x, 2, NULL), 1);
        end(&x);
}
END_TEST

/* More entries than fit any block, announced with a seal that has the form and signatures of another block. */
START_TEST(a_count_that_fits_no_block_is_a_fault) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        QuorumCertificate *cert;
        _cleanup_buf_ Buf lines = {};
        Id other = quorum_world_id(1);
        Header h;
        Line x;

        begin(&x, &p);
        h = quorum_world_header(&x.q, 1, NULL, world_now_sec(x.t.w));
        h.count = 83887;
        ck_assert_int_eq(header_set_id(&h), 0);
        cert = quorum_world_certificate(&x.q, QUORUM_ENDORSE, 1, &other, 0, x.q.c.q);
        cert->block = h.id;
        ck_assert_int_eq(header_format(&h, &lines), 0);
        buf_add_char(&lines, '\n');
        ck_assert_int_eq(quorum_certificate_format_seal(cert, &lines), 0);
        (void) quorum_certificate_unref(cert);
        puppet_message(p, &(Message) { .type = MESSAGE_NEW_BLOCK, .lines = lines.p, .n_lines_bytes = lines.n });
        world_run(x.t.w, 2 * SECOND);
        ck_assert_int_gt(penalty_of(&x.t, p), 0);
        end(&x);
}
END_TEST

TEST_MAIN("evidence", that_nothing_becomes_final_is_told_once, everybody_learns_of_it_and_passes_it_on_once, who_was_away_learns_of_it_and_nobody_forgets,
                what_does_not_convict_is_a_fault, what_cannot_be_kept_is_not_passed_on,
                a_count_that_fits_no_block_is_a_fault)

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>

#include "net/channel.h"
#include "voted/verdict.h"

#define FIRST_MAX 1000U
#define FRAME_MAX 100000U

typedef struct End {
        SecretKey *key;
        ChannelIdentity identity;
        Channel *channel;
        Buf out;
} End;

static void end_init(End *e, bool initiator, const Key *expected) {
        *e = (End) {};
        ck_assert_int_eq(secret_key_generate(&e->key), 0);
        channel_identity_make(&e->identity, e->key);
        ck_assert_int_eq(channel_new(&e->channel, initiator, &e->identity, expected, FIRST_MAX, FRAME_MAX), 0);
}

static void end_done(End *e) {
        (void) channel_free(e->channel);
        (void) secret_key_free(e->key);
        channel_identity_done(&e->identity);
        buf_done(&e->out);
}

/* What from wants to send goes to to, in pieces of that many bytes. */
static int carry(End *from, End *to, size_t piece, Why *why) {
        Buf wire = from->out;
        int r = 0;

        from->out = (Buf) {};
        for (size_t i = 0; i < wire.n && r == 0; i += piece)
                r = channel_feed(to->channel, wire.p + i, MIN(piece, wire.n - i), &to->out, why);
        buf_done(&wire);
        return r;
}

static void shake_hands(End *a, End *b, size_t piece) {
        Why why = {};

        ck_assert_int_eq(channel_feed(a->channel, NULL, 0, &a->out, &why), 0);
        for (unsigned i = 0; i < 4 && !(channel_is_up(a->channel) && channel_is_up(b->channel)); i++) {
                ck_assert_msg(carry(a, b, piece, &why) == 0, "%s", why.text);
                ck_assert_msg(carry(b, a, piece, &why) == 0, "%s", why.text);
        }
        ck_assert(channel_is_up(a->channel) && channel_is_up(b->channel));
}

static void pair(End *a, End *b) {
        end_init(a, true, NULL);
        end_init(b, false, NULL);
        shake_hands(a, b, 65536);
}

static void send_text(End *e, const char *text) {
        ck_assert_int_eq(channel_seal_frame(e->channel, text, strlen(text), &e->out), 0);
}

static void check_text(End *e, const char *text) {
        const char *p;
        size_t n;

        ck_assert(channel_next(e->channel, &p, &n));
        ck_assert_uint_eq(n, strlen(text));
        ck_assert_mem_eq(p, text, n);
}

START_TEST(both_sides_prove_who_they_are) {
        for (size_t piece = 1; piece < 300; piece += 7) {
                End a, b;

                end_init(&a, true, NULL);
                end_init(&b, false, NULL);
                shake_hands(&a, &b, piece);
                ck_assert(key_equal(channel_remote(a.channel), secret_key_public(b.key)));
                ck_assert(key_equal(channel_remote(b.channel), secret_key_public(a.key)));
                end_done(&a);
                end_done(&b);
        }
}
END_TEST

START_TEST(the_expected_identity_is_accepted_and_another_is_not) {
        End a, b, c;
        Why why = {};

        end_init(&b, false, NULL);
        end_init(&a, true, secret_key_public(b.key));
        shake_hands(&a, &b, 100);
        end_done(&a);
        end_done(&b);

        end_init(&c, true, NULL);
        end_init(&b, false, NULL);
        end_init(&a, true, secret_key_public(c.key));
        ck_assert_int_eq(channel_feed(a.channel, NULL, 0, &a.out, &why), 0);
        ck_assert_int_eq(carry(&a, &b, 100, &why), 0);
        ck_assert_int_eq(carry(&b, &a, 1000, &why), V_DENIED);
        ck_assert_ptr_nonnull(strstr(why.text, "expected"));
        ck_assert_uint_eq(a.out.n, 0);          /* who we are is not told to whom we did not mean */
        ck_assert(!channel_is_up(a.channel));
        end_done(&a);
        end_done(&b);
        end_done(&c);
}
END_TEST

/* A far side that goes by the rules of Noise, but not by ours. */
static int against(const char *prologue, const uint8_t payload[static 96], size_t n_payload, Why *why) {
        _cleanup_(noise_freep) Noise *noise = NULL;
        _cleanup_buf_ Buf message = {}, reply = {}, ignored = {};
        uint8_t length[2];
        NoiseKeys keys;
        End e;
        int r;

        end_init(&e, false, NULL);
        noise_keys_generate(&keys);
        ck_assert_int_eq(noise_new(&noise, true, &keys, NULL, prologue, strlen(prologue)), 0);
        ck_assert_int_eq(noise_write_handshake(noise, NULL, 0, &message), 0);
        length[0] = 0;
        length[1] = (uint8_t) message.n;
        ck_assert_int_eq(channel_feed(e.channel, length, 2, &reply, why), 0);
        r = channel_feed(e.channel, message.p, message.n, &reply, why);
        if (r == 0 && noise_read_handshake(noise, reply.p + 2, reply.n - 2, &ignored) == 0) {
                buf_reset(&message);
                buf_add_char(&message, 0);
                buf_add_char(&message, 0);
                ck_assert_int_eq(noise_write_handshake(noise, payload, n_payload, &message), 0);
                message.p[0] = (char) ((message.n - 2) >> 8);
                message.p[1] = (char) (message.n - 2);
                r = channel_feed(e.channel, message.p, message.n, &reply, why);
        } else
                r = -EPROTO;            /* it understands us no more than we understand it */
        ck_assert(!channel_is_up(e.channel));
        end_done(&e);
        return r;
}

START_TEST(a_proof_that_proves_nothing_is_refused) {
        uint8_t payload[96] = {};
        ChannelIdentity other;
        SecretKey *key;
        Why why = {};

        ck_assert_int_eq(secret_key_generate(&key), 0);
        channel_identity_make(&other, key);
        /* a true proof, but of another Noise key: stolen from a link */
        ck_assert_int_eq(against("voted 1", other.payload, 96, &why), V_SIGNATURE);
        /* a key that is none: the identity */
        payload[0] = 1;
        ck_assert_int_eq(against("voted 1", payload, 96, &why), V_KEY);
        ck_assert_int_eq(against("voted 1", other.payload, 95, &why), V_PROTOCOL);
        ck_assert_int_eq(against("voted 1", other.payload, 0, &why), V_PROTOCOL);
        (void) secret_key_free(key);
        channel_identity_done(&other);
}
END_TEST

START_TEST(another_prologue_does_not_come_through) {
        uint8_t payload[96] = {};
        Why why = {};

        ck_assert_int_eq(against("voted 2", payload, 96, &why), -EPROTO);
        ck_assert_int_eq(against("", payload, 96, &why), -EPROTO);
}
END_TEST

START_TEST(what_is_no_handshake_is_refused_at_once) {
        static const struct { const char *bytes; size_t n; } cases[] = {
                { "GET / HTTP/1.1\r\n\r\n", 18 },
                { "SSH-2.0-OpenSSH_9.2\r\n", 21 },
                { "\x16\x03\x01\x02\x00\x01", 6 },
                { "\0\0\0\0", 4 },
                { "\0\x1f" "0123456789012345678901234567890", 33 },
                { "\0\x20" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 34 },  /* a point of small order */
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                for (size_t piece = 1; piece <= cases[i].n; piece++) {
                        Why why = {};
                        End e;
                        int r = 0;

                        end_init(&e, false, NULL);
                        for (size_t k = 0; k < cases[i].n && r == 0; k += piece)
                                r = channel_feed(e.channel, cases[i].bytes + k, MIN(piece, cases[i].n - k), &e.out, &why);
                        ck_assert_msg(r == V_PROTOCOL, "case %zu, piece %zu: %d %s", i, piece, r, why.text);
                        end_done(&e);
                }
}
END_TEST

/* Every byte of the handshake is altered in turn. */
START_TEST(an_altered_handshake_fails) {
        for (unsigned message = 0; message < 3; message++)
                for (size_t at = 0; at < 1000; at++) {
                        Why why = {};
                        End ends[2];
                        size_t n = 0;
                        int r;

                        end_init(ends, true, NULL);
                        end_init(ends + 1, false, NULL);
                        r = channel_feed(ends[0].channel, NULL, 0, &ends[0].out, &why);
                        for (unsigned i = 0; i < 3 && r == 0; i++) {
                                End *from = ends + i % 2, *to = ends + (i + 1) % 2;

                                n = from->out.n;
                                if (i == message && at < n)
                                        from->out.p[at] = (char) (from->out.p[at] ^ 0x40);
                                r = carry(from, to, 65536, &why);
                                if (i == message && at >= n)
                                        i = 3;
                        }
                        ck_assert(at >= n || !channel_is_up(ends[1].channel));
                        if (at < n && at >= 2)          /* with another length one may wait for what never comes */
                                ck_assert_int_gt(r, 0);
                        end_done(ends);
                        end_done(ends + 1);
                        if (at >= n)
                                break;
                }
}
END_TEST

START_TEST(frames_arrive_whole_in_order_however_the_wire_cuts_them) {
        static const size_t pieces[] = { 1, 2, 3, 17, 100, 65536 };

        for (size_t i = 0; i < ELEMENTSOF(pieces); i++) {
                const char *p;
                End a, b;
                Why why = {};
                size_t n;

                pair(&a, &b);
                send_text(&a, "hello");
                send_text(&a, "x");
                send_text(&a, "the third");
                ck_assert_int_eq(carry(&a, &b, pieces[i], &why), 0);
                check_text(&b, "hello");
                ck_assert(channel_pending(b.channel));
                check_text(&b, "x");
                check_text(&b, "the third");
                ck_assert(!channel_pending(b.channel));
                ck_assert(!channel_next(b.channel, &p, &n));
                ck_assert_uint_eq(channel_held(b.channel), 0);

                send_text(&b, "answer");
                ck_assert_int_eq(carry(&b, &a, pieces[i], &why), 0);
                check_text(&a, "answer");
                end_done(&a);
                end_done(&b);
        }
}
END_TEST

START_TEST(several_frames_fit_into_one_message_and_one_frame_into_several) {
        char large[FRAME_MAX], wire[200] = "\0\0\0\2ab\0\0\0\3cde\0\0";
        const char *p;
        End a, b;
        Why why = {};
        size_t n;

        pair(&a, &b);
        ck_assert_int_eq(channel_seal(a.channel, wire, 15, &a.out), 0);
        ck_assert_int_eq(channel_seal(a.channel, "\0\1f", 3, &a.out), 0);
        ck_assert_int_eq(carry(&a, &b, 65536, &why), 0);
        check_text(&b, "ab");
        check_text(&b, "cde");
        check_text(&b, "f");

        for (size_t i = 0; i < sizeof(large); i++)
                large[i] = (char) (i * 7);
        ck_assert_int_eq(channel_seal_frame(a.channel, large, sizeof(large), &a.out), 0);
        ck_assert_int_eq(carry(&a, &b, 1000, &why), 0);
        ck_assert(channel_next(b.channel, &p, &n));
        ck_assert_uint_eq(n, sizeof(large));
        ck_assert_mem_eq(p, large, n);
        ck_assert(!channel_next(b.channel, &p, &n));
        ck_assert_uint_eq(channel_held(b.channel), 0);
        end_done(&a);
        end_done(&b);
}
END_TEST

START_TEST(a_frame_over_the_limit_is_refused_by_its_length_alone) {
        Why why = {};
        End a, b;

        pair(&a, &b);
        ck_assert_int_eq(channel_seal(a.channel, "\xff\xff\xff\xff", 4, &a.out), 0);
        ck_assert_int_eq(carry(&a, &b, 65536, &why), V_SIZE);
        ck_assert_ptr_nonnull(strstr(why.text, "1000"));
        end_done(&a);
        end_done(&b);

        pair(&a, &b);
        ck_assert_int_eq(channel_seal(a.channel, "\0\0\0\0", 4, &a.out), 0);
        ck_assert_int_eq(carry(&a, &b, 65536, &why), V_FORM);
        end_done(&a);
        end_done(&b);
}
END_TEST

START_TEST(the_first_frame_has_a_limit_of_its_own) {
        char bytes[FIRST_MAX + 1];
        Why why = {};
        End a, b;

        memset(bytes, 'x', sizeof(bytes));
        pair(&a, &b);
        ck_assert_int_eq(channel_seal_frame(a.channel, bytes, FIRST_MAX + 1, &a.out), 0);
        ck_assert_int_eq(carry(&a, &b, 65536, &why), V_SIZE);
        end_done(&a);
        end_done(&b);

        pair(&a, &b);
        ck_assert_int_eq(channel_seal_frame(a.channel, bytes, FIRST_MAX, &a.out), 0);
        ck_assert_int_eq(channel_seal_frame(a.channel, bytes, FIRST_MAX + 1, &a.out), 0);
        ck_assert_int_eq(carry(&a, &b, 65536, &why), 0);
        ck_assert(channel_next(b.channel, &(const char *) { NULL }, &(size_t) { 0 }));
        ck_assert(channel_next(b.channel, &(const char *) { NULL }, &(size_t) { 0 }));
        end_done(&a);
        end_done(&b);
}
END_TEST

START_TEST(a_second_frame_that_is_too_large_is_not_given_out) {
        char bytes[10] = {};
        const char *p;
        Why why = {};
        End a, b;
        size_t n;

        pair(&a, &b);
        send_text(&a, "first");
        ck_assert_int_eq(channel_seal(a.channel, "\0\xff\0\0", 4, &a.out), 0);
        ck_assert_int_eq(carry(&a, &b, 65536, &why), 0);
        check_text(&b, "first");
        ck_assert(!channel_next(b.channel, &p, &n));
        ck_assert_int_eq(channel_seal(a.channel, bytes, sizeof(bytes), &a.out), 0);
        ck_assert_int_eq(carry(&a, &b, 65536, &why), V_SIZE);
        end_done(&a);
        end_done(&b);
}
END_TEST

START_TEST(what_is_altered_repeated_or_out_of_order_does_not_decrypt) {
        for (unsigned kind = 0; kind < 4; kind++) {
                _cleanup_buf_ Buf first = {}, second = {};
                Why why = {};
                End a, b;
                int r;

                pair(&a, &b);
                send_text(&a, "first");
                first = a.out;
                a.out = (Buf) {};
                send_text(&a, "second");
                second = a.out;
                a.out = (Buf) {};
                if (kind == 0)
                        first.p[5] = (char) (first.p[5] ^ 1);
                r = channel_feed(b.channel, kind == 1 ? second.p : first.p, kind == 1 ? second.n : first.n, &b.out, &why);
                if (kind == 2) {
                        ck_assert_int_eq(r, 0);
                        r = channel_feed(b.channel, first.p, first.n, &b.out, &why);
                }
                if (kind == 3) {        /* a message that is nothing but its tag */
                        ck_assert_int_eq(r, 0);
                        r = channel_feed(b.channel, "\0\x10" "0123456789abcdef", 18, &b.out, &why);
                }
                ck_assert_int_eq(r, V_PROTOCOL);
                end_done(&a);
                end_done(&b);
        }
}
END_TEST

START_TEST(memory_grows_with_what_came_and_not_with_what_was_announced) {
        char some[100] = "\0\1\x86\xa0";        /* a frame of 100000 bytes begins */
        Why why = {};
        End a, b;

        pair(&a, &b);
        send_text(&a, "hello");
        ck_assert_int_eq(channel_seal(a.channel, some, sizeof(some), &a.out), 0);
        ck_assert_int_eq(carry(&a, &b, 65536, &why), 0);
        check_text(&b, "hello");
        ck_assert(!channel_next(b.channel, &(const char *) { NULL }, &(size_t) { 0 }));
        ck_assert_uint_le(channel_held(b.channel), 1024);
        channel_drop_input(b.channel);
        ck_assert_uint_eq(channel_held(b.channel), 0);
        end_done(&a);
        end_done(&b);
}
END_TEST

int main(void) {
        Suite *s = suite_create("channel");
        TCase *c = tcase_create("channel");
        SRunner *r;
        int failed;

        if (crypto_init(NULL) < 0)
                return EXIT_FAILURE;

        suite_add_tcase(s, c);
        tcase_set_timeout(c, 30);
        tcase_add_test(c, both_sides_prove_who_they_are);
        tcase_add_test(c, the_expected_identity_is_accepted_and_another_is_not);
        tcase_add_test(c, a_proof_that_proves_nothing_is_refused);
        tcase_add_test(c, another_prologue_does_not_come_through);
        tcase_add_test(c, what_is_no_handshake_is_refused_at_once);
        tcase_add_test(c, an_altered_handshake_fails);
        tcase_add_test(c, frames_arrive_whole_in_order_however_the_wire_cuts_them);
        tcase_add_test(c, several_frames_fit_into_one_message_and_one_frame_into_several);
        tcase_add_test(c, a_frame_over_the_limit_is_refused_by_its_length_alone);
        tcase_add_test(c, the_first_frame_has_a_limit_of_its_own);
        tcase_add_test(c, a_second_frame_that_is_too_large_is_not_given_out);
        tcase_add_test(c, what_is_altered_repeated_or_out_of_order_does_not_decrypt);
        tcase_add_test(c, memory_grows_with_what_came_and_not_with_what_was_announced);

        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

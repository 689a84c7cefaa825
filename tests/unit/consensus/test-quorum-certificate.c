/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/line.h"
#include "consensus/quorum-certificate.h"
#include "quorum-world.h"
#include "run.h"

#define WORLD(w, n) \
        _cleanup_(quorum_world_done) QuorumWorld w; \
        quorum_world_init(&w, n)

/* Reads the line of cert; then the number of its signatures that are valid. */
static int read_back(const QuorumWorld *w, const QuorumCertificate *cert, unsigned *ret_valid, Why *why) {
        _cleanup_certificate_ QuorumCertificate *back = NULL;
        _cleanup_buf_ Buf line = {}, again = {};
        _cleanup_json_ Json *o = NULL;
        SigCheck checks[AUTHORITIES_MAX] = {};
        size_t n = 0;
        int r;

        *ret_valid = 0;
        ck_assert_int_eq(quorum_certificate_format(cert, &line), 0);
        ck_assert_uint_le(line.n, CERTIFICATE_BYTES_MAX);
        ck_assert_int_eq(line_parse(&o, line.p, line.n, CERTIFICATE_BYTES_MAX, why), 0);       /* canonical */
        r = quorum_certificate_read(&back, &w->c, o, why);
        if (r != 0)
                return r;

        ck_assert(quorum_certificate_same(back, cert));
        ck_assert_int_eq(quorum_certificate_format(back, &again), 0);
        ck_assert_str_eq(again.p, line.p);
        ck_assert_int_eq(quorum_certificate_checks(back, &w->c, &w->network, checks, AUTHORITIES_MAX, &n), 0);
        ck_assert_uint_eq(n, cert->n);
        for (size_t i = 0; i < n; i++) {
                sig_check_run(&checks[i]);
                *ret_valid += checks[i].valid;
                sig_check_done(&checks[i]);
        }
        return 0;
}

START_TEST(good_certificates_are_read_as_they_were_written) {
        static const QuorumKind kinds[] = { QUORUM_ENDORSE, QUORUM_FINALIZE, QUORUM_SKIP };
        static const unsigned sizes[] = { 1, 4, 7, 100 };
        Id block = quorum_world_id(5);

        for (size_t s = 0; s < ELEMENTSOF(sizes); s++)
                for (size_t k = 0; k < ELEMENTSOF(kinds); k++) {
                        WORLD(w, sizes[s]);
                        _cleanup_certificate_ QuorumCertificate *cert = quorum_world_certificate(&w, kinds[k], 9,
                                        kinds[k] == QUORUM_SKIP ? NULL : &block, 0, k == 0 ? w.c.n : w.c.q);
                        unsigned valid;
                        Why why = {};

                        assert_verdict(read_back(&w, cert, &valid, &why), 0, why);
                        ck_assert_uint_eq(valid, cert->n);
                }
}
END_TEST

START_TEST(signature_too_few_is_refused) {
        WORLD(w, 7);
        Id block = quorum_world_id(5);
        _cleanup_certificate_ QuorumCertificate *cert = quorum_world_certificate(&w, QUORUM_ENDORSE, 9, &block, 0, 4);
        unsigned valid;
        Why why = {};

        assert_verdict(read_back(&w, cert, &valid, &why), V_SEAL, why);
}
END_TEST

START_TEST(signer_twice_is_refused) {
        WORLD(w, 4);
        Id block = quorum_world_id(5);
        _cleanup_certificate_ QuorumCertificate *cert = quorum_world_certificate(&w, QUORUM_FINALIZE, 9, &block, 0, 3);
        unsigned valid;
        Why why = {};

        cert->signatures[2] = cert->signatures[1];
        assert_verdict(read_back(&w, cert, &valid, &why), V_SEAL, why);
}
END_TEST

START_TEST(signers_out_of_order_are_refused) {
        WORLD(w, 4);
        _cleanup_certificate_ QuorumCertificate *cert = quorum_world_certificate(&w, QUORUM_SKIP, 9, NULL, 0, 3);
        struct QuorumSigned s = cert->signatures[0];
        unsigned valid;
        Why why = {};

        cert->signatures[0] = cert->signatures[1];
        cert->signatures[1] = s;
        assert_verdict(read_back(&w, cert, &valid, &why), V_SEAL, why);
}
END_TEST

START_TEST(number_of_no_authority_is_refused) {
        WORLD(w, 4);
        _cleanup_certificate_ QuorumCertificate *cert = quorum_world_certificate(&w, QUORUM_SKIP, 9, NULL, 1, 3);
        unsigned valid;
        Why why = {};

        cert->signatures[2].number = 4;
        assert_verdict(read_back(&w, cert, &valid, &why), V_SEAL, why);
}
END_TEST

START_TEST(signature_under_another_number_does_not_verify) {
        WORLD(w, 4);
        _cleanup_certificate_ QuorumCertificate *cert = quorum_world_certificate(&w, QUORUM_SKIP, 9, NULL, 0, 3);
        unsigned valid;
        Why why = {};

        cert->signatures[2].number = 3;
        assert_verdict(read_back(&w, cert, &valid, &why), 0, why);
        ck_assert_uint_eq(valid, 2);
}
END_TEST

START_TEST(signatures_of_another_view_block_kind_or_network_do_not_verify) {
        WORLD(w, 4);
        WORLD(other, 4);
        Id block = quorum_world_id(5), block2 = quorum_world_id(6);

        other.network = quorum_world_id(77);
        for (int i = 0; i < 4; i++) {
                _cleanup_certificate_ QuorumCertificate *cert = quorum_world_certificate(i == 3 ? &other : &w, QUORUM_ENDORSE, 9, &block,
                                0, 3);
                unsigned valid;
                Why why = {};

                if (i == 0)
                        cert->view = 10;
                if (i == 1)
                        cert->block = block2;
                if (i == 2)
                        cert->of = QUORUM_FINALIZE;
                assert_verdict(read_back(&w, cert, &valid, &why), 0, why);
                ck_assert_uint_eq(valid, 0);
        }
}
END_TEST

static int read_text(const QuorumWorld *w, const char *text, Why *why) {
        _cleanup_certificate_ QuorumCertificate *cert = NULL;
        _cleanup_json_ Json *o = NULL;

        ck_assert_int_eq(line_parse(&o, text, strlen(text), CERTIFICATE_BYTES_MAX, why), 0);
        return quorum_certificate_read(&cert, &w->c, o, why);
}

#define BLOCK "\"block\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\","
#define SIG "[0,\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"]"

START_TEST(certificate_of_another_form_is_refused) {
        static const char *const bad[] = {
                "{" BLOCK "\"kind\":\"certificate\",\"of\":\"propose\",\"signatures\":[" SIG "],\"view\":1}",
                "{" BLOCK "\"kind\":\"certificate\",\"of\":\"skip\",\"signatures\":[" SIG "],\"view\":1}",
                "{\"kind\":\"certificate\",\"of\":\"endorse\",\"signatures\":[" SIG "],\"view\":1}",
                "{" BLOCK "\"kind\":\"certificat\",\"of\":\"endorse\",\"signatures\":[" SIG "],\"view\":1}",
                "{" BLOCK "\"kind\":\"certificate\",\"of\":\"endorse\",\"signatures\":[" SIG "],\"view\":0}",
                "{" BLOCK "\"kind\":\"certificate\",\"more\":1,\"of\":\"endorse\",\"signatures\":[" SIG "],\"view\":1}",
                "{" BLOCK "\"kind\":\"certificate\",\"of\":\"endorse\",\"signatures\":[[0]],\"view\":1}",
                "{" BLOCK "\"kind\":\"certificate\",\"of\":\"endorse\",\"signatures\":[[0,\"AA\"]],\"view\":1}",
                "{" BLOCK "\"kind\":\"certificate\",\"of\":\"endorse\",\"signatures\":[[-1,\"AA\"]],\"view\":1}",
                "{" BLOCK "\"kind\":\"certificate\",\"of\":\"endorse\",\"view\":1}",
                "{" BLOCK "\"kind\":\"certificate\",\"signatures\":[" SIG "],\"view\":1}",
        };
        WORLD(w, 1);
        Why why = {};

        assert_verdict(read_text(&w, "{" BLOCK "\"kind\":\"certificate\",\"of\":\"endorse\",\"signatures\":[" SIG "],\"view\":1}", &why), 0, why);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_verdict(read_text(&w, bad[i], &why), V_FORM, why);
}
END_TEST

/* --- seals --- */

static int judge(const QuorumWorld *w, const Header *h, const QuorumCertificate *cert, unsigned *ret_valid, Why *why) {
        SigCheck checks[ENGINE_SIGNATURES_MAX] = {};
        _cleanup_buf_ Buf seal = {};
        size_t n = 0;
        int r;

        ck_assert_int_eq(quorum_certificate_format_seal(cert, &seal), 0);
        r = quorum_seal_judge(&w->c, &w->network, h, seal.p, seal.n, checks, ENGINE_SIGNATURES_MAX, &n, NULL, why);
        if (r != 0)
                ck_assert_uint_eq(n, 0);
        *ret_valid = 0;
        for (size_t i = 0; i < n; i++) {
                sig_check_run(&checks[i]);
                *ret_valid += checks[i].valid;
                sig_check_done(&checks[i]);
        }
        return r;
}

START_TEST(block_is_sealed_by_either_certificate) {
        WORLD(w, 4);
        Header h = quorum_world_header(&w, 3, NULL, QUORUM_CREATED);

        for (int i = 0; i < 2; i++) {
                _cleanup_certificate_ QuorumCertificate *cert = quorum_world_certificate(&w, i == 0 ? QUORUM_ENDORSE : QUORUM_FINALIZE,
                                3, &h.id, 1, 3);
                unsigned valid;
                Why why = {};

                assert_verdict(judge(&w, &h, cert, &valid, &why), 0, why);
                ck_assert_uint_eq(valid, 3);
        }
}
END_TEST

START_TEST(seal_that_is_not_of_this_block_is_refused) {
        WORLD(w, 4);
        Header h = quorum_world_header(&w, 3, NULL, QUORUM_CREATED), other = quorum_world_header(&w, 3, NULL, QUORUM_CREATED + 1);
        unsigned valid;
        Why why = {};

        {
                _cleanup_certificate_ QuorumCertificate *cert = quorum_world_certificate(&w, QUORUM_ENDORSE, 3, &other.id, 0, 3);

                assert_verdict(judge(&w, &h, cert, &valid, &why), V_SEAL, why);
        }
        {       /* of another view */
                _cleanup_certificate_ QuorumCertificate *cert = quorum_world_certificate(&w, QUORUM_ENDORSE, 7, &h.id, 0, 3);

                assert_verdict(judge(&w, &h, cert, &valid, &why), V_SEAL, why);
        }
        {
                _cleanup_certificate_ QuorumCertificate *cert = quorum_world_certificate(&w, QUORUM_SKIP, 3, NULL, 0, 3);

                assert_verdict(judge(&w, &h, cert, &valid, &why), V_SEAL, why);
        }
        {
                _cleanup_certificate_ QuorumCertificate *cert = quorum_world_certificate(&w, QUORUM_ENDORSE, 3, &h.id, 0, 2);

                assert_verdict(judge(&w, &h, cert, &valid, &why), V_SEAL, why);
        }
        {       /* at another height: the id is another, so no signature stands for it */
                _cleanup_certificate_ QuorumCertificate *cert = quorum_world_certificate(&w, QUORUM_ENDORSE, 3, &h.id, 0, 3);

                h.height++;
                ck_assert_int_eq(header_set_id(&h), 0);
                assert_verdict(judge(&w, &h, cert, &valid, &why), V_SEAL, why);
                cert->block = h.id;
                assert_verdict(judge(&w, &h, cert, &valid, &why), 0, why);
                ck_assert_uint_eq(valid, 0);
        }
}
END_TEST

START_TEST(block_of_another_leader_or_network_is_refused) {
        WORLD(w, 4);
        Header h = quorum_world_header(&w, 3, NULL, QUORUM_CREATED);
        unsigned valid;
        Why why = {};

        h.sealer = w.c.authorities[0];
        ck_assert_int_eq(header_set_id(&h), 0);
        {
                _cleanup_certificate_ QuorumCertificate *cert = quorum_world_certificate(&w, QUORUM_ENDORSE, 3, &h.id, 0, 3);

                assert_verdict(judge(&w, &h, cert, &valid, &why), V_SEAL, why);
        }
        h = quorum_world_header(&w, 3, NULL, QUORUM_CREATED);
        h.network = quorum_world_id(77);
        ck_assert_int_eq(header_set_id(&h), 0);
        {
                _cleanup_certificate_ QuorumCertificate *cert = quorum_world_certificate(&w, QUORUM_ENDORSE, 3, &h.id, 0, 3);

                assert_verdict(judge(&w, &h, cert, &valid, &why), V_BLOCK, why);
        }
}
END_TEST

START_TEST(seal_of_another_form_is_refused) {
        static const char *const bad[] = {
                "{\"kind\":\"seal\"}",
                "{\"certificate\":{},\"kind\":\"seal\"}",
                "{\"certificate\":1,\"kind\":\"seal\"}",
                "{\"block\":1,\"certificate\":{},\"kind\":\"seal\"}",
                "{\"certificate\":{" BLOCK "\"kind\":\"certificate\",\"of\":\"endorse\",\"signatures\":[" SIG "],\"view\":1},\"kind\":\"seel\"}",
                "{ }",
                "",
        };
        WORLD(w, 1);
        Header h = quorum_world_header(&w, 1, NULL, QUORUM_CREATED);

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                SigCheck checks[4] = {};
                size_t n;
                Why why = {};

                assert_verdict(quorum_seal_judge(&w.c, &w.network, &h, bad[i], strlen(bad[i]), checks, 4, &n, NULL, &why), V_FORM, why);
        }
}
END_TEST

START_TEST(header_follows_its_parent) {
        WORLD(w, 4);
        Header a = quorum_world_header(&w, 3, NULL, QUORUM_CREATED), b = quorum_world_header(&w, 5, &a, QUORUM_CREATED), x;
        Why why = {};

        assert_verdict(quorum_header_follows(&b, &a, &why), 0, why);
        x = b;
        x.height = 1;
        assert_verdict(quorum_header_follows(&x, &a, &why), V_BLOCK, why);
        x = b;
        x.time = QUORUM_CREATED - 1;
        assert_verdict(quorum_header_follows(&x, &a, &why), V_BLOCK, why);
        x = b;
        x.value = 3;
        assert_verdict(quorum_header_follows(&x, &a, &why), V_BLOCK, why);
        x = b;
        x.parent = w.network;
        assert_verdict(quorum_header_follows(&x, &a, &why), V_BLOCK, why);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, good_certificates_are_read_as_they_were_written);
        tcase_add_test(t, signature_too_few_is_refused);
        tcase_add_test(t, signer_twice_is_refused);
        tcase_add_test(t, signers_out_of_order_are_refused);
        tcase_add_test(t, number_of_no_authority_is_refused);
        tcase_add_test(t, signature_under_another_number_does_not_verify);
        tcase_add_test(t, signatures_of_another_view_block_kind_or_network_do_not_verify);
        tcase_add_test(t, certificate_of_another_form_is_refused);
        tcase_add_test(t, block_is_sealed_by_either_certificate);
        tcase_add_test(t, seal_that_is_not_of_this_block_is_refused);
        tcase_add_test(t, block_of_another_leader_or_network_is_refused);
        tcase_add_test(t, seal_of_another_form_is_refused);
        tcase_add_test(t, header_follows_its_parent);
}

int main(void) {
        return run_suite("quorum-certificate", add);
}

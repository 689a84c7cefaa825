/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>
#include <stdio.h>

#include "base/file.h"
#include "codec/line.h"
#include "proto/message-table.h"
#include "voted/limits.h"

#define ID_A "0101010101010101010101010101010101010101010101010101010101010101"
#define ID_B "0202020202020202020202020202020202020202020202020202020202020202"
#define LINE "{\"kind\":\"vote\"}"
#define ALL (MESSAGE_FROM_TRACKER | MESSAGE_FROM_REGISTRANT | MESSAGE_FROM_STRANGER | MESSAGE_FROM_PEER | MESSAGE_FROM_CLIENT)
#define BOTH (MESSAGE_FROM_PEER | MESSAGE_FROM_CLIENT)

/* Each message, in each of its forms, as it stands on the wire, and who may send it. */
static const struct Sample {
        MessageType type;
        unsigned senders;
        const char *frame;
} samples[] = {
        { MESSAGE_ERROR, ALL, "{\"code\":\"network\",\"text\":\"another network\",\"type\":\"error\"}" },
        { MESSAGE_ERROR, ALL, "{\"code\":\"full\",\"id\":7,\"text\":\"\",\"type\":\"error\"}" },
        { MESSAGE_REGISTER, MESSAGE_FROM_REGISTRANT, "{\"id\":1,\"network\":\"" ID_A "\",\"port\":8001,\"type\":\"register\"}" },
        { MESSAGE_REGISTER, MESSAGE_FROM_REGISTRANT,
          "{\"host\":\"h1.example\",\"id\":1,\"network\":\"" ID_A "\",\"port\":8001,\"type\":\"register\"}" },
        { MESSAGE_REGISTERED, MESSAGE_FROM_TRACKER, "{\"id\":1,\"ttl\":30,\"type\":\"registered\",\"version\":0}" },
        { MESSAGE_HEARTBEAT, MESSAGE_FROM_REGISTRANT, "{\"id\":2,\"network\":\"" ID_A "\",\"type\":\"heartbeat\"}" },
        { MESSAGE_HEARTBEAT_REPLY, MESSAGE_FROM_TRACKER, "{\"id\":2,\"ttl\":30,\"type\":\"heartbeat\",\"version\":9}" },
        { MESSAGE_GET_PEERS, MESSAGE_FROM_REGISTRANT, "{\"id\":3,\"max\":50,\"network\":\"" ID_A "\",\"type\":\"get_peers\"}" },
        { MESSAGE_PEER_LIST, MESSAGE_FROM_TRACKER,
          "{\"id\":3,\"peers\":[{\"host\":\"::1\",\"key\":\"" ID_B "\",\"port\":1}],\"type\":\"peer_list\",\"version\":4}" },
        { MESSAGE_PEER_LIST, MESSAGE_FROM_TRACKER, "{\"id\":3,\"peers\":[],\"type\":\"peer_list\",\"version\":0}" },
        { MESSAGE_UNREGISTER, MESSAGE_FROM_REGISTRANT, "{\"id\":4,\"network\":\"" ID_A "\",\"type\":\"unregister\"}" },
        { MESSAGE_UNREGISTERED, MESSAGE_FROM_TRACKER, "{\"id\":4,\"type\":\"unregistered\"}" },
        { MESSAGE_PEER_LIST_UPDATE, MESSAGE_FROM_TRACKER,
          "{\"joined\":[{\"host\":\"10.0.0.1\",\"key\":\"" ID_B "\",\"port\":65535}],\"left\":[\"" ID_A
          "\"],\"since\":4,\"type\":\"peer_list_update\",\"version\":6}" },
        { MESSAGE_HELLO, MESSAGE_FROM_STRANGER,
          "{\"agent\":\"voted 1.0\",\"height\":12,\"network\":\"" ID_A "\",\"port\":0,\"tip\":\"" ID_B "\",\"type\":\"hello\",\"version\":1}" },
        { MESSAGE_NEW_VOTE, BOTH, "{\"type\":\"new_vote\"}\n" LINE "\n" LINE },
        { MESSAGE_NEW_VOTE_IDS, MESSAGE_FROM_PEER, "{\"ids\":[\"" ID_A "\",\"" ID_B "\"],\"type\":\"new_vote\"}" },
        { MESSAGE_GET_VOTES, BOTH, "{\"id\":5,\"ids\":[\"" ID_A "\"],\"type\":\"get_votes\"}" },
        { MESSAGE_GET_VOTES_POOL, BOTH, "{\"id\":5,\"pool\":true,\"type\":\"get_votes\"}" },
        { MESSAGE_VOTES_RESPONSE, MESSAGE_FROM_PEER, "{\"id\":5,\"type\":\"votes_response\"}\n" LINE },
        { MESSAGE_VOTES_RESPONSE, MESSAGE_FROM_PEER, "{\"id\":5,\"type\":\"votes_response\"}" },
        { MESSAGE_NEW_BLOCK, MESSAGE_FROM_PEER, "{\"type\":\"new_block\"}\n" LINE "\n" LINE },
        { MESSAGE_NEW_BLOCK_IDS, MESSAGE_FROM_PEER, "{\"ids\":[\"" ID_A "\"],\"type\":\"new_block\"}\n" LINE "\n" LINE },
        { MESSAGE_GET_BLOCKS, BOTH, "{\"from\":1,\"id\":6,\"max\":1024,\"type\":\"get_blocks\"}" },
        { MESSAGE_GET_BLOCKS_IDS, BOTH, "{\"id\":6,\"ids\":[\"" ID_A "\"],\"type\":\"get_blocks\"}" },
        { MESSAGE_BLOCKS_RESPONSE, MESSAGE_FROM_PEER, "{\"id\":6,\"type\":\"blocks_response\"}\n" LINE "\n" LINE "\n" LINE },
        { MESSAGE_GET_CHAIN_INFO, BOTH, "{\"id\":7,\"type\":\"get_chain_info\"}" },
        { MESSAGE_GET_CHAIN_INFO, BOTH, "{\"id\":7,\"locator\":[\"" ID_A "\"],\"type\":\"get_chain_info\"}" },
        { MESSAGE_CHAIN_INFO_RESPONSE, BOTH,
          "{\"final\":3,\"fork\":0,\"height\":9,\"id\":7,\"tip\":\"" ID_A "\",\"type\":\"chain_info_response\",\"work\":\"123\"}" },
        { MESSAGE_CHAIN_INFO_RESPONSE, BOTH, "{\"final\":3,\"height\":9,\"id\":7,\"tip\":\"" ID_A "\",\"type\":\"chain_info_response\"}" },
        { MESSAGE_GET_ELECTIONS, BOTH, "{\"after\":\"dpl-2027\",\"id\":8,\"max\":10,\"type\":\"get_elections\"}" },
        { MESSAGE_ELECTIONS, MESSAGE_FROM_PEER,
          "{\"elections\":[[\"dpl-2027\",\"" ID_A "\",\"open\",1,2]],\"id\":8,\"type\":\"elections\"}" },
        { MESSAGE_GET_RECEIPT_PLACE, BOTH, "{\"height\":1,\"id\":9,\"position\":0,\"type\":\"get_receipt\"}" },
        { MESSAGE_GET_RECEIPT_NAME, BOTH, "{\"id\":9,\"name\":\"dpl-2027\",\"type\":\"get_receipt\"}" },
        { MESSAGE_GET_RECEIPT_VOTE, BOTH, "{\"election\":\"" ID_A "\",\"id\":9,\"type\":\"get_receipt\",\"voter\":\"" ID_B "\"}" },
        { MESSAGE_RECEIPT, MESSAGE_FROM_PEER, "{\"id\":9,\"receipt\":{\"height\":1},\"type\":\"receipt\"}" },
        { MESSAGE_PROPOSE, MESSAGE_FROM_PEER | MESSAGE_OF_QUORUM, "{\"type\":\"propose\"}\n" LINE },
        { MESSAGE_ENDORSE, MESSAGE_FROM_PEER | MESSAGE_OF_QUORUM, "{\"type\":\"endorse\"}\n" LINE },
        { MESSAGE_FINALIZE, MESSAGE_FROM_PEER | MESSAGE_OF_QUORUM, "{\"type\":\"finalize\"}\n" LINE },
        { MESSAGE_SKIP, MESSAGE_FROM_PEER | MESSAGE_OF_QUORUM, "{\"type\":\"skip\"}\n" LINE },
        { MESSAGE_CERTIFICATE, MESSAGE_FROM_PEER | MESSAGE_OF_QUORUM, "{\"type\":\"certificate\"}\n" LINE },
        { MESSAGE_EVIDENCE, MESSAGE_FROM_PEER | MESSAGE_OF_QUORUM, "{\"type\":\"evidence\"}\n" LINE },
        { MESSAGE_GET_CERTIFICATES, MESSAGE_FROM_PEER | MESSAGE_OF_QUORUM,
          "{\"from\":1,\"id\":10,\"max\":64,\"type\":\"get_certificates\"}" },
        { MESSAGE_CERTIFICATES, MESSAGE_FROM_PEER | MESSAGE_OF_QUORUM, "{\"id\":10,\"type\":\"certificates\"}\n" LINE },
};

static int parse(const char *frame, unsigned senders, Why *why) {
        _cleanup_message_ Message m = {};

        return message_parse(&m, senders, frame, strlen(frame), why);
}

START_TEST(every_message_is_read_and_made_alike) {
        const struct Sample *s = samples + _i;
        _cleanup_message_ Message m = {};
        _cleanup_buf_ Buf frame = {};
        Why why = {};

        ck_assert_msg(message_parse(&m, s->senders, s->frame, strlen(s->frame), &why) == 0, "%s: %s", s->frame, why.text);
        ck_assert_int_eq(m.type, s->type);
        ck_assert_int_eq(message_frame(&frame, &m), 0);
        ck_assert_str_eq(frame.p, s->frame);
}
END_TEST

START_TEST(every_message_has_a_sample) {
        for (unsigned t = MESSAGE_NONE + 1; t < _MESSAGE_MAX; t++) {
                bool found = false;

                for (size_t i = 0; i < ELEMENTSOF(samples); i++)
                        found = found || samples[i].type == t;
                ck_assert_msg(found, "%s (row %u)", message_name((MessageType) t), t);
                ck_assert_ptr_nonnull(message_table[t].name);
        }
}
END_TEST

START_TEST(a_message_is_refused_from_who_may_not_send_it) {
        const struct Sample *s = samples + _i;
        Why why = {};

        for (unsigned sender = 1; sender <= MESSAGE_FROM_CLIENT; sender <<= 1) {
                unsigned senders = sender | (s->senders & MESSAGE_OF_QUORUM);

                if (s->type == MESSAGE_HEARTBEAT || s->type == MESSAGE_HEARTBEAT_REPLY)
                        continue;       /* one name both ways: judged by its form */
                ck_assert_msg(parse(s->frame, senders, &why) == (s->senders & sender ? 0 : V_PROTOCOL), "%s from %u: %s", s->frame,
                                sender, why.text);
        }
        if (s->senders & MESSAGE_OF_QUORUM)
                ck_assert_int_eq(parse(s->frame, s->senders & ~(unsigned) MESSAGE_OF_QUORUM, &why), V_PROTOCOL);
}
END_TEST

/* Every member is renamed in turn: it is missing then, and another is unknown. */
START_TEST(a_message_with_a_member_renamed_is_refused) {
        const struct Sample *s = samples + _i;
        const char *end = strchrnul(s->frame, '\n');
        unsigned members = 0;

        for (const char *p = s->frame; p + 1 < end; p++) {
                _cleanup_buf_ Buf frame = {};
                Why why = {};

                if (*p != '"' || p[1] != ':')
                        continue;
                buf_add(&frame, s->frame, (size_t) (p - s->frame));
                buf_add_char(&frame, '0');
                buf_add_text(&frame, p);
                members++;
                if (s->type == MESSAGE_RECEIPT && p - s->frame >= 6 && memcmp(p - 6, "height", 6) == 0)
                        continue;       /* the receipt's own members are judged by who reads it */
                ck_assert_msg(parse(frame.p, s->senders, &why) > 0, "%s", frame.p);
        }
        ck_assert_uint_ge(members, 1);
}
END_TEST

START_TEST(a_hello_of_another_version_is_judged_by_nothing_else) {
        Why why = {};

        ck_assert_int_eq(parse("{\"type\":\"hello\",\"version\":2,\"zeal\":true}", MESSAGE_FROM_STRANGER, &why), V_VERSION);
        ck_assert_ptr_nonnull(strstr(why.text, "version 2"));
        ck_assert_int_eq(parse("{\"type\":\"hello\",\"version\":\"1\"}", MESSAGE_FROM_STRANGER, &why), V_FORM);
}
END_TEST

START_TEST(what_is_out_of_bounds_is_refused) {
        static const struct { unsigned sender; const char *frame; int verdict; } cases[] = {
                { MESSAGE_FROM_REGISTRANT, "{\"id\":1,\"network\":\"" ID_A "\",\"port\":0,\"type\":\"register\"}", V_FORM },
                { MESSAGE_FROM_REGISTRANT, "{\"id\":1,\"network\":\"" ID_A "\",\"port\":65536,\"type\":\"register\"}", V_FORM },
                { MESSAGE_FROM_REGISTRANT, "{\"id\":-1,\"network\":\"" ID_A "\",\"port\":1,\"type\":\"register\"}", V_FORM },
                { MESSAGE_FROM_REGISTRANT, "{\"network\":\"" ID_A "\",\"port\":1,\"type\":\"register\"}", V_FORM },
                { MESSAGE_FROM_REGISTRANT, "{\"host\":\"a b\",\"id\":1,\"network\":\"" ID_A "\",\"port\":1,\"type\":\"register\"}", V_FORM },
                { MESSAGE_FROM_REGISTRANT, "{\"id\":1,\"max\":1001,\"network\":\"" ID_A "\",\"type\":\"get_peers\"}", V_FORM },
                { MESSAGE_FROM_PEER, "{\"ids\":[],\"type\":\"new_vote\"}", V_FORM },
                { MESSAGE_FROM_PEER, "{\"ids\":[\"" ID_A "\"],\"type\":\"new_vote\"}\n" LINE, V_FORM },
                { MESSAGE_FROM_PEER, "{\"type\":\"new_vote\"}", V_FORM },
                { MESSAGE_FROM_PEER, "{\"type\":\"new_vote\"}\n", V_FORM },
                { MESSAGE_FROM_PEER, "{\"type\":\"new_vote\"}\n" LINE "\n", V_FORM },
                { MESSAGE_FROM_PEER, "{\"type\":\"new_vote\"}\n\n" LINE, V_FORM },
                { MESSAGE_FROM_PEER, "{\"type\":\"new_block\"}\n" LINE, V_FORM },
                { MESSAGE_FROM_PEER, "{\"type\":\"new_block\"}\n" LINE "\n" LINE "\n" LINE, V_SIZE },
                { MESSAGE_FROM_PEER, "{\"id\":1,\"pool\":false,\"type\":\"get_votes\"}", V_FORM },
                { MESSAGE_FROM_PEER, "{\"id\":1,\"type\":\"get_votes\"}", V_FORM },
                { MESSAGE_FROM_PEER, "{\"id\":1,\"type\":\"get_receipt\"}", V_FORM },
                { MESSAGE_FROM_PEER, "{\"from\":1,\"id\":6,\"max\":1025,\"type\":\"get_blocks\"}", V_FORM },
                { MESSAGE_FROM_PEER, "{\"id\":8,\"max\":1001,\"type\":\"get_elections\"}", V_FORM },
                { MESSAGE_FROM_PEER, "{\"type\":\"dance\"}", V_PROTOCOL },
                { MESSAGE_FROM_PEER, "{\"type\":7}", V_FORM },
                { MESSAGE_FROM_PEER, "{}", V_FORM },
                { MESSAGE_FROM_PEER, "", V_FORM },
                { MESSAGE_FROM_PEER, "\n", V_FORM },
                { MESSAGE_FROM_PEER, "{\"type\":\"hello\" }", V_FORM },
                { MESSAGE_FROM_TRACKER, "{\"id\":1,\"ttl\":0,\"type\":\"registered\",\"version\":0}", V_FORM },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Why why = {};

                ck_assert_msg(parse(cases[i].frame, cases[i].sender, &why) == cases[i].verdict, "%s: %s", cases[i].frame, why.text);
                ck_assert_msg(why.text[0] != '\0', "%s", cases[i].frame);
        }
}
END_TEST

static void add_ids(Buf *b, size_t n) {
        buf_add_text(b, "{\"ids\":[");
        for (size_t i = 0; i < n; i++)
                buf_printf(b, "%s\"%064zx\"", i > 0 ? "," : "", i);
}

START_TEST(ids_are_taken_up_to_their_limit_and_not_beyond) {
        for (size_t more = 0; more < 2; more++) {
                _cleanup_buf_ Buf b = {};
                _cleanup_message_ Message m = {};
                Why why = {};
                int r;

                add_ids(&b, ANNOUNCE_IDS_MAX + more);
                buf_add_text(&b, "],\"type\":\"new_vote\"}");
                ck_assert_int_eq(buf_error(&b), 0);
                r = message_parse(&m, MESSAGE_FROM_PEER, b.p, b.n, &why);
                ck_assert_int_eq(r, more ? V_FORM : 0);
                if (!more) {
                        ck_assert_uint_eq(m.ids.n_ids, ANNOUNCE_IDS_MAX);
                        ck_assert_uint_eq(m.ids.ids[258].b[31], 2);
                        ck_assert_uint_eq(m.ids.ids[258].b[30], 1);
                }
        }
}
END_TEST

START_TEST(a_frame_of_nothing_but_newlines_costs_nothing) {
        _cleanup_buf_ Buf b = {};
        Why why = {};

        buf_add_text(&b, "{\"id\":5,\"type\":\"votes_response\"}\n");
        for (size_t i = 0; i < (1U << 20); i++)
                buf_add_char(&b, '\n');
        ck_assert_int_eq(buf_error(&b), 0);
        ck_assert_int_eq(parse(b.p, MESSAGE_FROM_PEER, &why), V_FORM);
}
END_TEST

START_TEST(too_many_lines_are_refused) {
        _cleanup_buf_ Buf b = {};
        Why why = {};

        buf_add_text(&b, "{\"id\":5,\"type\":\"votes_response\"}");
        for (size_t i = 0; i <= FRAME_LINES_MAX; i++)
                buf_add_text(&b, "\nx");
        ck_assert_int_eq(buf_error(&b), 0);
        ck_assert_int_eq(parse(b.p, MESSAGE_FROM_PEER, &why), V_SIZE);
}
END_TEST

START_TEST(a_message_line_that_is_too_long_is_refused_unread) {
        _cleanup_buf_ Buf b = {};
        Why why = {};

        for (size_t i = 0; i <= MESSAGE_LINE_BYTES_MAX; i++)
                buf_add_char(&b, '[');
        ck_assert_int_eq(buf_error(&b), 0);
        ck_assert_int_eq(parse(b.p, MESSAGE_FROM_STRANGER, &why), V_SIZE);
}
END_TEST

START_TEST(a_refused_request_still_tells_its_id) {
        const char *frame = "{\"id\":77,\"max\":0,\"network\":\"" ID_A "\",\"type\":\"get_peers\"}";
        Message m;
        Why why = {};

        ck_assert_int_eq(message_parse(&m, MESSAGE_FROM_REGISTRANT, frame, strlen(frame), &why), V_FORM);
        ck_assert(m.has_id);
        ck_assert_uint_eq(m.id, 77);
        ck_assert_int_eq(m.type, MESSAGE_GET_PEERS);
        ck_assert_ptr_null(m.json);
        message_done(&m);
}
END_TEST

START_TEST(an_error_can_say_anything_and_is_a_line_again) {
        _cleanup_message_ Message m = {};
        _cleanup_buf_ Buf frame = {};
        char text[2000];
        uint64_t id = 3;
        Why why = {};

        memset(text, 'x', sizeof(text));
        memcpy(text, "a\"b\\c\x01\xe2\x80\x8b\n", 10);
        text[sizeof(text) - 1] = '\0';
        ck_assert_int_eq(message_error(&frame, V_FLOOD, text, &id), 0);
        ck_assert_msg(message_parse(&m, MESSAGE_FROM_PEER, frame.p, frame.n, &why) == 0, "%s", why.text);
        ck_assert_int_eq(m.error.verdict, V_FLOOD);
        ck_assert_str_eq(m.error.code, "flood");
        ck_assert_uint_eq(strlen(m.error.text), ERROR_TEXT_BYTES_MAX);
        ck_assert_int_eq(memcmp(m.error.text, "a\"b\\c?????x", 11), 0);
        ck_assert_uint_eq(m.id, 3);
}
END_TEST

START_TEST(lines_are_added_without_a_newline_at_the_end) {
        _cleanup_message_ Message m = {};
        _cleanup_buf_ Buf frame = {};
        Message head = { .type = MESSAGE_BLOCKS_RESPONSE, .has_id = true, .id = 1 };
        Why why = {};

        ck_assert_int_eq(message_frame(&frame, &head), 0);
        message_add_lines(&frame, "one\ntwo\n", 8);
        message_add_lines(&frame, "three", 5);
        ck_assert_int_eq(message_parse(&m, MESSAGE_FROM_PEER, frame.p, frame.n, &why), 0);
        ck_assert_uint_eq(m.n_lines, 3);
        ck_assert_uint_eq(m.n_lines_bytes, strlen("one\ntwo\nthree"));
        ck_assert_int_eq(memcmp(m.lines, "one\ntwo\nthree", m.n_lines_bytes), 0);
}
END_TEST

/* A page that a stranger writes a client by leaves nothing out. */
START_TEST(the_manual_has_every_message_with_its_members) {
        const char *top = getenv("abs_top_srcdir");
        _cleanup_free_ char *path = path_join(top ? top : ".", "man/voted-protocol.7.in");
        _cleanup_buf_ Buf page = {};

        ck_assert_msg(read_file(path, 1U << 20, &page) == 0, "%s (set $abs_top_srcdir)", path);
        for (unsigned t = MESSAGE_NONE + 1; t < _MESSAGE_MAX; t++) {
                const MessageRow *row = message_table + t;
                const char *rest = page.p, *line;
                size_t left = page.n, n;
                bool found = false;

                while (!found && line_next(&rest, &left, &line, &n)) {
                        _cleanup_free_ char *copy = strndup(line, n);
                        char item[128];

                        (void) snprintf(item, sizeof(item), ".It Li %s Bro ", row->name);
                        found = row->quorum ? strstr(copy, row->name) != NULL : strncmp(copy, item, strlen(item)) == 0;
                        for (const Field *f = row->fields; !row->quorum && f->key; f++)
                                found = found && strstr(copy + strlen(item), f->key);
                }
                ck_assert_msg(found, "\"%s\" (row %u) stands not in %s with all its members", row->name, t, path);
        }
}
END_TEST

int main(void) {
        Suite *s = suite_create("message");
        TCase *c = tcase_create("message");
        SRunner *r;
        int failed;

        suite_add_tcase(s, c);
        tcase_add_loop_test(c, every_message_is_read_and_made_alike, 0, ELEMENTSOF(samples));
        tcase_add_test(c, every_message_has_a_sample);
        tcase_add_loop_test(c, a_message_is_refused_from_who_may_not_send_it, 0, ELEMENTSOF(samples));
        tcase_add_loop_test(c, a_message_with_a_member_renamed_is_refused, 0, ELEMENTSOF(samples));
        tcase_add_test(c, a_hello_of_another_version_is_judged_by_nothing_else);
        tcase_add_test(c, what_is_out_of_bounds_is_refused);
        tcase_add_test(c, ids_are_taken_up_to_their_limit_and_not_beyond);
        tcase_add_test(c, a_frame_of_nothing_but_newlines_costs_nothing);
        tcase_add_test(c, too_many_lines_are_refused);
        tcase_add_test(c, a_message_line_that_is_too_long_is_refused_unread);
        tcase_add_test(c, a_refused_request_still_tells_its_id);
        tcase_add_test(c, an_error_can_say_anything_and_is_a_line_again);
        tcase_add_test(c, the_manual_has_every_message_with_its_members);
        tcase_add_test(c, lines_are_added_without_a_newline_at_the_end);

        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

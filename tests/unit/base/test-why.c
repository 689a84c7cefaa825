/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"
#include "base/text.h"
#include "base/why.h"

#include "../help.h"

START_TEST(verdicts_have_names_that_lead_back) {
        for (int v = V_OK + 1; v < _V_MAX; v++) {
                ck_assert_str_ne(verdict_name(v), "");
                ck_assert_str_ne(verdict_text(v), "");
                ck_assert_int_eq(verdict_from_name(verdict_name(v)), v);
        }
        ck_assert_str_eq(verdict_name(V_OK), "ok");
        ck_assert_str_eq(verdict_name(V_SIGNATURE), "signature");
        ck_assert_str_eq(verdict_text(V_SIGNATURE), "signature does not verify");
        ck_assert(verdict_is_fault(V_SIGNATURE));
        ck_assert(!verdict_is_fault(V_LATE));
        ck_assert(!verdict_is_fault(V_OK));
}
END_TEST

START_TEST(what_is_no_verdict_is_told_as_that) {
        static const int none[] = { -1, -ENOMEM, _V_MAX, INT32_MAX, INT32_MIN };

        for (size_t i = 0; i < ELEMENTSOF(none); i++) {
                ck_assert_str_eq(verdict_name(none[i]), "unknown");
                ck_assert_str_ne(verdict_text(none[i]), "");
                ck_assert(!verdict_is_fault(none[i]));
        }
        ck_assert_int_eq(verdict_from_name("nonsense"), 0);
        ck_assert_int_eq(verdict_from_name("ok"), 0);
        ck_assert_int_eq(verdict_from_name(""), 0);
        ck_assert_int_eq(verdict_from_name(NULL), 0);
}
END_TEST

/* The numbers cross the wire by name, but stand in stores and traces: append only. */
START_TEST(verdicts_keep_their_numbers) {
        static const char *const names[] = { "ok", "form", "size", "version", "network", "key", "signature", "seal", "block", "flood", "protocol",
                "signer", "unknown", "duplicate", "seq", "early", "late", "ballot", "definition", "limit", "full", "orphan", "busy", "banned", "denied" };

        ck_assert_int_ge(_V_MAX, (int) ELEMENTSOF(names));
        for (int v = 0; v < (int) ELEMENTSOF(names); v++)
                ck_assert_str_eq(verdict_name(v), names[v]);
}
END_TEST

START_TEST(a_reason_is_formatted_and_the_verdict_comes_back) {
        Why why = {};

        ck_assert_int_eq(why_set(&why, V_FORM, "\"%s\" is %d", "seq", 0), V_FORM);
        ck_assert_str_eq(why.text, "\"seq\" is 0");
        ck_assert_int_eq(why_prefix(&why, V_SIZE, "line %d", 7), V_SIZE);
        ck_assert_str_eq(why.text, "line 7: \"seq\" is 0");

        ck_assert_int_eq(why_set(NULL, V_LATE, "x"), V_LATE);
        ck_assert_int_eq(why_prefix(NULL, V_LATE, "x"), V_LATE);
}
END_TEST

START_TEST(a_reason_cannot_play_with_the_terminal) {
        Why why = {};

        (void) why_set(&why, V_FORM, "\"%s\"", "a\033[31m\nb\x7f\xe2\x80\xae\xff" "é");
        ck_assert_str_eq(why.text, "\"a?[31m?b???é\"");
}
END_TEST

START_TEST(a_long_reason_is_cut_between_characters) {
        for (unsigned shift = 0; shift < 8; shift++) {
                char text[600] = {};
                size_t n = shift;
                Why why = {};

                memset(text, 'a', shift);
                while (n + 4 < sizeof(text)) {
                        /* no end yet: NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
                        memcpy(text + n, "𝄞", 4);
                        n += 4;
                }
                (void) why_set(&why, V_FORM, "%s", text);
                n = strlen(why.text);
                ck_assert_uint_lt(n, sizeof(why.text));
                ck_assert_uint_gt(n, sizeof(why.text) - 5);
                ck_assert(utf8_is_valid(why.text, n));
                ck_assert_ptr_null(strchr(why.text, '?'));
                (void) why_prefix(&why, V_FORM, "prefix");
                ck_assert_ptr_eq(strstr(why.text, "prefix: "), why.text);
                ck_assert_ptr_null(strchr(why.text, '?'));
        }
}
END_TEST

static struct {
        int level;
        char text[256];
        size_t n_fields;
        unsigned calls;
} logged;

static void sink(int level, const char *text, const LogField *fields, size_t n_fields, void *userdata) {
        ck_assert_ptr_eq(userdata, &logged);
        ck_assert(n_fields == 0 || streq(fields[0].name, "VOTED_PEER"));
        logged.level = level;
        (void) snprintf(logged.text, sizeof(logged.text), "%s", text);
        logged.n_fields = n_fields;
        logged.calls++;
}

START_TEST(a_log_line_goes_to_the_sink_that_was_handed_in) {
        static const LogField field = { "VOTED_PEER", "abc" };

        log_set_sink(sink, &logged);
        log_info("height %d", 7);
        ck_assert_int_eq(logged.level, LOG_INFO);
        ck_assert_str_eq(logged.text, "height 7");

        ck_assert_int_eq(log_full(LOG_WARNING, 0, &field, 1, "x"), 0);
        ck_assert_uint_eq(logged.n_fields, 1);

        errno = 99;
        ck_assert_int_eq(log_error_errno(-ENOENT, "Opening %s: %m", "file"), -ENOENT);
        ck_assert_str_eq(logged.text, "Opening file: No such file or directory");
        ck_assert_int_eq(errno, 99);
        ck_assert_int_eq(log_error_errno(ENOENT, "%m"), -ENOENT);
        ck_assert_int_eq(log_oom(), -ENOMEM);
}
END_TEST

START_TEST(a_level_keeps_quiet_what_is_below_it) {
        log_set_sink(sink, &logged);
        ck_assert_int_eq(log_get_level(), LOG_INFO);
        log_debug("unheard");
        ck_assert_uint_eq(logged.calls, 0);
        log_set_level(LOG_ERR);
        log_warning("unheard");
        ck_assert_uint_eq(logged.calls, 0);
        ck_assert_int_eq(log_warning_errno(EIO, "unheard"), -EIO);
        log_error("heard");
        ck_assert_uint_eq(logged.calls, 1);

        ck_assert_int_eq(log_level_from_name("debug"), LOG_DEBUG);
        ck_assert_int_eq(log_level_from_name("err"), LOG_ERR);
        ck_assert_int_eq(log_level_from_name("loud"), -EINVAL);
        ck_assert_int_eq(log_level_from_name(""), -EINVAL);
}
END_TEST

TEST_MAIN("why", verdicts_have_names_that_lead_back, what_is_no_verdict_is_told_as_that, verdicts_keep_their_numbers,
        a_reason_is_formatted_and_the_verdict_comes_back, a_reason_cannot_play_with_the_terminal, a_long_reason_is_cut_between_characters,
        a_log_line_goes_to_the_sink_that_was_handed_in, a_level_keeps_quiet_what_is_below_it)

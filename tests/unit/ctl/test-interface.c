/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>
#include <stdlib.h>

#include "../help.h"
#include "ctl/interface.h"
#include "ctl/wire.h"

static Interface* peer(void) {
        Interface *i = NULL;

        ck_assert_int_eq(interface_new(&i, interface_text_peer), 0);
        return i;
}

START_TEST(the_published_texts_can_be_read) {
        static const char *const texts[] = { interface_text_peer, interface_text_tracker, interface_text_service };
        static const char *const names[] = { "org.voted.Peer", "org.voted.Tracker", "org.varlink.service" };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(interface_freep) Interface *x = NULL;

                ck_assert_int_eq(interface_new(&x, texts[i]), 0);
                ck_assert_str_eq(interface_name(x), names[i]);
                ck_assert_uint_gt(interface_n_methods(x), 0);
        }
}
END_TEST

START_TEST(methods_are_known_by_their_text) {
        _cleanup_(interface_freep) Interface *i = peer();

        ck_assert(interface_has(i, "GetStatus"));
        ck_assert(interface_has(i, "WaitEntry"));
        ck_assert(!interface_has(i, "EntryState"));     /* a type */
        ck_assert(!interface_has(i, "Refused"));        /* an error */
        ck_assert(!interface_has(i, "getstatus"));
}
END_TEST

static const struct {
        const char *method, *parameters, *wrong;
} cases[] = {
        { "GetStatus",   "{}",                                           NULL       },
        { "GetStatus",   "{\"a\":1}",                                    "a"        },
        { "Submit",      "{\"line\":\"x\"}",                             NULL       },
        { "Submit",      "{}",                                           "line"     },
        { "Submit",      "{\"line\":1}",                                 "line"     },
        { "Submit",      "{\"line\":\"x\",\"lines\":\"y\"}",             "lines"    },
        { "GetReceipt",  "{}",                                           NULL       },
        { "GetReceipt",  "{\"height\":1,\"position\":0}",                NULL       },
        { "GetReceipt",  "{\"height\":\"1\"}",                           "height"   },
        { "GetReceipt",  "{\"height\":1.5}",                             "height"   },
        { "GetVoters",   "{\"election\":\"e\",\"keys\":[]}",             NULL       },
        { "GetVoters",   "{\"election\":\"e\",\"keys\":{}}",             "keys"     },
        { "Import",      "{\"lines\":\"\",\"last\":true}",               NULL       },
        { "Import",      "{\"lines\":\"\",\"last\":1}",                  "last"     },
};

START_TEST(parameters_are_checked_against_the_text) {
        _cleanup_(interface_freep) Interface *i = peer();
        _cleanup_json_ Json *o = NULL;
        _cleanup_buf_ Buf b = {};
        const char *wrong = NULL;
        int r;

        buf_add(&b, cases[_i].parameters, strlen(cases[_i].parameters) + 1);
        ck_assert_int_eq(wire_take(&b, 4096, &o, NULL), 0);
        r = interface_check(i, cases[_i].method, o, &wrong);
        ck_assert_msg(r == (cases[_i].wrong ? V_FORM : 0), "%s %s", cases[_i].method, cases[_i].parameters);
        if (cases[_i].wrong)
                ck_assert_str_eq(wrong, cases[_i].wrong);
}
END_TEST

static const char *const broken[] = {
        "",
        "interface",
        "interface a.b\nmethod X(",
        "interface a.b\nmethod X(a) -> ()",
        "interface a.b\nmethod X(a: ) -> ()",
        "interface a.b\nmethod X() ()",
        "method X() -> ()",
        "interface a.b\n%",
        "interface a.b\ninterface c.d",
};

START_TEST(a_broken_text_is_an_error) {
        Interface *i = NULL;

        ck_assert_msg(interface_new(&i, broken[_i]) == -EINVAL, "%s", broken[_i]);
}
END_TEST

int main(void) {
        TCase *t = tcase_create("interface");

        tcase_add_test(t, the_published_texts_can_be_read);
        tcase_add_test(t, methods_are_known_by_their_text);
        tcase_add_loop_test(t, parameters_are_checked_against_the_text, 0, ELEMENTSOF(cases));
        tcase_add_loop_test(t, a_broken_text_is_an_error, 0, ELEMENTSOF(broken));
        return run_tcase("interface", t);
}

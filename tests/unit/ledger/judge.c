/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge.h"

#include "dump.h"
#include "run.h"
#include "sealed.h"

/* What it proves is looked at before its rules, too, where it comes for a block that is not the next: that
 * has no right to fail, whatever the line says. */
static void assert_content_does_not_fail(Chain *c, const char *name, Entry *e) {
        CheckContent *content = NULL;
        bool checked = e->content_checked;
        Id context = e->context;
        Why why = {};
        int r;

        e->content_checked = false;
        r = chain_entry_content(c, e, &content, &why);
        ck_assert_msg(r >= 0, "%s: its content: %d", name, r);
        ck_assert_msg(r == 0 || why.text[0], "%s: its content: %s without a reason", name, verdict_name(r));
        if (content)
                ck_assert_msg(check_contents_run(&content, 1) == 0, "%s: its proofs", name);
        check_content_free(content);
        e->content_checked = checked;
        e->context = context;
}

void judge(Chain *c, const char *name, Entry *e, uint64_t time, int verdict, const char *says, bool future) {
        _cleanup_free_ char *before = dump_of(c), *after = NULL;
        Why why = {}, again = {};
        int r, q;

        assert_content_does_not_fail(c, name, e);
        r = chain_check_entry(c, e, time, &why);
        ck_assert_msg(r == verdict, "%s: %s (%s), expected %s", name, verdict_name(r), why.text, verdict_name(verdict));
        ck_assert_msg(strstr(why.text, says), "%s: \"%s\" does not say \"%s\"", name, why.text, says);
        ck_assert_msg(chain_entry_has_future(c, e) == (r == 0 || future), "%s: future", name);

        /* A block is judged alike, names the entry, and leaves nothing if it is wrong; if it is right,
         * it can be taken back. */
        q = FIXTURE_CONNECT(c, time, &again, e);
        ck_assert_msg(q == r, "%s: in a block %s (%s)", name, verdict_name(q), again.text);
        if (r == 0) {
                Entry **gone = NULL;
                size_t n_gone = 0;

                ck_assert_int_eq(chain_disconnect(c, chain_tip(c)->height - 1, &gone, &n_gone), 0);
                ck_assert_uint_eq(n_gone, 1);
                ck_assert_msg(chain_entry_is_checked(c, gone[0]), "%s: would be checked again", name);
                free_entries(gone, n_gone);
        } else
                ck_assert_msg(strstr(again.text, ", entry 0: ") && strstr(again.text, why.text), "%s: in a block \"%s\"",
                                name, again.text);
        after = dump_of(c);
        ck_assert_msg(streq(before, after), "%s: something stayed:\n%s\n%s", name, before, after);
}

void every_character_is_bound(Chain *c, unsigned signer, const char *kind, const Entry *e, uint64_t time, size_t from,
                size_t step) {
        _cleanup_free_ char *line = sealed_unsigned(e);
        size_t n = strlen(line), n_flipped = 0;
        Why why = {};

        assert_verdict(sealed_judge(c, signer, kind, line, time, &why), 0, why);
        for (size_t i = from; i < n; i += step) {
                char before = line[i];
                bool in_string = false;

                for (size_t k = 0; k < i; k++)
                        in_string = in_string != (line[k] == '"');
                if (!in_string || !sealed_flip(&line[i]))
                        continue;
                ck_assert_msg(sealed_judge(c, signer, kind, line, time, &why) > 0,
                                "%s: accepted with another character at %zu: %s", kind, i, line);
                line[i] = before;
                n_flipped++;
        }
        ck_assert_uint_gt(n_flipped, n / (2 * step));
}

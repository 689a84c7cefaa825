/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "crypto/random.h"
#include "votectl/ballotask.h"
#include "votectl/castopen.h"
#include "votectl/prompt.h"
#include "votectl/qr.h"
#include "votectl/sealvote.h"

/* An opened ballot, as text and for a camera. Nothing of it is signed from here on: its entry is
 * gone. */
static int show_opened(Ctl *c, const Definition *d, const SealVote *v) {
        _cleanup_buf_ Buf text = {};
        int r;

        if (seal_vote_open(v, &text) < 0)
                return ctl_oom(c);
        buf_add_text(&c->out, "\nThe ballot is opened, and will not be cast. It was sealed from:\n");
        r = ballot_show(c, d, v->choices);
        if (r != 0)
                return r;
        buf_printf(&c->out,
                "\nOn a machine that you trust, check that this gives the code above, with\n"
                "  votectl ballot check -\n\n%s\n\n",
                text.p);
        r = qr_draw(&c->out, text.p, c->utf8, c->color);
        if (r == -EFBIG)
                buf_add_text(&c->out, "(It is too long for a QR code.)\n");
        else if (r < 0)
                return ctl_oom(c);
        buf_add_text(&c->out, "\nAnother ballot of the same choices is made:\n");
        return EXIT_DONE;
}

typedef enum Wish { WISH_CAST, WISH_OPEN } Wish;

static int ask(Ctl *c, Wish *ret) {
        int r;

        for (;;) {
                _cleanup_free_ char *answer = NULL;

                r = prompt_line(c, "Cast it, or open it to check this machine? [cast/open/no] ", &answer);
                if (r != 0)
                        return r;
                if (streq(ASSERT_PTR(answer), "cast") || streq(answer, "open")) {
                        *ret = streq(answer, "open") ? WISH_OPEN : WISH_CAST;
                        return EXIT_DONE;
                }
                if (streq(answer, "no") || streq(answer, "n"))
                        return ctl_fail(c, EXIT_CANCELLED, NULL, "nothing was sent");
                (void) fputs("Please answer cast, open or no.\n", stderr);
        }
}

static int show_code(Ctl *c, const Id *code) {
        if (c->json)
                return EXIT_DONE;
        ctl_field(c, "Code", "%s", seal_code_format(code, (char[CODE_TEXT]) {}));
        if (c->in_terminal && !c->yes)
                buf_add_text(&c->out,
                        "  Note the code before you decide. Who opens a ballot now and then, and checks\n"
                        "  it elsewhere, catches a machine that seals something else than it shows.\n");
        return ctl_flush(c);
}

int cast_or_open(Ctl *c, const Election *e, const BoardView *b, const Key *signer, uint64_t seq,
        const Json *choices, Json **ret_entry, Id *ret_code) {
        for (;;) {
                _cleanup_(seal_vote_done) SealVote v = {
                        .network = c->genesis->network,
                        .election = e->id,
                        .board_key = b->y,
                        .signer = *signer,
                        .seq = seq,
                };
                _cleanup_json_ Json *entry = NULL;
                Wish wish = WISH_CAST;
                Why why = {};
                int r;

                random_bytes(v.seed, sizeof v.seed);
                v.choices = json_copy_deep(choices);
                r = v.choices ? seal_vote_make(&v, e->definition, &entry, ret_code, &why) : -ENOMEM;
                if (r != 0)
                        return ctl_fail_why(c, r, EXIT_USAGE, NULL, &why);
                r = show_code(c, ret_code);
                if (r == 0 && c->json)          /* a program shows no code: there is nothing to open it for */
                        r = prompt_yes(c, NULL, "Sign and cast it?");
                else if (r == 0 && c->in_terminal && !c->yes)
                        r = ask(c, &wish);
                if (r != 0)
                        return r;
                if (wish == WISH_CAST) {
                        *ret_entry = TAKE_PTR(entry);
                        return EXIT_DONE;
                }
                r = show_opened(c, e->definition, &v);
                if (r != 0)
                        return r;
        }
}

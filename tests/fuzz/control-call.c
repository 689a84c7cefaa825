/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "control-call.h"
#include "control-ledger.h"

uint8_t program_take(Program *g) {
        if (g->n == 0)
                return 0;
        g->n--;
        return *g->p++;
}

static void escape(Buf *b, const char *text) {
        buf_add_char(b, '"');
        for (; *text; text++)
                if (*text == '"' || *text == '\n') {
                        buf_add_char(b, '\\');
                        buf_add_char(b, *text == '"' ? '"' : 'n');
                } else
                        buf_add_char(b, *text);
        buf_add_char(b, '"');
}

/* Of another type, or beyond all measure. */
static void add_odd(Buf *b, uint8_t choice) {
        static const char *const odd[] = {
                "null", "true", "false", "-1", "9007199254740992", "9223372036854775807", "-9223372036854775808", "1e300", "0.5", "[]", "{}",
                "[[[[[[[[]]]]]]]]", "{\"a\":{\"b\":[1,{\"c\":null}]}}", "\"\"", "[null]", "[\"a\",1,{}]", "18446744073709551616", "nothing",
        };

        if (choice % 20 == 18) {
                buf_add_char(b, '"');
                for (unsigned i = 0; i < 70000; i++)
                        buf_add_char(b, 'x');
                buf_add_char(b, '"');
        } else if (choice % 20 == 19) {
                buf_add_char(b, '[');
                for (unsigned i = 0; i < 2000; i++)
                        buf_printf(b, "%s\"%s\"", i > 0 ? "," : "", control_word("voter", 0));
                buf_add_char(b, ']');
        } else
                buf_add_text(b, odd[choice % 20]);
}

static void add_value(Buf *b, const ShapeField *f, uint8_t choice, Program *g) {
        static const char *const ints[] = { "0", "1", "2", "3", "5", "10", "17", "20", "1000", "1001", "9007199254740991" };

        if (choice >= 224)
                add_odd(b, choice);
        else if (f->array) {
                buf_add_char(b, '[');
                for (unsigned i = 0; i < choice % 8; i++) {
                        if (i > 0)
                                buf_add_char(b, ',');
                        escape(b, control_word("voter", program_take(g)));
                }
                buf_add_char(b, ']');
        } else if (streq(f->type, "int"))
                buf_add_text(b, ints[choice % ELEMENTSOF(ints)]);
        else if (streq(f->type, "bool"))
                buf_add_text(b, choice % 2 == 0 ? "true" : "false");
        else
                escape(b, control_word(f->name, choice - 1));
}

/* The parameters of that method: a byte for each that its interface names, 0 leaves it out; what is left of the byte of flags
 * says whether there is one more. */
static void add_parameters(Buf *b, const Shape *m, uint8_t flags, Program *g) {
        bool any = false;

        buf_add_text(b, ",\"parameters\":{");
        for (size_t i = 0; i < m->n_fields; i++) {
                uint8_t choice = program_take(g);

                if (choice == 0)
                        continue;
                buf_printf(b, "%s\"%s\":", any ? "," : "", m->fields[i].name);
                any = true;
                add_value(b, &m->fields[i], choice, g);
        }
        if (flags & 64) {
                buf_printf(b, "%s\"%s\":", any ? "," : "", flags & 128 ? "more" : "id");
                add_odd(b, flags);
        }
        buf_add_char(b, '}');
}

void call_make(Buf *ret, const Shapes interfaces[static 2], Program *g) {
        static const char *const others[] = {
                "org.varlink.service.GetInfo", "org.voted.Peer.Nothing", "org.voted.Tracker.GetStatus", "org.voted.Peer.GetStatus", "GetStatus",
                "org.voted.Peer", "org.nobody.GetStatus", ".", "", "org.voted.Peer.GetStatus.", "\\u0000", "org.voted.Pee.GetStatus",
        };
        const uint8_t which = program_take(g), flags = program_take(g);
        const Shapes *s = &interfaces[which < 224 ? 1 : 0];
        const Shape *m = &s->takes[(which < 224 ? which : which - 224) % s->n_methods];
        static const char *const said[] = { "more", "oneway", "upgrade" };

        buf_reset(ret);
        if (which >= 240)
                buf_printf(ret, "{\"method\":\"%s\"", others[which % ELEMENTSOF(others)]);
        else
                buf_printf(ret, "{\"method\":\"%s.%s\"", s->interface, m->name);
        for (unsigned i = 0; i < ELEMENTSOF(said); i++)
                if (flags & (1U << i))
                        buf_printf(ret, ",\"%s\":%s", said[i], flags & 8 ? "1" : flags & 16 ? "false" : "true");
        if (!(flags & 32))
                add_parameters(ret, m, flags, g);
        buf_add_text(ret, "}");
        buf_add(ret, "", 1);
}

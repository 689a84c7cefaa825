/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"
#include "votectl/qr.h"

/* Finder patterns, by which a camera knows a QR code, in three corners and not in the fourth. */
static const char finder[7][8] = {
        "#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######",
};

typedef struct Picture {
        char dark[200][200];
        size_t width, height;
} Picture;

/* "##" for a module that is drawn. */
static void read_picture(Picture *ret, const char *text, bool drawn_is_dark) {
        const char *p = text, *line;
        size_t n = strlen(text), len;

        *ret = (Picture) {};
        while (line_next(&p, &n, &line, &len)) {
                ret->width = len / 2;
                for (size_t x = 0; x < ret->width; x++)
                        ret->dark[ret->height][x] = (line[2 * x] == '#') == drawn_is_dark ? '#' : '.';
                ret->height++;
        }
}

static bool has_finder(const Picture *p, size_t x, size_t y) {
        for (size_t i = 0; i < 7; i++)
                if (strncmp(&p->dark[y + i][x], finder[i], 7) != 0)
                        return false;
        return true;
}

START_TEST(a_code_has_its_three_finders_within_a_quiet_zone) {
        _cleanup_buf_ Buf b = {};
        Picture p;

        ck_assert_int_eq(qr_draw(&b, "{\"choices\":[[0]]}", false, false), 0);
        buf_add_char(&b, 0);
        read_picture(&p, b.p, false);
        ck_assert_uint_eq(p.width, p.height);
        ck_assert_uint_ge(p.width, 21 + 8);
        ck_assert(has_finder(&p, 4, 4));
        ck_assert(has_finder(&p, p.width - 11, 4));
        ck_assert(has_finder(&p, 4, p.height - 11));
        ck_assert(!has_finder(&p, p.width - 11, p.height - 11));
        for (size_t i = 0; i < p.width; i++)
                for (size_t k = 0; k < 4; k++)
                        ck_assert(p.dark[k][i] == '.' && p.dark[i][k] == '.');
}
END_TEST

START_TEST(another_text_is_another_code) {
        _cleanup_buf_ Buf a = {}, b = {};

        ck_assert_int_eq(qr_draw(&a, "seed 1", true, true), 0);
        ck_assert_int_eq(qr_draw(&b, "seed 2", true, true), 0);
        ck_assert(a.n != b.n || memcmp(a.p, b.p, a.n) != 0);
}
END_TEST

START_TEST(a_text_too_long_for_any_code_is_refused) {
        static char text[4000];
        _cleanup_buf_ Buf b = {};

        memset(text, 'x', sizeof text - 1);
        ck_assert_int_eq(qr_draw(&b, text, true, true), -EFBIG);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, a_code_has_its_three_finders_within_a_quiet_zone);
        tcase_add_test(t, another_text_is_another_code);
        tcase_add_test(t, a_text_too_long_for_any_code_is_refused);
}

int main(void) {
        return run_suite("qr", add);
}

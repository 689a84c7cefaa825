/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/table.h"
#include "base/text.h"

#include "../help.h"

static Table* example(void) {
        Table *t = table_new(TABLE_COLUMNS("NAME", "TITLE", "VOTES"));

        ck_assert_ptr_nonnull(t);
        table_align(t, 2, TABLE_RIGHT);
        table_shrink(t, 1, 8);
        table_add(t, NULL, "board-2027");
        table_add(t, "\033[32m", "Größe des Vorstands 漢字");
        table_addf(t, NULL, "%d", 123456);
        table_add(t, NULL, "x");
        table_add(t, NULL, "short");
        table_addf(t, NULL, "%d", 7);
        return t;
}

START_TEST(columns_stand_below_one_another) {
        _cleanup_(table_freep) Table *t = example();
        _cleanup_buf_ Buf b = {};

        ck_assert_uint_eq(table_rows(t), 2);
        ck_assert_int_eq(table_print(t, 0, NULL, &b), 0);
        ck_assert_str_eq(b.p,
                "NAME        TITLE                      VOTES\n"
                "board-2027  Größe des Vorstands 漢字  123456\n"
                "x           short                          7\n");
}
END_TEST

START_TEST(a_table_fits_its_width) {
        _cleanup_(table_freep) Table *t = example();

        for (size_t width = 20; width < 60; width++) {
                _cleanup_buf_ Buf b = {};

                ck_assert_int_eq(table_print(t, width, NULL, &b), 0);
                for (char *line = b.p, *end; *line; line = end + 1) {
                        end = strchr(line, '\n');
                        ck_assert_ptr_nonnull(end);
                        *end = 0;
                        ck_assert_msg(text_width(line) <= width, "width %zu: \"%s\"", width, line);
                        *end = '\n';
                }
                /* the title gives way first */
                ck_assert_msg((strstr(b.p, "board-2027") != NULL) == (width >= 28), "width %zu:\n%s", width, b.p);
                ck_assert_msg((strstr(b.p, "漢字") != NULL) == (width >= 44), "width %zu:\n%s", width, b.p);
        }
}
END_TEST

START_TEST(colours_are_closed_and_only_used_when_asked_for) {
        _cleanup_(table_freep) Table *t = example();
        _cleanup_buf_ Buf b = {};

        ck_assert_int_eq(table_print(t, 0, "\033[1m", &b), 0);
        ck_assert_ptr_nonnull(strstr(b.p, "\033[1mNAME\033[0m"));
        ck_assert_ptr_nonnull(strstr(b.p, "\033[32mGröße des Vorstands 漢字\033[0m"));
        buf_reset(&b);
        ck_assert_int_eq(table_print(t, 0, NULL, &b), 0);
        ck_assert_ptr_null(strchr(b.p, '\033'));
}
END_TEST

START_TEST(a_cell_cannot_play_with_the_terminal) {
        _cleanup_(table_freep) Table *t = table_new(TABLE_COLUMNS("A"));
        _cleanup_buf_ Buf b = {};

        table_add(t, NULL, "x\033[2J\nINJECTED\tLINE\xff");
        ck_assert_int_eq(table_print(t, 0, NULL, &b), 0);
        ck_assert_str_eq(b.p, "A\nx?[2J?INJECTED?LINE?\n");
}
END_TEST

START_TEST(an_empty_table_is_its_head_and_none_at_all_is_an_error) {
        _cleanup_(table_freep) Table *t = table_new(TABLE_COLUMNS("ONE", "TWO"));
        _cleanup_buf_ Buf b = {};

        ck_assert_uint_eq(table_rows(t), 0);
        ck_assert_int_eq(table_print(t, 80, NULL, &b), 0);
        ck_assert_str_eq(b.p, "ONE  TWO\n");

        table_add(NULL, NULL, "x");
        table_addf(NULL, NULL, "x");
        table_align(NULL, 0, TABLE_RIGHT);
        table_shrink(NULL, 0, 1);
        ck_assert_int_eq(table_print(NULL, 80, NULL, &b), -ENOMEM);
}
END_TEST

TEST_MAIN("table", columns_stand_below_one_another, a_table_fits_its_width, colours_are_closed_and_only_used_when_asked_for,
        a_cell_cannot_play_with_the_terminal, an_empty_table_is_its_head_and_none_at_all_is_an_error)

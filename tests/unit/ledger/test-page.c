/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"
#include "ledger/entry.h"
#include "ledger/record-sqlite.h"
#include "ledger/store.h"
#include "run.h"

/* What voted-ledger(5) says is what the program does. */

static char* page(void) {
        const char *top = getenv("abs_top_srcdir");
        _cleanup_free_ char *path = path_join(top ? top : ".", "man/voted-ledger.5.in");
        Buf text = {};

        ck_assert_msg(read_file(path, 1U << 20, &text) == 0, "%s (set $abs_top_srcdir)", path);
        return buf_take(&text, NULL);
}

START_TEST(the_page_has_the_schema_of_the_database) {
        _cleanup_free_ char *text = page();

        ck_assert_msg(strstr(text, store_sqlite_schema()),
                        "man/voted-ledger.5.in, DATABASE, expected:\n%s", store_sqlite_schema());
}
END_TEST

START_TEST(the_page_has_the_schema_of_the_record) {
        _cleanup_free_ char *text = page();

        ck_assert_msg(strstr(text, record_sqlite_schema()),
                        "man/voted-ledger.5.in, RECORD OF AN AUTHORITY, expected:\n%s", record_sqlite_schema());
}
END_TEST

START_TEST(the_page_has_every_kind_of_entry_and_its_number) {
        _cleanup_free_ char *text = page();

        for (EntryKind k = 0; k < _ENTRY_KIND_MAX; k++) {
                char item[64], number[64];

                (void) snprintf(item, sizeof(item), "\n.It Ic %s\n", entry_kind_name(k));
                (void) snprintf(number, sizeof(number), "%d %s", (int) k, entry_kind_name(k));
                ck_assert_msg(strstr(text, item), "no item %s", entry_kind_name(k));
                ck_assert_msg(strstr(text, number), "no \"%s\"", number);
        }
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, the_page_has_the_schema_of_the_database);
        tcase_add_test(t, the_page_has_the_schema_of_the_record);
        tcase_add_test(t, the_page_has_every_kind_of_entry_and_its_number);
}

int main(void) {
        return run_suite("page", add);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"

#include <sys/stat.h>

/* Real ballots with published results. The data is no part of the source: it is looked for in
 * $VOTED_TEST_DATA and beside the source tree, and without it the test is skipped. */

static char folder[4096];

static char* data_read(const char *name) {
        _cleanup_buf_ Buf text = {};
        char path[5000];
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/%s", folder, name);
        f = fopen(path, "re");
        ck_assert_msg(f, "%s: %m", path);
        for (;;) {
                char *p = buf_reserve(&text, 65536);
                size_t n;

                ck_assert_ptr_nonnull(p);
                n = fread(p, 1, 65536, f);
                text.n += n;
                if (n == 0)
                        break;
        }
        ck_assert_int_eq(fclose(f), 0);
        buf_add_char(&text, '\0');
        ck_assert_int_eq(buf_error(&text), 0);
        return buf_take(&text, NULL);
}

/* A BLT file: "candidates seats", then "count preferences 0" a line, a lone 0, names, title. */
static Result* blt_result(const char *name) {
        _cleanup_(definition_unrefp) Definition *d = NULL;
        _cleanup_(count_freep) Count *c = NULL;
        _cleanup_free_ char *text = data_read(name);
        char *p = text, params[32];
        size_t n, seats;
        Result *r;

        n = strtoul(p, &p, 10);
        seats = strtoul(p, &p, 10);
        (void) snprintf(params, sizeof(params), ",\"seats\":%zu", seats);
        d = definition_simple("stv", n, params);
        ck_assert_int_eq(count_new(&c, d), 0);

        for (;;) {
                uint64_t weight = strtoul(p, &p, 10);
                char choice[128] = "[";

                if (weight == 0)
                        break;
                for (;;) {
                        unsigned long option = strtoul(p, &p, 10);

                        if (option == 0)
                                break;
                        APPEND(choice, "%s%lu",
                                choice[1] ? "," : "", option - 1);
                }
                APPEND(choice, "]");

                /* As many ballots, and not one of that weight: 12 of the rules says that it is the
                 * same, and its test shows it. */
                for (uint64_t i = 0; i < weight; i++)
                        count_choices(c, d, 1, choice);
        }

        ck_assert_int_eq(count_finish(c, NULL, &r), 0);
        return r;
}

/* The published figures, stage by stage, as the report has them. */
static void ck_assert_published(const char *blt, const char *json, size_t n_options,
        const char *quota, const char *elected, const char *excluded) {

        _cleanup_(result_freep) Result *r = blt_result(blt);
        _cleanup_free_ char *text = data_read(json);
        _cleanup_json_ Json *o = json_of(text);
        const Json *actions, *stages;
        char out[64] = "[";
        size_t at = 0;

        ck_assert_result(r, "quota", quota);
        ck_assert_result(r, "elected", elected);
        ck_assert_int_eq(
                json_get_array(r->questions[0].json, "stages", 1, SIZE_MAX, &stages, NULL), 0);
        ck_assert_int_eq(json_get_array(o, "actions", 1, SIZE_MAX, &actions, NULL), 0);

        /* "begin" and each "transfer" are a stage. */
        for (size_t i = 0; i < json_len(actions); i++) {
                const Json *action = json_at(actions, i), *stage, *states, *votes;
                const char *tag, *published, *ours;
                bool first;

                ck_assert_int_eq(json_get_text(action, "tag", 1, 100, &tag, NULL), 0);
                first = streq(tag, "begin");
                if (!first && !streq(tag, "transfer"))
                        continue;

                stage = json_at(stages, at++);
                ck_assert_ptr_nonnull(stage);
                ck_assert_int_eq(json_get_object(action, "cstate", &states, NULL), 0);
                ck_assert_int_eq(
                        json_get_array(stage, "votes", n_options, n_options, &votes, NULL), 0);
                for (size_t k = 0; k < n_options; k++) {
                        const Json *state;
                        char key[32];

                        (void) snprintf(key, sizeof(key), "%zu", k + 1);
                        ck_assert_int_eq(json_get_object(states, key, &state, NULL), 0);
                        ck_assert_int_eq(json_get_text(state, "vote", 1, 40, &published, NULL), 0);
                        ours = json_text(json_at(votes, k));
                        ck_assert_msg(streq(ours, published),
                                "stage %zu, option %zu: %s, published %s", at, k, ours, published);
                }
                ck_assert_int_eq(json_get_text(action, "nt_votes", 1, 40, &published, NULL), 0);
                ck_assert_member(stage, "non_transferable", published);
                ck_assert_int_eq(json_get_text(stage, "action", 1, 10, &ours, NULL), 0);
                if (streq(ours, "exclude")) {
                        int64_t option;

                        ck_assert_int_eq(json_get_int(stage, "option", 0, 255, &option, NULL), 0);
                        APPEND(out, "%s%i", out[1] ? "," : "", (int) option);
                }
        }
        ck_assert_uint_eq(at, json_len(stages));
        APPEND(out, "]");
        ck_assert_str_eq(out, excluded);
}

/* Hunter at once; Flanagan, Dornan and Butt in the last stage. */
START_TEST(govan_2007_has_the_published_stages) {
        ck_assert_published("Govan-2007.blt", "Govan-2007.json", 11, "1913.00000", "[5,3,2,0]",
                "[10,4,9,1,7,8,6]");
}
END_TEST

START_TEST(anderston_2007_has_the_published_stages) {
        ck_assert_published("Anderston-City-2007.blt", "Anderston-City-2007.json", 9, "1381.00000",
                "[6,2,0,7]", "[3,8,4,1,5]");
}
END_TEST

/* https://www.debian.org/vote/2020/vote_001: 1011 developers, a quorum of 3 * sqrt(1011) / 2
 * = 47.69. */
START_TEST(debian_2020_elects_jonathan_carter) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_of("{\"text\":\"Debian Project Leader "
                              "2020\",\"method\":\"schulze\",\"default\":3,\"quorum\":48,"
                              "\"options\":[\"Jonathan Carter\",\"Sruthi Chandran\",\"Brian "
                              "Gupta\",\"None Of The Above\"]}",
                        "");
        _cleanup_(count_freep) Count *c = NULL;
        _cleanup_(result_freep) Result *r = NULL;
        _cleanup_free_ char *text = data_read("leader2020_tally.txt");

        ck_assert_int_eq(count_new(&c, d), 0);
        for (const char *p = text; (p = strstr(p, "V: ")); p += 3) {
                char choice[64] = "[";

                if (p > text && p[-1] != '\n')          /* the explanation of the format */
                        continue;
                for (int rank = '1'; rank <= '9'; rank++) {
                        char tier[32] = "";

                        for (size_t i = 0; i < 4; i++)
                                if (p[3 + i] == rank)
                                        APPEND(tier, "%s%zu",
                                                tier[0] ? "," : "", i);
                        if (tier[0])
                                APPEND(choice, "%s[%s]",
                                        choice[1] ? "," : "", tier);
                }
                APPEND(choice, "]");
                count_choices(c, d, 1, choice);
        }

        ck_assert_int_eq(count_finish(c, NULL, &r), 0);
        ck_assert_member(r->json, "ballots", "339");
        ck_assert_result(
                r, "pairwise", "[[0,258,281,301],[57,0,163,244],[40,114,0,194],[34,76,125,0]]");
        ck_assert_result(r, "dropped", "[]");
        ck_assert_result(r, "elected", "[0]");
        ck_assert_result(r, "order", "[0,1,2,3]");
}
END_TEST

static bool folder_found(void) {
        const char *given = getenv("VOTED_TEST_DATA"), *source = getenv("top_srcdir");
        struct stat st;

        if (given)
                (void) snprintf(folder, sizeof(folder), "%s", given);
        else
                (void) snprintf(
                        folder, sizeof(folder), "%s/../shared/data", source ? source : TOP_SRCDIR);

        return stat(folder, &st) == 0 && S_ISDIR(st.st_mode);
}

int main(void) {
        if (!folder_found()) {
                (void) printf("%s is not there: set VOTED_TEST_DATA to the folder of published "
                              "ballots. Skipped.\n",
                        folder);
                return 77;
        }

        return run_tests("published", (const TTest*[]) {
                govan_2007_has_the_published_stages,
                anderston_2007_has_the_published_stages,
                debian_2020_elects_jonathan_carter,
                NULL,
        });
}

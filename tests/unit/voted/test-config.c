/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/file.h"
#include "voted/config.h"

static char folder[64], etc[80], run_dir[80], lib[80];

static void setup(void) {
        (void) snprintf(folder, sizeof(folder), "/tmp/test-config-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        (void) snprintf(etc, sizeof(etc), "%s/etc", folder);
        (void) snprintf(run_dir, sizeof(run_dir), "%s/run", folder);
        (void) snprintf(lib, sizeof(lib), "%s/lib", folder);
}

static void teardown(void) {
        char command[128];

        (void) snprintf(command, sizeof(command), "rm -rf '%s'", folder);
        ck_assert_int_eq(system(command), 0);
}

static void put(const char *base, const char *name, const char *text) {
        char path[256], *slash;

        (void) snprintf(path, sizeof(path), "%s/%s", base, name);
        slash = strrchr(path, '/');
        *slash = 0;
        ck_assert_int_eq(mkdir_p(path, 0755), 0);
        *slash = '/';
        ck_assert_int_eq(write_file_atomic(path, text, strlen(text), 0644), 0);
}

static int load(Config **ret, Role role, Why *why) {
        return config_load(ret, role, &(ConfigPaths) { .name = role == ROLE_PEER ? "peer" : "tracker", .etc = etc, .run = run_dir, .lib = lib }, why);
}

static Config* loaded(Role role) {
        Config *c = NULL;
        Why why = {};
        int r;

        r = load(&c, role, &why);
        ck_assert_msg(r == 0, "%s", why.text);
        return c;
}

START_TEST(without_files_the_defaults_hold) {
        _cleanup_(config_freep) Config *p = loaded(ROLE_PEER), *t = loaded(ROLE_TRACKER);

        ck_assert_str_eq(p->listen_host, "0.0.0.0");
        ck_assert_uint_eq(p->listen_port, 0);
        ck_assert_uint_eq(p->n_trackers, 1);
        ck_assert_str_eq(p->trackers[0].address.host, "localhost");
        ck_assert_uint_eq(p->trackers[0].address.port, 8000);
        ck_assert(p->mine);
        ck_assert_uint_eq(t->listen_port, 8000);
        ck_assert_uint_eq(t->ttl_sec, 30);
        ck_assert_int_eq(t->log_level, LOG_INFO);
}
END_TEST

START_TEST(drop_ins_apply_in_the_order_of_their_names_and_etc_hides_lib) {
        _cleanup_(config_freep) Config *c = NULL;

        put(etc, "peer.conf", "[Listen]\nPort=1\n[Mining]\nThreads=9\n");
        put(lib, "peer.conf.d/50-a.conf", "[Listen]\nPort=2\n");
        put(etc, "peer.conf.d/10-b.conf", "[Listen]\nPort=3\n[Node]\nLog=debug\n");
        put(lib, "peer.conf.d/60-c.conf", "[Mining]\nThreads=7\n");
        put(etc, "peer.conf.d/60-c.conf", "");
        put(run_dir, "peer.conf.d/70-d.conf", "[Limits]\nInboundLinks=5\n");
        put(etc, "peer.conf.d/notes.txt", "nonsense");
        c = loaded(ROLE_PEER);
        ck_assert_uint_eq(c->listen_port, 2);
        ck_assert_int_eq(c->log_level, LOG_DEBUG);
        ck_assert_uint_eq(c->mining_threads, 9);
        ck_assert_uint_eq(c->links_inbound_max, 5);
}
END_TEST

START_TEST(trackers_add_up_replace_the_default_and_are_cleared_by_an_empty_one) {
        _cleanup_(config_freep) Config *a = NULL, *b = NULL, *c = NULL;

        put(etc, "peer.conf", "[Peer]\nTracker=h1:8000\nTracker=[2001:db8::1]:8001\n");
        a = loaded(ROLE_PEER);
        ck_assert_uint_eq(a->n_trackers, 2);
        ck_assert_str_eq(a->trackers[0].address.host, "h1");
        ck_assert_str_eq(a->trackers[1].address.host, "2001:db8::1");
        put(etc, "peer.conf.d/x.conf", "[Peer]\nTracker=\nTracker=h3:1\n");
        b = loaded(ROLE_PEER);
        ck_assert_uint_eq(b->n_trackers, 1);
        ck_assert_str_eq(b->trackers[0].address.host, "h3");
        put(etc, "peer.conf.d/y.conf", "[Peer]\nTracker=\n");
        c = loaded(ROLE_PEER);
        ck_assert_uint_eq(c->n_trackers, 0);
}
END_TEST

#define LONG50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define KEY64 "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"

static const struct {
        Role role;
        const char *text, *said;        /* said: parts of the error, joined by | */
} bad[] = {
        { ROLE_PEER,    "[Listen]\nPrt=1\n",                        "peer.conf:2:|Prt=|did you mean [Listen] Port=" },
        { ROLE_PEER,    "[Listen]\nPort=70000\n",                   "peer.conf:2:|Port=70000|0 to 65535"            },
        { ROLE_PEER,    "\n[Listen]\nPort=-1\n",                    "peer.conf:3:|Port=-1"                          },
        { ROLE_PEER,    "[Listen]\nPort=80x\n",                     "Port=80x"                                      },
        { ROLE_PEER,    "[Lisen]\nPort=1\n",                        "no section [Lisen]"                            },
        { ROLE_PEER,    "Port=1\n",                                 "before any [Section]"                          },
        { ROLE_PEER,    "[Tracker]\nTtlSec=30\n",                   "setting of a tracker"                          },
        { ROLE_TRACKER, "[Mining]\nEnable=yes\n",                   "setting of a peer"                             },
        { ROLE_PEER,    "[Mining]\nEnable=maybe\n",                 "yes or no"                                     },
        { ROLE_PEER,    "[Node]\nLog=loud\n",                       "err, warning, notice, info or debug"           },
        { ROLE_PEER,    "[Peer]\nTracker=h1\n",                     "HOST:PORT"                                     },
        { ROLE_PEER,    "[Peer]\nTracker=" KEY64 "@h1:1\n",         "HOST:PORT"                                     },
        { ROLE_PEER,    "[Peer]\nConnect=abc@h1:1\n",               "[KEY@]HOST:PORT"                               },
        { ROLE_PEER,    "[Peer]\nNetwork=club\n",                   "64 hexadecimal digits"                         },
        { ROLE_PEER,    "[Peer]\nTracker=h1:1\n  Connect=h2:2\n",   "peer.conf:3:|indented"                         },
        { ROLE_PEER,    "[Listen]\nHost=" LONG50 LONG50 LONG50 LONG50 "\n", "peer.conf:2:|at most 197"              },
        { ROLE_PEER,    "[Listen]\nnonsense\n",                     "peer.conf:2:"                                  },
        { ROLE_TRACKER, "[Tracker]\nTtlSec=1\n",                    "tracker.conf:2:|5 to 3600"                     },
};

START_TEST(a_bad_setting_is_named_with_file_line_and_what_was_expected) {
        _cleanup_free_ char *said = strdup(bad[_i].said);
        Config *c = NULL;
        char *saved = NULL;
        Why why = {};

        put(etc, bad[_i].role == ROLE_PEER ? "peer.conf" : "tracker.conf", bad[_i].text);
        ck_assert_msg(load(&c, bad[_i].role, &why) > 0, "%s", bad[_i].text);
        ck_assert_ptr_null(c);
        for (char *part = strtok_r(said, "|", &saved); part; part = strtok_r(NULL, "|", &saved))
                ck_assert_msg(strstr(why.text, part), "\"%s\" is not in \"%s\"", part, why.text);
}
END_TEST

START_TEST(a_named_file_must_exist) {
        Config *c = NULL;
        Why why = {};

        ck_assert_int_eq(config_load(&c, ROLE_PEER, &(ConfigPaths) { .file = "/nonexistent/peer.conf", .name = "peer" }, &why), -ENOENT);
        ck_assert_ptr_nonnull(strstr(why.text, "/nonexistent/peer.conf"));
}
END_TEST

START_TEST(a_named_file_stands_alone) {
        _cleanup_(config_freep) Config *c = NULL;
        char path[128];
        Why why;

        put(etc, "other.conf", "[Listen]\nPort=5\n");
        put(etc, "peer.conf.d/x.conf", "[Listen]\nPort=6\n");
        (void) snprintf(path, sizeof(path), "%s/other.conf", etc);
        ck_assert_int_eq(config_load(&c, ROLE_PEER, &(ConfigPaths) { .file = path, .name = "peer", .etc = etc }, &why), 0);
        ck_assert_uint_eq(c->listen_port, 5);
}
END_TEST

START_TEST(what_only_a_restart_applies_is_named) {
        _cleanup_(config_freep) Config *a = loaded(ROLE_PEER), *b = NULL;
        const char *names[8];

        put(etc, "peer.conf", "[Listen]\nPort=5\n[Node]\nLog=debug\n");
        b = loaded(ROLE_PEER);
        ck_assert_uint_eq(config_needs_restart(a, b, names, ELEMENTSOF(names)), 1);
        ck_assert_str_eq(names[0], "[Listen] Port");
}
END_TEST

/* The example files and voted.conf(5) have each setting, the files at its default. */
START_TEST(every_setting_is_in_the_example_and_in_the_manual) {
        Role role = (Role) _i;
        const char *top = getenv("abs_top_srcdir"), *section, *key, *value;
        _cleanup_buf_ Buf example = {}, manual = {};
        char path[4096], line[256];

        if (!top)
                top = TOP_SRCDIR;
        (void) snprintf(path, sizeof(path), "%s/etc/%s.conf", top, role == ROLE_PEER ? "peer" : "tracker");
        ck_assert_int_eq(read_file(path, 1 << 20, &example), 0);
        (void) snprintf(path, sizeof(path), "%s/man/voted.conf.5.in", top);
        ck_assert_int_eq(read_file(path, 1 << 20, &manual), 0);
        buf_add_char(&example, 0);
        buf_add_char(&manual, 0);

        for (size_t i = 0; config_item_at(role, i, &section, &key, &value); i++) {
                (void) snprintf(line, sizeof(line), "\n#%s=%s\n", key, value);
                ck_assert_msg(strstr(example.p, line), "no line #%s=%s in the example", key, value);
                (void) snprintf(line, sizeof(line), "\n[%s]\n", section);
                ck_assert_msg(strstr(example.p, line), "no section [%s] in the example", section);
                (void) snprintf(line, sizeof(line), "\n.It Va %s=", key);
                ck_assert_msg(strstr(manual.p, line), "voted.conf(5) has no entry for %s=", key);
        }
}
END_TEST

int main(void) {
        Suite *s = suite_create("config");
        TCase *t = tcase_create("config");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_test(t, without_files_the_defaults_hold);
        tcase_add_test(t, drop_ins_apply_in_the_order_of_their_names_and_etc_hides_lib);
        tcase_add_test(t, trackers_add_up_replace_the_default_and_are_cleared_by_an_empty_one);
        tcase_add_loop_test(t, a_bad_setting_is_named_with_file_line_and_what_was_expected, 0, ELEMENTSOF(bad));
        tcase_add_test(t, a_named_file_must_exist);
        tcase_add_test(t, a_named_file_stands_alone);
        tcase_add_test(t, what_only_a_restart_applies_is_named);
        tcase_add_loop_test(t, every_setting_is_in_the_example_and_in_the_manual, ROLE_TRACKER, ROLE_PEER + 1);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

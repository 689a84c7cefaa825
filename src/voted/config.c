/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <ini.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hostname.h"
#include "base/log.h"
#include "base/text.h"
#include "codec/hex.h"
#include "net/address.h"
#include "voted/config.h"

#define FILE_BYTES_MAX (1U << 20)
#define FILES_MAX 256
#define LINE_BYTES_MAX 197              /* Debian's inih cuts longer ones without a word */

#define TRACKER_DEFAULT "localhost:8000"

#define FOR_TRACKER (1U << ROLE_TRACKER)
#define FOR_PEER (1U << ROLE_PEER)
#define FOR_BOTH (FOR_TRACKER | FOR_PEER)

typedef struct ConfigItem {
        const char *section, *key;
        unsigned roles;
        int (*parse)(const struct ConfigItem *item, const char *value, void *field, Config *c, Why *why);
        size_t offset;
        uint64_t min, max;
        const char *value_default;      /* NULL: none; parsed like any other value */
        bool restart;                   /* takes effect at the next start only */
} ConfigItem;

/* --- parsers --- */

static int expected(const ConfigItem *item, const char *value, Why *why, const char *what) {
        return why_set(why, V_FORM, "%s=%s: expected %s", item->key, value, what);
}

static int parse_uint(const ConfigItem *item, const char *value, void *field, Config *c, Why *why) {
        uint64_t v;
        char *end;

        errno = 0;
        v = strtoull(value, &end, 10);
        if (errno != 0 || end == value || *end || value[0] < '0' || value[0] > '9' || v < item->min || v > item->max) {
                char what[80];

                (void) snprintf(what, sizeof(what), "a whole number from %" PRIu64 " to %" PRIu64, item->min, item->max);
                return expected(item, value, why, what);
        }
        *(unsigned *) field = (unsigned) v;
        return 0;
}

static int parse_bool(const ConfigItem *item, const char *value, void *field, Config *c, Why *why) {
        static const char *const yes[] = { "yes", "true", "on", "1" }, *const no[] = { "no", "false", "off", "0" };

        for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
                if (streq(value, yes[i])) {
                        *(bool *) field = true;
                        return 0;
                }
                if (streq(value, no[i])) {
                        *(bool *) field = false;
                        return 0;
                }
        }
        return expected(item, value, why, "yes or no");
}

static int parse_level(const ConfigItem *item, const char *value, void *field, Config *c, Why *why) {
        int level = log_level_from_name(value);

        if (level < 0)
                return expected(item, value, why, "err, warning, notice, info or debug");
        *(int *) field = level;
        return 0;
}

static int parse_host(const ConfigItem *item, const char *value, void *field, Config *c, Why *why) {
        char **s = field;
        char *copy;

        if (value[0] && !hostname_is_valid(value))
                return expected(item, value, why, "a host name or an address");
        copy = strdup(value);
        if (!copy)
                return -ENOMEM;
        free(*s);
        *s = copy;
        return 0;
}

static int parse_network(const ConfigItem *item, const char *value, void *field, Config *c, Why *why) {
        c->has_network = value[0] != 0;
        if (c->has_network && id_from_hex(field, value) != 0)
                return expected(item, value, why, "a network id, 64 hexadecimal digits (see votectl network list)");
        return 0;
}

static int add_endpoint(const ConfigItem *item, const char *value, PeerEndpoint *list, size_t *n, bool key_allowed, const char *what, Why *why) {
        NetEndpoint e;
        PeerEndpoint *to;
        int r;

        if (!value[0]) {        /* as in systemd: an empty value clears what stood before */
                *n = 0;
                return 0;
        }
        r = net_endpoint_parse(&e, value, 0, NULL);
        if (r < 0)
                return r;
        if (r > 0 || (!key_allowed && !key_is_zero(&e.key)))
                return expected(item, value, why, what);
        if (*n >= ENDPOINTS_MAX)
                return why_set(why, V_LIMIT, "%s= stands more than %d times", item->key, ENDPOINTS_MAX);
        to = &list[(*n)++];
        *to = (PeerEndpoint) { .key = e.key, .address.port = e.port };
        memcpy(to->address.host, e.host, sizeof(to->address.host));
        return 0;
}

static int parse_tracker(const ConfigItem *item, const char *value, void *field, Config *c, Why *why) {
        c->trackers_named = true;
        return add_endpoint(item, value, c->trackers, &c->n_trackers, false, "HOST:PORT or [IPV6]:PORT", why);
}

static int parse_connect(const ConfigItem *item, const char *value, void *field, Config *c, Why *why) {
        return add_endpoint(item, value, c->fixed, &c->n_fixed, true, "[KEY@]HOST:PORT, KEY being 64 hexadecimal digits", why);
}

#define ITEM(s, k, roles, parse, field, min, max, def, restart) { s, k, roles, parse, offsetof(Config, field), min, max, def, restart }
static const ConfigItem items[] = {
        ITEM("Node",    "Log",           FOR_BOTH,    parse_level,   log_level,          0, 0,      "info",           false),
        ITEM("Listen",  "Host",          FOR_BOTH,    parse_host,    listen_host,        0, 0,      "0.0.0.0",        true),
        ITEM("Listen",  "Port",          FOR_TRACKER, parse_uint,    listen_port,        0, 65535,  "8000",           true),
        ITEM("Listen",  "Port",          FOR_PEER,    parse_uint,    listen_port,        0, 65535,  "0",              true),
        ITEM("Tracker", "TtlSec",        FOR_TRACKER, parse_uint,    ttl_sec,            5, 3600,   "30",             false),
        ITEM("Tracker", "BelieveHost",   FOR_TRACKER, parse_bool,    allow_host,         0, 0,      "yes",            false),
        ITEM("Peer",    "Network",       FOR_PEER,    parse_network, network,            0, 0,      "",               true),
        ITEM("Peer",    "Tracker",       FOR_PEER,    parse_tracker, trackers,           0, 0,      TRACKER_DEFAULT, false),
        ITEM("Peer",    "Connect",       FOR_PEER,    parse_connect, fixed,              0, 0,      "",               false),
        ITEM("Peer",    "AnnounceHost",  FOR_PEER,    parse_host,    announce_host,      0, 0,      "",               false),
        ITEM("Mining",  "Enable",        FOR_PEER,    parse_bool,    mine,               0, 0,      "yes",            false),
        ITEM("Mining",  "Threads",       FOR_PEER,    parse_uint,    mining_threads,     0, 256,    "0",              false),
        ITEM("Limits",  "InboundLinks",  FOR_PEER,    parse_uint,    links_inbound_max,  1, 4096,   "128",            false),
        ITEM("Limits",  "OutboundLinks", FOR_PEER,    parse_uint,    links_outbound_max, 1, 256,    "8",              false),
        ITEM("Limits",  "Links",         FOR_TRACKER, parse_uint,    links_inbound_max,  1, 100000, "12000",          true),
        ITEM("Limits",  "Networks",      FOR_TRACKER, parse_uint,    networks_max,       1, 65536,  "1024",           false),
};

bool config_item_at(Role role, size_t i, const char **ret_section, const char **ret_key, const char **ret_default) {
        for (size_t k = 0; k < ELEMENTSOF(items); k++)
                if ((items[k].roles & (1U << role)) && i-- == 0) {
                        *ret_section = items[k].section;
                        *ret_key = items[k].key;
                        *ret_default = items[k].value_default;
                        return true;
                }
        return false;
}

/* The nearest known name, for a misspelt one: "; did you mean Tracker=?" */
static void did_you_mean(char *ret, size_t n, Role role, const char *key) {
        size_t best = 3;

        ret[0] = 0;
        for (size_t k = 0; k < ELEMENTSOF(items); k++) {
                size_t d = text_distance(items[k].key, key);

                if ((items[k].roles & (1U << role)) && d < best) {
                        best = d;
                        (void) snprintf(ret, n, "; did you mean [%s] %s=?", items[k].section, items[k].key);
                }
        }
}

int config_set(Config *c, const char *section, const char *key, const char *value, Why *why) {
        bool section_known = false, other_role = false;
        char hint[96];

        for (size_t k = 0; k < ELEMENTSOF(items); k++) {
                const ConfigItem *item = &items[k];

                if (!streq(item->section, section))
                        continue;
                if (streq(item->key, key)) {
                        if (item->roles & (1U << c->role))
                                return item->parse(item, value, (uint8_t *) c + item->offset, c, why);
                        other_role = true;
                }
                section_known |= (item->roles & (1U << c->role)) != 0;
        }

        if (other_role)
                return why_set(why, V_FORM, "[%s] %s= is a setting of a %s, and this is a %s", section, key,
                                c->role == ROLE_PEER ? "tracker" : "peer", c->role == ROLE_PEER ? "peer" : "tracker");
        did_you_mean(hint, sizeof(hint), c->role, key);
        if (!section[0])
                return why_set(why, V_FORM, "%s= stands before any [Section]%s", key, hint);
        if (!section_known)
                return why_set(why, V_FORM, "there is no section [%s]%s", section, hint);
        return why_set(why, V_FORM, "[%s] has no setting %s=%s", section, key, hint);
}

/* --- files --- */

typedef struct Reading {
        Config *config;
        Why why;
        int result;             /* of the first line that is wrong */
} Reading;

static int on_ini(void *userdata, const char *section, const char *name, const char *value) {
        Reading *r = userdata;

        if (r->result != 0)
                return 1;
        r->result = config_set(r->config, section, name, value ? value : "", &r->why);
        return r->result == 0;
}

/* What inih would get wrong in silence: lines that it cuts, and indented ones, which it joins to the key above. */
static int check_lines(const char *path, const Buf *text, Why *why) {
        unsigned line = 1;

        for (size_t i = 0; i < text->n; line++) {
                const char *p = text->p + i, *end = memchr(p, '\n', text->n - i);
                size_t n = end ? (size_t) (end - p) : text->n - i;

                if (memchr(p, 0, n))
                        return why_set(why, V_FORM, "%s:%u: the line holds a NUL byte", path, line);
                if (n > LINE_BYTES_MAX)
                        return why_set(why, V_FORM, "%s:%u: the line has %zu bytes, at most %d are read", path, line, n, LINE_BYTES_MAX);
                if (n > 0 && (p[0] == ' ' || p[0] == '\t')) {
                        size_t k = 0;

                        while (k < n && (p[k] == ' ' || p[k] == '\t' || p[k] == '\r'))
                                k++;
                        if (k < n && p[k] != '#' && p[k] != ';')
                                return why_set(why, V_FORM, "%s:%u: the line is indented; a setting starts at the beginning of its line", path, line);
                }
                i += n + 1;
        }
        return 0;
}

static int read_whole(int dir_fd, const char *name, Buf *ret) {
        int fd, r = 0;

        fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        for (;;) {
                char *p = buf_reserve(ret, 4096);
                ssize_t n;

                if (!p) {
                        r = -ENOMEM;
                        break;
                }
                n = read(fd, p, 4096);
                if (n < 0) {
                        r = -errno;
                        break;
                }
                if (n == 0)
                        break;
                ret->n += (size_t) n;
                if (ret->n > FILE_BYTES_MAX) {
                        r = -EFBIG;
                        break;
                }
        }
        (void) close(fd);
        buf_add_char(ret, 0);
        ret->n--;
        return r < 0 ? r : buf_error(ret);
}

static int config_read(Config *c, const char *path, bool must_exist, Why *why) {
        _cleanup_buf_ Buf text = {};
        Reading reading = { .config = c };
        int r, line;

        r = read_whole(AT_FDCWD, path, &text);
        if (r == -ENOENT && !must_exist)
                return 0;
        if (r < 0) {
                (void) why_set(why, V_UNKNOWN, "cannot read %s: %s", path, strerror(-r));
                return r;
        }

        r = check_lines(path, &text, why);
        if (r != 0)
                return r;
        line = ini_parse_string(text.p, on_ini, &reading);
        if (reading.result < 0)
                return reading.result;
        if (reading.result > 0)
                return why_set(why, reading.result, "%s:%d: %s", path, line, reading.why.text);
        if (line > 0)
                return why_set(why, V_FORM, "%s:%d: expected [Section], Key=value or a # comment", path, line);
        return line < 0 ? -ENOMEM : 0;
}

typedef struct DropIn {
        char *name, *path;
} DropIn;

static int dropin_compare(const void *a, const void *b) {
        return strcmp(((const DropIn *) a)->name, ((const DropIn *) b)->name);
}

/* A file of the same name in a folder looked at earlier hides this one. */
static int dropins_scan(DropIn *list, size_t *n, const char *folder, const char *name, Why *why) {
        char path[4096];
        struct dirent *de;
        DIR *d;
        int r = 0;

        (void) snprintf(path, sizeof(path), "%s/%s.conf.d", folder, name);
        d = opendir(path);
        if (!d) {
                if (errno == ENOENT || errno == ENOTDIR)
                        return 0;
                r = -errno;
                (void) why_set(why, V_UNKNOWN, "cannot read the folder %s: %s", path, strerror(-r));
                return r;
        }
        while (r == 0 && (de = readdir(d))) {
                size_t len = strlen(de->d_name);
                bool hidden = false;

                if (len <= 5 || !streq(de->d_name + len - 5, ".conf") || de->d_name[0] == '.')
                        continue;
                for (size_t i = 0; i < *n; i++)
                        hidden |= streq(list[i].name, de->d_name);
                if (hidden)
                        continue;
                if (*n >= FILES_MAX) {
                        r = why_set(why, V_LIMIT, "more than %d drop-ins in %s", FILES_MAX, path);
                        break;
                }
                list[*n].name = strdup(de->d_name);
                if (!list[*n].name || asprintf(&list[*n].path, "%s/%s", path, de->d_name) < 0)
                        r = -ENOMEM;
                (*n)++;
        }
        (void) closedir(d);
        return r;
}

static int config_read_all(Config *c, const ConfigPaths *p, Why *why) {
        const char *folders[] = { p->etc ? p->etc : VOTED_CONF_DIR, p->run ? p->run : VOTED_RUN_DIR, p->lib ? p->lib : VOTED_LIB_DIR };
        DropIn list[FILES_MAX] = {};
        size_t n = 0;
        char path[4096];
        int r = 0;

        (void) snprintf(path, sizeof(path), "%s/%s.conf", folders[0], p->name);
        r = config_read(c, path, false, why);
        for (size_t i = 0; r == 0 && i < ELEMENTSOF(folders); i++)
                r = dropins_scan(list, &n, folders[i], p->name, why);
        if (r == 0) {
                qsort(list, n, sizeof(DropIn), dropin_compare);
                for (size_t i = 0; r == 0 && i < n; i++)
                        r = config_read(c, list[i].path, true, why);
        }
        for (size_t i = 0; i < n; i++) {
                free(list[i].name);
                free(list[i].path);
        }
        return r;
}

Config* config_free(Config *c) {
        if (!c)
                return NULL;
        free(c->listen_host);
        free(c->announce_host);
        free(c);
        return NULL;
}

int config_load(Config **ret, Role role, const ConfigPaths *paths, Why *why) {
        _cleanup_(config_freep) Config *c = NULL;
        int r;

        c = new0(Config, 1);
        if (!c)
                return -ENOMEM;
        c->role = role;

        for (size_t k = 0; k < ELEMENTSOF(items); k++)
                if ((items[k].roles & (1U << role)) && items[k].parse != parse_tracker) {
                        r = config_set(c, items[k].section, items[k].key, items[k].value_default, why);
                        if (r != 0)
                                return r;
                }

        r = paths->file ? config_read(c, paths->file, true, why) : config_read_all(c, paths, why);
        if (r != 0)
                return r;
        /* who names trackers does not want the default one beside them */
        if (role == ROLE_PEER && !c->trackers_named) {
                r = config_set(c, "Peer", "Tracker", TRACKER_DEFAULT, why);
                if (r != 0)
                        return r;
        }
        *ret = TAKE_PTR(c);
        return 0;
}

size_t config_needs_restart(const Config *before, const Config *after, const char **ret, size_t n) {
        size_t k = 0;

        if ((!streq(before->listen_host, after->listen_host)) && k < n)
                ret[k++] = "[Listen] Host";
        if (before->listen_port != after->listen_port && k < n)
                ret[k++] = "[Listen] Port";
        if (before->role == ROLE_PEER && (before->has_network != after->has_network || !id_equal(&before->network, &after->network)) && k < n)
                ret[k++] = "[Peer] Network";
        if (before->role == ROLE_TRACKER && before->links_inbound_max != after->links_inbound_max && k < n)
                ret[k++] = "[Limits] Links";
        return k;
}

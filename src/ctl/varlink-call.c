/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "ctl/varlink-internal.h"
#include "ctl/wire.h"

VarlinkCall* varlink_call_ref(VarlinkCall *c) {
        c->refs++;
        return c;
}

VarlinkCall* varlink_call_unref(VarlinkCall *c) {
        if (c && --c->refs == 0)
                free(c);
        return NULL;
}

bool varlink_call_wants_more(const VarlinkCall *c) {
        return c->more;
}

bool varlink_call_is_gone(const VarlinkCall *c) {
        return !c->conn;
}

bool varlink_call_is_over(const VarlinkCall *c) {
        return c->over;
}

uid_t varlink_call_uid(const VarlinkCall *c) {
        return c->uid;
}

bool varlink_call_charge(VarlinkCall *c) {
        if (!c->conn || c->conn->admin)
                return true;
        if (varlink_user_charge(c->conn->server, c->conn->user))
                return true;
        c->conn->closing = true;
        return false;
}

static int call_put(VarlinkCall *c, Json *message, bool last) {
        _cleanup_json_ Json *m = message;
        Conn *conn = c->conn;
        int r;

        assert(!c->over);
        if (last)
                c->over = true;
        if (!conn)
                return 0;
        if (c->oneway || conn->dropped)
                return varlink_conn_arm(conn);  /* the next call's turn, all the same */

        /* a producer that does not wait for on_drained, to a reader that does not read; one reply may be larger than that */
        if (varlink_conn_queued(conn) > OUT_BYTES_MAX) {
                varlink_conn_drop(conn);
                return varlink_conn_arm(conn);
        }
        r = wire_put(&conn->out, m);
        if (r < 0) {
                conn->closing = true;   /* or its caller would wait for an answer that never comes */
                (void) varlink_conn_arm(conn);
                return r;
        }
        return varlink_conn_arm(conn);
}

int varlink_reply(VarlinkCall *c, Json *parameters, bool continues) {
        Json *m = json_new_object();

        assert(!continues || c->more);
        json_set(m, "parameters", parameters ? parameters : json_new_object());
        if (continues)
                json_set_bool(m, "continues", true);
        return call_put(c, m, !continues);
}

int varlink_error(VarlinkCall *c, const char *name, Json *parameters) {
        Json *m = json_new_object();

        json_set_text(m, "error", name);
        json_set(m, "parameters", parameters ? parameters : json_new_object());
        return call_put(c, m, true);
}

static Json* text_object(const char *key, const char *text) {
        Json *o = json_new_object();

        json_set_text(o, key, text);
        return o;
}

int varlink_error_text(VarlinkCall *c, const char *name, const char *format, ...) {
        char text[512];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        return varlink_error(c, name, text_object("text", text));
}

int varlink_call_on_drained(VarlinkCall *c, int (*fn)(VarlinkCall *c, void *userdata), void *userdata) {
        if (!c->conn)
                return -ECONNRESET;
        c->on_drained = fn;
        c->drained_userdata = userdata;
        return varlink_conn_arm(c->conn);
}

void varlink_call_on_gone(VarlinkCall *c, void (*fn)(VarlinkCall *c, void *userdata), void *userdata) {
        c->on_gone = fn;
        c->gone_userdata = userdata;
}

/* --- the interface every Varlink service has --- */

static int on_get_info(VarlinkServer *s, VarlinkCall *c) {
        Json *o = json_new_object(), *names = json_new_array();

        json_set_text(o, "vendor", "voted");
        json_set_text(o, "product", s->setup.product);
        json_set_text(o, "version", s->setup.version);
        json_set_text(o, "url", s->setup.url);
        for (size_t i = 0; i < s->n_interfaces; i++)
                json_add_text(names, interface_name(s->interfaces[i]));
        json_set(o, "interfaces", names);
        return varlink_reply(c, o, false);
}

static Interface* server_interface(VarlinkServer *s, const char *name, size_t n) {
        for (size_t i = 0; i < s->n_interfaces; i++) {
                const char *k = interface_name(s->interfaces[i]);

                if (strlen(k) == n && strncmp(k, name, n) == 0)
                        return s->interfaces[i];
        }
        return NULL;
}

static int on_get_description(VarlinkServer *s, VarlinkCall *c, const Json *parameters) {
        const char *name = NULL;
        Interface *i;

        if (json_get_text(parameters, "interface", 0, 256, &name, NULL) != 0)
                return varlink_error(c, "org.varlink.service.InvalidParameter", text_object("parameter", "interface"));
        i = server_interface(s, name, strlen(name));
        if (!i)
                return varlink_error(c, "org.varlink.service.InterfaceNotFound", text_object("interface", name));
        return varlink_reply(c, text_object("description", interface_text(i)), false);
}

static const VarlinkMethod* server_method(VarlinkServer *s, const char *name) {
        for (const VarlinkMethod *m = s->setup.methods; m->name; m++)
                if (streq(m->name, name))
                        return m;
        return NULL;
}

static int server_dispatch(VarlinkServer *s, VarlinkCall *c, const char *name, const Json *parameters) {
        const char *dot = strrchr(name, '.'), *bad = NULL;
        const VarlinkMethod *m;
        Interface *i;
        int r;

        i = dot ? server_interface(s, name, (size_t) (dot - name)) : NULL;
        if (!i) {
                _cleanup_free_ char *interface = strndup(name, dot ? (size_t) (dot - name) : strlen(name));

                return varlink_error(c, "org.varlink.service.InterfaceNotFound", text_object("interface", interface));
        }
        if (!interface_has(i, dot + 1))
                return varlink_error(c, "org.varlink.service.MethodNotFound", text_object("method", name));
        r = interface_check(i, dot + 1, parameters, &bad);
        if (r > 0)
                return varlink_error(c, "org.varlink.service.InvalidParameter", text_object("parameter", bad));

        if (streq(name, "org.varlink.service.GetInfo"))
                return on_get_info(s, c);
        if (streq(name, "org.varlink.service.GetInterfaceDescription"))
                return on_get_description(s, c, parameters);

        m = server_method(s, name);
        if (!m)
                return varlink_error(c, "org.varlink.service.MethodNotImplemented", text_object("method", name));
        if (m->administers && !c->conn->admin)
                return varlink_error_text(c, s->setup.error_denied,
                                "%s administers the node: it needs uid 0 or the group %s (yours is uid %u; try sudo)",
                                dot + 1, s->setup.admin_group, (unsigned) c->uid);

        r = m->fn(c, parameters, s->setup.userdata);
        if (r < 0 && !c->over)
                r = varlink_error_text(c, s->setup.error_failed, "%s failed here: %s", dot + 1, strerror(-r));
        return r < 0 ? r : 0;
}

/* A flag that is there must be a boolean; anything else is a frame that no Varlink client sends. */
static int read_flag(const Json *o, const char *key, bool *ret) {
        return json_has(o, key) ? json_get_bool(o, key, ret, NULL) : 0;
}

/* 0; > 0: close the connection, the frame is bad */
int varlink_conn_dispatch(Conn *c, const Json *message) {
        _cleanup_(varlink_call_unrefp) VarlinkCall *call = NULL;
        _cleanup_json_ Json *none = NULL;
        const Json *parameters = NULL;
        const char *name = NULL;
        bool upgrade = false;
        int r;

        call = new0(VarlinkCall, 1);
        none = json_new_object();
        if (!call || !none)
                return -ENOMEM;
        *call = (VarlinkCall) { .refs = 1, .conn = c, .uid = c->uid };

        r = json_get_text(message, "method", 1, 256, &name, NULL);
        if (r != 0)
                return r;
        r = read_flag(message, "more", &call->more);
        if (r == 0)
                r = read_flag(message, "oneway", &call->oneway);
        if (r == 0)
                r = read_flag(message, "upgrade", &upgrade);
        if (r == 0 && json_has(message, "parameters"))
                r = json_get_object(message, "parameters", &parameters, NULL);
        if (r != 0)
                return r;
        if (upgrade || (call->more && call->oneway))
                return V_FORM;

        c->call = varlink_call_ref(call);
        return server_dispatch(c->server, call, name, parameters ? parameters : none);
}

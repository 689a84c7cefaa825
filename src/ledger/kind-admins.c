/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/hex.h"
#include "crypto/sign.h"
#include "ledger/state.h"

/* Who administers: `approve` and `admins`. */

/* --- approve: {"entry":id,"kind":"approve","signature":...,"signer":key} --- */

static int approve_parse(Entry *e, const Json *o, const Genesis *g, Why *why) {
        int r;

        (void) g;

        r = json_check_keys(o, JSON_KEYS("entry", "kind", "signature", "signer"), why);
        if (r != 0)
                return r;
        return json_get_id(o, "entry", &e->approve.entry, why);
}

static bool has_signed(const Act *a, const Key *k) {
        for (size_t i = 0; i < a->n_signers; i++)
                if (key_equal(&a->signers[i], k))
                        return true;
        return false;
}

static int approve_check(State *s, Entry *e, uint64_t time, Why *why) {
        const EntryType *t;
        const Act *a;

        if (!state_is_admin(s, &e->signer))
                return why_set(why, V_SIGNER, "%s is not an admin of this network",
                                key_hex(&e->signer, (char[ID_HEX]) {}));

        a = state_act(s, &e->approve.entry);
        if (!a)
                return why_set(why, V_UNKNOWN, "\"entry\" names %s, which is not in the ledger",
                                id_hex(&e->approve.entry, (char[ID_HEX]) {}));

        t = entry_type(a->entry->kind);
        if (!t->administers)
                return why_set(why, V_DEFINITION,
                                "\"entry\" names an entry of kind \"%s\", which needs no approvals",
                                t->name);
        if (a->effect > 0)
                return why_set(why, V_DUPLICATE,
                                "this %s is in effect already, since block %" PRIu64, t->name,
                                PLACE_HEIGHT(a->effect));
        if (has_signed(a, &e->signer))
                return why_set(why, V_DUPLICATE, "this admin has signed that %s already", t->name);

        return t->check_effect ? t->check_effect(s, a->entry, time, why) : 0;
}

static int approve_post(State *s, Act *act) {
        Act *a = state_act(s, &act->entry->approve.entry);
        Key *signers;
        int r;

        if (!a || !entry_type(a->entry->kind)->administers || a->effect > 0)
                return -EUCLEAN;

        signers = reallocarray(a->signers, a->n_signers + 1, sizeof(Key));
        if (!signers)
                return -ENOMEM;
        a->signers = signers;
        a->signers[a->n_signers++] = act->entry->signer;

        if (act_approvals(s, a) >= s->genesis->approvals) {
                r = state_effect(s, a, act->place);
                if (r < 0) {
                        a->n_signers--;
                        return r;
                }
        }

        act->target = a;
        return 0;
}

static void approve_unpost(State *s, Act *act) {
        if (act->target->effect == act->place)
                state_uneffect(s, act->target);
        act->target->n_signers--;
}

const EntryType entry_type_approve = {
        .name = "approve",
        .limit = offsetof(Limits, entry_bytes),
        .parse = approve_parse,
        .check = approve_check,
        .post = approve_post,
        .unpost = approve_unpost,
};

/* --- admins: {"add":[key,...],"kind":"admins","remove":[key,...],"seq":n,"signature":...,
 *              "signer":key}
 *
 * add, remove and seq may be absent. An entry enters once by its id: seq tells a change that was made,
 * and undone, from the same change made again. --- */

static int read_keys(const Json *o, const char *name, Key **ret, size_t *ret_n, Why *why) {
        const Json *a;
        int r;

        if (!json_has(o, name))
                return 0;

        r = json_get_array(o, name, 0, ADMINS_MAX, &a, why);
        if (r != 0)
                return r;
        *ret = new0(Key, MAX(json_len(a), (size_t) 1));
        if (!*ret)
                return -ENOMEM;

        for (size_t i = 0; i < json_len(a); i++) {
                Key k;

                if ((r = json_at_key(a, i, name, &k, why)) != 0)
                        return r;
                r = key_check(&k, why);
                if (r != 0)
                        return r > 0 ? why_prefix(why, r, "\"%s\", key %zu", name, i) : r;
                for (size_t j = 0; j < i; j++)
                        if (key_equal(&(*ret)[j], &k))
                                return why_set(why, V_FORM, "\"%s\" has %s twice", name,
                                                key_hex(&k, (char[ID_HEX]) {}));
                (*ret)[(*ret_n)++] = k;
        }
        return 0;
}

static int admins_parse(Entry *e, const Json *o, const Genesis *g, Why *why) {
        int r;

        (void) g;

        if ((r = json_check_keys(o,
                             JSON_KEYS("add", "kind", "remove", "seq", "signature", "signer"),
                             why)) != 0 ||
                        (r = read_keys(o, "add", &e->admins.add, &e->admins.n_add, why)) != 0 ||
                        (r = read_keys(o, "remove", &e->admins.remove, &e->admins.n_remove, why)) !=
                                        0)
                return r;
        if (json_has(o, "seq") &&
                        (r = json_get_int(o, "seq", 1, (int64_t) SEQ_MAX, NULL, why)) != 0)
                return r;

        if (e->admins.n_add + e->admins.n_remove == 0)
                return why_set(why, V_FORM, "neither \"add\" nor \"remove\" names a key");
        for (size_t i = 0; i < e->admins.n_add; i++)
                for (size_t j = 0; j < e->admins.n_remove; j++)
                        if (key_equal(&e->admins.add[i], &e->admins.remove[j]))
                                return why_set(why, V_FORM, "\"add\" and \"remove\" both have %s",
                                                key_hex(&e->admins.add[i], (char[ID_HEX]) {}));
        return 0;
}

static void admins_done(Entry *e) {
        free(e->admins.add);
        free(e->admins.remove);
}

static int admins_check_effect(State *s, const Entry *e, uint64_t time, Why *why) {
        size_t n;

        (void) time;

        for (size_t i = 0; i < e->admins.n_add; i++)
                if (state_is_admin(s, &e->admins.add[i]))
                        return why_set(why, V_DUPLICATE, "\"add\" has %s, who is an admin already",
                                        key_hex(&e->admins.add[i], (char[ID_HEX]) {}));
        for (size_t i = 0; i < e->admins.n_remove; i++)
                if (!state_is_admin(s, &e->admins.remove[i]))
                        return why_set(why, V_UNKNOWN, "\"remove\" has %s, who is no admin",
                                        key_hex(&e->admins.remove[i], (char[ID_HEX]) {}));

        n = s->n_in_force + e->admins.n_add - e->admins.n_remove;
        if (n < s->genesis->approvals)
                return why_set(why, V_LIMIT,
                                "%zu admins would be left, this network needs the approval of %u: "
                                "nobody could administer it",
                                n, s->genesis->approvals);
        if (n > ADMINS_MAX)
                return why_set(why, V_LIMIT, "there would be %zu admins, at most %u are allowed", n,
                                ADMINS_MAX);
        return 0;
}

static Admin* admin_in_force(State *s, const Key *k) {
        for (size_t i = 0; i < s->n_admins; i++)
                if (!s->admins[i].removed && key_equal(&s->admins[i].key, k))
                        return &s->admins[i];
        return NULL;
}

static int admins_effect(State *s, Act *act) {
        const Entry *e = act->entry;
        int r;

        r = admins_check_effect(s, e, 0, NULL);
        if (r != 0)
                return -EUCLEAN;
        while (s->n_admins + e->admins.n_add > s->allocated_admins) {
                size_t m = 2 * s->allocated_admins;
                Admin *p = reallocarray(s->admins, m, sizeof(Admin));

                if (!p)
                        return -ENOMEM;
                s->admins = p;
                s->allocated_admins = m;
        }

        for (size_t i = 0; i < e->admins.n_remove; i++)
                ASSERT_PTR(admin_in_force(s, &e->admins.remove[i]))->removed = act;
        for (size_t i = 0; i < e->admins.n_add; i++)
                s->admins[s->n_admins++] = (Admin) { .key = e->admins.add[i], .added = act };
        state_admins_changed(s);
        return 0;
}

static void admins_uneffect(State *s, Act *act) {
        while (s->n_admins > 0 && s->admins[s->n_admins - 1].added == act)
                s->n_admins--;
        for (size_t i = 0; i < s->n_admins; i++)
                if (s->admins[i].removed == act)
                        s->admins[i].removed = NULL;
        state_admins_changed(s);
}

const EntryType entry_type_admins = {
        .name = "admins",
        .limit = offsetof(Limits, entry_bytes),
        .administers = true,
        .parse = admins_parse,
        .done = admins_done,
        .check_effect = admins_check_effect,
        .effect = admins_effect,
        .uneffect = admins_uneffect,
};

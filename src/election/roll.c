/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/roll.h"

#include <inttypes.h>

#include "codec/hex.h"
#include "crypto/sign.h"
#include "voted/limits.h"

struct RollSet {
        unsigned n_ref;
        Voter *voters;
        size_t n, allocated;
        uint64_t weight;
        uint32_t *slots;        /* open addressing: number + 1, or 0; half of them free */
        unsigned slots_log2;
};

static int voter_parse(Voter *v, const Json *voters, size_t i, Why *why) {
        const Json *pair;
        int64_t weight;
        int r;

        r = json_at_array(voters, i, "voters", 2, 2, &pair, why);
        if (r != 0)
                return r;

        r = json_at_key(pair, 0, "key", &v->key, why);
        if (r == 0)
                r = json_at_int(pair, 1, "weight", 1, (int64_t) WEIGHT_MAX, &weight, why);
        if (r > 0)
                return why_prefix(why, r, "voter %zu", i);
        if (r < 0)
                return r;

        v->weight = (uint32_t) weight;
        return 0;
}

int roll_parse(Roll **ret, const Json *o, Why *why) {
        _cleanup_(roll_set_unrefp) RollSet *alone = NULL;
        _cleanup_(roll_freep) Roll *roll = NULL;
        const Json *voters;
        const char *name;
        int64_t part;
        int r;

        assert(ret);

        if (!json_is_obj(o))
                return why_set(why, V_FORM, "a roll is an object");

        r = json_check_keys(
                o, JSON_KEYS("kind", "name", "part", "signature", "signer", "voters"), why);
        if (r == 0)
                r = json_get_name(o, "name", &name, why);
        if (r == 0)
                r = json_get_int(o, "part", 0, ROLLS_MAX - 1, &part, why);
        if (r == 0)
                r = json_get_array(o, "voters", 1, ENTRY_BYTES_MAX / 64, &voters, why);
        if (r != 0)
                return r;

        roll = new0(Roll, 1);
        if (!roll)
                return -ENOMEM;

        roll->part = (uint32_t) part;
        roll->name = strdup(name);
        roll->voters = new0(Voter, json_len(voters));
        if (!roll->name || !roll->voters)
                return -ENOMEM;

        for (size_t i = 0; i < json_len(voters); i++) {
                r = voter_parse(&roll->voters[i], voters, i, why);
                if (r != 0)
                        return r;

                roll->weight += roll->voters[i].weight;         /* 2^14 voters of 2^31 at most */
                roll->n_voters++;
        }

        /* The join finds a key that stands twice and a sum that is too large. */
        r = roll_set_new(&alone);
        if (r < 0)
                return r;

        r = roll_set_add(alone, roll, why);
        if (r != 0)
                return r;

        *ret = TAKE_PTR(roll);
        return 0;
}

int roll_check_keys(const Roll *r, size_t first, size_t n, Why *why) {
        assert(r);

        for (size_t i = first; i < r->n_voters && i - first < n; i++) {
                int k;

                k = key_check(&r->voters[i].key, why);
                if (k > 0)
                        return why_prefix(why, k, "voter %zu, key %s", i,
                                key_hex(&r->voters[i].key, (char[ID_HEX]) {}));
                if (k < 0)
                        return k;
        }

        return 0;
}

Roll* roll_free(Roll *r) {
        if (!r)
                return NULL;

        free(r->voters);
        free(r->name);
        free(r);
        return NULL;
}

int roll_set_new(RollSet **ret) {
        RollSet *s;

        assert(ret);

        s = new0(RollSet, 1);
        if (!s)
                return -ENOMEM;

        s->n_ref = 1;
        *ret = s;
        return 0;
}

/* The slot of the key, or the free one where it would stand. Keys are chosen by their holders, so a
 * table could be made to cluster; that costs its maker a search for each key, us a few loads. */
static size_t roll_set_slot(const RollSet *s, const Key *key) {
        size_t mask = ((size_t) 1 << s->slots_log2) - 1, i;
        uint64_t h;

        memcpy(&h, key->b, sizeof(h));
        h *= UINT64_C(0x9e3779b97f4a7c15);
        i = (size_t) (h >> (64 - s->slots_log2));

        while (s->slots[i] != 0 && !key_equal(&s->voters[s->slots[i] - 1].key, key))
                i = (i + 1) & mask;
        return i;
}

static void roll_set_fill(RollSet *s) {
        memset(s->slots, 0, sizeof(uint32_t) << s->slots_log2);
        for (size_t i = 0; i < s->n; i++)
                s->slots[roll_set_slot(s, &s->voters[i].key)] = (uint32_t) i + 1;
}

/* Room for n voters in all. */
static int roll_set_grow(RollSet *s, size_t n) {
        unsigned log2 = s->slots ? s->slots_log2 : 4;

        if (n > s->allocated) {
                size_t allocated = MAX(n, s->allocated + s->allocated / 8);
                Voter *voters;

                voters = reallocarray(s->voters, allocated, sizeof(Voter));
                if (!voters)
                        return -ENOMEM;
                s->voters = voters;
                s->allocated = allocated;
        }

        while (((size_t) 1 << log2) < 2 * n)
                log2++;

        if (!s->slots || log2 != s->slots_log2) {
                uint32_t *slots;

                slots = newN(uint32_t, (size_t) 1 << log2);
                if (!slots)
                        return -ENOMEM;
                free(s->slots);
                s->slots = slots;
                s->slots_log2 = log2;
                roll_set_fill(s);
        }

        return 0;
}

int roll_set_add(RollSet *s, const Roll *roll, Why *why) {
        size_t before;
        int r;

        assert(s);
        assert(roll);

        if (roll->weight > WEIGHT_SUM_MAX - s->weight)
                return why_set(why, V_DEFINITION,
                        "the weights of all voters add up to %" PRIu64 " with roll "
                        "\"%s\" part %" PRIu32 ", expected at most %" PRIu64,
                        s->weight + roll->weight, roll->name, roll->part, WEIGHT_SUM_MAX);

        if (roll->n_voters >= UINT32_MAX - s->n)
                return why_set(why, V_DEFINITION, "too many voters, expected fewer than 2^32");

        r = roll_set_grow(s, s->n + roll->n_voters);
        if (r < 0)
                return r;

        before = s->n;
        for (size_t i = 0; i < roll->n_voters; i++) {
                size_t slot = roll_set_slot(s, &roll->voters[i].key);

                if (s->slots[slot] != 0) {
                        size_t other = s->slots[slot] - 1;

                        s->n = before;
                        roll_set_fill(s);
                        if (other >= before)
                                return why_set(why, V_DEFINITION,
                                        "key %s stands twice on roll \"%s\" part %" PRIu32
                                        ", as voters %zu and %zu: expected each key once",
                                        key_hex(&roll->voters[i].key, (char[ID_HEX]) {}),
                                        roll->name, roll->part, other - before, i);

                        return why_set(why, V_DEFINITION,
                                "key %s is voter %zu of roll \"%s\" part %" PRIu32
                                " and stands on an earlier roll too: expected each key once",
                                key_hex(&roll->voters[i].key, (char[ID_HEX]) {}), i, roll->name,
                                roll->part);
                }

                s->voters[s->n++] = roll->voters[i];
                s->slots[slot] = (uint32_t) s->n;
        }

        s->weight += roll->weight;
        return 0;
}

RollSet* roll_set_ref(RollSet *s) {
        assert(s);

        s->n_ref++;
        return s;
}

RollSet* roll_set_unref(RollSet *s) {
        if (!s || --s->n_ref > 0)
                return NULL;

        free(s->slots);
        free(s->voters);
        free(s);
        return NULL;
}

size_t roll_set_size(const RollSet *s) {
        return s->n;
}

uint64_t roll_set_weight(const RollSet *s) {
        return s->weight;
}

bool roll_set_find(const RollSet *s, const Key *key, uint32_t *ret_number, uint64_t *ret_weight) {
        uint32_t number;

        if (s->n == 0)
                return false;

        number = s->slots[roll_set_slot(s, key)];
        if (number == 0)
                return false;

        if (ret_number)
                *ret_number = number - 1;
        if (ret_weight)
                *ret_weight = s->voters[number - 1].weight;
        return true;
}

const Key* roll_set_key(const RollSet *s, uint32_t number) {
        return number < s->n ? &s->voters[number].key : NULL;
}

uint64_t roll_set_voter_weight(const RollSet *s, uint32_t number) {
        return number < s->n ? s->voters[number].weight : 0;
}

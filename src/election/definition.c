/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/definition.h"

#include <inttypes.h>

#include "election/method.h"
#include "election/sealed-form.h"
#include "voted/limits.h"

#define ENTRY_KEYS                                                                                 \
        "about", "blank", "closes", "grace", "kind", "lot", "name", "opens", "questions",          \
                "revote", "rolls", "secrecy", "signature", "signer", "title"

static const struct {
        const char *name;
        const char *const *keys;
} secrecies[_SECRECY_MAX] = {
        [SECRECY_OPEN] = { "open", JSON_KEYS(ENTRY_KEYS) },
        [SECRECY_SEALED] = { "sealed", JSON_KEYS(ENTRY_KEYS, "board", "exposed", "least") },
};

static int text_copy(char **ret, const char *text) {
        *ret = strdup(text);
        return *ret ? 0 : -ENOMEM;
}

/* The member, or its default if it is absent. */
static int get_bool_or(const Json *o, const char *key, bool otherwise, bool *ret, Why *why) {
        if (!json_has(o, key)) {
                *ret = otherwise;
                return 0;
        }

        return json_get_bool(o, key, ret, why);
}

static int definition_parse_questions(Definition *d, const Json *o, Why *why) {
        const Json *a;
        int r;

        r = json_get_array(o, "questions", 1, QUESTIONS_MAX, &a, why);
        if (r != 0)
                return r;

        d->questions = new0(Question, json_len(a));
        if (!d->questions)
                return -ENOMEM;

        for (size_t i = 0; i < json_len(a); i++) {
                const Json *item;

                r = json_at_object(a, i, "questions", &item, why);
                if (r != 0)
                        return r;

                d->n_questions++;
                r = question_parse(&d->questions[i], item, why);
                if (r > 0)
                        return why_prefix(why, r, "question %zu", i);
                if (r < 0)
                        return r;

                d->n_options += d->questions[i].n_options;
        }

        if (d->n_options > OPTIONS_MAX)
                return why_set(why, V_DEFINITION,
                        "the questions have %zu options in all, expected at most %u", d->n_options,
                        OPTIONS_MAX);

        return 0;
}

static int definition_parse_rolls(Definition *d, const Json *o, Why *why) {
        const Json *a;
        int r;

        r = json_get_array(o, "rolls", 1, ROLLS_MAX, &a, why);
        if (r != 0)
                return r;

        d->rolls = new0(Id, json_len(a));
        if (!d->rolls)
                return -ENOMEM;

        for (size_t i = 0; i < json_len(a); i++) {
                r = json_at_id(a, i, "rolls", &d->rolls[i], why);
                if (r != 0)
                        return r;

                for (size_t k = 0; k < i; k++)
                        if (id_equal(&d->rolls[k], &d->rolls[i]))
                                return why_set(why, V_DEFINITION,
                                        "rolls %zu and %zu are the same entry, "
                                        "expected each once",
                                        k, i);
                d->n_rolls++;
        }

        return 0;
}

static int definition_parse_secrecy(Definition *d, const Json *o, Why *why) {
        const char *name;
        int r;

        if (!json_has(o, "secrecy")) {
                d->secrecy = SECRECY_OPEN;
                return 0;
        }

        r = json_get_text(o, "secrecy", 1, NAME_BYTES_MAX, &name, why);
        if (r != 0)
                return r;

        for (Secrecy s = 0; s < _SECRECY_MAX; s++)
                if (streq(secrecies[s].name, name)) {
                        d->secrecy = s;
                        return 0;
                }

        return why_set(
                why, V_DEFINITION, "\"secrecy\" is \"%s\", expected \"open\" or \"sealed\"", name);
}

static int definition_parse_sealed(Definition *d, const Json *o, Why *why) {
        int64_t least = LEAST_DEFAULT;
        int r;

        if (d->secrecy != SECRECY_SEALED)
                return 0;

        r = json_get_id(o, "board", &d->board, why);
        if (r == 0 && json_has(o, "least"))
                r = json_get_int(o, "least", LEAST_MIN, LEAST_MAX, &least, why);
        if (r == 0)
                r = get_bool_or(o, "exposed", false, &d->exposed, why);
        if (r != 0)
                return r;

        d->least = (uint32_t) least;
        for (size_t i = 0; i < d->n_questions; i++) {
                r = sealed_question_check(&d->questions[i], why);
                if (r > 0)
                        return why_prefix(why, r, "question %zu", i);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int definition_parse_times(Definition *d, const Json *o, Why *why) {
        int64_t opens, closes, grace = 0;
        int r;

        r = json_get_int(o, "opens", 1, LINE_INT_MAX - GRACE_MAX, &opens, why);
        if (r == 0)
                r = json_get_int(o, "closes", 1, LINE_INT_MAX - GRACE_MAX, &closes, why);
        if (r == 0 && json_has(o, "grace"))
                r = json_get_int(o, "grace", 1, GRACE_MAX, &grace, why);
        if (r != 0)
                return r;

        if (opens >= closes)
                return why_set(why, V_DEFINITION,
                        "the election closes (%" PRIi64 ") before it opens (%" PRIi64
                        "), expected \"opens\" to be less than \"closes\"",
                        closes, opens);

        d->opens = (uint64_t) opens;
        d->closes = (uint64_t) closes;
        d->grace = (uint64_t) grace;
        return 0;
}

static int definition_parse_texts(Definition *d, const Json *o, Why *why) {
        const char *name, *title, *about = "", *lot = NULL;
        int r;

        r = json_get_name(o, "name", &name, why);
        if (r == 0)
                r = json_get_title(o, "title", TITLE_BYTES_MAX, &title, why);
        if (r == 0 && json_has(o, "about"))
                r = json_get_text(o, "about", 0, ABOUT_BYTES_MAX, &about, why);
        if (r == 0 && json_has(o, "lot"))
                r = json_get_title(o, "lot", LOT_BYTES_MAX, &lot, why);
        if (r != 0)
                return r;

        r = text_copy(&d->name, name);
        if (r == 0)
                r = text_copy(&d->title, title);
        if (r == 0)
                r = text_copy(&d->about, about);
        if (r == 0 && lot)
                r = text_copy(&d->lot, lot);
        return r;
}

int definition_parse(Definition **ret, const Json *o, Why *why) {
        _cleanup_(definition_unrefp) Definition *d = NULL;
        int r;

        assert(ret);

        if (!json_is_obj(o))
                return why_set(why, V_FORM, "an election is an object");

        d = new0(Definition, 1);
        if (!d)
                return -ENOMEM;
        d->n_ref = 1;

        /* First, since it decides which other keys there may be. */
        r = definition_parse_secrecy(d, o, why);
        if (r == 0)
                r = json_check_keys(o, secrecies[d->secrecy].keys, why);
        if (r == 0)
                r = definition_parse_texts(d, o, why);
        if (r == 0)
                r = definition_parse_times(d, o, why);
        if (r == 0)
                r = get_bool_or(o, "revote", true, &d->revote, why);
        if (r == 0)
                r = get_bool_or(o, "blank", true, &d->blank, why);
        if (r == 0)
                r = definition_parse_rolls(d, o, why);
        if (r == 0)
                r = definition_parse_questions(d, o, why);
        if (r == 0)
                r = definition_parse_sealed(d, o, why);
        if (r != 0)
                return r;

        *ret = TAKE_PTR(d);
        return 0;
}

int definition_check(const Definition *d, size_t vote_bytes, uint64_t grace_min, Why *why) {
        assert(d);

        if (d->grace > 0 && d->grace < grace_min)
                return why_set(why, V_DEFINITION,
                        "\"grace\" is %" PRIu64 " seconds, this network expects at "
                        "least %" PRIu64,
                        d->grace, grace_min);

        if (definition_vote_bytes_max(d) > vote_bytes)
                return why_set(why, V_DEFINITION,
                        "the largest possible vote has %zu bytes, this network takes "
                        "%zu: ask fewer questions or options",
                        definition_vote_bytes_max(d), vote_bytes);

        return 0;
}

size_t definition_ballot_bytes_max(const Definition *d) {
        size_t n = strlen("{\"choices\":[]}") + d->n_questions - 1;

        if (d->secrecy == SECRECY_SEALED)
                return sealed_form_bytes(d);

        for (size_t i = 0; i < d->n_questions; i++)
                n += d->questions[i].method->bytes_max(&d->questions[i]);

        return n;
}

size_t definition_vote_bytes_max(const Definition *d) {
        return definition_ballot_bytes_max(d) + 2 * 64 + 86 +
                strlen("{\"ballot\":,\"election\":\"\",\"kind\":\"vote\",\"seq\":2147483648,"
                       "\"signature\":\"\",\"signer\":\"\"}");
}

Definition* definition_ref(Definition *d) {
        assert(d);

        (void) __atomic_add_fetch(&d->n_ref, 1, __ATOMIC_RELAXED);
        return d;
}

Definition* definition_unref(Definition *d) {
        if (!d || __atomic_sub_fetch(&d->n_ref, 1, __ATOMIC_ACQ_REL) > 0)
                return NULL;

        for (size_t i = 0; i < d->n_questions; i++)
                question_done(&d->questions[i]);

        free(d->questions);
        free(d->rolls);
        free(d->lot);
        free(d->about);
        free(d->title);
        free(d->name);
        free(d);
        return NULL;
}

Json* definition_to_json(const Definition *d) {
        Json *o = json_new_object(), *rolls = json_new_array(), *questions = json_new_array();

        for (size_t i = 0; i < d->n_rolls; i++)
                json_add_id(rolls, &d->rolls[i]);
        for (size_t i = 0; i < d->n_questions; i++)
                json_add(questions, question_to_json(&d->questions[i]));

        json_set_text(o, "name", d->name);
        json_set_text(o, "title", d->title);
        if (d->about[0] != '\0')
                json_set_text(o, "about", d->about);
        json_set(o, "rolls", rolls);
        json_set_int(o, "opens", (int64_t) d->opens);
        json_set_int(o, "closes", (int64_t) d->closes);
        if (d->grace > 0)
                json_set_int(o, "grace", (int64_t) d->grace);
        if (d->secrecy != SECRECY_OPEN)
                json_set_text(o, "secrecy", secrecy_name(d->secrecy));
        if (d->secrecy == SECRECY_SEALED) {
                json_set_id(o, "board", &d->board);
                if (d->least != LEAST_DEFAULT)
                        json_set_int(o, "least", d->least);
                if (d->exposed)
                        json_set_bool(o, "exposed", true);
        }
        if (!d->revote)
                json_set_bool(o, "revote", false);
        if (!d->blank)
                json_set_bool(o, "blank", false);
        json_set_text(o, "lot", d->lot);
        json_set(o, "questions", questions);
        return o;
}

const char* secrecy_name(Secrecy s) {
        assert(s < _SECRECY_MAX);

        return secrecies[s].name;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines: voted-ledger(5), FORM OF A LINE. A reader of exactly that subset of JSON in its canonical
 * form, so that whatever it takes is canonical; and the checks of members that all kinds of line
 * share. What breaks a rule is thrown as a Refusal, whose text says which. */
'use strict';

const INT_MAX = Number.MAX_SAFE_INTEGER;
const DEPTH_MAX = 8;
const KEY_MAX = 64;

class Refusal extends Error {}

function refuse(text) {
        throw new Refusal(text);
}

/* What must not lie on a screen; the newline and the tab are judged where the text stands. */
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/;
const ESCAPES = { '"': '"', '\\': '\\', n: '\n', t: '\t' };

class Reader {
        constructor(text) {
                this.text = text;
                this.at = 0;
        }

        expect(c) {
                if (this.text[this.at] !== c)
                        refuse(`character ${this.at + 1}: expected ${JSON.stringify(c)}`);
                this.at++;
        }

        take(c) {
                if (this.text[this.at] !== c)
                        return false;
                this.at++;
                return true;
        }

        match(pattern, what) {
                pattern.lastIndex = this.at;
                const found = pattern.exec(this.text);
                if (!found)
                        refuse(`character ${this.at + 1}: expected ${what}`);
                this.at += found[0].length;
                return found[0];
        }

        value(depth) {
                switch (this.text[this.at]) {
                case '{':
                        return this.object(depth + 1);
                case '[':
                        return this.array(depth + 1);
                case '"':
                        return this.string();
                case 't':
                        this.match(/true/y, 'true');
                        return true;
                case 'f':
                        this.match(/false/y, 'false');
                        return false;
                default:
                        return this.integer();
                }
        }

        integer() {
                const digits = this.match(/0|-?[1-9][0-9]{0,15}/y, 'a value');
                const n = Number(digits);
                if (!Number.isSafeInteger(n))
                        refuse(`${digits} is beyond 2^53 - 1`);
                /* a fraction, an exponent or a further digit is refused by whoever reads on */
                return n;
        }

        string() {
                let s = '';
                this.expect('"');
                for (;;) {
                        s += this.match(/[^"\\\u0000-\u001f]*/y, 'text');
                        if (this.take('"'))
                                break;
                        this.expect('\\');
                        const c = ESCAPES[this.match(/["\\nt]/y, 'one of the escapes \\" \\\\ \\n \\t')];
                        s += c;
                }
                if (HIDDEN.test(s))
                        refuse('a character that is not shown, or shown otherwise');
                return s;
        }

        array(depth) {
                const a = [];
                if (depth > DEPTH_MAX)
                        refuse(`more than ${DEPTH_MAX} levels`);
                this.expect('[');
                if (this.take(']'))
                        return a;
                do
                        a.push(this.value(depth));
                while (this.take(','));
                this.expect(']');
                return a;
        }

        object(depth) {
                const o = Object.create(null);
                let before = '';
                if (depth > DEPTH_MAX)
                        refuse(`more than ${DEPTH_MAX} levels`);
                this.expect('{');
                if (this.take('}'))
                        return o;
                do {
                        this.expect('"');
                        const key = this.match(/[a-z0-9_]+/y, 'a key of a-z, 0-9 and _');
                        this.expect('"');
                        this.expect(':');
                        if (key.length > KEY_MAX)
                                refuse(`the key "${key}" is longer than ${KEY_MAX} characters`);
                        /* also what stands twice */
                        if (key <= before)
                                refuse(`the key "${key}" behind "${before}", expected ascending keys`);
                        before = key;
                        o[key] = this.value(depth);
                } while (this.take(','));
                this.expect('}');
                return o;
        }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/* The object of a line, from its bytes. */
function parseLine(bytes) {
        let text;
        try {
                text = utf8.decode(bytes);
        } catch (e) {
                refuse('it is no UTF-8');
        }
        const reader = new Reader(text);
        const o = reader.object(1);
        if (reader.at !== text.length)
                refuse(`character ${reader.at + 1}: expected the end of the line`);
        return o;
}

/* The canonical form of an object, as the bytes that are signed. Not for what is hashed: those are
 * the bytes that came. */
function formatLine(value) {
        if (Array.isArray(value))
                return `[${value.map(formatLine).join(',')}]`;
        if (typeof value === 'object') {
                const keys = Object.keys(value).sort();
                return `{${keys.map((k) => `"${k}":${formatLine(value[k])}`).join(',')}}`;
        }
        if (typeof value === 'string')
                return `"${value.replace(/["\\\n\t]/g, (c) => ({ '\n': '\\n', '\t': '\\t' }[c] || `\\${c}`))}"`;
        return String(value);
}

/* --- members: each of these returns a check, called with the value and what it is called */

function integer(least, most) {
        return (v, what) => {
                if (typeof v !== 'number' || v < least || v > most)
                        refuse(`"${what}" is ${brief(v)}, expected an integer from ${least} to ${most}`);
        };
}

function matching(pattern, expected) {
        return (v, what) => {
                if (typeof v !== 'string' || !pattern.test(v))
                        refuse(`"${what}" is ${brief(v)}, expected ${expected}`);
        };
}

/* Sizes of texts are in bytes. */
function text(least, most, { lines = false } = {}) {
        return (v, what) => {
                if (typeof v !== 'string')
                        refuse(`"${what}" is ${brief(v)}, expected a text`);
                const size = Buffer.byteLength(v);
                if (size < least || size > most)
                        refuse(`"${what}" has ${size} bytes, expected ${least} to ${most}`);
                if (!lines && /[\n\t]/.test(v))
                        refuse(`"${what}" has a newline or a tab`);
        };
}

function array(least, most, item) {
        return (v, what) => {
                if (!Array.isArray(v) || v.length < least || v.length > most)
                        refuse(`"${what}" is ${brief(v)}, expected an array of ${least} to ${most}`);
                v.forEach((x, i) => item(x, `${what}, item ${i}`));
        };
}

function tuple(...items) {
        return (v, what) => {
                if (!Array.isArray(v) || v.length !== items.length)
                        refuse(`"${what}" is ${brief(v)}, expected an array of ${items.length}`);
                items.forEach((check, i) => check(v[i], what));
        };
}

function object(v, what) {
        if (typeof v !== 'object' || Array.isArray(v))
                refuse(`"${what}" is ${brief(v)}, expected an object`);
}

function boolean(v, what) {
        if (typeof v !== 'boolean')
                refuse(`"${what}" is ${brief(v)}, expected true or false`);
}

function oneOf(...values) {
        return (v, what) => {
                if (!values.includes(v))
                        refuse(`"${what}" is ${brief(v)}, expected ${values.join(' or ')}`);
        };
}

const id = matching(/^[0-9a-f]{64}$/, '64 lower-case hexadecimal digits');
const name = matching(/^[a-z0-9][a-z0-9-]{0,63}$/, '1 to 64 of a-z, 0-9 and -');
/* 86 characters hold 4 bits more than 64 bytes: those are 0 */
const signature = matching(/^[A-Za-z0-9_-]{85}[AQgw]$/, '64 bytes in base64url');

/* So many bytes in base64url without padding, unused bits 0. */
function base64(size) {
        return (v, what) => {
                const bytes = typeof v === 'string' && Buffer.from(v, 'base64url');
                if (!bytes || bytes.length !== size || bytes.toString('base64url') !== v)
                        refuse(`"${what}" is ${brief(v)}, expected ${size} bytes in base64url`);
        };
}

/* An object has the members of required, perhaps those of optional, and no other. */
function members(o, required, optional = {}) {
        for (const key of Object.keys(o))
                if (!Object.hasOwn(required, key) && !Object.hasOwn(optional, key))
                        refuse(`"${key}" is no key of this object`);
        for (const [key, check] of Object.entries(required)) {
                if (!(key in o))
                        refuse(`"${key}" is missing`);
                check(o[key], key);
        }
        for (const [key, check] of Object.entries(optional))
                if (key in o)
                        check(o[key], key);
}

/* The value is a key of that table. */
function oneOfKeys(table) {
        return (v, what) => {
                if (typeof v !== 'string' || !Object.hasOwn(table, v))
                        refuse(`"${what}" is ${brief(v ?? '')}, expected one of ${Object.keys(table).join(', ')}`);
        };
}

function noneTwice(values, what) {
        const seen = new Set();
        for (const v of values) {
                if (seen.has(v))
                        refuse(`"${what}" has ${brief(v)} twice`);
                seen.add(v);
        }
}

function brief(v) {
        const s = JSON.stringify(v) ?? 'nothing';
        return s.length > 80 ? `${s.slice(0, 77)}...` : s;
}

module.exports = {
        INT_MAX, Refusal, refuse, parseLine, formatLine, members, noneTwice, brief,
        integer, matching, text, array, tuple, object, boolean, oneOf, oneOfKeys, id, name, signature, base64,
};

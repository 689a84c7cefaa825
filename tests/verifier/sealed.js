/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arithmetic of sealed elections: voted-election(5), SEALED ELECTIONS. Encodings, challenges, the
 * equations of proofs, deals, and the opening of a sum. Elements come in and go out as 32 bytes;
 * what is asked of many at once is asked of a Pool. */
'use strict';

const { createHash } = require('crypto');
const { ristretto255 } = require('@noble/curves/ed25519');

const { Point } = ristretto255;
const G = Point.BASE;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const SUM = 2 ** 32 - 1;        /* in place of the number of an option */

/* --- encodings */

const mod = (n) => ((n % L) + L) % L;
const number = (bytes) => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex') || '0'}`);
const u64 = (n) => {
        const b = Buffer.alloc(8);
        b.writeBigUInt64BE(BigInt(n));
        return b;
};
const encode = (point) => Buffer.from(point.toBytes());
const times = (point, n) => (mod(n) === 0n ? Point.ZERO : point.multiplyUnsafe(mod(n)));
const total = (points) => points.reduce((a, b) => a.add(b), Point.ZERO);

/* An element from outside, or null: canonical, and not the identity. */
function element(bytes) {
        try {
                const p = Point.fromHex(Uint8Array.from(bytes));
                return p.is0() ? null : p;
        } catch (e) {
                return null;
        }
}

/* The parts of a proof: so many elements, then scalars below L; null if one is not. */
function parts(bytes, elements, scalars) {
        const at = (i) => bytes.subarray(32 * i, 32 * (i + 1));
        const points = [...Array(elements).keys()].map((i) => element(at(i)));
        const numbers = [...Array(scalars).keys()].map((i) => number(at(elements + i)));
        return bytes.length !== 32 * (elements + scalars) || points.includes(null) || numbers.some((n) => n >= L) ? null : [...points, ...numbers];
}

/* The hash as a scalar of fields: texts, integers (8 bytes), bytes, elements. */
function challenge(fields) {
        const h = createHash('sha512');
        for (const f of fields) {
                const bytes = typeof f === 'string' ? Buffer.from(f) : typeof f === 'number' ? u64(f) : f instanceof Uint8Array ? f : encode(f);
                const size = Buffer.alloc(4);
                size.writeUInt32BE(bytes.length);
                h.update(size).update(bytes);
        }
        return mod(number(h.digest()));
}

/* --- proofs: each of these says whether it holds */

/* Of the logarithm of x. */
function knowledge({ kind, fields, x, proof }) {
        const p = parts(proof, 1, 1);
        const X = element(x);
        if (!p || !X)
                return false;
        const [A, z] = p;
        return A.equals(times(G, z).subtract(times(X, challenge(['voted proof 1', kind, ...fields, A]))));
}

/* That x is to G what q is to p. */
function equality({ kind, fields, x, p, q, proof }) {
        const read = parts(proof, 2, 1);
        const [X, P, Q] = [x, p, q].map(element);
        if (!read || !X || !P || !Q)
                return false;
        const [A, B, z] = read;
        const c = challenge(['voted proof 1', kind, ...fields, A, B]);
        return A.equals(times(G, z).subtract(times(X, c))) && B.equals(times(P, z).subtract(times(Q, c)));
}

/* That (alpha, beta) holds one of the allowed values. */
function allowedValue(statement, Y, alpha, beta, allowed, proof) {
        const read = allowed.map((_, i) => parts(proof.subarray(128 * i, 128 * (i + 1)), 2, 2));
        if (proof.length !== 128 * allowed.length || read.includes(null))
                return false;
        const c = challenge([...statement, ...read.flatMap(([A, B]) => [A, B])]);
        return mod(read.reduce((sum, part) => sum + part[2], 0n)) === c && read.every(([A, B, ci, z], i) =>
                A.equals(times(G, z).subtract(times(alpha, ci))) &&
                B.equals(times(Y, z).subtract(times(beta.subtract(times(G, BigInt(allowed[i]))), ci))));
}

/* All proofs of a ballot; forms: what forms() says of its election. */
function ballot({ network, election, y, signer, seq, sealed, forms }) {
        const Y = Point.fromHex(y);
        const read = (text) => element(Buffer.from(text, 'base64url'));
        const ciphers = sealed.map((q) => q.options.map(([alpha, beta]) => [read(alpha), read(beta)]));
        const all = ciphers.flat(2);
        if (all.includes(null))
                return false;

        const holds = (question, option, [alpha, beta], allowed, proof) => {
                const kind = option === SUM ? 'sum' : 'choice';
                const statement = ['voted proof 1', kind, network, election, Y, signer, seq, question, option, ...allowed, ...all];
                return allowedValue(statement, Y, alpha, beta, allowed, Buffer.from(proof, 'base64url'));
        };
        return sealed.every((q, i) => {
                const { values, sums } = forms[i];
                const added = [0, 1].map((k) => total(ciphers[i].map((cipher) => cipher[k])));
                return q.options.every(([, , proof], o) => holds(i, o, ciphers[i][o], values, proof)) &&
                        (!sums || holds(i, SUM, added, sums, q.sum));
        });
}

/* The allowed values of an option, and of a question's sum, if that is proved. */
function form(question, blank) {
        const upTo = (least, most) => [...Array(most - least + 1).keys()].map((i) => least + i);
        switch (question.method) {
        case 'plurality':
                return { values: [0, 1], sums: blank ? [0, 1] : [1] };
        case 'approval':
                return { values: [0, 1], sums: [...(blank ? [0] : []), ...upTo(question.min, question.max)] };
        default:
                return { values: upTo(0, question.max), sums: null };
        }
}

/* --- deals */

/* The sum over k of (j + 1)^k A_k. */
function atPoint(commitments, j) {
        let power = 1n;
        return total(commitments.map((A) => {
                const term = times(A, power);
                power = mod(power * BigInt(j + 1));
                return term;
        }));
}

/* The share that K opens fits the commitments: fields are network, board, dealer, trustee. */
function shareFits({ fields, share, K, commitments, j }) {
        const R = share.subarray(0, 32);
        const s = mod(number(share.subarray(32, 64)) - challenge(['voted deal 1', ...fields, R, K]));
        return times(G, s).equals(atPoint(commitments.map(element), j));
}

/* The board's key and, of each trustee, X_j. */
function boardKeys(deals, n) {
        const commitments = deals.map((d) => d.map(element));
        return {
                y: total(commitments.map(([A]) => A)),
                x: [...Array(n).keys()].map((j) => encode(total(commitments.map((c) => atPoint(c, j))))),
        };
}

/* --- the sum */

/* ballots: { weight, sealed }; of each question and option [ALPHA, BETA]. */
function weightedSum(ballots, questions) {
        return questions.map((q, i) => q.options.map((_, o) => [0, 1].map((k) =>
                total(ballots.map(({ weight, sealed }) => times(element(Buffer.from(sealed[i].options[o][k], 'base64url')), BigInt(weight)))))));
}

/* The m from 0 to most for which M = m G, by baby steps and giant steps. */
function smallLogarithm(M, most) {
        const step = Math.ceil(Math.sqrt(most + 1));
        const baby = new Map();
        for (let [i, p] = [0, Point.ZERO]; i < step; i++, p = p.add(G))
                baby.set(p.toHex(), i);
        const giant = times(G, BigInt(step)).negate();
        for (let [i, p] = [0, M]; i <= step; i++, p = p.add(giant)) {
                const found = baby.get(p.toHex());
                if (found !== undefined)
                        return i * step + found;
        }
        throw new Error('a sum is beyond what the ballots can add up to');
}

/* points: j + 1 of the trustees, ds: their D of one option (null: the identity). */
function openSum(beta, points, ds, most) {
        const lagrange = (t) => points.filter((u) => u !== t).reduce((l, u) => mod(l * BigInt(u) * inverse(BigInt(u - t))), 1n);
        const opened = total(points.map((t, i) => (ds[i] ? times(element(ds[i]), lagrange(t)) : Point.ZERO)));
        return smallLogarithm(beta.subtract(opened), most);
}

function inverse(n) {
        let [r, m, base, e] = [1n, L, mod(n), L - 2n];
        for (; e > 0n; e >>= 1n, base = (base * base) % m)
                if (e & 1n)
                        r = (r * base) % m;
        return r;
}

module.exports = {
        element, encode, challenge, knowledge, equality, ballot, form, shareFits, boardKeys, weightedSum, openSum, times, mod, number, G, L, SUM,
};

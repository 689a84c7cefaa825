/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random elections of all methods, in ledgers that are right, for both verifiers to count alike.
 *
 *   node random.js FOLDER SEED COUNT
 *
 * writes COUNT ledgers with an election "random" each, and their names to standard output. */
'use strict';

const fs = require('fs');
const path = require('path');
const { Forge, key, id } = require('./forge.js');

const U64 = (1n << 64n) - 1n;

class Random {
        constructor(seed) {
                this.state = BigInt(seed);
                this.below(1);
        }

        /* 0 .. n - 1 (Knuth's MMIX) */
        below(n) {
                this.state = (this.state * 6364136223846793005n + 1442695040888963407n) & U64;
                return Number((this.state >> 33n) % BigInt(n));
        }

        often() {
                return this.below(3) > 0;
        }

        pick(list) {
                return list[this.below(list.length)];
        }

        shuffle(list) {
                const a = [...list];
                for (let i = a.length - 1; i > 0; i--) {
                        const j = this.below(i + 1);
                        [a[i], a[j]] = [a[j], a[i]];
                }
                return a;
        }
}

const range = (n) => [...Array(n).keys()];
const some = (r, n, least = 1, most = n) => r.shuffle(range(n)).slice(0, least + r.below(most - least + 1));

/* What a question of n options has besides, and a choice in it. */
const METHODS = {
        plurality: { takes: () => ({}), choice: (r, q, n) => [r.below(n)] },
        approval: {
                takes: (r, n) => {
                        const min = 1 + r.below(n);
                        return { min, max: min + r.below(n - min + 1), seats: 1 + r.below(4) };
                },
                choice: (r, q, n) => some(r, n, q.min, q.max).sort((a, b) => a - b),
        },
        score: {
                takes: (r) => ({ max: 1 + r.below(3), ...(r.often() ? { seats: 1 + r.below(3) } : {}) }),
                choice: (r, q, n) => range(n).map(() => r.below(q.max + 1)),
        },
        schulze: {
                takes: (r, n) => {
                        if (!r.often())
                                return {};
                        const d = r.below(n);
                        const majority = range(n).map((i) => (i === d ? [1, 1] : r.pick([[1, 1], [2, 1], [3, 2], [5, 3]])));
                        return { default: d, ...(r.often() ? { quorum: r.below(4) } : {}), ...(r.often() ? { majority } : {}) };
                },
                choice: (r, q, n) => {
                        const tiers = [];
                        for (const i of some(r, n)) {
                                if (tiers.length > 0 && !r.often())
                                        tiers[tiers.length - 1].push(i);
                                else
                                        tiers.push([i]);
                        }
                        return tiers;
                },
        },
        stv: { takes: (r) => (r.often() ? { seats: 1 + r.below(4) } : {}), choice: (r, q, n) => some(r, n) },
};

function ledger(seed) {
        const r = new Random(seed);
        const f = new Forge({ type: r.pick(['pow', 'quorum']), authorities: 1 + r.below(5), limits: { revotes: 3 } });
        const heavy = r.below(4) === 0;
        const names = range(2 + r.below(11)).map((i) => `voter ${i}`);
        const weight = () => (heavy ? 1 + r.below(2 ** 31) : 1 + r.below(3));
        const roll = f.entry({ kind: 'roll', name: 'all', part: 0, voters: names.map((v) => [key(v), weight()]) });
        f.block([roll], 1001);

        const questions = range(1 + r.below(4)).map(() => {
                const n = 1 + r.below(6);
                const method = r.pick(Object.keys(METHODS));
                return { method, options: [...'abcdef'].slice(0, n), text: 'Which?', ...METHODS[method].takes(r, n) };
        });
        const lot = r.often() ? { lot: 'a lottery' } : {};
        const election = f.entry({ closes: 1200, kind: 'election', name: 'random', opens: 1100, questions, rolls: [id(roll)], title: 'Random', ...lot });
        f.block([election], 1050);

        const choice = (q) => (r.below(6) === 0 ? [] : METHODS[q.method].choice(r, q, q.options.length));
        for (const seq of [1, 2, 3])
                f.block(names.filter(() => r.often()).map((v) => f.vote(v, id(election), questions.map(choice), seq)), 1100 + 20 * seq);
        f.block(lot.lot && r.often() ? [f.entry({ election: id(election), kind: 'draw', value: String(seed) })] : [], 1300);
        return f.text();
}

const [folder, first, count] = process.argv.slice(2);
for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
        const file = path.join(folder, String(seed));
        fs.writeFileSync(file, ledger(seed));
        console.log(file);
}

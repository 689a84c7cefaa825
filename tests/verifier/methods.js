/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counting and results: voted-election(5), PLURALITY, APPROVAL, SCORE, SCHULZE, THE LOT, RESULTS. A
 * ballot is { weight, choice }; sums stay below 2^53. */
'use strict';

const { hash } = require('./crypto.js');
const { opened } = require('./boards.js');
const { countStv } = require('./stv.js');

const range = (n) => [...Array(n).keys()];
const total = (numbers) => numbers.reduce((a, b) => a + b, 0);

/* The options of a question in the order of the lot. */
function lotOrder(network, election, value, question, n) {
        const key = (option) => hash(Buffer.from(['voted lot 1', network, election, value, question, option].join('\n'))).toString('hex');
        const keys = range(n).map(key);
        return range(n).sort((a, b) => (keys[a] < keys[b] ? -1 : 1));
}

/* --- plurality, approval, score */

/* seats of the options of the highest sums; those that are tied across the line, by the lot if there is one. */
function countSums(question, ballots, lot) {
        const sums = Array(question.options.length).fill(0);
        for (const { weight, choice } of ballots) {
                if (question.method === 'score')
                        choice.forEach((score, i) => { sums[i] += weight * score; });
                else
                        choice.forEach((i) => { sums[i] += weight; });
        }
        return judgeSums(question, sums, lot);
}

/* The same from sums, which are all that a sealed election shows. */
function judgeSums(question, sums, lot) {
        const n = sums.length;
        const seats = question.seats ?? 1;
        /* equal sums by the lot, once it is drawn */
        const place = (i) => (lot ? lot.indexOf(i) : i);
        const order = range(n).sort((a, b) => sums[b] - sums[a] || place(a) - place(b));
        const result = { seats, sums, order, elected: order.slice(0, seats), tied: [], open_seats: 0, lot_used: false };
        if (question.method === 'score')
                result.max = question.max;

        if (n > seats && sums[order[seats - 1]] === sums[order[seats]]) {
                const line = sums[order[seats]];
                result.lot_used = Boolean(lot);
                if (!lot) {
                        result.elected = order.filter((i) => sums[i] > line);
                        result.tied = order.filter((i) => sums[i] === line);
                        result.open_seats = seats - result.elected.length;
                }
        }
        return { ...result, outcome: result.open_seats > 0 ? 'tie' : 'decided' };
}

/* --- Schulze */

function pairwise(n, ballots) {
        const V = range(n).map(() => Array(n).fill(0));
        for (const { weight, choice } of ballots) {
                const rank = Array(n).fill(n);
                choice.forEach((tier, r) => tier.forEach((i) => { rank[i] = r; }));
                for (const a of range(n))
                        for (const b of range(n))
                                if (rank[a] < rank[b])
                                        V[a][b] += weight;
        }
        return V;
}

/* Rules 2 and 3. */
function dropped(question, V) {
        const { default: D, quorum = 0, majority } = question;
        if (D === undefined)
                return [];
        const drops = [];
        range(V.length).filter((a) => a !== D).forEach((a) => {
                const [num, den] = majority ? majority[a] : [1, 1];
                if (V[a][D] < quorum)
                        drops.push({ option: a, reason: 'quorum', for: V[a][D], against: V[D][a], needed: quorum });
                else if (V[a][D] * den < num * V[D][a] || V[a][D] <= V[D][a])
                        drops.push({
                                option: a, reason: 'majority', for: V[a][D], against: V[D][a],
                                needed: Math.max(Math.ceil((num * V[D][a]) / den), V[D][a] + 1),
                        });
        });
        return drops;
}

/* reach[a][b]: a chain of defeats leads from a to b. */
function transitive(n, defeats) {
        const reach = range(n).map(() => Array(n).fill(false));
        for (const [a, b] of defeats)
                reach[a][b] = true;
        for (const k of range(n))
                for (const a of range(n))
                        for (const b of range(n))
                                reach[a][b] ||= reach[a][k] && reach[k][b];
        return reach;
}

/* Rules 4 to 6; the last round has no weakest defeats. */
function schwartzRounds(kept, V) {
        const weaker = ([a, x], [b, y]) => V[a][x] - V[b][y] || V[y][b] - V[x][a];
        let defeats = kept.flatMap((a) => kept.filter((b) => V[a][b] > V[b][a]).map((b) => [a, b]));
        const rounds = [];
        for (;;) {
                const reach = transitive(V.length, defeats);
                const set = kept.filter((a) => kept.every((b) => a === b || reach[a][b] || !reach[b][a]));
                const inside = defeats.filter(([a, b]) => set.includes(a) && set.includes(b));
                inside.sort(weaker);
                const weakest = inside.filter((d) => weaker(d, inside[0]) === 0);
                rounds.push({ set, weakest });
                if (weakest.length === 0)
                        return rounds;
                defeats = defeats.filter((d) => !weakest.includes(d));
        }
}

/* Rule 8: the strongest paths over defeats, strength being (V(A,X), -V(X,A)). */
function strongestPaths(kept, V) {
        const n = V.length;
        const none = [0, 0];
        const compare = ([a, b], [c, d]) => a - c || d - b;
        const p = range(n).map(() => Array(n).fill(none));
        for (const a of kept)
                for (const b of kept)
                        if (V[a][b] > V[b][a])
                                p[a][b] = [V[a][b], V[b][a]];
        for (const k of kept)
                for (const a of kept)
                        for (const b of kept) {
                                if (a === b || p[a][k] === none || p[k][b] === none)
                                        continue;
                                const through = compare(p[a][k], p[k][b]) < 0 ? p[a][k] : p[k][b];
                                if (p[a][b] === none || compare(through, p[a][b]) > 0)
                                        p[a][b] = through;
                        }
        const beats = (a, b) => p[a][b] !== none && (p[b][a] === none || compare(p[a][b], p[b][a]) > 0);
        return { p, beats };
}

function countSchulze(question, ballots, lot) {
        const n = question.options.length;
        const V = pairwise(n, ballots);
        const drops = dropped(question, V);
        const gone = drops.map((d) => d.option);
        const kept = range(n).filter((i) => !gone.includes(i));
        const rounds = schwartzRounds(kept, V);
        const { p, beats } = strongestPaths(kept, V);
        const winners = rounds[rounds.length - 1].set;
        if (kept.filter((a) => !kept.some((b) => beats(b, a))).join() !== winners.join())
                throw new Error('the Schwartz set and the strongest paths disagree');

        /* by how many stand before it, then by number */
        const before = (a) => kept.filter((b) => beats(b, a)).length;
        const order = [...kept].sort((a, b) => before(a) - before(b) || a - b);

        const lot_used = winners.length > 1 && Boolean(lot);
        const elected = lot_used ? [lot.find((i) => winners.includes(i))] : winners;
        const tie = elected.length > 1;
        const none = !tie && elected[0] === question.default;
        const ends = tie ? { elected: [], tied: winners, open_seats: 1 } : { elected: none ? [] : elected, tied: [], open_seats: 0 };
        const given = (key) => (question[key] === undefined ? {} : { [key]: question[key] });
        return {
                ...given('default'), ...(question.quorum > 0 ? given('quorum') : {}), ...given('majority'), pairwise: V, dropped: drops,
                iterations: rounds.map(({ set, weakest }, i) => ({
                        ...(i > 0 && set.join() === rounds[i - 1].set.join() ? {} : { schwartz: set }),
                        weakest: weakest.map(([a, b]) => ({ winner: a, loser: b, for: V[a][b], against: V[b][a] })),
                })),
                strength: p.map((row) => row.map(([w]) => w)), strength_against: p.map((row) => row.map(([, l]) => l)),
                winners, order: [...order, ...gone], lot_used, ...ends, outcome: tie ? 'tie' : none ? 'none' : 'decided',
        };
}

/* --- results */

const METHODS = { plurality: countSums, approval: countSums, score: countSums, schulze: countSchulze, stv: countStv };

/* The result of an election as `votectl results --json` has it. */
function result(state, election) {
        const { body, draw } = election;
        const sealed = body.secrecy === 'sealed';
        const votes = [...election.votes].map(([key, { choices }]) => ({ weight: election.voters.get(key), choices }));
        const weight = total(votes.map((v) => v.weight));
        const lotOf = (i) => draw && lotOrder(state.network, election.id, draw.value, i, body.questions[i].options.length);
        const common = (q) => ({ text: q.text, method: q.method, options: q.options, ballots: votes.length, weight });

        const open = (question, i) => {
                const ballots = votes.map((v) => ({ weight: v.weight, choice: v.choices[i] }));
                const marked = ballots.filter((b) => b.choice.length > 0);
                const lot = lotOf(i);
                return {
                        ...common(question), blank_ballots: votes.length - marked.length,
                        blank_weight: weight - total(marked.map((b) => b.weight)), ...(lot ? { lot_order: lot } : {}),
                        ...METHODS[question.method](question, marked, lot),
                };
        };
        const questions = sealed ? sealedQuestions(state, election, votes.length, common, lotOf) : body.questions.map(open);
        return {
                ballots: votes.length, weight, needs_lot: questions.some((q) => q.outcome === 'tie'), questions,
                ...(body.lot === undefined ? {} : { lot: { source: body.lot, ...draw } }),
                ...(sealed ? { sealed: { least: body.least, opened: questions.every((q) => q.outcome !== 'unopened') } } : {}),
        };
}

function sealedQuestions(state, election, ballots, common, lotOf) {
        const { body } = election;
        const few = ballots > 0 && ballots < body.least;
        const sums = few ? null : ballots === 0 ? body.questions.map((q) => q.options.map(() => 0)) : opened(state, election);
        if (!few && !sums)
                throw new Error(`election "${body.name}" is not opened yet`);
        return body.questions.map((q, i) => {
                const base = common(q);
                if (few)
                        return {
                                ...base, seats: q.seats ?? 1, ...(q.method === 'score' ? { max: q.max } : {}), elected: [], tied: [], open_seats: 0,
                                lot_used: false, outcome: 'unopened',
                        };
                const lot = lotOf(i);
                const blank = q.method === 'plurality' ? { blank_weight: base.weight - total(sums[i]) } : {};
                return { ...base, ...blank, ...(lot ? { lot_order: lot } : {}), ...judgeSums(q, sums[i], lot) };
        });
}

module.exports = { result };

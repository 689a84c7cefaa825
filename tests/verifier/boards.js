/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entries of sealed elections and the state that they make: voted-ledger(5), Entries of sealed
 * elections. Rules whose methods take the State that they belong to; the proofs that remain to be
 * checked are handed to its prove(). */
'use strict';

const { refuse } = require('./canonical.js');
const { merkleRoot } = require('./crypto.js');
const sealed = require('./sealed.js');

const TRUSTEE_ENTRIES_MAX = 8;
const bin = (hex) => Buffer.from(hex, 'hex');
const b64 = (text) => Buffer.from(text, 'base64url');

/* --- trustee */

function trustee(state, { signer, body }) {
        if (!state.admins.has(signer) && !state.onRolls.has(signer))
                refuse(`${signer} is neither an admin nor on a roll`);
        const before = state.sealing.get(signer) ?? [];
        if (before.length >= TRUSTEE_ENTRIES_MAX)
                refuse(`${before.length} sealing keys of ${signer} are in the ledger`);
        state.prove('knowledge', { kind: 'sealing', fields: [bin(state.network), bin(signer), bin(body.sealing)], x: bin(body.sealing), proof: b64(body.proof) });
        state.sealing.set(signer, [...before, body.sealing]);
}

/* --- board: posted by an admin */

const board = {
        posted(state, { body }) {
                if (state.electionNames.has(body.name) || state.boardNames.has(body.name))
                        refuse(`the name "${body.name}" is taken`);
                for (const key of body.trustees)
                        if (!state.sealing.has(key))
                                refuse(`${key} has no sealing key in the ledger`);
        },
        mayTakeEffect(state, { body }, time) {
                if (time >= body.until)
                        refuse(`"until" is ${body.until}, the block is of ${time}`);
        },
        enters(state, { id, body }) {
                state.boardNames.add(body.name);
                state.boards.set(id, {
                        id, body, inEffect: false, sealing: body.trustees.map((key) => state.sealing.get(key).slice(-1)[0]),
                        deals: new Map(), confirmed: new Set(), objected: new Set(), accusation: null, broken: false, readyAt: null, keys: null,
                });
        },
        takesEffect(state, { id }) {
                state.boards.get(id).inEffect = true;
        },
};

/* What a board is, in a block of that time. */
function boardPhase(b, time) {
        if (b.readyAt !== null)
                return 'ready';
        if (b.objected.size > 0 || b.broken || time >= b.body.until)
                return 'void';
        if (!b.inEffect)
                return 'pending';
        return b.deals.size < b.body.trustees.length ? 'dealing' : 'confirming';
}

/* The board that the entry names, and the number of its signer there. */
function ofTrustee(state, { signer, body }, time, ...phases) {
        const b = state.boards.get(body.board);
        if (!b)
                refuse(`no board ${body.board}`);
        const phase = boardPhase(b, time);
        if (!phases.includes(phase))
                refuse(`the board is ${phase}`);
        const j = b.body.trustees.indexOf(signer);
        if (j < 0)
                refuse(`${signer} is no trustee of the board`);
        return [b, j];
}

function deal(state, entry, time) {
        const { body, signer, id } = entry;
        const [b, j] = ofTrustee(state, entry, time, 'dealing', 'confirming');
        const n = b.body.trustees.length;
        if (b.deals.has(j))
                refuse(`${signer} has dealt already`);
        if (body.commitments.length !== b.body.threshold || body.shares.length !== n)
                refuse(`expected ${b.body.threshold} commitments and ${n} shares`);

        const all = body.commitments.map(bin);
        all.forEach((x, k) => state.prove('knowledge', {
                kind: 'coefficient', fields: [bin(state.network), bin(b.id), bin(signer), k, ...all], x, proof: b64(body.proofs[k]),
        }));
        const shares = body.shares.map(b64);
        shares.forEach((share, i) => {
                const [R, t, proof] = [share.subarray(0, 32), share.subarray(32, 64), share.subarray(64)];
                state.prove('knowledge', {
                        kind: 'deal', fields: [bin(state.network), bin(b.id), bin(signer), bin(b.body.trustees[i]), R, t], x: R, proof,
                });
        });
        b.deals.set(j, { id, commitments: all, shares });
        if (b.deals.size === n) {
                b.keys = sealed.boardKeys([...Array(n).keys()].map((i) => b.deals.get(i).commitments), n);
                b.broken = b.keys.y.is0();
        }
}

/* What confirm and object have in common. */
function answer(state, entry, time) {
        const [b, j] = ofTrustee(state, entry, time, 'dealing', 'confirming');
        if (b.confirmed.has(j) || b.objected.has(j))
                refuse(`${entry.signer} has confirmed or objected already`);
        if (b.deals.size < b.body.trustees.length)
                refuse('not all deals are in');
        const root = merkleRoot(b.body.trustees.map((_, i) => b.deals.get(i).id));
        if (entry.body.deals !== root)
                refuse(`"deals" is ${entry.body.deals}, expected ${root}`);
        return [b, j];
}

function confirm(state, entry, time) {
        const [b, j] = answer(state, entry, time);
        b.confirmed.add(j);
        if (b.confirmed.size === b.body.trustees.length)
                b.readyAt = time;
}

function object(state, entry, time) {
        const [b, j] = answer(state, entry, time);
        const { body, signer } = entry;
        const dealer = b.body.trustees.indexOf(body.dealer);
        if (dealer < 0)
                refuse(`${body.dealer} is no trustee of the board`);
        const { commitments, shares } = b.deals.get(dealer);
        const share = shares[j];
        const fields = [bin(state.network), bin(b.id), bin(body.dealer), bin(signer)];
        state.prove('equality', {
                kind: 'object', fields: [...fields, bin(b.sealing[j]), share.subarray(0, 32), bin(body.key)], x: bin(b.sealing[j]),
                p: share.subarray(0, 32), q: bin(body.key), proof: b64(body.proof),
        });
        if (sealed.shareFits({ fields, share, K: bin(body.key), commitments, j }))
                refuse('the share fits the commitments of its dealer');
        b.objected.add(j);
        b.accusation = { liar: body.dealer, objector: signer };
}

/* Of every board: whom it waits for, or waited for in vain, and whose share was shown to be wrong. */
function boards(state, time) {
        return [...state.boards.values()].map((b) => {
                const phase = boardPhase(b, time);
                const done = b.deals.size < b.body.trustees.length ? b.deals : b.confirmed;
                const waits = b.inEffect && phase !== 'ready' && !b.accusation && !b.broken;
                return { name: b.body.name, phase, awaited: waits ? b.body.trustees.filter((_, j) => !done.has(j)) : [], ...b.accusation };
        });
}

/* --- elections and what opens them */

/* What a sealed election needs when it is posted, beside what every election does. */
function electionPosted(state, { body, voters }, time) {
        const b = state.boards.get(body.board);
        if (!b)
                refuse(`no board ${body.board}`);
        if (!b.inEffect || boardPhase(b, time) === 'void')
                refuse('the board is not in effect, or void');
        if (!b.body.elections.includes(body.name))
                refuse(`the board serves no election "${body.name}"`);
        const held = new Map();
        let weights = 0;
        for (const weight of voters.values()) {
                held.set(weight, (held.get(weight) ?? 0) + 1);
                weights += weight;
        }
        for (const [weight, n] of held)
                if (n < body.least && !body.exposed)
                        refuse(`the weight ${weight} is held by ${n} voters, expected ${body.least}, or "exposed"`);
        if (weights * Math.max(...body.questions.map((q) => (q.method === 'score' ? q.max : 1))) > 2 ** 32)
                refuse('the weights are too large for a sum to be opened');
}

/* Its board was ready in a block with time < opens. */
const boardInTime = (state, e) => {
        const { readyAt } = state.boards.get(e.body.board);
        return readyAt !== null && readyAt < e.body.opens;
};

function voteProofs(state, e, { signer, body }) {
        state.prove('ballot', {
                network: bin(state.network), election: bin(e.id), y: sealed.encode(state.boards.get(e.body.board).keys.y), signer: bin(signer), seq: body.seq,
                sealed: body.ballot.sealed, forms: e.body.questions.map((q) => sealed.form(q, e.body.blank)),
        });
}

/* The votes that count, and their sums, once an election is closed. */
function sums(e) {
        e.sums ??= sealed.weightedSum([...e.votes].map(([key, v]) => ({ weight: e.voters.get(key), sealed: v.sealed })), e.body.questions);
        return e.sums;
}

function share(state, { signer, body }) {
        const e = state.election(body.election);
        if (e.body.secrecy !== 'sealed' || !e.closing)
                refuse('no sealed election that has closed');
        if (body.block !== e.closing)
                refuse(`"block" is ${body.block}, the closing block ${e.closing}`);
        const b = state.boards.get(e.body.board);
        const j = b.body.trustees.indexOf(signer);
        if (j < 0)
                refuse(`${signer} is no trustee of the board`);
        if (e.shares.some((s) => s.j === j))
                refuse(`the share of ${signer} is in the ledger`);
        if (e.votes.size < e.body.least)
                refuse(`${e.votes.size} ballots are counted, fewer than ${e.body.least}`);
        if (body.shares.length !== e.body.questions.length)
                refuse(`shares for ${body.shares.length} questions`);

        const ds = sums(e).map((options, q) => {
                if (body.shares[q].length !== options.length)
                        refuse(`question ${q}: shares for ${body.shares[q].length} options`);
                return options.map(([alpha], o) => {
                        const [d, proof] = body.shares[q][o];
                        if (alpha.is0() !== (d === ''))
                                refuse(`question ${q}, option ${o}: a share is empty where and only where the sum is`);
                        if (d === '')
                                return null;
                        const [p, D, x] = [sealed.encode(alpha), b64(d), b.keys.x[j]];
                        const fields = [bin(state.network), bin(e.id), bin(e.closing), j, x, q, o, p, D];
                        state.prove('equality', { kind: 'share', fields, x, p, q: D, proof: b64(proof) });
                        return D;
                });
        });
        e.shares.push({ j, ds });
}

/* The shares of enough trustees are in. */
const isOpened = (state, e) => e.body.secrecy === 'sealed' && e.shares.length >= state.boards.get(e.body.board).body.threshold;

/* Of each question and option the number that the shares open; null while there are too few. */
function opened(state, e) {
        if (!isOpened(state, e))
                return null;
        const first = e.shares.slice(0, state.boards.get(e.body.board).body.threshold);
        const weight = [...e.votes.keys()].reduce((n, key) => n + e.voters.get(key), 0);
        return sums(e).map((options, q) => options.map(([, beta], o) => {
                const { method, max } = e.body.questions[q];
                return sealed.openSum(beta, first.map((s) => s.j + 1), first.map((s) => s.ds[q][o]), weight * (method === 'score' ? max : 1));
        }));
}

module.exports = { kinds: { trustee, deal, confirm, object, share }, board, boards, electionPosted, boardInTime, voteProofs, sums, isOpened, opened };

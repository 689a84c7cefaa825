/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A right ledger with sealed elections, wrong in one place: every part of every field of one entry of
 * each kind is changed in turn, signed again by its signer, and the blocks from there on made to fit;
 * then ballots of others, and encodings that are none. See forgeries.js for what is printed.
 *
 *   node forgeries-sealed.js GOLDEN FOLDER
 *
 * GOLDEN is tests/vectors/golden-sealed-ledger.txt, whose keys come from numbers. */
'use strict';

const fs = require('fs');
const path = require('path');
const { ed25519 } = require('@noble/curves/ed25519');
const { formatLine } = require('./canonical.js');
const { idOf, merkleRoot } = require('./crypto.js');
const { L } = require('./sealed.js');

const [golden, folder] = process.argv.slice(2);
const right = fs.readFileSync(golden, 'utf8').split('\n').filter((l) => l && !l.startsWith('#')).map((l) => l.slice(66));
const network = idOf(Buffer.from(right[0]));

const secrets = new Map();
for (const n of [0, 20, 21, 22, 100, 101, 102]) {
        const seed = new Uint8Array(32);
        seed[0] = n;
        secrets.set(Buffer.from(ed25519.getPublicKey(seed)).toString('hex'), seed);
}

function signed({ signature, ...o }) {
        const message = Buffer.from(`voted ${o.kind} 1\n${network}\n${formatLine(o)}`);
        return formatLine({ ...o, signature: Buffer.from(ed25519.sign(message, secrets.get(o.signer))).toString('base64url') });
}

/* The ledger up to the block with that line, of which entry is put in place; its header fits, unless another root is given. */
function withEntry(index, entry, root) {
        const lines = right.slice(0, index);
        let at = index - 1;
        while (!JSON.parse(lines[at]).height)
                at--;
        const header = JSON.parse(lines[at]);
        const rest = right.slice(index + 1, at + 1 + header.count);
        lines.push(entry, ...rest);
        header.root = root ?? merkleRoot(lines.slice(at + 1).map((l) => idOf(Buffer.from(l))));
        lines[at] = formatLine(header);
        return `${lines.join('\n')}\n`;
}

function write(name, text, line) {
        const file = path.join(folder, `sealed-${name}`.replace(/[ ,]+/g, '-'));
        fs.writeFileSync(file, text);
        console.log(`${file} ${line}`);
}

/* --- every part of every field */

/* Values that differ from v in one part of 32 bytes each. */
function changes(v) {
        if (typeof v === 'number')
                return [v + 1];
        if (typeof v !== 'string' || v === '')
                return [];
        const hex = /^[0-9a-f]{64}$/.test(v);
        const bytes = Buffer.from(v, hex ? 'hex' : 'base64url');
        return [...Array(Math.floor(bytes.length / 32)).keys()].map((part) => {
                const b = Buffer.from(bytes);
                b[32 * part] ^= 1;
                return b.toString(hex ? 'hex' : 'base64url');
        });
}

/* [path, value, part] of what changes() changes in o; of several options the first stands for all. */
function* leaves(o, at = []) {
        for (const key of Object.keys(o)) {
                const isOption = at[at.length - 1] === 'options' || (at[0] === 'shares' && at.length === 2);
                if (isOption && key !== '0')
                        continue;
                if (typeof o[key] === 'object')
                        yield* leaves(o[key], [...at, key]);
                else
                        for (const [part, value] of changes(o[key]).entries())
                                yield [[...at, key], value, part];
        }
}

function changed(o, at, value) {
        const copy = JSON.parse(JSON.stringify(o));
        at.slice(0, -1).reduce((x, key) => x[key], copy)[at[at.length - 1]] = value;
        return copy;
}

const first = (kind, n = 0) => right.map((l, i) => [JSON.parse(l), i]).filter(([o]) => o.kind === kind)[n];

write('nothing is wrong', `${right.join('\n')}\n`, 0);
for (const kind of ['trustee', 'deal', 'confirm', 'object', 'vote', 'share']) {
        const [{ signer, ...o }, index] = first(kind);
        for (const [at, value, part] of leaves({ ...o, kind: undefined, signature: undefined })) {
                write(`${kind} ${at.join('.')} ${part}`, withEntry(index, signed({ ...changed(o, at, value), signer })), index + 1);
        }
}

/* --- ballots and shares of others, encodings */

const [vote, voteAt] = first('vote');
const [other] = first('vote', 1);
const [share, shareAt] = first('share');
const alpha = (value) => signed(changed(vote, ['ballot', 'sealed', 0, 'options', 0, 0], value));
const proofPart = (i, change) => {
        const proof = Buffer.from(vote.ballot.sealed[0].options[0][2], 'base64url');
        change(proof.subarray(32 * i, 32 * (i + 1)));
        return signed(changed(vote, ['ballot', 'sealed', 0, 'options', 0, 2], proof.toString('base64url')));
};
const addL = (b) => Buffer.from((BigInt(`0x${Buffer.from(b).reverse().toString('hex')}`) + L).toString(16).padStart(64, '0'), 'hex').reverse().copy(b);

write('a ballot copied by another', withEntry(voteAt, signed({ ...vote, signer: other.signer })), voteAt + 1);
write('an element that is the identity', withEntry(voteAt, alpha(Buffer.alloc(32).toString('base64url'))), voteAt + 1);
write('an element that is negative', withEntry(voteAt, alpha(Buffer.from(`01${'00'.repeat(31)}`, 'hex').toString('base64url'))), voteAt + 1);
write('a scalar beyond L', withEntry(voteAt, proofPart(3, addL)), voteAt + 1);
write('two options exchanged', withEntry(voteAt, signed(changed(changed(vote, ['ballot', 'sealed', 0, 'options', 0], vote.ballot.sealed[0].options[1]),
        ['ballot', 'sealed', 0, 'options', 1], vote.ballot.sealed[0].options[0]))), voteAt + 1);
write('an option left out', withEntry(voteAt, signed(changed(vote, ['ballot', 'sealed', 0, 'options'], vote.ballot.sealed[0].options.slice(1)))), voteAt + 1);
write('an open ballot', withEntry(voteAt, signed({ ...vote, ballot: { choices: [[0]] } })), voteAt + 1);
write('a share of who is no trustee', withEntry(shareAt, signed({ ...share, signer: vote.signer })), shareAt + 1);
write('a share signed by another trustee', withEntry(shareAt, signed({ ...share, signer: first('deal')[0].signer })), shareAt + 1);
write('a share of nothing', withEntry(shareAt, signed({ ...share, shares: share.shares.map((q) => q.map(() => ['', ''])) })), shareAt + 1);
/* wrong by itself, before the root is asked for */
const [deal, dealAt] = first('deal');
const identity = changed(share, ['shares', 0, 0, 0], Buffer.alloc(32).toString('base64url'));
write('a share that is the identity and a wrong root', withEntry(shareAt, signed(identity), network), shareAt + 1);
write('a deal with a proof too few and a wrong root', withEntry(dealAt, signed({ ...deal, proofs: deal.proofs.slice(1) }), network), dealAt + 1);
write('an objection to a dealer who was honest', withEntry(first('object')[1], signed({ ...first('object')[0], dealer: first('deal', 3)[0].signer })),
        first('object')[1] + 1);
write('a confirmation by who has confirmed', withEntry(first('confirm', 1)[1], signed({ ...first('confirm', 1)[0], signer: first('confirm')[0].signer })),
        first('confirm', 1)[1] + 1);
write('a deal by who has dealt', withEntry(first('deal', 1)[1], signed({ ...first('deal', 1)[0], signer: first('deal')[0].signer })), first('deal', 1)[1] + 1);
const [election, electionAt] = right.map((l, i) => [JSON.parse(l), i]).find(([o]) => o.secrecy === 'sealed');
const asks = (change) => withEntry(electionAt, signed({ ...election, ...change }));
const question = (change) => asks({ questions: [{ ...election.questions[0], ...change }] });
write('an election of another board', asks({ board: network }), electionAt + 1);
write('an election that the board does not serve', asks({ name: 'stranger' }), electionAt + 1);
write('weights that tell', asks({ exposed: false }), electionAt + 1);
write('least of 1', asks({ least: 1 }), electionAt + 1);
write('a method that no sum counts', question({ method: 'stv' }), electionAt + 1);
write('scores beyond 10', question({ method: 'score', max: 11 }), electionAt + 1);
write('an open election with a board', asks({ secrecy: 'open' }), electionAt + 1);

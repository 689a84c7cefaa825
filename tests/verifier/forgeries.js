/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ledgers that are wrong in one place, for both verifiers to refuse at the same line.
 *
 *   node forgeries.js FOLDER
 *
 * writes one file each, and on standard output "FILE LINE" with the line that is wrong, or 0 where
 * nothing is: the same ledger before it was touched. */
'use strict';

const fs = require('fs');
const path = require('path');
const { ed25519 } = require('@noble/curves/ed25519');
const { sha512 } = require('@noble/hashes/sha2');
const { formatLine } = require('./canonical.js');
const { signedBytes } = require('./crypto.js');
const { Forge, key, id } = require('./forge.js');

const { Point } = ed25519;
const L = Point.Fn.ORDER;
/* a point of order 8 */
const TORSION = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
const VOTERS = ['ann', 'ben', 'cem', 'dee'];

const bytes = (n) => Buffer.from(n.toString(16).padStart(64, '0'), 'hex').reverse();
const number = (b) => BigInt(`0x${Buffer.from(b).reverse().toString('hex')}`);

/* The line with its signature replaced by what change makes of that. */
function resigned(line, change) {
        const o = JSON.parse(line);
        return formatLine({ ...o, signature: change(Buffer.from(o.signature, 'base64url'), o).toString('base64url') });
}

/* S + L instead of S: the same to whoever does not look. */
const withLargeS = (s) => Buffer.concat([s.subarray(0, 32), bytes(number(s.subarray(32)) + L)]);

/* R moved by a point of small order: it holds where both sides are multiplied by the cofactor, and only there. */
function cofactored(f, name, line) {
        const r = 12345n;
        const { head, scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(f.secret(key(name)));
        return resigned(line, (s, o) => {
                const R = Buffer.from(Point.BASE.multiply(r).add(TORSION).toBytes());
                const k = number(sha512(Buffer.concat([R, pointBytes, signedBytes(f.network, o.kind, Buffer.from(line))]))) % L;
                return Buffer.concat([R, bytes((r + k * scalar) % L)]);
        });
}

/* A ledger up to the election's opening. Lines, with seals: 1 genesis, 2 to 4 the block of the roll, 5 to 8 that of the elections. */
function begun(type, { approvals = 1, difficulty, limits = {} } = {}) {
        const f = new Forge({ type, approvals, difficulty, admins: ['admin', 'bea', 'carl'], limits: { revotes: 2, ...limits } });
        const both = (o) => {
                const line = f.entry(o);
                return approvals > 1 ? [line, f.entry({ entry: id(line), kind: 'approve' }, 'bea')] : [line];
        };
        const roll = both({ kind: 'roll', name: 'all', part: 0, voters: VOTERS.map((v) => [key(v), 1]) });
        f.block(roll, 1010);
        const question = { method: 'approval', min: 1, max: 2, options: ['a', 'b', 'c'], text: 'Which?' };
        const base = { kind: 'election', opens: 1100, closes: 1200, questions: [question], rolls: [id(roll[0])], title: 'Title' };
        const first = both({ ...base, name: 'first', lot: 'a lottery' });
        const once = both({ ...base, blank: false, name: 'once', revote: false });
        f.block([...first, ...once], 1020);
        f.roll = id(roll[0]);
        f.first = id(first[0]);
        f.once = id(once[0]);
        f.base = base;
        f.vote1 = (v, choice, seq, e = f.first) => f.vote(v, e, [choice], seq);
        return f;
}

/* Appends a block with one more line in front of which all is in order; the line is the wrong one. */
const last = (make, time = 1110, options) => (type) => {
        const f = begun(type, options);
        f.block([f.vote1('ann', [0], 1), f.vote1('ben', [1, 2], 4)], 1100);
        f.block([f.vote1('cem', [], 1), ...[make(f)].flat()], time);
        return [f, f.lines.length];
};
const right = (make) => (type) => [make(type)[0], 0];
/* The same within a block of which something else is wrong; offset: from its header. */
const block = (offset, options, entries = (f) => [f.vote1('ann', [0], 1), f.vote1('ben', [1], 1)]) => (type) => {
        const f = begun(type);
        f.block([f.vote1('ann', [0, 1], 1, f.once)], 1100);
        const at = f.lines.length + 1;
        f.block(entries(f), options.time ?? 1105, typeof options === 'function' ? options(f) : options);
        f.block([], 1106);
        return [f, at + offset];
};
/* A change of the text of the line at that offset from the second last block's header. */
const edited = (offset, from, to) => (type) => {
        const [f, at] = block(0, {})(type);
        const line = f.lines[at - 1 + offset];
        f.lines[at - 1 + offset] = line.replace(from, to);
        if (f.lines[at - 1 + offset] === line)
                throw new Error(`nothing to change: ${from}`);
        return f;
};
const wrongAt = (n, make) => (type) => {
        const f = make(type);
        return [f, n < 0 ? f.lines.length + 1 + n : n];
};
/* An election, or another entry of an admin, right but for one thing. */
const posted = (change, options) => last((f) => f.entry({ ...f.base, name: 'another', opens: 1500, closes: 1600, ...change(f) }), 1110, options);
const question = (q) => posted((f) => ({ questions: [{ ...f.base.questions[0], ...q }] }));
const schulze = (q) => ({ questions: [{ method: 'schulze', options: ['a', 'b', 'c'], text: 'Which?', ...q }] });
const voter = (k) => last((f) => f.entry({ kind: 'roll', name: 'odd', part: 0, voters: [[k, 1]] }));

/* What no engine has a say in: with one of them. */
const ENTRIES = {
        'nothing is wrong': right(last((f) => f.vote1('dee', [2], 1))),
        'nothing is wrong, two admins': right(last((f) => f.vote1('dee', [2], 1), 1110, { approvals: 2 })),
        /* signatures */
        'signed by another': last((f) => resigned(f.vote1('dee', [2], 1), () => Buffer.from(JSON.parse(f.vote1('ann', [2], 1)).signature, 'base64url'))),
        'signed for another network': last((f) => {
                const { signature, ...unsigned } = JSON.parse(f.vote1('dee', [2], 1));
                return f.sign(unsigned, key('dee'), '0'.repeat(64));
        }),
        'signature with S + L': last((f) => resigned(f.vote1('dee', [2], 1), withLargeS)),
        'signature that needs the cofactor': last((f) => cofactored(f, 'dee', f.vote1('dee', [2], 1))),
        'signature with R of small order': last((f) => resigned(f.vote1('dee', [2], 1), (s) => Buffer.concat([TORSION.toBytes(), s.subarray(32)]))),
        'signature with spare bits': last((f) => f.vote1('dee', [2], 1).replace(/(.)","signer"/, (_, c) => `${{ A: 'B', Q: 'R', g: 'h', w: 'x' }[c]}","signer"`)),
        'key of small order': voter(Buffer.from(TORSION.toBytes()).toString('hex')),
        'key with a part of small order': voter(Buffer.from(Point.BASE.multiply(7n).add(TORSION).toBytes()).toString('hex')),
        'key that is the identity': voter(`01${'0'.repeat(62)}`),
        'key not canonical': voter(`ed${'f'.repeat(60)}7f`),
        'key off the curve': voter(`02${'0'.repeat(62)}`),
        /* votes */
        'vote of a stranger': last((f) => f.vote1('eve', [0], 1)),
        'vote with an old seq': last((f) => f.vote1('ben', [0], 4)),
        'vote too early': last((f) => {
                const line = f.entry({ ...f.base, name: 'another', opens: 1111, closes: 1600 });
                return [line, f.vote1('dee', [0], 1, id(line))];
        }),
        'vote in the last second': (type) => [begun(type).add((f) => [f.vote1('dee', [0], 1)], 1200), 0],
        'vote too late': (type) => [begun(type).add((f) => [f.vote1('dee', [0], 1)], 1201), 11],
        'vote on no election': last((f) => f.vote1('dee', [0], 1, f.roll)),
        'vote once too often': last((f) => [2, 3, 4].map((seq) => f.vote1('ann', [0], seq))),
        'second vote where one is allowed': last((f) => [f.vote1('dee', [0], 1, f.once), f.vote1('dee', [1], 2, f.once)]),
        'blank where none is allowed': last((f) => f.vote1('dee', [], 1, f.once)),
        'option beyond the last': last((f) => f.vote1('dee', [3], 1)),
        'option twice': last((f) => f.vote1('dee', [1, 1], 1)),
        'options beyond max': last((f) => f.vote1('dee', [0, 1, 2], 1)),
        'choices for two questions': last((f) => f.vote('dee', f.first, [[0], [1]])),
        /* admins */
        'roll of a stranger': last((f) => f.entry({ kind: 'roll', name: 'odd', part: 0, voters: [[key('eve'), 1]] }, 'eve')),
        'the same roll again': last((f) => f.lines[3]),
        'name that is taken': posted(() => ({ name: 'first' })),
        'roll that is not there': posted((f) => ({ rolls: [f.first] })),
        'voter on two rolls': last((f) => {
                const roll = f.entry({ kind: 'roll', name: 'more', part: 0, voters: [[key('eve'), 1], [key('dee'), 2]] });
                return [roll, f.entry({ ...f.base, name: 'another', opens: 1500, closes: 1600, rolls: [f.roll, id(roll)] })];
        }),
        'election that opens in the past': posted(() => ({ opens: 1110 })),
        'election without notice': posted(() => ({ opens: 1139 }), { limits: { notice: 30 } }),
        'title that hides something': posted(() => ({ title: 'a\u202eb' })),
        'title of two lines': posted(() => ({ title: 'a\nb' })),
        'title too long': posted(() => ({ title: 'ä'.repeat(513) })),
        'options that are the same': question({ options: ['a', 'b', 'a'] }),
        'method unknown': question({ method: 'borda' }),
        'min above max': question({ max: 1, min: 2 }),
        'a key of another method': question({ default: 0 }),
        'question without options': posted(() => ({ questions: [{ method: 'stv', text: 'Which?' }] })),
        'quorum without a default option': posted(() => schulze({ quorum: 1 })),
        'quorum of 0 without a default option': right(posted(() => schulze({ quorum: 0 }))),
        'majority of the default option as 2 to 2': right(posted(() => schulze({ default: 0, majority: [[2, 2], [3, 1], [1, 1]] }))),
        'majority of the default option above 1': posted(() => schulze({ default: 0, majority: [[3, 2], [3, 1], [1, 1]] })),
        'grace below the least': posted(() => ({ grace: 9 }), { limits: { grace: 10 } }),
        'approval by its poster': last((f) => {
                const line = f.entry({ kind: 'roll', name: 'more', part: 0, voters: [[key('eve'), 1]] });
                return [line, f.entry({ entry: id(line), kind: 'approve' })];
        }, 1110, { approvals: 2 }),
        'approval of what is in effect': last((f) => f.entry({ entry: f.first, kind: 'approve' }, 'carl'), 1110, { approvals: 2 }),
        'approvals of who was removed do not count': right(last((f) => {
                const line = f.entry({ ...f.base, name: 'another', opens: 1500, closes: 1600 }, 'carl');
                const out = f.entry({ kind: 'admins', remove: [key('carl')] });
                const approve = (entry, name) => f.entry({ entry: id(entry), kind: 'approve' }, name);
                return [line, out, approve(out, 'bea'), approve(line, 'admin'), approve(line, 'bea')];
        }, 1110, { approvals: 2 })),
        'admin twice': last((f) => f.entry({ add: [key('bea')], kind: 'admins' })),
        'too few admins': last((f) => f.entry({ kind: 'admins', remove: ['admin', 'bea', 'carl'].map(key) })),
        'withdrawn after the opening': last((f) => f.entry({ election: f.first, kind: 'withdraw' })),
        'lot drawn too early': last((f) => f.entry({ election: f.first, kind: 'draw', value: '1 2' })),
        'lot drawn twice': (type) => {
                const f = begun(type);
                f.block(['1 2', '3 4'].map((value) => f.entry({ election: f.first, kind: 'draw', value })), 1300);
                return [f, f.lines.length];
        },
};
const BLOCKS = {
        'nothing is wrong': right(last((f) => f.vote1('dee', [2], 1))),
        'time before the parent': block(0, { time: 1099 }),
        'height': block(0, { header: { height: 9 } }),
        'parent': block(0, { header: { parent: '0'.repeat(64) } }),
        'network': block(0, { header: { network: '0'.repeat(64) } }),
        'root': block(0, { root: '0'.repeat(64) }),
        'entries in another order': wrongAt(9 + 3, (type) => {
                const [f, at] = block(0, {})(type);
                f.lines.splice(at + 1, 2, f.lines[at + 2], f.lines[at + 1]);
                return f;
        }),
        'a vote changed': wrongAt(12, edited(2, '"choices":[[0]]', '"choices":[[1]]')),
        'a vote taken out': wrongAt(15, (type) => {
                const [f, at] = block(0, {})(type);
                f.lines.splice(at + 2, 1);
                return f;
        }),
        'a vote put in': wrongAt(16, (type) => {
                const [f, at] = block(0, {})(type);
                f.lines.splice(at + 3, 0, f.vote1('dee', [0], 1));
                return f;
        }),
        'a block taken out': wrongAt(12, (type) => {
                const [f, at] = block(0, {})(type);
                f.lines.splice(at - 1, 4);
                return f;
        }),
        'a seal taken out': wrongAt(13, (type) => {
                const [f, at] = block(0, {})(type);
                f.lines.splice(at, 1);
                return f;
        }),
        'a count that lies': wrongAt(13, edited(0, '"count":2', '"count":1')),
        'a count that fits no block': wrongAt(12, edited(0, '"count":2', '"count":83887')),
        /* two mistakes: which is named */
        'a forged vote and a line behind it that is none': block(3, {}, (f) => [forged(f), '{}']),
        'a forged vote and an end within its block': wrongAt(15, (type) => {
                const [f, at] = block(0, {}, (g) => [forged(g), g.vote1('ann', [0], 1)])(type);
                f.lines.splice(at + 2);
                return f;
        }),
        'a forged vote and a wrong root': block(0, { root: '0'.repeat(64) }, (f) => [forged(f)]),
        'a forged vote and one that is not valid behind it': block(2, {}, (f) => [forged(f), f.vote1('eve', [0], 1)]),
        'entries as large as they may be': right(filled(0)),
        'entries a byte too large': filled(1),
        'entries too large and a line behind them that is none': (type) => [filled(1, '{}')(type)[0], 13],
        'no newline at the end': (type) => {
                const f = begun(type);
                const text = f.text().slice(0, -1);
                return [Object.assign(f, { text: () => text }), 0];
        },
        'a space': wrongAt(14, edited(2, '"seq":1', '"seq": 1')),
        'a key out of order': wrongAt(14, edited(2, /"kind":"vote","seq":1/, '"seq":1,"kind":"vote"')),
        'a key that is unknown': last((f) => f.vote('dee', f.first, [[0]], 1, { memo: 'x' })),
        'a fraction': wrongAt(14, edited(2, '"seq":1', '"seq":1.0')),
};

/* The vote of an entry that signs another choice. */
function forged(f) {
        const { signature } = JSON.parse(f.vote1('dee', [1], 1));
        return formatLine({ ...JSON.parse(f.vote1('dee', [0], 1)), signature });
}

/* A block whose entries have so many bytes more than they may. */
function filled(over, ...behind) {
        return (type) => {
                const f = begun(type, { limits: { block_bytes: 65536, entry_bytes: 40000, vote_bytes: 1024 } });
                const sized = (name, size) => {
                        const make = (about) => f.entry({ ...f.base, about, name, opens: 1500, closes: 1600 });
                        return make('x'.repeat(size - make('').length - 1));
                };
                f.block([sized('half', 32768), sized('other', 32768 + over), ...behind], 1050);
                return [f, 9];
        };
}

const POW = {
        'work that does not suffice': (type) => {
                const f = begun(type, { difficulty: 100 });
                return [f.block([], 1030, { seal: (h) => f.seal(h, { bad: true }) }), f.lines.length];
        },
        'difficulty that follows': (type) => {
                const f = begun(type, { difficulty: 20 });
                [1, 2, 7, 100, 0, 3, 1, 25, 10, 2, 2, 2, 2, 2, 9, 9, 40, 1, 1, 3].reduce((time, gap, i) => {
                        f.block(i % 4 === 0 ? [f.entry({ kind: 'roll', name: `more-${i}`, part: i, voters: [[key('eve'), 1]] })] : [], time + gap);
                        return time + gap;
                }, 1020);
                return [f, 0];
        },
        'difficulty': block(1, { header: { difficulty: 1000 } }),
        /* wrong by itself, before the root is asked for */
        'what only quorum knows, and a wrong root': block(2, { root: '0'.repeat(64) }, (f) => [f.entry({ board: f.roll, deals: f.roll, kind: 'confirm' })]),
        'seal of a stranger': block(1, (f) => ({ seal: (h) => f.seal(h, { signer: key('eve') }) })),
        'seal of another block': block(1, (f) => ({ seal: () => f.lines[f.lines.length - 2] })),
};
const seal = (more) => block(1, (f) => ({ seal: (h) => f.seal(h, more) }));
const QUORUM = {
        'an endorse certificate is enough': right(seal({ of: 'endorse' })),
        'a signature too few': seal({ by: [0, 1] }),
        'a signer twice': seal({ by: [0, 1, 1] }),
        'signers out of order': seal({ by: [0, 2, 1] }),
        'a signer that is no authority': seal({ by: [0, 1, 4] }),
        'a certificate of skip': seal({ of: 'skip' }),
        'signatures of another kind': seal({ signed: { kind: 'endorse' } }),
        'signatures of another view': seal({ signed: { view: 77 } }),
        'signatures of another network': seal({ network: '0'.repeat(64) }),
        'signatures of another block': seal({ signed: { block: '0'.repeat(64) } }),
        'a certificate of another view': seal({ view: 77 }),
        'a certificate of another block': seal({ block: '0'.repeat(64) }),
        'a block of another leader': block(1, (f) => ({ header: { sealer: f.genesis.engine.authorities[1] } })),
        'a view that goes backwards': block(1, (f) => ({ header: { sealer: f.genesis.engine.authorities[1], view: 1 } })),
        'a view passed over is right': right(block(1, (f) => ({ header: { sealer: f.genesis.engine.authorities[1], view: 9 } }))),
};

const folder = process.argv[2];
for (const [type, ways] of [['pow', { ...ENTRIES, ...BLOCKS, ...POW }], ['quorum', { ...BLOCKS, ...QUORUM }]])
        for (const [name, make] of Object.entries(ways)) {
                const [f, line] = make(type);
                const file = path.join(folder, `${type}, ${name}`.replace(/,? /g, '-'));
                fs.writeFileSync(file, f.text());
                console.log(`${file} ${line}`);
        }

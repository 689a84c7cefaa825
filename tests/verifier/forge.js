/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes ledgers of either engine with keys of its own, for tests: right ones, and such as are wrong in
 * one place while all else fits: the forger is admin, voter, miner and every authority in one. */
'use strict';

const { ed25519 } = require('@noble/curves/ed25519');
const { formatLine } = require('./canonical.js');
const { hash, idOf, merkleRoot } = require('./crypto.js');
const { nextDifficulty } = require('./engine-pow.js');

/* The key of whoever is called that. */
const secrets = new Map();
function key(name) {
        const seed = Uint8Array.from(hash(Buffer.from(`forged ${name}`)));
        const text = Buffer.from(ed25519.getPublicKey(seed)).toString('hex');
        secrets.set(text, seed);
        return text;
}

const withSignature = (o, signature) => formatLine({ ...o, signature: Buffer.from(signature).toString('base64url') });

class Forge {
        /* more: members of the genesis */
        constructor({ type = 'pow', authorities = 4, approvals = 1, admins = ['admin'], engine, difficulty = 1, limits = {}, created = 1000, ...more } = {}) {
                const pow = { confirmations: 2, difficulty, interval: 10, type };
                const quorum = { authorities: [...Array(authorities).keys()].map((i) => key(`authority ${i}`)), delta_ms: 100, type };
                this.genesis = {
                        admins: { approvals, keys: admins.map(key) }, created, engine: engine ?? (type === 'pow' ? pow : quorum),
                        kind: 'genesis', limits: { grace: 1, ...limits }, name: 'forged', rules: 1, ...more,
                };
                this.lines = [formatLine(this.genesis)];
                this.network = idOf(Buffer.from(this.lines[0]));
                this.chain = [];
        }

        secret(of) {
                return secrets.get(of);
        }

        sign(o, signer, network = this.network) {
                return withSignature(o, ed25519.sign(Buffer.from(`voted ${o.kind} 1\n${network}\n${formatLine(o)}`), secrets.get(signer)));
        }

        /* The line of an entry signed by whoever is called name. */
        entry(o, name = 'admin') {
                return this.sign({ ...o, signer: key(name) }, key(name));
        }

        vote(name, election, choices, seq = 1, more = {}) {
                return this.entry({ ballot: { choices }, election, kind: 'vote', seq, ...more }, name);
        }

        /* Appends a block of these lines; header: members to differ from what fits; seal: (header, sealer) -> its line. */
        block(entries, time, { header = {}, seal = (h) => this.seal(h), root } = {}) {
                const { engine } = this.genesis;
                const parent = this.chain[this.chain.length - 1] ?? { id: this.network, height: 0, view: 0 };
                const view = parent.view + 1;
                const field = engine.type === 'pow'
                        ? { difficulty: nextDifficulty(engine, this.genesis.created, this.chain), sealer: key('miner') }
                        : { sealer: engine.authorities[view % engine.authorities.length], view };
                const h = {
                        count: entries.length, height: parent.height + 1, kind: 'block', network: this.network, parent: parent.id,
                        root: root ?? merkleRoot(entries.map((line) => idOf(Buffer.from(line)))), time, ...field, ...header,
                };
                const line = formatLine(h);
                this.chain.push({ ...h, id: idOf(Buffer.from(line)) });
                this.lines.push(line, seal(this.chain[this.chain.length - 1]), ...entries);
                return this;
        }

        /* The same, of lines that this ledger is needed for. */
        add(make, time) {
                return this.block(make(this), time);
        }

        seal(header, more) {
                return this.genesis.engine.type === 'pow' ? this.mine(header, more) : this.certify(header, more);
        }

        /* bad: work that does not suffice. It is not searched for where that would take long. */
        mine(header, { signer = header.sealer, bad = false } = {}) {
                const limit = (2n ** 64n - 1n) / BigInt(header.difficulty);
                const nonce = Buffer.alloc(8);
                for (let n = 0n; n < 100000n; n++) {
                        nonce.writeBigUInt64LE(n);
                        if (hash(Buffer.from(header.id, 'hex'), nonce).readBigUInt64BE() <= limit !== bad)
                                break;
                }
                return this.sign({ block: header.id, kind: 'seal', nonce: Buffer.from(nonce).reverse().toString('hex') }, signer);
        }

        /* A certificate by those authorities; signed: members of the lines they sign that differ. */
        certify(header, { of = 'finalize', by, block = header.id, view = header.view, signed = {}, network } = {}) {
                const { authorities } = this.genesis.engine;
                const most = Math.floor((authorities.length - 1) / 3);
                const numbers = by ?? [...Array(authorities.length - most).keys()];
                const signatures = numbers.map((i) => {
                        const signer = authorities[i] ?? key('stranger');
                        return [i, JSON.parse(this.sign({ block, kind: of, signer, view, ...signed }, signer, network)).signature];
                });
                return formatLine({ certificate: { block, kind: 'certificate', of, signatures, view }, kind: 'seal' });
        }

        text() {
                return `${this.lines.join('\n')}\n`;
        }
}

const id = (line) => idOf(Buffer.from(line));

module.exports = { Forge, key, id };

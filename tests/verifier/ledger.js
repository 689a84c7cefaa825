/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole ledger from its export: voted-ledger(5), BLOCKS and EXPORT. Every line is checked in the
 * order of the file; signatures wait in a queue and are checked many at once. The first line that is
 * wrong is the least of those that either finds. */
'use strict';

const { INT_MAX, Refusal, refuse, parseLine, members, integer, oneOf, id } = require('./canonical.js');
const { idOf, merkleRoot, admit, admitted, signedBytes } = require('./crypto.js');
const { readGenesis } = require('./genesis.js');
const { readEntry, KINDS } = require('./entries.js');
const { State } = require('./state.js');
const { Pool } = require('./pool.js');

/* As many entries as fit the largest block that a genesis can allow; none is shorter than 200 bytes. */
const ENTRIES_MAX = Math.floor(16777216 / 200);

/* One for each option, and for each sum. */
const proofsOf = (sealed) => sealed.reduce((n, q) => n + q.options.length + (q.sum !== undefined), 0);

/* A line of the file that is wrong. */
class WrongLine extends Error {
        constructor(number, why) {
                super(`line ${number}: ${why}`);
                this.number = number;
        }
}

class Ledger {
        constructor(bytes) {
                this.bytes = bytes;
                this.offset = 0;
                this.number = 0;        /* of the last line that was read, from 1 */
                this.chain = [];        /* headers, from block 1 on */
                this.seals = [];
                this.nSignatures = 0;
                this.nProofs = 0;
                this.nSealed = 0;
                this.byKind = Object.fromEntries(KINDS.map((k) => [k, 0]));
                this.pool = new Pool();
        }

        /* Runs step for a line; what it refuses is that line's fault. */
        at(number, step) {
                try {
                        return step();
                } catch (e) {
                        throw e instanceof Refusal ? new WrongLine(number, e.message) : e;
                }
        }

        /* The next line, or null at the end of the file. */
        next() {
                if (this.offset === this.bytes.length)
                        return null;
                const number = ++this.number;
                const end = this.bytes.indexOf(10, this.offset);
                const line = this.bytes.subarray(this.offset, end < 0 ? this.bytes.length : end);
                this.offset = end < 0 ? this.bytes.length : end + 1;
                return { number, line, o: this.at(number, () => parseLine(line)) };
        }

        /* Checks all of it; network: the id that it must have, if any. Throws a WrongLine. */
        async verify(network) {
                let wrong = null;
                try {
                        await this.readAll(network);
                } catch (e) {
                        if (!(e instanceof WrongLine))
                                throw e;
                        wrong = e;
                }
                const forged = await this.pool.firstForged();
                await this.pool.close();
                if (forged !== null && (wrong === null || forged < wrong.number))
                        wrong = new WrongLine(forged, 'a signature or a proof does not hold');
                if (wrong)
                        throw wrong;
        }

        async readAll(network) {
                const first = this.next();
                if (!first)
                        throw new WrongLine(1, 'the file is empty');
                this.at(1, () => {
                        this.genesis = readGenesis(first.o, first.line.length);
                        this.network = idOf(first.line);
                        if (network && network !== this.network)
                                refuse(`the ledger of network ${this.network}, expected ${network}`);
                });
                this.state = new State(this.genesis, this.network);
                for (let header; (header = this.next());)
                        await this.block(header);
        }

        /* The next line, which belongs to the block that has begun. */
        within(what) {
                const item = this.next();
                if (!item)
                        throw new WrongLine(this.number + 1, `the file ends within block ${this.chain.length + 1}, before ${what}`);
                return item;
        }

        async block(item) {
                const header = this.at(item.number, () => this.header(item));
                let seal = null;
                this.sealed ??= this.peekIsSeal();
                if (this.sealed) {
                        seal = this.within('its seal');
                        this.at(seal.number, () => {
                                const { engine } = this.genesis;
                                engine.checkHeader(this.genesis, this.chain, header);
                                for (const check of engine.checkSeal(this.genesis, this.network, header, seal.o, seal.line))
                                        this.queue(seal.number, check);
                        });
                }
                const entries = [];
                let size = 0;
                for (let i = 0; i < header.count; i++) {
                        const entry = await this.entry(this.within(`entry ${i + 1} of ${header.count}`));
                        size += entry.size + 1;
                        entries.push(entry);
                }
                this.at(item.number, () => {
                        if (size > this.genesis.limits.block_bytes)
                                refuse(`its entries have ${size} bytes, at most ${this.genesis.limits.block_bytes} are allowed`);
                        const root = merkleRoot(entries.map((e) => e.id));
                        if (header.root !== root)
                                refuse(`"root" is ${header.root}, that of the entries ${root}`);
                });
                this.state.beginBlock(header.time, header.id);
                for (const entry of entries) {
                        this.queue(entry.number, { key: entry.signer, message: entry.message, signature: entry.signature });
                        for (const { work, item: proof } of this.at(entry.number, () => this.state.add(entry, header.time))) {
                                this.nProofs += work === 'ballot' ? proofsOf(proof.sealed) : 1;
                                this.nSealed += work === 'ballot';
                                this.pool.check(entry.number, work, proof);
                        }
                        this.byKind[entry.kind]++;
                }
                this.chain.push(header);
                this.seals.push(seal?.o);
        }

        header({ o, line }) {
                const { engine, created } = this.genesis;
                members(o, {
                        count: integer(0, ENTRIES_MAX), height: integer(1, 2 ** 39 - 1), kind: oneOf('block'), network: id, parent: id, root: id,
                        sealer: id, time: integer(0, INT_MAX), [engine.headerField]: engine.checkHeaderField,
                });
                admit(o.sealer);
                const parent = this.chain[this.chain.length - 1] ?? { id: this.network, height: 0, time: created };
                const expected = { network: this.network, height: parent.height + 1, parent: parent.id };
                for (const [key, value] of Object.entries(expected))
                        if (o[key] !== value)
                                refuse(`"${key}" is ${o[key]}, expected ${value}`);
                if (o.time < parent.time)
                        refuse(`"time" is ${o.time}, that of the parent ${parent.time}`);
                return { ...o, id: idOf(line) };
        }

        peekIsSeal() {
                const { offset } = this;
                const end = this.bytes.indexOf(10, offset);
                const text = this.bytes.subarray(offset, end < 0 ? this.bytes.length : end).toString('latin1');
                return text.includes('"kind":"seal"');
        }

        async entry({ number, line, o }) {
                const entry = this.at(number, () => readEntry(o, line.length, this.genesis));
                /* those of a roll are many: all cores share them */
                const unknown = entry.keys.filter((key) => !admitted.has(key));
                for (const [i, good] of (await this.pool.keysAdmitted(unknown)).entries()) {
                        if (!good)
                                throw new WrongLine(number, `${unknown[i]} is no key: not a point of the subgroup of prime order`);
                        admitted.add(unknown[i]);
                }
                return {
                        ...entry, number, size: line.length, id: idOf(line), message: signedBytes(this.network, entry.kind, line),
                };
        }

        queue(number, check) {
                this.nSignatures++;
                this.pool.check(number, 'signature', check);
        }

        /* --- what is left of it */

        get height() {
                return this.chain.length;
        }

        get tip() {
                return this.chain[this.chain.length - 1];
        }

        get final() {
                return this.sealed ? this.genesis.engine.finalHeight(this.genesis, this.chain, this.seals) : 0;
        }
}

module.exports = { Ledger, WrongLine };

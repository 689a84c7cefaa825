/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What takes a core, on all of them: signatures, proofs, and the test of keys. A thread is started when there
 * is enough for it to do; a small ledger is checked in this one. This file is both ends. */
'use strict';

const os = require('os');
const { createHash } = require('crypto');
const { serialize } = require('v8');
const { Worker, isMainThread, parentPort } = require('worker_threads');
const { keyAdmitted, signatureHolds } = require('./crypto.js');
const { knowledge, equality, ballot } = require('./sealed.js');

const BATCH = 128;
const CHECKS = { signature: signatureHolds, knowledge, equality, ballot };
/* Nothing is checked twice in one process: ledgers that are read one behind the other may share their beginning. */
const judged = new Map();
function holds({ work, item }) {
        const id = createHash('sha256').update(serialize([work, item])).digest('base64');
        if (!judged.has(id))
                judged.set(id, CHECKS[work](item));
        return judged.get(id);
}
const WORK = { keys: keyAdmitted, checks: holds };

if (!isMainThread)
        parentPort.on('message', ({ number, kind, items }) => parentPort.postMessage({ number, answers: items.map(WORK[kind]) }));

class Pool {
        constructor() {
                this.workers = [];
                this.turn = 0;
                this.batches = [];      /* promises of answers */
                this.waiting = [];      /* checks that fill no batch yet, with their lines */
                this.answers = new Map();
                this.sent = 0;
        }

        /* A promise of what WORK says to each item. */
        ask(kind, items) {
                if (this.workers.length < os.cpus().length)
                        this.workers.push(this.start());
                const number = this.sent++;
                this.workers[this.turn++ % this.workers.length].postMessage({ number, kind, items });
                return new Promise((resolve, reject) => this.answers.set(number, { resolve, reject }));
        }

        start() {
                const worker = new Worker(__filename);
                worker.on('message', ({ number, answers }) => {
                        this.answers.get(number).resolve(answers);
                        this.answers.delete(number);
                });
                worker.on('error', (e) => this.answers.forEach(({ reject }) => reject(e)));
                return worker;
        }

        async keysAdmitted(keys) {
                if (keys.length < BATCH)
                        return keys.map(keyAdmitted);
                const batches = [];
                for (let i = 0; i < keys.length; i += BATCH)
                        batches.push(this.ask('keys', keys.slice(i, i + BATCH)));
                return (await Promise.all(batches)).flat();
        }

        /* Whether a signature or a proof of that line holds. */
        check(line, work, item) {
                this.waiting.push({ line, work, item });
                if (this.waiting.length === BATCH) {
                        const lines = this.waiting.map((w) => w.line);
                        const answers = this.ask('checks', this.waiting);
                        this.batches.push(answers.then((all) => lines.filter((_, i) => !all[i])));
                        this.waiting = [];
                }
        }

        /* The first of the lines of which something does not hold, or null. */
        async firstForged() {
                const forged = this.waiting.filter((w) => !holds(w)).map((w) => w.line);
                for (const lines of await Promise.all(this.batches))
                        forged.push(...lines);
                return forged.length > 0 ? forged.reduce((a, b) => Math.min(a, b)) : null;
        }

        async close() {
                await Promise.all(this.workers.map((w) => w.terminate()));
        }
}

module.exports = { Pool };

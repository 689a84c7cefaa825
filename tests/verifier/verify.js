/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A second verifier of ledgers: reads what `votectl export` wrote, checks every rule of
 * voted-ledger(5) and voted-election(5), and shares nothing with voted but those two pages.
 *
 *   node verify.js [--json] [--network ID] [--results ELECTION]... FILE...
 *
 * Says what was checked in numbers, or the first line that is wrong and why, with exit status 6; 2 for
 * a wrong command line. --json prints members of the names that `votectl verify --json` uses, a line
 * for each file. */
'use strict';

const fs = require('fs');
const { parseArgs } = require('util');
const { Ledger, WrongLine } = require('./ledger.js');
const { result } = require('./methods.js');
const { boards, isOpened } = require('./boards.js');

const sum = (o) => Object.values(o).reduce((a, b) => a + b, 0);

function summary(ledger) {
        const { name } = ledger.genesis;
        return {
                valid: true, network: ledger.network, name, lines: ledger.number, blocks: ledger.height, height: ledger.height,
                final: ledger.final, seals: ledger.sealed ?? true, tip: ledger.tip?.id ?? ledger.network,
                tip_time: ledger.tip?.time ?? ledger.genesis.created, entries: sum(ledger.byKind), entries_by_kind: ledger.byKind,
                votes: ledger.byKind.vote, elections: ledger.byKind.election, signatures: ledger.nSignatures,
                proofs: ledger.nProofs, sealed_ballots: ledger.nSealed,
                opened: [...ledger.state.elections.values()].filter((e) => isOpened(ledger.state, e)).length,
                boards: boards(ledger.state, ledger.tip?.time ?? ledger.genesis.created),
        };
}

function election(ledger, name) {
        const found = ledger.state.electionNames.get(name);
        if (found === undefined)
                throw new Error(`no election "${name}" in this ledger`);
        return ledger.state.elections.get(found);
}

function print(about, results) {
        const kinds = Object.entries(about.entries_by_kind).filter(([, n]) => n > 0).map(([kind, n]) => `${n} ${kind}`);
        console.log(`The ledger holds. Network ${about.name} ${about.network}`);
        console.log(`${about.lines} lines, ${about.blocks} blocks, ${about.seals ? `final up to height ${about.final}` : 'without seals'}`);
        console.log(`${about.entries} entries (${kinds.join(', ')}), ${about.signatures} signatures, ${about.proofs} proofs`);
        for (const [name, r] of Object.entries(results))
                r.questions.forEach((q, i) => console.log(`${name}, question ${i}: ${q.outcome}: ${q.elected.map((o) => q.options[o]).join(', ')}`));
}

async function verify(file, { json, network, results: names }) {
        const ledger = new Ledger(fs.readFileSync(file));
        try {
                await ledger.verify(network);
        } catch (e) {
                if (!(e instanceof WrongLine))
                        throw e;
                if (json)
                        console.log(JSON.stringify({ valid: false, bad_line: e.number, why: e.message }));
                else
                        console.error(`${file} is wrong: ${e.message}`);
                process.exitCode = 6;
                return;
        }

        const results = Object.fromEntries((names ?? []).map((name) => [name, result(ledger.state, election(ledger, name))]));
        const about = summary(ledger);
        if (json)
                console.log(JSON.stringify(names ? { ...about, results } : about));
        else
                print(about, results);
}

async function main() {
        const { values, positionals } = parseArgs({
                options: { json: { type: 'boolean' }, network: { type: 'string' }, results: { type: 'string', multiple: true } },
                allowPositionals: true,
        });
        if (positionals.length === 0)
                throw new Error('expected a FILE');
        for (const file of positionals)
                await verify(file, values);
}

main().catch((e) => {
        console.error(`verify.js: ${e.message}`);
        if (process.env.DEBUG)
                console.error(e.stack);
        process.exitCode = 2;
});

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids, Merkle roots, keys and signatures: voted-ledger(5), Identifiers, Signatures, Merkle tree. The
 * curve's arithmetic is @noble/curves'; its own verify() multiplies by the cofactor and accepts what
 * the ledger refuses, so the equation is written out here. */
'use strict';

const { ed25519 } = require('@noble/curves/ed25519');
const { blake2b } = require('@noble/hashes/blake2');
const { sha512 } = require('@noble/hashes/sha2');
const { refuse } = require('./canonical.js');

const { Point } = ed25519;
const L = Point.Fn.ORDER;

const hash = (...parts) => Buffer.from(blake2b(Buffer.concat(parts), { dkLen: 32 }));
const idOf = (line) => hash(line).toString('hex');

/* --- Merkle tree */

const leaf = (id) => hash(Buffer.of(0), Buffer.from(id, 'hex'));
const node = (left, right) => hash(Buffer.of(1), left, right);

function merkleRoot(ids) {
        if (ids.length === 0)
                return hash().toString('hex');
        /* level by level; who has no neighbour moves up as it is, which splits at the largest power of two */
        let level = ids.map(leaf);
        while (level.length > 1) {
                const above = [];
                for (let i = 0; i < level.length; i += 2)
                        above.push(i + 1 < level.length ? node(level[i], level[i + 1]) : level[i]);
                level = above;
        }
        return level[0].toString('hex');
}

/* --- keys and signatures */

/* A number from 32 bytes, the lowest first. */
function littleEndian(bytes) {
        return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

/* The point of a canonical encoding, else null. */
function point(bytes) {
        try {
                return Point.fromHex(Uint8Array.from(bytes), false);
        } catch (e) {
                return null;
        }
}

/* The key, in hexadecimal digits, is admitted: it is the canonical encoding of a point of the subgroup of prime
 * order that is not the identity. */
function keyAdmitted(key) {
        const a = point(Buffer.from(key, 'hex'));
        return a !== null && !a.is0() && a.isTorsionFree();
}

const admitted = new Set();
function admit(key) {
        if (admitted.has(key))
                return;
        if (!keyAdmitted(key))
                refuse(`${key} is no key: not a point of the subgroup of prime order`);
        admitted.add(key);
}

/* What a signature of the line is made over: the line less its member "signature" and that member's comma. "kind"
 * stands before it in every line, and within a string every quote has a backslash, so this finds no other. */
function signedBytes(network, kind, line) {
        const text = line.toString('latin1').replace(/,"signature":"[A-Za-z0-9_-]{86}"/, '');
        return Buffer.concat([Buffer.from(`voted ${kind} 1\n${network}\n`), Buffer.from(text, 'latin1')]);
}

/* SB = R + kA, without the cofactor; S < L, R canonical and not of small order. The key was admitted before. */
function signatureHolds({ key, message, signature }) {
        const bytes = Buffer.from(signature, 'base64url');
        const s = littleEndian(bytes.subarray(32));
        const r = point(bytes.subarray(0, 32));
        if (s >= L || r === null || r.isSmallOrder())
                return false;

        const publicKey = Buffer.from(key, 'hex');
        const a = point(publicKey);
        const k = littleEndian(sha512(Buffer.concat([bytes.subarray(0, 32), publicKey, message]))) % L;
        return a !== null && Point.BASE.multiplyUnsafe(s).equals(r.add(a.multiplyUnsafe(k)));
}

module.exports = { hash, idOf, merkleRoot, keyAdmitted, admit, admitted, signedBytes, signatureHolds };

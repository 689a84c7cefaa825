/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Evidence against an authority, made with its own key, as if it had been caught: printed, and put into the ledger of a node
 * that is stopped.
 *
 *   equivocator GENESIS NODE.KEY STATE-DIRECTORY
 */
#include "codec/hex.h"
#include "consensus/quorum-evidence.h"
#include "crypto/sign.h"
#include "help.h"
#include "ledger/genesis.h"
#include "ledger/store.h"

static SecretKey *key;
static Genesis *genesis;

static int sign(void *userdata, const char *kind, const char *line, size_t n, Buf *ret) {
        (void) userdata;
        return sign_line(ret, key, kind, &genesis->network, line, n);
}

int main(int argc, char **argv) {
        _cleanup_buf_ Buf g = {}, seed = {}, line = {};
        QuorumStatement two[2] = {};
        char name[128], hex[ID_HEX];
        QuorumConfig c;
        Store *store;
        Why why = {};
        Key raw;

        if (argc != 4)
                must(-EINVAL, "usage: equivocator GENESIS NODE.KEY STATE-DIRECTORY", &why);
        must(crypto_init(&why), "crypto", &why);
        read_line(argv[1], 1U << 20, &g);
        must(genesis_parse(&genesis, g.p, g.n, &why), argv[1], &why);
        must(quorum_config_read(&c, genesis->engine_config, false, &why), "engine", &why);
        read_line(argv[2], 1U << 20, &seed);
        must(key_from_hex(&raw, seed.p), argv[2], &why);
        must(secret_key_from_seed(&key, raw.b), argv[2], &why);

        for (unsigned i = 0; i < 2; i++) {
                two[i] = (QuorumStatement) { .kind = QUORUM_ENDORSE, .view = 7,
                        .signer = (unsigned) quorum_config_number(&c, secret_key_public(key)) };
                two[i].block.b[0] = (uint8_t) i;
                must(two[i].signer < c.n ? 0 : -ENOENT, "the key of an authority", &why);
                must(quorum_statement_sign(&two[i], &c, &(EngineSetup) { .network = genesis->network, .sign = sign }), "sign", &why);
        }
        must(quorum_evidence_format(&two[0], &two[1], &c, &line), "format", &why);

        must(store_sqlite_open(&store, argv[3], &why), argv[3], &why);
        (void) snprintf(name, sizeof(name), "evidence.%s", key_hex(secret_key_public(key), hex));
        must(store->ops->meta_put(store, name, line.p, line.n), "put", &why);
        must(store->ops->commit(store), "commit", &why);
        store_free(store);
        (void) secret_key_free(key);
        (void) genesis_free(genesis);
        return puts(line.p) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

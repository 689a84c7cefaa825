/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "fuzz.h"
#include "voted/config.h"

/* A configuration file of either role: read, or refused with the file's name and a reason. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        char path[64];
        int fd;

        fd = memfd_create("config", MFD_CLOEXEC);
        fuzz_check(fd >= 0 && write_all(fd, data, n) == 0);
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);

        for (int role = ROLE_TRACKER; role <= ROLE_PEER; role++) {
                Config *c = NULL;
                Why why = {};
                int r;

                r = config_load(&c, (Role) role, &(ConfigPaths) { .file = path, .name = "fuzz" }, &why);
                if (r == 0)
                        fuzz_check(c->n_trackers <= ENDPOINTS_MAX && c->listen_port <= 65535);
                else
                        fuzz_check(!c && (r < 0 || strstr(why.text, path)));
                (void) config_free(c);
        }
        (void) close(fd);
        return 0;
}

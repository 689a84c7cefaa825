/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "fuzz.h"

/* Runs every file of the folders that are named through the target; says how many there were. */
#define INPUT_BYTES_MAX (4U << 20)

int main(int argc, char *argv[]) {
        unsigned n = 0;

        for (int i = 1; i < argc; i++) {
                struct dirent *de;
                DIR *d = opendir(argv[i]);

                if (!d) {
                        perror(argv[i]);
                        return EXIT_FAILURE;
                }
                while ((de = readdir(d))) {
                        _cleanup_free_ char *path = path_join(argv[i], de->d_name);
                        _cleanup_buf_ Buf input = {};

                        if (de->d_name[0] == '.' || !path)
                                continue;
                        if (read_file(path, INPUT_BYTES_MAX, &input) < 0) {
                                (void) fprintf(stderr, "cannot read %s\n", path);
                                return EXIT_FAILURE;
                        }
                        (void) LLVMFuzzerTestOneInput((const uint8_t *) (input.p ? input.p : ""), input.n);
                        n++;
                }
                (void) closedir(d);
        }
        (void) printf("%u inputs\n", n);
        return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

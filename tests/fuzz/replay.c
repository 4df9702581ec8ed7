/*
 * A target without libFuzzer: it gets each file once. For coverage by gcc, and to look at a
 * crash's input in a debugger.
 *
 *     replay_NAME FILE...
 */
#include "tests/fuzz/fuzz.h"

static void run_file(const char *path)
{
    static uint8_t bytes[1u << 20];
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    size_t count = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    uint8_t *copy = fuzz_copy(bytes, count);
    LLVMFuzzerTestOneInput(copy, count);
    free(copy);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run_file(argv[i]);
    printf("%d inputs\n", argc - 1);
    return 0;
}

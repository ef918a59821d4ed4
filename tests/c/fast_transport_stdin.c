/* SPDX-License-Identifier: Apache-2.0 */
/* kws_fast_transport.c with an emulator made of nothing: standard input is the file "kws_wire", hex in the arguments what came in on
 * the UART. Arguments: the most bytes to take at a time; "file" or "none"; hex. What is taken goes to standard output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kws_fast_transport.h"

static int has_file;
static kws_fast_transport transport;

static int32_t answer(uint32_t operation, const uintptr_t *arguments)
{
    switch (operation) {
    case 0x01: /* open: name, mode, length of the name */
        return has_file && strcmp((const char *)arguments[0], "kws_wire") == 0 && arguments[1] == 1 && arguments[2] == 8
                   ? 7
                   : -1;
    case 0x0a: /* seek: handle, offset */
        return arguments[0] == 7 && fseek(stdin, (long)arguments[1], SEEK_SET) == 0 ? 0 : -1;
    case 0x06: /* read: handle, bytes, count; returns how many were not read */
        return arguments[0] == 7 ? (int32_t)(arguments[2] - fread((void *)arguments[1], 1, arguments[2], stdin)) : -1;
    default:
        return -1;
    }
}

static void take_all(size_t most)
{
    while (!kws_fast_transport_is_empty(&transport)) {
        uint8_t *bytes = malloc(most); /* so that the address sanitizer sees a byte too many */
        const size_t count = kws_fast_transport_take(&transport, bytes, most);
        fwrite(bytes, 1, count, stdout);
        free(bytes);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        return 2;
    }
    const size_t most = (size_t)atoi(argv[1]);
    has_file = strcmp(argv[2], "file") == 0;
    transport.ask = answer;
    for (const char *hex = argv[3]; *hex != '\0'; hex += 2) {
        unsigned byte;
        sscanf(hex, "%2x", &byte);
        kws_fast_transport_put(&transport, (uint8_t)byte);
    }
    take_all(most);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_sha256.h"

#include <string.h>

#define BLOCK_BYTES 64
#define LENGTH_BYTES 8

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2). */
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotated(uint32_t word, int by)
{
    return word >> by | word << (32 - by);
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void expand(uint32_t w[64], const uint8_t block[BLOCK_BYTES])
{
    for (int i = 0; i < 16; ++i) {
        w[i] = big_endian(block + 4 * i);
    }
    for (int i = 16; i < 64; ++i) {
        const uint32_t s0 = rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ w[i - 15] >> 3;
        const uint32_t s1 = rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
}

/* The variables are named as in FIPS 180-4, 6.2.2: a to h are v[0] to v[7]. */
static void add_block(uint32_t hash[8], const uint8_t block[BLOCK_BYTES])
{
    uint32_t w[64];
    uint32_t v[8];
    expand(w, block);
    memcpy(v, hash, sizeof v);
    for (int i = 0; i < 64; ++i) {
        const uint32_t sum1 = rotated(v[4], 6) ^ rotated(v[4], 11) ^ rotated(v[4], 25);
        const uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        const uint32_t t1 = v[7] + sum1 + choice + constants[i] + w[i];
        const uint32_t sum0 = rotated(v[0], 2) ^ rotated(v[0], 13) ^ rotated(v[0], 22);
        const uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + sum0 + majority;
    }
    for (int i = 0; i < 8; ++i) {
        hash[i] += v[i];
    }
}

/* Adds what is left of the bytes, a one bit, zeros, and the length in bits. */
static void add_end(uint32_t hash[8], const uint8_t *left, size_t count, uint64_t total)
{
    uint8_t block[BLOCK_BYTES] = {0};
    memcpy(block, left, count);
    block[count] = 0x80;
    if (count + 1 > BLOCK_BYTES - LENGTH_BYTES) {
        add_block(hash, block);
        memset(block, 0, sizeof block);
    }
    for (int i = 0; i < LENGTH_BYTES; ++i) {
        block[BLOCK_BYTES - 1 - i] = (uint8_t)(8 * total >> 8 * i);
    }
    add_block(hash, block);
}

void kws_sha256_hex(const uint8_t *bytes, size_t count, char hex[KWS_SHA256_HEX_DIGITS + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint32_t hash[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    };
    size_t at = 0;
    for (; count - at >= BLOCK_BYTES; at += BLOCK_BYTES) {
        add_block(hash, bytes + at);
    }
    add_end(hash, bytes + at, count - at, count);
    for (int i = 0; i < KWS_SHA256_HEX_DIGITS; ++i) {
        hex[i] = digits[hash[i / 8] >> (28 - 4 * (i % 8)) & 15];
    }
    hex[KWS_SHA256_HEX_DIGITS] = '\0';
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The receiving end of an emulated machine's serial port: a ring that the UART's interrupt fills and the main loop empties.
 *
 * An emulator delivers a UART's bytes one at a time, which takes longer than processing them. So a host may write blocks of
 * bytes to a file that the machine can read (semihosting) and send one byte, a mark, in place of each block. The order of
 * all bytes is preserved.
 */
#ifndef KWS_FAST_TRANSPORT_H
#define KWS_FAST_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_FAST_TRANSPORT_RING_BYTES 16384u /* a power of two */
#define KWS_FAST_TRANSPORT_MARK 0x80u        /* + the block's number, 0 to 127: never a byte of ASCII text */
#define KWS_FAST_TRANSPORT_BLOCK_BYTES 512u
#define KWS_FAST_TRANSPORT_FILE "kws_wire" /* in the emulator's working folder */

/* Calls the emulator (Arm's "Semihosting for AArch32 and AArch64", which RISC-V took over): an operation's
 * number and its arguments, a word each. */
typedef int32_t (*kws_semihosting)(uint32_t operation, const uintptr_t *arguments);

/* Set `ask`, zero the rest. */
typedef struct {
    kws_semihosting ask;
    int32_t file;              /* what the emulator calls it; 0: not open yet */
    uint32_t block_taken;      /* bytes already taken of the current block */
    volatile uint32_t written; /* by the interrupt */
    volatile uint32_t taken;   /* by the main loop */
    volatile uint8_t ring[KWS_FAST_TRANSPORT_RING_BYTES];
} kws_fast_transport;

/* Stores a received byte; it is lost if the ring is full. Call it from the interrupt. */
void kws_fast_transport_put(kws_fast_transport *transport, uint8_t byte);

/* Takes up to `capacity` bytes; returns how many. Without a file, a mark is a byte like any other. */
size_t kws_fast_transport_take(kws_fast_transport *transport, uint8_t *bytes, size_t capacity);

/* Whether there is nothing to take. */
bool kws_fast_transport_is_empty(const kws_fast_transport *transport);

#ifdef __cplusplus
}
#endif
#endif

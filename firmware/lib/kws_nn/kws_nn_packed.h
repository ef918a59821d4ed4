/* SPDX-License-Identifier: Apache-2.0 */
/* Two products of int8 in one 32-bit multiplication, for processors without DSP instructions.
 *
 * With P = x0 + 65536 * x1 (values) and Q = w1 + 65536 * w0 (weights), modulo 2^32:
 *     P * Q = x0 * w1 + 65536 * (x0 * w0 + x1 * w1)
 * The upper half collects the sum that is wanted, the lower half one that is not. A run is as many pairs as can be added
 * before either half could leave its 16 bits; then the upper half is added to a total, and the next run begins. tinykws
 * knows the weights, so it proves at build time, for all values, how long each run may be (lowering/packed_weights.py).
 *
 * Four sums are made at once: of one stream of words, "ones", by another of four words for each of these, "fours". A run
 * is a pair, a word that says how many more there are, and those. That word is in the stream of the weights, `which` it is:
 * (KWS_NN_PACKED_PAIRS - pairs) * KWS_NN_PACKED_STEP, the bytes of assembly that are skipped.
 */
#ifndef KWS_NN_PACKED_H
#define KWS_NN_PACKED_H

#include "kws_nn_scaling.h"

#define KWS_NN_PACKED_PAIRS 7 /* behind the first of a run, at most */
#define KWS_NN_PACKED_STEP 26 /* bytes of code of a pair; with a step between fours, 28 */
#define KWS_NN_PACKED_ROW_STEP 28
#define KWS_NN_PACKED_HALF 32768u /* keeps the lower half from becoming negative */

static inline int32_t kws_nn_packed(int32_t first, int32_t second)
{
    return first + second * 65536;
}

/* KWS_NN_PACKED_SUMS_OF_ONES(name) and its like define, for the kernels,
 *     const int32_t *name(const int32_t *ones, const int32_t *fours, const int32_t *end, int32_t *totals)
 * which adds all runs up to `end` to four totals, and returns the end of the weights. Weights are the ones, and `end` that of
 * the fours; _OF_FOURS: the reverse. _BY_ONE and _BY_TWO: each four words begin one, or two, words behind those before. */

/* For functions that are assembly throughout. Each of them takes a run's length as bytes of its own code: a pair has as many in
 * the first two, and twice as many in the third. */
#define KWS_NN_PACKED_FUNCTION(name) \
    __attribute__((naked, noinline)) static const int32_t *name(__attribute__((unused)) const int32_t *ones, \
                                                                __attribute__((unused)) const int32_t *fours, \
                                                                __attribute__((unused)) const int32_t *end, \
                                                                __attribute__((unused)) int32_t *totals)
#define KWS_NN_PACKED_SEVEN(pair) pair pair pair pair pair pair pair

/* clang-format off */
#if defined(__ARM_ARCH_6M__) && defined(__ARMEL__)
#define KWS_NN_PACKED_FIRST(sum) "ldmia r3!, {" sum "}\n muls " sum ", r1, " sum "\n add " sum ", r12\n"
#define KWS_NN_PACKED_NEXT(sum) "ldmia r3!, {r0}\n muls r0, r1, r0\n adds " sum ", " sum ", r0\n"
#define KWS_NN_PACKED_TOTAL(sum, total) "asrs " sum ", " sum ", #16\n add " total ", " sum "\n"

/* r0 ones, r1 fours, r2 the end of one of them, r3 the totals; returns the end of the weights. Then r0 a word of the fours, r1
 * one of the ones, r2 ones, r3 fours, r4 to r7 the sums, r8 to r11 the totals, r12 a half, lr the end. */
#define KWS_NN_PACKED_SUMS(name, weights, ended, back) \
KWS_NN_PACKED_FUNCTION(name) \
{ \
    __asm__(".syntax unified\n" \
            "push {r4-r7, lr}\n" \
            "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n" \
            "push {r3-r7}\n" \
            "movs r4, #128\n lsls r4, r4, #8\n mov r12, r4\n" \
            "mov lr, r2\n" \
            "ldmia r3!, {r4-r7}\n" \
            "mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n" \
            "mov r2, r0\n mov r3, r1\n" \
            "1: ldmia r2!, {r1}\n" \
            KWS_NN_PACKED_FIRST("r4") KWS_NN_PACKED_FIRST("r5") KWS_NN_PACKED_FIRST("r6") KWS_NN_PACKED_FIRST("r7") back \
            "ldmia " weights "!, {r0}\n" \
            "add pc, r0\n" \
            "nop\n" \
            KWS_NN_PACKED_SEVEN("ldmia r2!, {r1}\n" \
                KWS_NN_PACKED_NEXT("r4") KWS_NN_PACKED_NEXT("r5") KWS_NN_PACKED_NEXT("r6") KWS_NN_PACKED_NEXT("r7") back) \
            KWS_NN_PACKED_TOTAL("r4", "r8") KWS_NN_PACKED_TOTAL("r5", "r9") \
            KWS_NN_PACKED_TOTAL("r6", "r10") KWS_NN_PACKED_TOTAL("r7", "r11") \
            "cmp " ended ", lr\n" \
            "beq 2f\n" \
            "b 1b\n" \
            "2: mov r0, " weights "\n" \
            "pop {r3}\n" \
            "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n" \
            "stmia r3!, {r4-r7}\n" \
            "pop {r4-r7}\n" \
            "mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n" \
            "pop {r4-r7, pc}\n"); \
}
#define KWS_NN_PACKED_SUMS_OF_ONES(name) KWS_NN_PACKED_SUMS(name, "r2", "r3", "")
#define KWS_NN_PACKED_SUMS_OF_FOURS(name) KWS_NN_PACKED_SUMS(name, "r3", "r2", "")
#define KWS_NN_PACKED_SUMS_BY_ONE(name) KWS_NN_PACKED_SUMS(name, "r2", "r3", "subs r3, r3, #12\n")
#define KWS_NN_PACKED_SUMS_BY_TWO(name) KWS_NN_PACKED_SUMS(name, "r2", "r3", "subs r3, r3, #8\n")

#elif defined(__thumb2__) && defined(__ARMEL__)
#define KWS_NN_PACKED_TWO(sum0, sum1, before0, before1) \
    "ldrd r3, r12, [r1], #8\n mla " sum0 ", r2, r3, " before0 "\n mla " sum1 ", r2, r12, " before1 "\n"

/* As above. Then r0 ones, r1 fours, r2 one of the ones, r3 and r12 of the fours, r4 to r7 the sums, r8 to r11 the totals, lr a
 * half; on the stack the end and the totals. */
#define KWS_NN_PACKED_SUMS(name, weights, ended, back) \
KWS_NN_PACKED_FUNCTION(name) \
{ \
    __asm__(".syntax unified\n" \
            "push {r2-r11, lr}\n" \
            "ldm r3, {r8-r11}\n" \
            "mov lr, #32768\n" \
            "1: ldmia r0!, {r2}\n" \
            KWS_NN_PACKED_TWO("r4", "r5", "lr", "lr") KWS_NN_PACKED_TWO("r6", "r7", "lr", "lr") back \
            "ldr r3, [" weights "], #4\n" \
            "add pc, r3\n" \
            "nop\n" \
            KWS_NN_PACKED_SEVEN("ldmia r0!, {r2}\n" \
                KWS_NN_PACKED_TWO("r4", "r5", "r4", "r5") KWS_NN_PACKED_TWO("r6", "r7", "r6", "r7") back) \
            "add r8, r8, r4, asr #16\n add r9, r9, r5, asr #16\n" \
            "add r10, r10, r6, asr #16\n add r11, r11, r7, asr #16\n" \
            "ldr r3, [sp]\n" \
            "cmp " ended ", r3\n" \
            "bne 1b\n" \
            "mov r0, " weights "\n" \
            "pop {r2, r3}\n" \
            "stm r3, {r8-r11}\n" \
            "pop {r4-r11, pc}\n"); \
}
#define KWS_NN_PACKED_SUMS_OF_ONES(name) KWS_NN_PACKED_SUMS(name, "r0", "r1", "")
#define KWS_NN_PACKED_SUMS_OF_FOURS(name) KWS_NN_PACKED_SUMS(name, "r1", "r0", "")
#define KWS_NN_PACKED_SUMS_BY_ONE(name) KWS_NN_PACKED_SUMS(name, "r0", "r1", "subs r1, #12\n")
#define KWS_NN_PACKED_SUMS_BY_TWO(name) KWS_NN_PACKED_SUMS(name, "r0", "r1", "subs r1, #8\n")

#elif defined(__riscv_mul) && defined(__riscv_compressed) && __riscv_xlen == 32
/* Instructions of four bytes where two would do make a pair as long as it must be. */
#define KWS_NN_PACKED_LONG(text) ".option push\n .option norvc\n" text ".option pop\n"
#define KWS_NN_PACKED_FIRST(at, sum) "lw a5, " at "(a1)\n mul a5, a5, a4\n add " sum ", a5, a7\n"
#define KWS_NN_PACKED_NEXT(at, sum, add) \
    KWS_NN_PACKED_LONG("lw a5, " at "(a1)\n") "mul a5, a5, a4\n" add("add " sum ", " sum ", a5\n")
#define KWS_NN_PACKED_SHORT(text) text
#define KWS_NN_PACKED_TOTAL(sum, total) "srai " sum ", " sum ", 16\n add " total ", " total ", " sum "\n"

/* a0 ones, a1 fours, a2 the end of one of them, a3 the totals. Then a4 one of the ones, a5 of the fours, t3 to t6 the sums, t0 to
 * t2 and a6 the totals, a7 a half, s0 the code of a whole run. */
#define KWS_NN_PACKED_SUMS(name, weights, ended, forward, add) \
KWS_NN_PACKED_FUNCTION(name) \
{ \
    __asm__("addi sp, sp, -16\n sw s0, 0(sp)\n" \
            "lw t0, 0(a3)\n lw t1, 4(a3)\n lw t2, 8(a3)\n lw a6, 12(a3)\n" \
            "li a7, 32768\n" \
            "lla s0, 2f\n" \
            "1: lw a4, 0(a0)\n addi a0, a0, 4\n" \
            KWS_NN_PACKED_FIRST("0", "t3") KWS_NN_PACKED_FIRST("4", "t4") \
            KWS_NN_PACKED_FIRST("8", "t5") KWS_NN_PACKED_FIRST("12", "t6") \
            "addi a1, a1, " forward "\n" \
            "lw a4, 0(" weights ")\n addi " weights ", " weights ", 4\n" \
            "slli a4, a4, 1\n" \
            "add a4, a4, s0\n" \
            "jr a4\n" \
            "2:\n" \
            KWS_NN_PACKED_SEVEN(KWS_NN_PACKED_LONG("lw a4, 0(a0)\n addi a0, a0, 4\n") \
                KWS_NN_PACKED_NEXT("0", "t3", KWS_NN_PACKED_SHORT) KWS_NN_PACKED_NEXT("4", "t4", KWS_NN_PACKED_SHORT) \
                KWS_NN_PACKED_NEXT("8", "t5", add) KWS_NN_PACKED_NEXT("12", "t6", add) \
                KWS_NN_PACKED_LONG("addi a1, a1, " forward "\n")) \
            KWS_NN_PACKED_TOTAL("t3", "t0") KWS_NN_PACKED_TOTAL("t4", "t1") \
            KWS_NN_PACKED_TOTAL("t5", "t2") KWS_NN_PACKED_TOTAL("t6", "a6") \
            "bne " ended ", a2, 1b\n" \
            "sw t0, 0(a3)\n sw t1, 4(a3)\n sw t2, 8(a3)\n sw a6, 12(a3)\n" \
            "mv a0, " weights "\n" \
            "lw s0, 0(sp)\n addi sp, sp, 16\n" \
            "ret\n"); \
}
#define KWS_NN_PACKED_SUMS_OF_ONES(name) KWS_NN_PACKED_SUMS(name, "a0", "a1", "16", KWS_NN_PACKED_SHORT)
#define KWS_NN_PACKED_SUMS_OF_FOURS(name) KWS_NN_PACKED_SUMS(name, "a1", "a0", "16", KWS_NN_PACKED_SHORT)
#define KWS_NN_PACKED_SUMS_BY_ONE(name) KWS_NN_PACKED_SUMS(name, "a0", "a1", "4", KWS_NN_PACKED_LONG)
#define KWS_NN_PACKED_SUMS_BY_TWO(name) KWS_NN_PACKED_SUMS(name, "a0", "a1", "8", KWS_NN_PACKED_LONG)
/* clang-format on */

#else
/* clang-format on */

/* Adds the products of one word by four, each to its own sum. */
#define KWS_NN_PACKED_ADD(one, fours) \
    a += (one) * (uint32_t)(fours)[0]; \
    b += (one) * (uint32_t)(fours)[1]; \
    c += (one) * (uint32_t)(fours)[2]; \
    d += (one) * (uint32_t)(fours)[3]

/* All runs up to `end`; what is constant in a call is not looked at. */
static inline const int32_t *kws_nn_packed_sums(const int32_t *ones, const int32_t *fours, const int32_t *end,
                                                int32_t *totals, int are_ones, int32_t advance)
{
    const int32_t pair = advance == 4 ? KWS_NN_PACKED_STEP : KWS_NN_PACKED_ROW_STEP;
    uint32_t sums[4]; /* modulo 2^32, as biases are: only the last total is known to fit */
    for (int32_t i = 0; i < 4; i++) {
        sums[i] = (uint32_t)totals[i];
    }
    do {
        uint32_t a = KWS_NN_PACKED_HALF, b = a, c = a, d = a;
        uint32_t one = (uint32_t)*ones++;
        KWS_NN_PACKED_ADD(one, fours);
        fours += advance;
        for (int32_t skipped = are_ones ? *ones++ : *fours++; skipped < KWS_NN_PACKED_PAIRS * pair; skipped += pair) {
            one = (uint32_t)*ones++;
            KWS_NN_PACKED_ADD(one, fours);
            fours += advance;
        }
        sums[0] += (uint32_t)((int32_t)a >> 16);
        sums[1] += (uint32_t)((int32_t)b >> 16);
        sums[2] += (uint32_t)((int32_t)c >> 16);
        sums[3] += (uint32_t)((int32_t)d >> 16);
    } while ((are_ones ? fours : ones) != end);
    for (int32_t i = 0; i < 4; i++) {
        totals[i] = (int32_t)sums[i];
    }
    return are_ones ? ones : fours;
}

#define KWS_NN_PACKED_C(name, are_ones, advance) \
    static const int32_t *name(const int32_t *ones, const int32_t *fours, const int32_t *end, int32_t *totals) \
    { \
        return kws_nn_packed_sums(ones, fours, end, totals, are_ones, advance); \
    }
#define KWS_NN_PACKED_SUMS_OF_ONES(name) KWS_NN_PACKED_C(name, 1, 4)
#define KWS_NN_PACKED_SUMS_OF_FOURS(name) KWS_NN_PACKED_C(name, 0, 4)
#define KWS_NN_PACKED_SUMS_BY_ONE(name) KWS_NN_PACKED_C(name, 1, 1)
#define KWS_NN_PACKED_SUMS_BY_TWO(name) KWS_NN_PACKED_C(name, 1, 2)

#endif

/* How totals become outputs. */
typedef struct {
    kws_nn_scaling scaling;
    int32_t minimum, maximum;
} kws_nn_packed_scale;

static inline kws_nn_packed_scale kws_nn_packed_scale_at(const int32_t *scaling, int32_t minimum, int32_t maximum)
{
    const kws_nn_packed_scale scale = {
        .scaling = {.multiplier = scaling[0], .offset = scaling[1], .shift = scaling[2]},
        .minimum = minimum,
        .maximum = maximum,
    };
    return scale;
}

static inline int8_t kws_nn_packed_output(const kws_nn_packed_scale *scale, int32_t total)
{
    const int32_t doubled = total * 2;
    const int32_t offset = scale->scaling.offset + (doubled >> 31);
    const int32_t product = kws_nn_add_high_product(offset, doubled, scale->scaling.multiplier);
    return (int8_t)kws_nn_clamp(product >> scale->scaling.shift, scale->minimum, scale->maximum);
}

#ifdef __ARM_ARCH_6M__
/* clang-format off */
/* The loop below for ARMv6-M: r0 totals, r1 scale, r2 output, r3 stride, on the stack the end of the totals. Then r1 and r3 the
 * halves of a total, low and high, r4 and r5 those of the multiplier, r6 and r7 free, r8 the minimum, r9 the shift, r10 the
 * rounding of a half, r11 the offset, r12 the end of the totals, lr the stride. */
__attribute__((naked, noinline)) static void kws_nn_put_until(
    __attribute__((unused)) const int32_t *totals, __attribute__((unused)) const kws_nn_packed_scale *scale,
    __attribute__((unused)) int8_t *output, __attribute__((unused)) int32_t stride, __attribute__((unused)) const int32_t *end)
{
    __asm__(".syntax unified\n"
            "push {r4-r7, lr}\n"
            "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n"
            "push {r4-r7}\n"
            "mov lr, r3\n"
            "ldr r4, [sp, #36]\n mov r12, r4\n"
            "ldmia r1!, {r4, r5, r6, r7}\n" /* multiplier, offset, shift, minimum */
            "mov r11, r5\n mov r9, r6\n mov r8, r7\n"
            "movs r6, #128\n lsls r6, r6, #8\n mov r10, r6\n"
            "asrs r5, r4, #16\n uxth r4, r4\n"
            "1: ldmia r0!, {r1}\n"
            "lsls r1, r1, #1\n asrs r3, r1, #16\n uxth r1, r1\n"
            "movs r7, r1\n muls r7, r4, r7\n lsrs r7, r7, #16\n"
            "movs r6, r3\n muls r6, r4, r6\n adds r6, r6, r7\n" /* the product's middle, of which half counts */
            "muls r1, r5, r1\n uxth r7, r6\n adds r1, r1, r7\n add r1, r10\n lsrs r1, r1, #16\n"
            "asrs r6, r6, #16\n adds r1, r1, r6\n"
            "asrs r6, r3, #31\n adds r1, r1, r6\n add r1, r11\n"
            "muls r3, r5, r3\n adds r1, r1, r3\n"
            "mov r3, r9\n asrs r1, r1, r3\n"
            "cmp r1, r8\n bge 2f\n mov r1, r8\n"
            "2: cmp r1, #127\n ble 3f\n movs r1, #127\n"
            "3: strb r1, [r2]\n add r2, lr\n"
            "cmp r0, r12\n bne 1b\n"
            "pop {r4-r7}\n"
            "mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n"
            "pop {r4-r7, pc}\n");
}
/* clang-format on */
#endif

/* Totals of one channel become its outputs, `stride` bytes apart. */
static inline void kws_nn_put_outputs(const int32_t *totals, int32_t count, const kws_nn_packed_scale *scale,
                                      int8_t *output, int32_t stride)
{
#ifdef __ARM_ARCH_6M__
    if (scale->maximum == INT8_MAX) {
        kws_nn_put_until(totals, scale, output, stride, totals + count);
        return;
    }
#endif
    const kws_nn_packed_scale own = *scale; /* outputs may lie anywhere, so a compiler would read `scale` again */
    for (int32_t i = 0; i < count; i++, output += stride) {
        *output = kws_nn_packed_output(&own, totals[i]);
    }
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Of mbed OS only what our firmware calls; rtos.h has it. */
#ifndef MBED_H
#define MBED_H
#endif

/* SPDX-License-Identifier: Apache-2.0 */
#define CONFIG_TINYKWS_OPTIMIZE_SPEED 1

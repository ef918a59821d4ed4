/* SPDX-License-Identifier: Apache-2.0 */
/* An Arduino core for one test: a PDM microphone that plays standard input into main_arduino.cpp, whose main loop is late
 * now and then; what the loop gets goes to standard output. Argument: blocks between two turns of the loop.
 * On stderr: overruns, clipped. */
#include <Arduino.h>
#include <PDM.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kws_app.h"
#include "kws_port.h"

SerialPort Serial;
PDMClass PDM;

namespace {

constexpr size_t kBlock = 256;
int16_t block[kBlock];
size_t waiting;
void (*on_receive)(void);

}  // namespace

void pinMode(uint8_t, uint8_t) {}
void digitalWrite(uint8_t, uint8_t) {}
unsigned long millis() { return 0; }
unsigned long micros() { return 0; }
void delay(unsigned long) {}

void SerialPort::begin(unsigned long) {}
int SerialPort::available() { return 0; }
int SerialPort::read() { return -1; }
size_t SerialPort::write(const uint8_t *, size_t count) { return count; }
void SerialPort::flush() {}
SerialPort::operator bool() { return false; }

int PDMClass::begin(int, int) { return 1; }
int PDMClass::available() { return static_cast<int>(waiting * sizeof block[0]); }
void PDMClass::onReceive(void (*function)(void)) { on_receive = function; }
void PDMClass::setGain(int) {}
void PDMClass::setBufferSize(int) {}
int PDMClass::read(void *buffer, size_t size) {
  const size_t bytes = waiting * sizeof block[0] < size ? waiting * sizeof block[0] : size;
  memcpy(buffer, block, bytes);
  waiting = 0;
  return static_cast<int>(bytes);
}

extern "C" {
void kws_app_start(void) { kws_port_init(); }
void kws_app_poll(void) {
  static int16_t samples[320];
  size_t count;
  while ((count = kws_port_microphone_read(samples, 320)) > 0) {
    fwrite(samples, sizeof samples[0], count, stdout);
  }
}
void kws_report_error(const char *, const char *) {}
}

int main(int, char **argv) {
  const int late = atoi(argv[1]);
  setup();
  for (int blocks = 1; (waiting = fread(block, sizeof block[0], kBlock, stdin)) > 0; ++blocks) {
    on_receive();
    if (blocks % late == 0) {
      loop();
    }
  }
  loop();
  fprintf(stderr, "%u %u\n", static_cast<unsigned>(kws_port_microphone_overruns()),
          static_cast<unsigned>(kws_port_microphone_clipped()));
  return 0;
}

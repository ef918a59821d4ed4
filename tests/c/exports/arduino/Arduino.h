/* SPDX-License-Identifier: Apache-2.0 */
/* Of Arduino's API what the exported sketches call, on this computer. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DEC 10
#define HEX 16
#define OUTPUT 1
#define HIGH 1
#define LOW 0
#define LED_BUILTIN 13

void pinMode(uint8_t pin, uint8_t mode);
void digitalWrite(uint8_t pin, uint8_t value);
int digitalRead(uint8_t pin);
void delay(unsigned long ms);
void setup(void);
void loop(void);

class SerialPort
{
public:
    void begin(unsigned long)
    {
    }
    void print(const char *text)
    {
        printf("%s", text);
    }
    void print(char character)
    {
        printf("%c", character);
    }
    void print(int number)
    {
        printf("%d", number);
    }
    void print(unsigned long number, int base)
    {
        printf(base == HEX ? "%lX" : "%lu", number);
    }
    void println(const char *text = "")
    {
        printf("%s\n", text);
    }
};
extern SerialPort Serial;

#endif

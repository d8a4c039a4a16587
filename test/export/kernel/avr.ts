/** A kernel on an AVR, whose int has 16 bits: a main with its deliveries in flash, which prints results and checksums through the first UART. */
import type { CoreRun } from './core.js';

/** The microcontroller of the tests: 128 KB of flash, 16 KB of RAM. */
export const MCU = 'atmega1284p';

export function avrMain(prefix: string, { input }: CoreRun): string {
  const macro = prefix.toUpperCase();
  const [steps, ...numbers] = input.trim().split(/\s+/);
  return `#include "${prefix}_kernel.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <avr/sleep.h>

/* Raws of unsigned 32-bit sites come back by their bits. */
static const uint32_t data[] PROGMEM = { ${numbers.map((number) => `${BigInt.asUintN(32, BigInt(number))}UL`).join(', ')} };
static uint16_t at;

static uint32_t number(void)
{
    return pgm_read_dword(&data[at++]);
}

static void put(char c)
{
    while ((UCSR0A & (1 << UDRE0)) == 0) { }
    UDR0 = (uint8_t)c;
}

static void put_hex(uint32_t word)
{
    uint8_t i;
    for (i = 0; i < 8; i++, word <<= 4) put("0123456789abcdef"[word >> 28]);
}

static ${prefix}_state state;
static ${prefix}_input_t inputs[${macro}_EVALUATION * ${macro}_INPUTS];
static ${prefix}_target_t targets[${macro}_EVALUATION * ${macro}_OUTPUTS];

static uint32_t batch(void)
{
    const uint32_t count = number();
    uint32_t k;
    for (k = 0; k < count * ${macro}_INPUTS; k++) inputs[k] = (${prefix}_input_t)number();
    for (k = 0; k < count * ${macro}_OUTPUTS; k++) targets[k] = (${prefix}_target_t)number();
    return count;
}

int main(void)
{
    ${prefix}_row row;
    uint32_t count;
    int step;
    UCSR0B = 1 << TXEN0;
    ${prefix}_init(&state);
    for (step = 0; step < ${steps}; step++) {
        count = batch();
        put((char)('0' + ${prefix}_step(&state, inputs, targets, count, &row)));
        put(' ');
        put_hex(${prefix}_state_crc32(&state));
        put('\\n');
    }
    count = batch();
    put_hex((uint32_t)${prefix}_evaluate(&state, inputs, targets, count));
    put('\\n');
    cli();
    sleep_mode();
    return 0;
}
`;
}

/** What the main prints if the kernel does as the core. */
export function avrLines({ lines }: CoreRun): string[] {
  return lines.map((line) => {
    const words = line.split(' ');
    if (words[0] === 'loss') return BigInt.asUintN(32, BigInt(words[1]!)).toString(16).padStart(8, '0');
    return `${words[0]} ${words[9]}`;
  });
}

/**
 * What runs before `main` on the emulated boards, and how a program speaks and counts there. No library: the compiler's own run time for wide integers is all that
 * is linked; on an AVR avr-libc begins and talks to the UART.
 *
 * `board_begin` and `board_end` count what is executed between them, in two numbers that src/cost/boards.ts makes one of.
 */

export const BOARD_H = `#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

void board_put(const char *text);
void board_begin(void);
void board_end(uint32_t *coarse, uint32_t *fine);

#endif
`;

/** Compilers call these even where no library is. */
const MEMORY = `void *memcpy(void *to, const void *from, size_t length)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    while (length-- > 0) *t++ = *f++;
    return to;
}

void *memset(void *to, int value, size_t length)
{
    unsigned char *t = to;
    while (length-- > 0) *t++ = (unsigned char)value;
    return to;
}
`;

/** Instructions of the handler below: what a wrap of the counter adds. */
export const ARM_TICK_INSTRUCTIONS = 5;

/** Cortex-M: vectors, memory, semihosting, and SysTick as the counter. */
export const ARM_C = `#include "board.h"

#include <stddef.h>

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)

extern uint32_t data_load[], data_start[], data_end[], bss_start[], bss_end[], stack_top[];
int main(void);
volatile uint32_t board_wraps;

${MEMORY}
/* Arm semihosting */
static void call(uint32_t operation, uint32_t argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register uint32_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void board_put(const char *text)
{
    call(0x04, (uint32_t)text); /* SYS_WRITE0 */
}

static void stop(int status)
{
    call(0x18, status == 0 ? 0x20026u : 0x20023u); /* SYS_EXIT: application exit, or run-time error */
    for (;;) { }
}

void board_begin(void)
{
    SYST_CSR = 0;
    SYST_RVR = 0xFFFFFFu;
    board_wraps = 0;
    SYST_CVR = 0;
    SYST_CSR = 7; /* core clock, exception at each wrap, on */
}

void board_end(uint32_t *coarse, uint32_t *fine)
{
    const uint32_t now = SYST_CVR;
    SYST_CSR = 0;
    *coarse = board_wraps;
    *fine = (0u - now) & 0xFFFFFFu;
}

/* ${ARM_TICK_INSTRUCTIONS} instructions */
__attribute__((naked)) static void tick(void)
{
    __asm__ volatile(".syntax unified\\n\\tldr r0, =board_wraps\\n\\tldr r1, [r0]\\n\\tadds r1, r1, #1\\n\\tstr r1, [r0]\\n\\tbx lr\\n\\t.pool");
}

static void fault(void)
{
    board_put("fault\\n");
    stop(1);
}

static void reset(void)
{
    const uint32_t *from = data_load;
    uint32_t *to;
    for (to = data_start; to < data_end; to++) *to = *from++;
    for (to = bss_start; to < bss_end; to++) *to = 0;
    stop(main());
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_top, reset, fault, fault, fault, fault, fault, fault, 0, 0, 0, fault, fault, 0, fault, tick,
};
`;

/** RISC-V, machine mode: semihosting, and \`minstret\` as the counter. */
export const RISCV_C = `#include "board.h"

#include <stddef.h>

extern uint32_t bss_start[], bss_end[];
int main(void);
static uint32_t begun;

${MEMORY}
/* RISC-V semihosting: three words that must not be compressed and lie in one page */
static void call(uint32_t operation, const void *argument)
{
    register uint32_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = argument;
    __asm__ volatile(".option push\\n\\t.option norvc\\n\\t.balign 16\\n\\tslli x0, x0, 0x1f\\n\\tebreak\\n\\tsrai x0, x0, 7\\n\\t.option pop" : "+r"(a0) : "r"(a1) : "memory");
}

void board_put(const char *text)
{
    call(0x04, text); /* SYS_WRITE0 */
}

static void stop(int status)
{
    const uint32_t reason[2] = { 0x20026u, (uint32_t)status };
    call(0x20, reason); /* SYS_EXIT_EXTENDED */
    for (;;) { }
}

static uint32_t retired(void)
{
    uint32_t value;
    __asm__ volatile(".option push\\n\\t.option arch, +zicsr\\n\\tcsrr %0, minstret\\n\\t.option pop" : "=r"(value));
    return value;
}

void board_begin(void)
{
    begun = retired();
}

void board_end(uint32_t *coarse, uint32_t *fine)
{
    *fine = retired() - begun;
    *coarse = 0;
}

__attribute__((used)) static void begin(void)
{
    for (uint32_t *to = bss_start; to < bss_end; to++) *to = 0;
    stop(main());
}

static void trap(void)
{
    board_put("trap\\n");
    stop(1);
}

__attribute__((section(".start"), naked, used)) static void reset(void)
{
    __asm__ volatile(".option push\\n\\t.option arch, +zicsr\\n\\tla sp, stack_top\\n\\tcsrw mtvec, %0\\n\\tj begin\\n\\t.option pop" : : "r"(trap));
}
`;

/** AVR under simavr: the UART, and two timers as the counter: one at the clock, one at a 1024th of it. The program ends by sleeping for good. */
export const AVR_C = `#include "board.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

void board_put(const char *text)
{
    UCSR0B = (uint8_t)(1 << TXEN0);
    while (*text != '\\0') {
        while ((UCSR0A & (1 << UDRE0)) == 0) { }
        UDR0 = (uint8_t)*text++;
    }
}

void board_begin(void)
{
    TCCR1A = 0;
    TCCR3A = 0;
    TCCR1B = 0;
    TCCR3B = 0;
    TCNT1 = 0;
    TCNT3 = 0;
    TCCR3B = 5;
    TCCR1B = 1;
}

void board_end(uint32_t *coarse, uint32_t *fine)
{
    const uint16_t cycles = TCNT1;
    const uint16_t thousands = TCNT3;
    *coarse = thousands;
    *fine = cycles;
}

/* The program's main has another name here: avr-libc drops what main returns. */
#undef main
int board_main(void);

int main(void)
{
    board_put(board_main() == 0 ? "exit 0\\n" : "exit 1\\n");
    cli();
    sleep_enable();
    sleep_cpu();
    for (;;) { }
}
`;

/** Memory of a board in a linker script. */
export interface Region {
  readonly origin: number;
  readonly length: number;
}

const region = (name: string, { origin, length }: Region): string => `    ${name} : ORIGIN = 0x${origin.toString(16)}, LENGTH = 0x${length.toString(16)}`;

/** Code and constants in one memory, data copied from there into another, the stack at its end. */
export const linkerScript = (code: Region, data: Region): string => `MEMORY
{
${region('CODE', code)}
${region('DATA', data)}
}
SECTIONS
{
    .text : { KEEP(*(.vectors)) KEEP(*(.start)) *(.text*) *(.rodata*) *(.srodata*) . = ALIGN(4); } > CODE
    .data : { . = ALIGN(4); data_start = .; *(.data*) *(.sdata*) . = ALIGN(4); data_end = .; } > DATA AT > CODE
    data_load = LOADADDR(.data);
    .bss (NOLOAD) : { . = ALIGN(4); bss_start = .; *(.sbss*) *(.bss*) *(COMMON) . = ALIGN(4); bss_end = .; } > DATA
    .stack (NOLOAD) : { . = . + 0x800; } > DATA
    stack_top = ORIGIN(DATA) + LENGTH(DATA);
    /DISCARD/ : { *(.ARM.exidx*) *(.ARM.extab*) *(.eh_frame*) *(.comment) *(.riscv.attributes) *(.ARM.attributes) }
}
`;

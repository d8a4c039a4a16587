/** Boards that are emulated: how a program is compiled for each, run, and how what it executed is counted. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ARM_C, ARM_TICK_INSTRUCTIONS, AVR_C, BOARD_H, linkerScript, RISCV_C, type Region } from './boardFiles.js';

export interface Board {
  readonly name: string;
  readonly cpu: string;
  /** What the emulator calls the machine. */
  readonly machine: string;
  readonly compiler: string;
  readonly flags: readonly string[];
  readonly linking: readonly string[];
  /** Prints the sections of an object. */
  readonly size: string;
  readonly emulator: string;
  readonly arguments: readonly string[];
  /** Files beside those of the program. */
  readonly files: Readonly<Record<string, string>>;
  readonly unit: 'instructions' | 'cycles';
  /** Instructions or cycles out of the two numbers of `board_end`. */
  readonly counted: (coarse: number, fine: number) => number;
}

/** How an emulated program ended, and what it printed. */
export interface Ran {
  readonly status: number;
  readonly lines: readonly string[];
  /** It ran for longer than it may, and was ended. */
  readonly endless: boolean;
}

/** Virtual nanoseconds of an instruction: enough that SysTick moves on with each. */
const INSTRUCTION_NS = 1024;
const qemu = (machine: string, nanoseconds: number): string[] => [
  '-M', machine, '-nographic', '-monitor', 'none', '-serial', 'none', '-semihosting-config', 'enable=on,target=native', '-icount', `shift=${Math.log2(nanoseconds)},sleep=off`,
];
const FREESTANDING = ['-ffreestanding', '-ffunction-sections', '-fdata-sections'];
const LINKING = ['-nostdlib', '-Wl,--gc-sections', '-T', 'board.ld'];

/** A Cortex-M in a machine of QEMU, whose SysTick runs at `megahertz`. */
const arm = (core: string, machine: string, megahertz: number, code: Region, data: Region): Board => ({
  name: `cortex-${core.toLowerCase()}`, cpu: `Arm Cortex-${core}`, machine,
  compiler: 'arm-none-eabi-gcc', flags: [`-mcpu=cortex-${core.toLowerCase()}`, '-mthumb', ...FREESTANDING], linking: LINKING, size: 'arm-none-eabi-size',
  emulator: 'qemu-system-arm', arguments: [...qemu(machine, INSTRUCTION_NS), '-kernel'],
  files: { 'board.h': BOARD_H, 'board.c': ARM_C, 'board.ld': linkerScript(code, data) },
  unit: 'instructions',
  counted: (wraps, ticks) => Math.round(((wraps * 2 ** 24 + ticks) * 1000) / megahertz / INSTRUCTION_NS) - ARM_TICK_INSTRUCTIONS * wraps,
});

const K = 1024;
const M = K * K;
const MPS2: [Region, Region] = [{ origin: 0, length: 4 * M }, { origin: 0x20000000, length: 4 * M }];
const RISCV = ['-march=rv32imac', '-mabi=ilp32', '-mcmodel=medany', ...FREESTANDING];
const AVR_MCU = 'atmega1284p';

export const BOARDS: readonly Board[] = [
  arm('M0', 'microbit', 16, { origin: 0, length: 256 * K }, { origin: 0x20000000, length: 16 * K }),
  arm('M3', 'mps2-an385', 25, ...MPS2),
  arm('M4', 'mps2-an386', 25, ...MPS2),
  arm('M7', 'mps2-an500', 25, ...MPS2),
  arm('M33', 'mps2-an505', 20, { origin: 0x10000000, length: 4 * M }, { origin: 0x38000000, length: 2 * M }),
  arm('M55', 'mps3-an547', 32, { origin: 0, length: 512 * K }, { origin: 0x20000000, length: 512 * K }),
  {
    name: 'rv32imac', cpu: 'RISC-V RV32IMAC', machine: 'virt',
    compiler: 'riscv64-unknown-elf-gcc', flags: RISCV, linking: LINKING, size: 'riscv64-unknown-elf-size',
    emulator: 'qemu-system-riscv32', arguments: [...qemu('virt', 1), '-bios', 'none', '-kernel'], // minstret counts nanoseconds
    files: { 'board.h': BOARD_H, 'board.c': RISCV_C, 'board.ld': linkerScript({ origin: 0x80000000, length: 4 * M }, { origin: 0x80400000, length: 4 * M }) },
    unit: 'instructions',
    counted: (_, instructions) => instructions,
  },
  {
    name: 'avr', cpu: 'AVR ATmega1284P', machine: AVR_MCU,
    compiler: 'avr-gcc', flags: [`-mmcu=${AVR_MCU}`, '-Dmain=board_main', '-ffunction-sections', '-fdata-sections'],
    // 16 KB of RAM, of which the stack keeps two
    linking: ['-Wl,--gc-sections', '-Wl,--defsym=__DATA_REGION_LENGTH__=0x3800'], size: 'avr-size',
    emulator: 'simavr', arguments: ['-m', AVR_MCU, '-f', '16000000'],
    files: { 'board.h': BOARD_H, 'board.c': AVR_C },
    unit: 'cycles',
    // The slow timer says how often the fast one has wrapped; it may stand up to one of its ticks behind.
    counted: (thousands, cycles) => cycles + 2 ** 16 * Math.max(0, Math.round((thousands * 1024 + 512 - cycles) / 2 ** 16)),
  },
];
export const BOARD_NAMES: readonly string[] = BOARDS.map(({ name }) => name);

/** Longest an emulated program may run. */
export const LONGEST_MS = 60_000;

interface Output {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly killed: boolean;
}

/** Status of a command that could not be started, or was ended. */
const NOT_STARTED = -1;

/** What a command printed and how it ended. */
function run(command: string, args: readonly string[], { cwd, signal, timeout = LONGEST_MS }: { cwd?: string; signal?: AbortSignal | undefined; timeout?: number } = {}): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, [...args], { ...(cwd !== undefined && { cwd }), ...(signal && { signal }), timeout, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error instanceof Error && error.name === 'AbortError') reject(error);
      else resolve({ status: error === null ? 0 : typeof error.code === 'number' ? error.code : NOT_STARTED, stdout, stderr, killed: error?.killed === true });
    });
    child.stdin?.end();
  });
}

const present = new Map<string, Promise<boolean>>();

/** The first tool of a board that is not installed. */
export async function missingTool({ compiler, emulator }: Board): Promise<string | undefined> {
  for (const tool of [compiler, emulator]) {
    // simavr ends with 1 whatever it is asked.
    if (!present.has(tool)) present.set(tool, run(tool, ['--help']).then(({ status }) => status !== NOT_STARTED));
    if (!(await present.get(tool)!)) return tool;
  }
  return undefined;
}

/** `gcc`'s own version. */
export const compilerVersion = async ({ compiler }: Board): Promise<string> => (await run(compiler, ['-dumpversion'])).stdout.trim();

/** A program for a board in a temporary folder of its own; `close` removes it. */
export class BoardProgram {
  /** The start-up code is compiled. */
  #started = false;

  private constructor(readonly board: Board, private readonly dir: string, private readonly signal: AbortSignal | undefined) {}

  /** Writes the files of the program beside those of the board. */
  static async create(board: Board, files: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<BoardProgram> {
    const dir = await mkdtemp(join(tmpdir(), 'qrails-board-'));
    const program = new BoardProgram(board, dir, signal);
    await program.write({ ...board.files, ...files });
    return program;
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) await writeFile(join(this.dir, name), text);
  }

  /** Compiles units to objects. Returns what the compiler said where it refuses. */
  async compile(units: string | readonly string[], options: readonly string[]): Promise<string | undefined> {
    return this.#made(await run(this.board.compiler, [...this.board.flags, ...options, '-c', ...[units].flat()], this.#place));
  }

  /** Links units compiled before, with the start-up code. Returns what the linker said where the program does not fit. */
  async link(units: readonly string[]): Promise<string | undefined> {
    const problem = this.#started ? undefined : await this.compile('board.c', ['-std=gnu99', '-Os', '-w']);
    if (problem !== undefined) return problem;
    this.#started = true;
    return this.#made(await run(this.board.compiler, [...this.board.flags, ...this.board.linking, ...[...units, 'board.c'].map(objectOf), '-lgcc', '-o', 'program.elf'], this.#place));
  }

  /** Runs the linked program. */
  async run(): Promise<Ran> {
    const { emulator, arguments: args } = this.board;
    const { status, stdout, stderr, killed: endless } = await run(emulator, [...args, 'program.elf'], this.#place);
    return { endless, ...(emulator === 'simavr' ? fromSimavr(`${stdout}${stderr}`) : { status, lines: linesOf(`${stdout}${stderr}`) }) };
  }

  /** Bytes of text, data and bss in the object of a unit. */
  async sections(unit: string): Promise<{ text: number; data: number; bss: number }> {
    const { stdout } = await run(this.board.size, ['-B', objectOf(unit)], this.#place);
    const [text, data, bss] = stdout.split('\n')[1]!.trim().split(/\s+/).map(Number);
    return { text: text!, data: data!, bss: bss! };
  }

  close(): Promise<void> {
    return rm(this.dir, { recursive: true, force: true });
  }

  get #place(): { cwd: string; signal: AbortSignal | undefined } {
    return { cwd: this.dir, signal: this.signal };
  }

  #made({ status, stderr }: Output): string | undefined {
    return status === 0 ? undefined : stderr.trim() || `${this.board.compiler} ended with ${status}`;
  }
}

const objectOf = (unit: string): string => unit.replace(/\.c$/, '.o');
const linesOf = (text: string): string[] => text.split(/\r?\n/).filter((line) => line !== '');

/** simavr colours what the UART sends, and shows the end of a line as a dot; the status is the program's own last line. */
function fromSimavr(text: string): Omit<Ran, 'endless'> {
  const sent = linesOf(text.replaceAll(/\u001b\[[0-9;]*m/g, '')).filter((line) => line.endsWith('.')).map((line) => line.slice(0, -1));
  const last = /^exit (\d)$/.exec(sent.at(-1) ?? '');
  return { status: last ? Number(last[1]) : NOT_STARTED, lines: last ? sent.slice(0, -1) : sent };
}

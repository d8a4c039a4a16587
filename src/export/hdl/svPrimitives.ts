/** `P_prim.sv`: the units of a data path as synthesizable SystemVerilog. docs/hdl.md. */
import { THROTTLE_TABLE } from '../../control/registry.js';
import { ENUMERATIONS } from './constants.js';
import { isClocked, sideBits, signedWidth, type EmaUnit, type MacUnit, type Quantiser, type Raw, type ThrottleUnit, type Unit } from './units.js';
import type { Port } from './vectors.js';

/** Everything but the first comment. */
export function svPrimitives(units: readonly Unit[], prefix: string): string[] {
  return [quantiseModule(prefix), accumulateModule(prefix), ...units.map((unit) => unitModule(unit, prefix))];
}

/** `logic signed [11:0] `; a flag is plain `logic `. */
export function svType({ bits, signed, flag }: Pick<Port, 'bits' | 'signed' | 'flag'>): string {
  return flag ? 'logic ' : `logic ${signed ? 'signed ' : ''}[${bits - 1}:0] `;
}

function quantiseModule(prefix: string): string {
  const rounding = (mode: (typeof ENUMERATIONS.ROUNDING)[number]): string => `${prefix}_pkg::ROUNDING_${mode}`;
  const overflow = (mode: (typeof ENUMERATIONS.OVERFLOW)[number]): string => `${prefix}_pkg::OVERFLOW_${mode}`;
  return `/*
 * x * 2^-SHIFT rounded to an integer, once, then the overflow mode: numerics 2. high and low say that the rounded value lay beyond the rails.
 * random is read by the stochastic modes: the SHIFT + 1 highest of the bits they draw.
 */
module ${prefix}_quantise #(
    parameter int IN_BITS = 16,
    parameter int SHIFT = 0,
    parameter int WORD_BITS = 8,
    parameter bit WORD_SIGNED = 1'b1,
    parameter int ROUNDING = 0,
    parameter int OVERFLOW = 0,
    parameter int SATURATED_BITS = 0,
    parameter logic signed [64:0] RAIL_LOW = -65'sd128,
    parameter logic signed [64:0] RAIL_HIGH = 65'sd127
) (
    input  logic signed [IN_BITS-1:0] x,
    input  logic [SHIFT:0] random,
    output logic [WORD_BITS-1:0] raw,
    output logic high,
    output logic low
);
    // room for the operand, the discarded bits and the rails
    localparam int NEEDED = IN_BITS > SHIFT + 1 ? IN_BITS : SHIFT + 1;
    localparam int WIDE = (NEEDED > 65 ? NEEDED : 65) + 2;
    localparam int KEPT = WORD_BITS - SATURATED_BITS;

    logic signed [WIDE-1:0] wide, below, rounded;
    logic [SHIFT:0] discarded;
    logic [SHIFT+1:0] drawn;
    logic [WORD_BITS-1:0] kept, wrapped, saturated;
    logic half, rest, inexact, odd, negative, carry, coin, up, flip;

    assign wide = WIDE'(x);
    assign below = wide >>> SHIFT;
    // one bit more than is discarded, so that there is one
    assign discarded = {wide[SHIFT:0] << 1};
    assign drawn = {1'b0, discarded} + {1'b0, random};
    assign half = discarded[SHIFT];
    assign rest = (discarded << 1) != '0;
    assign inexact = half | rest;
    assign odd = below[0];
    assign negative = wide[WIDE-1];
    assign carry = drawn[SHIFT+1];
    assign coin = random[SHIFT];

    always_comb begin
        case (ROUNDING)
            ${rounding('TRN_ZERO')}: up = negative & inexact;
            ${rounding('RND')}: up = half;
            ${rounding('RND_ZERO')}: up = half & (rest | negative);
            ${rounding('RND_INF')}: up = half & (rest | ~negative);
            ${rounding('RND_MIN_INF')}: up = half & rest;
            ${rounding('RND_CONV')}: up = half & (rest | odd);
            ${rounding('RND_CONV_ODD')}: up = half & (rest | ~odd);
            ${rounding('STOCHASTIC')}: up = carry;
            ${rounding('STOCHASTIC_EQUAL')}: up = inexact & coin;
            ${rounding('JAM')}: up = ~odd;
            ${rounding('JAM_UNBIASED')}: up = inexact & ~odd;
            default: up = odd & ~odd; // ${rounding('TRN')}: never
        endcase
    end

    assign rounded = below + $signed({{(WIDE-1){1'b0}}, up});
    assign high = rounded > WIDE'(RAIL_HIGH);
    assign low = rounded < WIDE'(RAIL_LOW);
    assign kept = rounded[WORD_BITS-1:0];

    // sign and magnitude: the bits that are kept are inverted where the lowest deleted one is not that of the result
    generate
        if (OVERFLOW != ${overflow('WRAP_SM')}) assign flip = 1'b0;
        else if (SATURATED_BITS == 0) assign flip = rounded[WORD_BITS] ^ rounded[WORD_BITS-1];
        else assign flip = rounded[KEPT] ^ (WORD_SIGNED && SATURATED_BITS == 1 ? low : high);
        for (genvar i = 0; i < WORD_BITS; i++) begin : bits
            if (i >= KEPT) assign wrapped[i] = WORD_SIGNED && i == WORD_BITS - 1 ? low : high;
            else if (i == WORD_BITS - 1 && OVERFLOW == ${overflow('WRAP_SM')}) assign wrapped[i] = rounded[WORD_BITS];
            else assign wrapped[i] = kept[i] ^ flip;
        end
        if (OVERFLOW == ${overflow('WRAP')} || OVERFLOW == ${overflow('WRAP_SM')}) assign saturated = wrapped;
        else if (OVERFLOW == ${overflow('SAT_ZERO')}) assign saturated = '0;
        else assign saturated = high ? RAIL_HIGH[WORD_BITS-1:0] : RAIL_LOW[WORD_BITS-1:0];
    endgenerate

    assign raw = high | low ? saturated : kept;
endmodule`;
}

function accumulateModule(prefix: string): string {
  return `/*
 * A running sum: numerics 5. A term a cycle; single takes the single value instead, after the last term. With GROUP > 0 the sum is rounded after every
 * GROUP terms, after the last, and after the single value; with 0 once, at the end. high and low are those of a rounding in the cycle before.
 */
module ${prefix}_accumulate #(
    parameter int TERM_BITS = 16,
    parameter int SINGLE_BITS = 8,
    parameter bit HAS_SINGLE = 1'b0,
    parameter int GROUP = 1,
    parameter int TERM_LEFT = 0,
    parameter int SINGLE_LEFT = 0,
    parameter int SUM_LEFT = 0,
    parameter int IN_BITS = 32,
    parameter int SHIFT = 0,
    parameter int WORD_BITS = 24,
    parameter bit WORD_SIGNED = 1'b1,
    parameter int ROUNDING = 0,
    parameter int OVERFLOW = 0,
    parameter int SATURATED_BITS = 0,
    parameter logic signed [64:0] RAIL_LOW = 65'sd0,
    parameter logic signed [64:0] RAIL_HIGH = 65'sd0
) (
    input  logic clk,
    input  logic enable,
    input  logic first,
    input  logic last,
    input  logic single,
    input  logic signed [TERM_BITS-1:0] term,
    input  logic signed [SINGLE_BITS-1:0] single_value,
    input  logic [SHIFT:0] random,
    output logic [WORD_BITS-1:0] sum,
    output logic high,
    output logic low
);
    localparam int COUNT_BITS = GROUP > 1 ? $clog2(GROUP) + 1 : 2;

    logic signed [IN_BITS-1:0] part, added, total;
    logic [WORD_BITS-1:0] former, rounded;
    logic [COUNT_BITS-1:0] count, taken;
    logic above, beneath, settles;

    assign former = first ? '0 : sum;
    assign added = (first ? '0 : part) + (single ? IN_BITS'(single_value) <<< SINGLE_LEFT : IN_BITS'(term) <<< TERM_LEFT);
    assign total = added + (IN_BITS'($signed({WORD_SIGNED & former[WORD_BITS-1], former})) <<< SUM_LEFT);
    assign taken = (first ? '0 : count) + 1'b1;
    assign settles = GROUP == 0 ? (HAS_SINGLE ? single : last) : single || last || taken == COUNT_BITS'(GROUP);

    ${prefix}_quantise #(
        .IN_BITS(IN_BITS), .SHIFT(SHIFT), .WORD_BITS(WORD_BITS), .WORD_SIGNED(WORD_SIGNED), .ROUNDING(ROUNDING), .OVERFLOW(OVERFLOW),
        .SATURATED_BITS(SATURATED_BITS), .RAIL_LOW(RAIL_LOW), .RAIL_HIGH(RAIL_HIGH)
    ) settle (.x(total), .random(random), .raw(rounded), .high(above), .low(beneath));

    always_ff @(posedge clk) begin
        if (enable) begin
            sum <= settles ? rounded : former;
            part <= settles ? '0 : added;
            count <= settles ? '0 : taken;
            high <= settles & above;
            low <= settles & beneath;
        end
    end
endmodule`;
}

function unitModule(unit: Unit, prefix: string): string {
  const ports = [
    ...(isClocked(unit) ? ['input  logic clk'] : []),
    ...unit.ports.map((port) => `${port.out ? 'output' : 'input '} ${svType(port)}${port.name}`),
  ];
  return [
    `// ${unit.about}`,
    `module ${prefix}_${unit.name} (`,
    ports.map((port) => `    ${port}`).join(',\n'),
    ');',
    ...bodyOf(unit, prefix).map((line) => (line === '' ? '' : `    ${line}`)),
    'endmodule',
  ].join('\n');
}

function bodyOf(unit: Unit, prefix: string): string[] {
  switch (unit.kind) {
    case 'quantise':
      return [`${quantiserInstance(unit.quantiser, prefix)} settle (.x(x), .random(${randomOf(unit.quantiser)}), .raw(raw), .high(high), .low(low));`];
    case 'mac':
      return macBody(unit, prefix);
    case 'ema':
      return emaBody(unit, prefix);
    case 'throttle':
      return throttleBody(unit, prefix);
  }
}

/** The parameters of a format, from the package. */
function formatParameters({ macro, format, key }: Quantiser, prefix: string): string[] {
  const of = (what: string): string => `${prefix}_pkg::${macro}_${what}`;
  const floor = key === 'norm' && format.rounding === 'TRN';
  return [
    `.WORD_BITS(${of('WORD_BITS')}), .WORD_SIGNED(${of('SIGNED')}), .ROUNDING(${floor ? `${prefix}_pkg::ROUNDING_TRN` : of('ROUNDING')}), .OVERFLOW(${of('OVERFLOW')}),`,
    `.SATURATED_BITS(${of('SATURATED_BITS')}), .RAIL_LOW(${of('RAIL_LOW')}), .RAIL_HIGH(${of('RAIL_HIGH')})`,
  ];
}

const randomOf = ({ random, shift }: Quantiser, name = 'random'): string => (random ? name : `${shift + 1}'d0`);

const quantiserInstance = (quantiser: Quantiser, prefix: string): string =>
  `${prefix}_quantise #(.IN_BITS(${quantiser.bits}), .SHIFT(${quantiser.shift}), ${formatParameters(quantiser, prefix).join(' ')})`;

/** A port as a signed value, with a bit more where it is unsigned. */
const signedValue = (name: string, { signed }: Raw): string => (signed ? name : `$signed({1'b0, ${name}})`);

function macBody({ quantiser, a, b, product, single, term, group, left }: MacUnit, prefix: string): string[] {
  const exactBits = b ? signedWidth(a) + signedWidth(b) : signedWidth(a);
  const exact = b
    ? [`logic signed [${exactBits - 1}:0] exact;`, `assign exact = ${exactBits}'(${signedValue('a', a)}) * ${exactBits}'(${signedValue('b', b)});`]
    : [`logic signed [${exactBits - 1}:0] exact;`, `assign exact = ${signedValue('a', a)};`];
  const rounded = product && [
    `logic [${product.format.wordLength - 1}:0] product;`,
    `logic product_high, product_low; // counters of the site`,
    `${quantiserInstance(product, prefix)} settle_product (`,
    `    .x(${product.bits}'(exact)${shifted(product.operand.fraction - a.value.fraction - (b?.value.fraction ?? 0))}), .random(${randomOf(product, 'product_random')}),`,
    '    .raw(product), .high(product_high), .low(product_low)',
    ');',
  ];
  const termBits = product ? signedWidth(term) : exactBits;
  return [
    ...exact,
    ...(rounded ?? []),
    `${prefix}_accumulate #(`,
    `    .TERM_BITS(${termBits}), .SINGLE_BITS(${single ? signedWidth(single) : 1}), .HAS_SINGLE(${single ? 1 : 0}), .GROUP(${group}),`,
    `    .TERM_LEFT(${left.term}), .SINGLE_LEFT(${left.single}), .SUM_LEFT(${left.sum}), .IN_BITS(${quantiser.bits}), .SHIFT(${quantiser.shift}),`,
    ...formatParameters(quantiser, prefix).map((line) => `    ${line}`),
    ') sums (',
    `    .clk(clk), .enable(enable), .first(first), .last(last), .single(${single ? 'single' : "1'b0"}), .term(${product ? (term.signed ? 'product' : "{1'b0, product}") : 'exact'}),`,
    `    .single_value(${single ? signedValue('c', single) : "1'b0"}), .random(${randomOf(quantiser)}), .sum(sum), .high(high), .low(low)`,
    ');',
  ];
}

const shifted = (places: number): string => (places === 0 ? '' : ` <<< ${places}`);

function emaBody({ quantiser, rho, sample, left }: EmaUnit, prefix: string): string[] {
  const bits = quantiser.bits + 1;
  const mean: Raw = { bits: quantiser.format.wordLength, signed: quantiser.format.signed, value: sample.value };
  return [
    `localparam logic signed [${bits - 1}:0] RHO = ${bits}'sd${rho};`,
    `logic signed [${bits - 1}:0] held, difference, exact;`,
    `logic [${mean.bits - 1}:0] former, rounded;`,
    'logic above, beneath;',
    '',
    "assign former = clear ? '0 : mean;",
    `assign held = ${bits}'(${mean.signed ? '$signed(former)' : "$signed({1'b0, former})"});`,
    `assign difference = (${bits}'(${signedValue('sample', sample)})${shifted(left.sample)}) - (held${shifted(left.mean)});`,
    `assign exact = (held${shifted(left.sum)}) + ((RHO * difference)${shifted(left.product)});`,
    `${quantiserInstance(quantiser, prefix)} settle (.x(exact[${quantiser.bits - 1}:0]), .random(${randomOf(quantiser)}), .raw(rounded), .high(above), .low(beneath));`,
    '',
    'always_ff @(posedge clk) begin',
    '    if (enable) begin',
    '        mean <= rounded;',
    '        high <= above;',
    '        low <= beneath;',
    '    end else if (clear) begin',
    "        mean <= '0;",
    "        high <= 1'b0;",
    "        low <= 1'b0;",
    '    end',
    'end',
  ];
}

function throttleBody({ quantiser, chi, firstAlpha, rate, square, left }: ThrottleUnit, prefix: string): string[] {
  const [most] = THROTTLE_TABLE;
  const shareBits = most.toString(2).length;
  const bits = sideBits({ chi, rate, square, left });
  const word = quantiser.format.wordLength;
  return [
    `logic [${bits - 1}:0] limit, scaled;`,
    `logic [${shareBits - 1}:0] chosen;`,
    'logic none, above, beneath;',
    `logic [${word - 1}:0] rounded;`,
    '',
    `assign limit = (${bits}'d${chi * chi} * (${bits}'(square_theta) + 1'b1))${shifted(left.theta)};`,
    `assign scaled = (${bits}'(eta) * ${bits}'(eta) * ${bits}'(square_gradient))${shifted(left.gradient)};`,
    '// the first share that is small enough, compared exactly',
    'always_comb begin',
    "    none = 1'b0;",
    ...THROTTLE_TABLE.map((share, index) => `    ${index === 0 ? '' : 'else '}if (${bits}'d${share * share} * scaled <= limit) chosen = ${shareBits}'d${share};`),
    '    else begin',
    `        chosen = ${shareBits}'d${THROTTLE_TABLE.at(-1)};`,
    "        none = 1'b1;",
    '    end',
    'end',
    `${quantiserInstance(quantiser, prefix)} settle (.x(${quantiser.bits}'($signed({1'b0, chosen}))${shifted(left.share)}), .random(${randomOf(quantiser)}), .raw(rounded), .high(above), .low(beneath));`,
    '',
    'always_ff @(posedge clk) begin',
    '    if (clear) begin',
    `        alpha <= ${word}'d${BigInt.asUintN(word, firstAlpha)};`,
    "        share <= '0;",
    "        infeasible <= 1'b0;",
    '    end',
    '    if (enable) begin',
    "        infeasible <= none & (square_theta != '0);",
    '        // nothing moved: the choice before holds',
    "        if (square_theta != '0) begin",
    '            alpha <= rounded;',
    '            share <= chosen;',
    '        end',
    '    end',
    'end',
  ];
}

/** `P_prim.vhd`: the units of a data path as synthesizable VHDL. docs/hdl.md. */
import { THROTTLE_TABLE } from '../../control/registry.js';
import { isClocked, sideBits, signedWidth, type EmaUnit, type MacUnit, type Quantiser, type Raw, type ThrottleUnit, type Unit } from './units.js';
import { hex } from './text.js';
import type { Port } from './vectors.js';
import { vectorType } from './vhdlPackage.js';

/** Everything but the first comment. */
export function vhdlPrimitives(units: readonly Unit[], prefix: string): string[] {
  return [quantiseEntity(prefix), accumulateEntity(prefix), ...units.map((unit) => unitEntity(unit, prefix))];
}

/** `signed(11 downto 0)`; a flag is `std_logic`. */
export const vhdlType = ({ bits, signed, flag }: Pick<Port, 'bits' | 'signed' | 'flag'>): string => (flag ? 'std_logic' : `${vectorType(signed)}(${bits - 1} downto 0)`);

const context = (prefix: string): string => `library ieee;\nuse ieee.std_logic_1164.all;\nuse ieee.numeric_std.all;\nuse work.${prefix}_pkg.all;\n`;

const FORMAT_GENERICS = `    WORD_BITS : positive;
    WORD_SIGNED : boolean;
    ROUNDING : rounding_t;
    OVERFLOW : overflow_t;
    SATURATED_BITS : natural;
    RAIL_LOW : signed(64 downto 0);
    RAIL_HIGH : signed(64 downto 0)`;

function quantiseEntity(prefix: string): string {
  return `-- x * 2^-SHIFT rounded to an integer, once, then the overflow mode: numerics 2. high and low say that the rounded value lay beyond the rails.
-- random is read by the stochastic modes: the SHIFT + 1 highest of the bits they draw.
${context(prefix)}
entity ${prefix}_quantise is
  generic (
    IN_BITS : positive;
    SHIFT : natural;
${FORMAT_GENERICS}
  );
  port (
    x : in signed(IN_BITS - 1 downto 0);
    random : in unsigned(SHIFT downto 0);
    raw : out std_logic_vector(WORD_BITS - 1 downto 0) := (others => '0');
    high : out std_logic := '0';
    low : out std_logic := '0'
  );
end entity;

architecture rtl of ${prefix}_quantise is
  function larger(a, b : integer) return integer is
  begin
    if a > b then return a; else return b; end if;
  end function;
  -- room for the operand, the discarded bits and the rails
  constant WIDE : positive := larger(larger(IN_BITS, SHIFT + 1), 65) + 2;
  constant KEPT : integer := WORD_BITS - SATURATED_BITS;
begin
  process (x, random)
    variable wide_x, below, rounded : signed(WIDE - 1 downto 0);
    variable discarded : unsigned(SHIFT downto 0);
    variable drawn : unsigned(SHIFT + 1 downto 0);
    variable word : std_logic_vector(WORD_BITS - 1 downto 0);
    variable half, inexact, rest, odd, negative, up, flip, above, beneath : std_logic;
  begin
    wide_x := resize(x, WIDE);
    below := shift_right(wide_x, SHIFT);
    -- one bit more than is discarded, so that there is one
    discarded := shift_left(unsigned(wide_x(SHIFT downto 0)), 1);
    drawn := resize(discarded, SHIFT + 2) + random;
    half := discarded(SHIFT);
    rest := or shift_left(discarded, 1);
    inexact := half or rest;
    odd := below(0);
    negative := wide_x(WIDE - 1);
    case ROUNDING is
      when ROUNDING_TRN => up := '0';
      when ROUNDING_TRN_ZERO => up := negative and inexact;
      when ROUNDING_RND => up := half;
      when ROUNDING_RND_ZERO => up := half and (rest or negative);
      when ROUNDING_RND_INF => up := half and (rest or not negative);
      when ROUNDING_RND_MIN_INF => up := half and rest;
      when ROUNDING_RND_CONV => up := half and (rest or odd);
      when ROUNDING_RND_CONV_ODD => up := half and (rest or not odd);
      when ROUNDING_STOCHASTIC => up := drawn(SHIFT + 1);
      when ROUNDING_STOCHASTIC_EQUAL => up := inexact and random(SHIFT);
      when ROUNDING_JAM => up := not odd;
      when ROUNDING_JAM_UNBIASED => up := inexact and not odd;
    end case;
    rounded := below;
    if up = '1' then
      rounded := below + 1;
    end if;
    above := '1' when rounded > resize(RAIL_HIGH, WIDE) else '0';
    beneath := '1' when rounded < resize(RAIL_LOW, WIDE) else '0';
    word := std_logic_vector(rounded(WORD_BITS - 1 downto 0));
    if above = '1' or beneath = '1' then
      case OVERFLOW is
        when OVERFLOW_SAT_ZERO => word := (others => '0');
        when OVERFLOW_WRAP | OVERFLOW_WRAP_SM =>
          -- sign and magnitude: the bits that are kept are inverted where the lowest deleted one is not that of the result
          flip := '0';
          if OVERFLOW = OVERFLOW_WRAP_SM then
            if SATURATED_BITS = 0 then
              flip := rounded(WORD_BITS) xor rounded(WORD_BITS - 1);
            elsif WORD_SIGNED and SATURATED_BITS = 1 then
              flip := rounded(KEPT) xor beneath;
            else
              flip := rounded(KEPT) xor above;
            end if;
          end if;
          for i in 0 to WORD_BITS - 1 loop
            if i < KEPT then
              word(i) := rounded(i) xor flip;
            elsif WORD_SIGNED and i = WORD_BITS - 1 then
              word(i) := beneath;
            else
              word(i) := above;
            end if;
          end loop;
          if OVERFLOW = OVERFLOW_WRAP_SM and SATURATED_BITS = 0 then
            word(WORD_BITS - 1) := rounded(WORD_BITS);
          end if;
        when others =>
          if above = '1' then
            word := std_logic_vector(RAIL_HIGH(WORD_BITS - 1 downto 0));
          else
            word := std_logic_vector(RAIL_LOW(WORD_BITS - 1 downto 0));
          end if;
      end case;
    end if;
    raw <= word;
    high <= above;
    low <= beneath;
  end process;
end architecture;`;
}

function accumulateEntity(prefix: string): string {
  return `-- A running sum: numerics 5. A term a cycle; single takes the single value instead, after the last term. With GROUP > 0 the sum is rounded after
-- every GROUP terms, after the last, and after the single value; with 0 once, at the end. high and low are those of a rounding in the cycle before.
${context(prefix)}
entity ${prefix}_accumulate is
  generic (
    TERM_BITS : positive;
    SINGLE_BITS : positive;
    HAS_SINGLE : boolean;
    SUM_GROUP : natural;
    TERM_LEFT : natural;
    SINGLE_LEFT : natural;
    SUM_LEFT : natural;
    IN_BITS : positive;
    SHIFT : natural;
${FORMAT_GENERICS}
  );
  port (
    clk : in std_logic;
    enable : in std_logic;
    first : in std_logic;
    last : in std_logic;
    single : in std_logic;
    term : in signed(TERM_BITS - 1 downto 0);
    single_value : in signed(SINGLE_BITS - 1 downto 0);
    random : in unsigned(SHIFT downto 0);
    sum : out std_logic_vector(WORD_BITS - 1 downto 0) := (others => '0');
    high : out std_logic := '0';
    low : out std_logic := '0'
  );
end entity;

architecture rtl of ${prefix}_accumulate is
  signal part, added, total : signed(IN_BITS - 1 downto 0) := (others => '0');
  signal held, former, rounded : std_logic_vector(WORD_BITS - 1 downto 0) := (others => '0');
  signal count, taken : natural range 0 to SUM_GROUP + 1 := 0;
  signal above, beneath : std_logic := '0';
  signal settles : boolean := false;
begin
  process (first, last, single, term, single_value, part, count, held, former, added, taken)
    variable value, extended : signed(IN_BITS - 1 downto 0);
  begin
    if single = '1' then
      value := shift_left(resize(single_value, IN_BITS), SINGLE_LEFT);
    else
      value := shift_left(resize(term, IN_BITS), TERM_LEFT);
    end if;
    if first = '1' then
      former <= (others => '0');
      added <= value;
    else
      former <= held;
      added <= part + value;
    end if;
    -- counted where there are groups only
    if SUM_GROUP = 0 then
      taken <= 0;
    elsif first = '1' then
      taken <= 1;
    else
      taken <= count + 1;
    end if;
    if WORD_SIGNED then
      extended := resize(signed(former), IN_BITS);
    else
      extended := resize(signed('0' & former), IN_BITS);
    end if;
    total <= added + shift_left(extended, SUM_LEFT);
    if SUM_GROUP > 0 then
      settles <= single = '1' or last = '1' or taken = SUM_GROUP;
    elsif HAS_SINGLE then
      settles <= single = '1';
    else
      settles <= last = '1';
    end if;
  end process;

  settle : entity work.${prefix}_quantise
    generic map (IN_BITS, SHIFT, WORD_BITS, WORD_SIGNED, ROUNDING, OVERFLOW, SATURATED_BITS, RAIL_LOW, RAIL_HIGH)
    port map (total, random, rounded, above, beneath);

  process (clk)
  begin
    if rising_edge(clk) then
      if enable = '1' then
        if settles then
          held <= rounded;
          part <= (others => '0');
          count <= 0;
          high <= above;
          low <= beneath;
        else
          held <= former;
          part <= added;
          count <= taken;
          high <= '0';
          low <= '0';
        end if;
      end if;
    end if;
  end process;
  sum <= held;
end architecture;`;
}

interface Body {
  readonly declarations?: readonly string[];
  readonly statements: readonly string[];
}

function unitEntity(unit: Unit, prefix: string): string {
  const ports = [
    ...(isClocked(unit) ? ['clk : in std_logic'] : []),
    ...unit.ports.map((port) => `${port.name} : ${port.out ? 'out' : 'in'} ${vhdlType(port)}`),
  ];
  const { declarations = [], statements } = bodyOf(unit, prefix);
  const name = `${prefix}_${unit.name}`;
  return [
    `-- ${unit.about}`,
    context(prefix),
    `entity ${name} is`,
    '  port (',
    ports.map((port) => `    ${port}`).join(';\n'),
    '  );',
    'end entity;',
    '',
    `architecture rtl of ${name} is`,
    ...declarations.map((line) => `  ${line}`),
    'begin',
    ...statements.map((line) => (line === '' ? '' : `  ${line}`)),
    'end architecture;',
  ].join('\n');
}

function bodyOf(unit: Unit, prefix: string): Body {
  switch (unit.kind) {
    case 'quantise': {
      const { quantiser } = unit;
      return {
        declarations: [wordSignal('word', quantiser)],
        statements: [...quantiserInstance('settle', quantiser, prefix, { x: 'x', random: 'random', raw: 'word', high: 'high', low: 'low' }), `raw <= ${asRaw('word', quantiser)};`],
      };
    }
    case 'mac':
      return macBody(unit, prefix);
    case 'ema':
      return emaBody(unit, prefix);
    case 'throttle':
      return throttleBody(unit, prefix);
  }
}

const wordSignal = (names: string, { format: { wordLength } }: Quantiser): string => `signal ${names} : std_logic_vector(${wordLength - 1} downto 0) := (others => '0');`;
const asRaw = (name: string, { format: { signed } }: Quantiser): string => `${vectorType(signed)}(${name})`;

/** The constants of a format, from the package. */
function formatGenerics({ macro, format, key }: Quantiser): string {
  const rounding = key === 'norm' && format.rounding === 'TRN' ? 'ROUNDING_TRN' : `${macro}_ROUNDING`;
  return `${macro}_WORD_BITS, ${macro}_SIGNED, ${rounding}, ${macro}_OVERFLOW, ${macro}_SATURATED_BITS, ${macro}_RAIL_LOW, ${macro}_RAIL_HIGH`;
}

interface Wiring {
  readonly x: string;
  readonly random: string;
  readonly raw: string;
  readonly high: string;
  readonly low: string;
}

/** The signal of random bits: none for a site that draws none. */
const randomOf = ({ random, shift }: Quantiser, name: string): string => (random ? name : `to_unsigned(0, ${shift + 1})`);

function quantiserInstance(label: string, quantiser: Quantiser, prefix: string, { x, random, raw, high, low }: Wiring): string[] {
  return [
    `${label} : entity work.${prefix}_quantise`,
    `  generic map (${quantiser.bits}, ${quantiser.shift}, ${formatGenerics(quantiser)})`,
    `  port map (${x}, ${randomOf(quantiser, random)}, ${raw}, ${high}, ${low});`,
  ];
}

/** A raw as a signed value, with a bit more where it is unsigned. */
const signedValue = (name: string, { signed }: Pick<Raw, 'signed'>): string => (signed ? name : `signed('0' & ${name})`);
const left = (value: string, places: number): string => (places === 0 ? value : `shift_left(${value}, ${places})`);

function macBody({ quantiser, a, b, product, single, term, group, left: shifts }: MacUnit, prefix: string): Body {
  const exactBits = signedWidth(a) + (b ? signedWidth(b) : 0);
  const termBits = product ? signedWidth(term) : exactBits;
  const places = product ? product.operand.fraction - a.value.fraction - (b?.value.fraction ?? 0) : 0;
  return {
    declarations: [
      `signal exact : signed(${exactBits - 1} downto 0) := (others => '0');`,
      ...(product ? [`signal scaled : signed(${product.bits - 1} downto 0) := (others => '0');`, wordSignal('product', product), 'signal product_high, product_low : std_logic; -- counters of the site'] : []),
      `signal term : signed(${termBits - 1} downto 0) := (others => '0');`,
      `signal single_value : signed(${single ? signedWidth(single) - 1 : 0} downto 0) := (others => '0');`,
      "signal is_single : std_logic := '0';",
      wordSignal('held', quantiser),
    ],
    statements: [
      `exact <= ${signedValue('a', a)}${b ? ` * ${signedValue('b', b)}` : ''};`,
      ...(product
        ? [
            `scaled <= ${left(`resize(exact, ${product.bits})`, places)};`,
            ...quantiserInstance('settle_product', product, prefix, { x: 'scaled', random: 'product_random', raw: 'product', high: 'product_high', low: 'product_low' }),
            `term <= signed(${term.signed ? '' : "'0' & "}product);`,
          ]
        : ['term <= exact;']),
      `single_value <= ${single ? signedValue('c', single) : `"0"`};`,
      `is_single <= ${single ? 'single' : "'0'"};`,
      `sums : entity work.${prefix}_accumulate`,
      `  generic map (${termBits}, ${single ? signedWidth(single) : 1}, ${single !== undefined}, ${group}, ${shifts.term}, ${shifts.single}, ${shifts.sum}, ${quantiser.bits}, ${quantiser.shift},`,
      `    ${formatGenerics(quantiser)})`,
      `  port map (clk, enable, first, last, is_single, term, single_value, ${randomOf(quantiser, 'random')}, held, high, low);`,
      `sum <= ${asRaw('held', quantiser)};`,
    ],
  };
}

/** A constant as a bit string. */
const bitString = (value: bigint, bits: number): string => `${bits}x"${hex(value, bits)}"`;

function emaBody({ quantiser, rho, sample, left: shifts }: EmaUnit, prefix: string): Body {
  const bits = quantiser.bits + 1;
  return {
    declarations: [
      `constant RHO : signed(${bits - 1} downto 0) := ${bitString(rho, bits)}; -- ${rho}`,
      `signal held, difference, exact : signed(${bits - 1} downto 0) := (others => '0');`,
      wordSignal('kept, former, rounded', quantiser),
      "signal above, beneath : std_logic := '0';",
    ],
    statements: [
      "former <= (others => '0') when clear = '1' else kept;",
      `held <= resize(${quantiser.format.signed ? 'signed(former)' : "signed('0' & former)"}, ${bits});`,
      `difference <= ${left(`resize(${signedValue('sample', sample)}, ${bits})`, shifts.sample)} - ${left('held', shifts.mean)};`,
      `exact <= ${left('held', shifts.sum)} + ${left(`resize(RHO * difference, ${bits})`, shifts.product)};`,
      ...quantiserInstance('settle', quantiser, prefix, { x: `exact(${quantiser.bits - 1} downto 0)`, random: 'random', raw: 'rounded', high: 'above', low: 'beneath' }),
      'process (clk)',
      'begin',
      '  if rising_edge(clk) then',
      "    if enable = '1' then",
      '      kept <= rounded;',
      '      high <= above;',
      '      low <= beneath;',
      "    elsif clear = '1' then",
      "      kept <= (others => '0');",
      "      high <= '0';",
      "      low <= '0';",
      '    end if;',
      '  end if;',
      'end process;',
      `mean <= ${asRaw('kept', quantiser)};`,
    ],
  };
}

function throttleBody({ quantiser, chi, firstAlpha, rate, square, left: shifts }: ThrottleUnit, prefix: string): Body {
  const shareBits = THROTTLE_TABLE[0].toString(2).length;
  const bits = sideBits({ chi, rate, square, left: shifts });
  const word = quantiser.format.wordLength;
  const wide = (name: string, { signed }: Raw): string => `resize(${signed ? `unsigned(${name})` : name}, ${bits})`;
  return {
    declarations: [
      `type shares_t is array (0 to ${THROTTLE_TABLE.length - 1}) of natural;`,
      `constant SHARES : shares_t := (${THROTTLE_TABLE.join(', ')});`,
      `constant CHI_SQUARED : unsigned(${bits - 1} downto 0) := ${bitString(chi * chi, bits)}; -- ${chi} squared`,
      `signal limit, scaled : unsigned(${bits - 1} downto 0) := (others => '0');`,
      `signal chosen : unsigned(${shareBits - 1} downto 0) := (others => '0');`,
      "signal none, above, beneath : std_logic := '0';",
      `signal shifted : signed(${quantiser.bits - 1} downto 0) := (others => '0');`,
      wordSignal('kept, rounded', quantiser),
    ],
    statements: [
      `limit <= ${left(`resize(CHI_SQUARED * (${wide('square_theta', square)} + 1), ${bits})`, shifts.theta)};`,
      `scaled <= ${left(`resize(resize(eta * eta, ${bits}) * ${wide('square_gradient', square)}, ${bits})`, shifts.gradient)};`.replaceAll('eta * eta', rate.signed ? 'unsigned(eta) * unsigned(eta)' : 'eta * eta'),
      '-- the first share that is small enough, compared exactly',
      'process (limit, scaled)',
      '  variable found : boolean;',
      'begin',
      '  found := false;',
      `  chosen <= to_unsigned(SHARES(SHARES'high), ${shareBits});`,
      '  for i in SHARES\'range loop',
      `    if not found and resize(to_unsigned(SHARES(i) * SHARES(i), ${2 * shareBits}) * scaled, ${bits}) <= limit then`,
      `      chosen <= to_unsigned(SHARES(i), ${shareBits});`,
      '      found := true;',
      '    end if;',
      '  end loop;',
      "  none <= '0' when found else '1';",
      'end process;',
      `shifted <= ${left(`resize(signed('0' & chosen), ${quantiser.bits})`, shifts.share)};`,
      ...quantiserInstance('settle', quantiser, prefix, { x: 'shifted', random: 'random', raw: 'rounded', high: 'above', low: 'beneath' }),
      'process (clk)',
      'begin',
      '  if rising_edge(clk) then',
      "    if clear = '1' then",
      `      kept <= ${bitString(firstAlpha, word)}; -- ${firstAlpha}`,
      "      share <= (others => '0');",
      "      infeasible <= '0';",
      '    end if;',
      "    if enable = '1' then",
      "      infeasible <= '0';",
      '      -- nothing moved: the choice before holds',
      '      if square_theta /= 0 then',
      '        kept <= rounded;',
      '        share <= chosen;',
      '        infeasible <= none;',
      '      end if;',
      '    end if;',
      '  end if;',
      'end process;',
      `alpha <= ${asRaw('kept', quantiser)};`,
    ],
  };
}

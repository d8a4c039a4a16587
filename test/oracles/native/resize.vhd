-- Quantises fixed-point words with resize() of IEEE fixed_pkg.
--
-- A line of the input:   s|u W F ROUNDING OVERFLOW  length count fraction bits
-- stands for the words bits, bits + 1, … (count of them, `length` bits each, the first in binary), whose last place is 2**-fraction, into a word
-- of W bits with F fraction bits. ROUNDING is TRN or RND_CONV, OVERFLOW is SAT or WRAP. Each gives one line: the W bits of the result.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;
use ieee.fixed_float_types.all;
use ieee.fixed_pkg.all;
use std.textio.all;

entity resizing is
end entity;

architecture behaviour of resizing is
  procedure skip_space(l : inout line) is
    variable c : character;
  begin
    while l'length > 0 and l(l'left) = ' ' loop
      read(l, c);
    end loop;
  end procedure;

  procedure read_word(l : inout line; word : out string; length : out natural) is
    variable c : character;
    variable n : natural := 0;
  begin
    skip_space(l);
    while l'length > 0 and l(l'left) /= ' ' loop
      read(l, c);
      n := n + 1;
      word(n) := c;
    end loop;
    length := n;
  end procedure;

  procedure answer(
    signed_words : boolean; w, f : integer; rounding : fixed_round_style_type; overflow : fixed_overflow_style_type;
    first : unsigned; count : natural; fraction : integer
  ) is
    variable bits : unsigned(first'length - 1 downto 0) := first;
    variable from_signed : sfixed(first'length - 1 - fraction downto -fraction);
    variable from_unsigned : ufixed(first'length - 1 - fraction downto -fraction);
    variable into_signed : sfixed(w - 1 - f downto -f);
    variable into_unsigned : ufixed(w - 1 - f downto -f);
    variable l : line;
  begin
    for i in 1 to count loop
      if signed_words then
        from_signed := sfixed(bits);
        into_signed := resize(from_signed, into_signed'high, into_signed'low, overflow, rounding);
        write(l, to_slv(into_signed));
      else
        from_unsigned := ufixed(bits);
        into_unsigned := resize(from_unsigned, into_unsigned'high, into_unsigned'low, overflow, rounding);
        write(l, to_slv(into_unsigned));
      end if;
      writeline(output, l);
      bits := bits + 1;
    end loop;
  end procedure;
begin
  process
    variable l : line;
    variable word : string(1 to 1024);
    variable n, w, f, length, count, fraction : integer;
    variable is_signed : boolean;
    variable rounding : fixed_round_style_type;
    variable overflow : fixed_overflow_style_type;
    variable first : unsigned(1023 downto 0);
  begin
    while not endfile(input) loop
      readline(input, l);
      read_word(l, word, n);
      is_signed := word(1) = 's';
      read(l, w);
      read(l, f);
      read_word(l, word, n);
      if word(1 to n) = "TRN" then
        rounding := fixed_truncate;
      else
        assert word(1 to n) = "RND_CONV" report "unknown rounding" severity failure;
        rounding := fixed_round;
      end if;
      read_word(l, word, n);
      if word(1 to n) = "SAT" then
        overflow := fixed_saturate;
      else
        assert word(1 to n) = "WRAP" report "unknown overflow mode" severity failure;
        overflow := fixed_wrap;
      end if;
      read(l, length);
      read(l, count);
      read(l, fraction);
      read_word(l, word, n);
      assert n = length report "bits do not have the length stated" severity failure;
      for i in 1 to n loop
        if word(i) = '1' then
          first(n - i) := '1';
        else
          first(n - i) := '0';
        end if;
      end loop;
      answer(is_signed, w, f, rounding, overflow, first(length - 1 downto 0), count, fraction);
    end loop;
    wait;
  end process;
end architecture;

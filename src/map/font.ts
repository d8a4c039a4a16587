/** Letters of 5 × 7 dots and one for what hangs below the line, as on a character display: the printable characters of ASCII, five columns each, the top dot in bit 0. */
const COLUMNS = [
  '0000000000' + '00005f0000' + '0007000700' + '147f147f14' + '242a7f2a12' + '2313086462' + '3649562050' + '0000070000', //   ! " # $ % & '
  '001c224100' + '0041221c00' + '2a1c7f1c2a' + '08083e0808' + '0080600000' + '0808080808' + '0000404000' + '2010080402', // ( ) * + , - . /
  '3e5149453e' + '00427f4000' + '6251494946' + '2141494d33' + '1814127f10' + '2745454539' + '3c4a494931' + '4121110907', // 0 to 7
  '3649494936' + '464949291e' + '0000140000' + '0080680000' + '0008142241' + '1414141414' + '4122140800' + '0201590906', // 8 9 : ; < = > ?
  '3e415d594e' + '7c1211127c' + '7f49494936' + '3e41414122' + '7f4141413e' + '7f49494941' + '7f09090901' + '3e41415173', // @ A to G
  '7f0808087f' + '00417f4100' + '2040413f01' + '7f08142241' + '7f40404040' + '7f021c027f' + '7f0408107f' + '3e4141413e', // H to O
  '7f09090906' + '3e4151215e' + '7f09192946' + '2649494932' + '01017f0101' + '3f4040403f' + '1f2040201f' + '3f4038403f', // P to W
  '6314081463' + '0304780403' + '6159494d43' + '007f414100' + '0204081020' + '0041417f00' + '0402010204' + '4040404040', // X Y Z [ \ ] ^ _
  '0001020400' + '2054545478' + '7f28444438' + '3844444428' + '384444287f' + '3854545418' + '08087e0902' + '18a4a49478', // ` a to g
  '7f08040478' + '00447d4000' + '4080847d00' + '7f10284400' + '00417f4000' + '7c04780478' + '7c08040478' + '3844444438', // h to o
  'fc18242418' + '18242418fc' + '7c08040408' + '4854545424' + '04043f4424' + '3c4040207c' + '1c2040201c' + '3c4030403c', // p to w
  '4428102844' + '1ca0a0a07c' + '4464544c44' + '0008364100' + '0000770000' + '0041360800' + '0402040804', // x y z { | } ~
].join('');

/** Dots: `height` above the line, one below it. */
export const GLYPH = { width: 5, height: 7, advance: 6 } as const;
const FIRST = 0x20;
const REPLACEMENT = 0x3f;

/** The dots of a character, [column, row] from the top left; of `?` for a character that is not in the font. */
export function dotsOf(character: string): (readonly [column: number, row: number])[] {
  const code = character.codePointAt(0)!;
  const index = (code >= FIRST && code < FIRST + COLUMNS.length / 10 ? code : REPLACEMENT) - FIRST;
  const dots: [number, number][] = [];
  for (let column = 0; column < GLYPH.width; column++) {
    const bits = parseInt(COLUMNS.slice(10 * index + 2 * column, 10 * index + 2 * column + 2), 16);
    for (let row = 0; row <= GLYPH.height; row++) if ((bits >> row) & 1) dots.push([column, row]);
  }
  return dots;
}

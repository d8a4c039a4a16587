/** A picture as a list of shapes, drawn one over another: what SVG and PNG are both made from. Lengths are in points, y runs downwards. */

export type Pattern = 'hatch' | 'dots';

export interface Rect {
  readonly kind: 'rect';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly fill: string;
  /** Drawn over the fill, so that it is told from others without colour. */
  readonly pattern?: Pattern;
}

export interface Lines {
  readonly kind: 'lines';
  readonly segments: readonly (readonly [readonly [number, number], readonly [number, number]])[];
  readonly width: number;
  readonly stroke: string;
}

export interface Label {
  readonly kind: 'label';
  /** Of the base line: its beginning, middle or end. */
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly anchor: 'start' | 'middle' | 'end';
  /** Read from below upwards. */
  readonly turned?: boolean;
  readonly bold?: boolean;
}

export type Shape = Rect | Lines | Label;

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly shapes: readonly Shape[];
}

/** Patterns: strokes of `stroke` that repeat every `period` points, `width` wide. */
export const PATTERNS: Readonly<Record<Pattern, { readonly period: number; readonly width: number; readonly stroke: string }>> = {
  hatch: { period: 6, width: 1, stroke: '#8c8c8c' },
  dots: { period: 4, width: 1, stroke: '#000000' },
};
/** Points that one character takes up, at most, in either picture. */
export const CHARACTER = 6;

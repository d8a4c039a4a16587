/** A map as PNG, at a size that prints well. */
import type { StabilityMap } from '../schema/map.js';
import { drawMap } from './picture.js';
import { pngOf } from './png.js';
import { rasterOf } from './raster.js';

/** Pixels a point. */
const SCALE = 3;
const POINTS_PER_METRE = 72 / 0.0254;

/** The picture of a map as a PNG file, 216 pixels an inch. */
export const mapPng = (map: StabilityMap): Uint8Array => pngOf(rasterOf(drawMap(map), SCALE), Math.round(SCALE * POINTS_PER_METRE));

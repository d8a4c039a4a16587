/** Modules that scripts/build-play.mjs makes. */

declare module 'virtual:qrails/files' {
  /** Text of every shipped document, by its path in the package, which begins with a slash. */
  export const FILES: Readonly<Record<string, string>>;
  /** Columns of numbers of every shipped recording, by path and heading; null is an empty cell. */
  export const RECORDINGS: Readonly<Record<string, Readonly<Record<string, readonly (number | null)[]>>>>;
}

declare module 'virtual:qrails/core' {
  /** Where the builds of the core are, by the names of `BUILDS`; relative to the script. */
  export const CORE_URLS: Readonly<Record<string, string>>;
}

declare module 'virtual:qrails/validators' {
  /** By the `$id` of a schema. */
  export const VALIDATORS: Readonly<Record<string, import('ajv').ValidateFunction>>;
}

declare module 'virtual:qrails/catalogue' {
  export const CATALOGUE: import('../catalogue.js').Catalogue;
}

declare module 'virtual:qrails/theme.css';
declare module '*.css';

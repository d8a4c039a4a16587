/** Every place where two trees of objects, arrays and scalars are not the same, as `place: a, b`. */
export function differences(a, b, place = '') {
  const inner = (value) => typeof value === 'object' && value !== null;
  if (!inner(a) || !inner(b)) return Object.is(a, b) ? [] : [`${place}: ${JSON.stringify(a)}, ${JSON.stringify(b)}`];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => differences(a[key], b[key], place ? `${place}.${key}` : key));
}
